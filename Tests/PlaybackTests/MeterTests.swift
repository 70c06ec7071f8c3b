import DSP
import Foundation
import Mastering
@testable import Playback
import Testing

@Suite struct MeterTests {
    private func sine(_ hz: Double, level: Double, frames: Int, rate: Double) -> AudioBuffer {
        let buffer = AudioBuffer(channels: 1, frames: frames)
        for i in 0..<frames { buffer.block[0][i] = level * sin(2 * .pi * hz * Double(i) / rate) }
        return buffer
    }

    @Test(arguments: [8, 30, 43, 60, 77, 92])
    func spectrum_readsASinesLevelInItsBand(band: Int) {
        let hz = MeterFrame.bandHz(band)
        var bands = SpectrumBands(sampleRate: 48_000)
        #expect(bands.size == 4096)
        let spectrum = bands.bands(of: sine(hz, level: 0.5, frames: 4096, rate: 48_000).block, oldest: 0)
        let loudest = (0..<MeterFrame.bandCount).max { spectrum[$0] < spectrum[$1] } ?? 0
        // Bands are a tenth of an octave wide; the narrow ones below 150 Hz are finer than the window sees.
        #expect(abs(loudest - band) <= (hz < 150 ? 3 : 0))
        // −6.02 dBFS; a Hann window between two bins reads up to 1.42 dB low (F. Harris, Proc. IEEE 66, 1978, table 1).
        #expect(abs(spectrum[band] - -6.02) < 1.5)
        // Two octaves away there is nothing but the window's side lobes.
        #expect(band < 20 || spectrum[band - 20] < -50)
    }

    @Test func silence_readsTheFloor() {
        var bands = SpectrumBands(sampleRate: 44_100)
        let spectrum = bands.bands(of: AudioBuffer(channels: 2, frames: 4096).block, oldest: 17)
        #expect((0..<MeterFrame.bandCount).allSatisfy { spectrum[$0] == MeterFrame.floorDB })
    }

    /// EBU Tech 3341 case 1: a stereo 1 kHz sine of −23 dBFS reads −23 LUFS. The master is made 6 dB louder.
    @Test func meters_readBothVoices_atThePlaceThatIsHeard() throws {
        let scene = try Scene()
        let rate = 48_000
        let level = pow(10, -23.0 / 20)
        let row = (0..<rate).map { Double(Float(level * sin(2 * .pi * 1000 * Double($0) / Double(rate)))) }
        let file = try scene.wav(Sound(rows: [row, row]), sampleRate: rate)
        let player = Player(options: PlaybackOptions(sink: .null))
        var parameters = ChainParameters()
        parameters.makeupGainDB = 6
        try player.load(path: file, parameters: parameters)
        #expect(player.latestMeters() == nil)
        player.play()
        var early = 0
        #expect(player.wait(seconds: deadline) {
            // The meters are asked first: the sound may only have gone on since.
            if let meters = player.latestMeters(), meters.frame > player.snapshot().frame { early += 1 }
            return $0.ended
        })
        #expect(early == 0)
        #expect(player.wait(seconds: deadline) { _ in (player.latestMeters()?.frame ?? 0) > rate * 9 / 10 })
        let meters = try #require(player.latestMeters())
        #expect(abs((meters.original.momentary ?? 0) - -23) < 0.1)
        #expect(abs((meters.master.momentary ?? 0) - -17) < 0.1)
        #expect(abs((meters.original.truePeak ?? 0) - -23) < 0.05)
        #expect(abs((meters.master.truePeak ?? 0) - -17) < 0.05)
        #expect(abs(meters.original.peakLeft - -23) < 0.05)
        #expect((meters.original.correlation ?? 0) > 0.999)
        #expect(meters.limiterReduction == 0)
    }

    @Test func limiterReduction_isShown() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 24_000, channels: 2), sampleRate: 48_000)
        let player = Player(options: PlaybackOptions(sink: .null))
        var parameters = ChainParameters.busy
        parameters.makeupGainDB = 12
        try player.load(path: file, parameters: parameters)
        player.play()
        #expect(player.wait(seconds: deadline) { _ in (player.latestMeters()?.limiterReduction ?? 0) < -1 })
    }

    @Test func theReductionOfBandsIsShown() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 96_000, channels: 2), sampleRate: 48_000)
        let player = Player(options: PlaybackOptions(sink: .null))
        var parameters = ChainParameters()
        parameters.multiband.on = true
        parameters.multiband.automatic = false
        parameters.multiband.thresholdDB = SIMD4(repeating: -60)
        try player.load(path: file, parameters: parameters)
        player.play()
        #expect(player.wait(seconds: deadline) { _ in (player.latestMeters()?.bandReductions.min() ?? 0) < -1 })
    }
}
