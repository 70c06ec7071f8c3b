import Foundation
import Mastering
@testable import Playback
import Testing

/// What is heard is what is rendered: real ALSA, its `file` plug-in writes what the device gets.
@Suite struct CaptureTests {
    @Test(arguments: [(44_100, 2, 100_003), (48_000, 2, 48_000), (44_100, 1, 70_001), (48_000, 1, 1), (96_000, 2, 12_345)])
    func wholeFileThroughALSA_equalsTheRenderBitForBit(rate: Int, channels: Int, frames: Int) throws {
        let scene = try Scene()
        let sound = Sound.test(frames: frames, channels: channels)
        let file = try scene.wav(sound, sampleRate: rate)
        let player = Player(options: scene.captureOptions())
        try player.load(path: file, parameters: .busy)
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        let captured = try scene.captured("out.raw", channels: channels)
        #expect(captured.frames == frames)
        #expect(captured.firstDifference(from: sound.mastered(.busy, sampleRate: rate)) == nil)
    }

    @Test func originalVoice_isTheFileBitForBit() throws {
        let scene = try Scene()
        let sound = Sound.test(frames: 60_007, channels: 2)
        let file = try scene.wav(sound, sampleRate: 44_100)
        let player = Player(options: scene.captureOptions())
        player.setVoice(.original)
        try player.load(path: file, parameters: .busy)
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        #expect(try scene.captured("out.raw", channels: 2).firstDifference(from: sound) == nil)
    }

    @Test(arguments: [1.0, 2.37, 3.9])
    func seekBeforePlaying_isExactFromTheFadeOn(seconds: Double) throws {
        let scene = try Scene()
        let rate = 44_100
        let sound = Sound.test(frames: rate * 4 + 17, channels: 2)
        let file = try scene.wav(sound, sampleRate: rate)
        let player = Player(options: scene.captureOptions())
        try player.load(path: file, parameters: .busy)
        player.seek(to: seconds)
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        let captured = try scene.captured("out.raw", channels: 2)
        let target = Int((seconds * Double(rate)).rounded())
        #expect(captured.frames == sound.frames - target)
        let afterFade = captured.frames - 353
        #expect(captured.suffix(afterFade).firstDifference(from: sound.mastered(.busy, sampleRate: rate).suffix(afterFade)) == nil)
        // The fade is there: it begins in silence.
        #expect(abs(captured.rows[0][0]) < 0.02)
    }

    @Test func seekWhilePlaying_isExactAfterTheCrossfade_andLosesNoFrame() throws {
        let scene = try Scene()
        let rate = 48_000
        let sound = Sound.test(frames: rate * 6 + 5, channels: 2)
        let file = try scene.wav(sound, sampleRate: rate)
        // A pipe that is read in steps, so that the seek falls into the middle of playing.
        let pipe = try SteppedPipe()
        var options = PlaybackOptions(sink: .stream(fileDescriptor: pipe.writeEnd, format: .float32LE))
        options.lossless = true
        let player = Player(options: options)
        try player.load(path: file, parameters: .busy)
        player.play()
        var data = pipe.read(bytes: 20_000 * 8)
        player.seek(to: 4)
        #expect(player.wait(seconds: deadline) { $0.frame >= rate * 4 && $0.exact })
        pipe.drainInBackground()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        data.append(pipe.closeAndCollect())
        let captured = Scene.sound(raw: data, channels: 2)
        let render = sound.mastered(.busy, sampleRate: rate)
        let tail = rate * 2 + 5 - 384
        #expect(captured.suffix(tail).firstDifference(from: render.suffix(tail)) == nil)
        // Before the seek it was the beginning of the file, and the new place followed at once.
        let seekAt = captured.firstDifference(from: render) ?? 0
        #expect(seekAt >= 20_000)
        #expect(captured.frames - (tail + 384) == seekAt || abs(captured.frames - (tail + 384) - seekAt) < 8)
    }

    @Test func switchingVoices_keepsThemInStepToTheSample() throws {
        let scene = try Scene()
        let rate = 48_000
        let sound = Sound.test(frames: rate * 2, channels: 2)
        let file = try scene.wav(sound, sampleRate: rate)
        let pipe = try SteppedPipe()
        var options = PlaybackOptions(sink: .stream(fileDescriptor: pipe.writeEnd, format: .float32LE))
        options.lossless = true
        let player = Player(options: options)
        try player.load(path: file, parameters: .busy)
        player.play()
        var data = pipe.read(bytes: 30_000 * 8)
        player.setVoice(.original)
        data.append(pipe.read(bytes: 30_000 * 8))
        player.setVoice(.master)
        pipe.drainInBackground()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        data.append(pipe.closeAndCollect())
        let captured = Scene.sound(raw: data, channels: 2)
        let render = sound.mastered(.busy, sampleRate: rate)
        #expect(captured.frames == sound.frames)
        var other = 0, asRender = 0, asFile = 0
        for i in 0..<sound.frames {
            if captured.rows[0][i] == render.rows[0][i] { asRender += 1 } else if captured.rows[0][i] == sound.rows[0][i] { asFile += 1 } else { other += 1 }
        }
        // Two crossfades of 8 ms; all else is one of the voices at its own place.
        #expect(other <= 2 * 384)
        #expect(asFile > 20_000)
        #expect(asRender > 50_000)
    }

    @Test func stopAt_playsExactlyThatLong_andEndsInSilence() throws {
        let scene = try Scene()
        let sound = Sound.test(frames: 100_000, channels: 2)
        let file = try scene.wav(sound, sampleRate: 44_100)
        let player = Player(options: scene.captureOptions())
        try player.load(path: file, parameters: .busy)
        player.stop(at: 1.5)
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        let captured = try scene.captured("out.raw", channels: 2)
        #expect(captured.frames == 66_150)
        let open = 66_150 - 353
        let head = Sound(rows: captured.rows.map { Array($0.prefix(open)) })
        #expect(head.firstDifference(from: sound.mastered(.busy, sampleRate: 44_100)) == nil)
        #expect(captured.rows[0][66_149] == 0)
    }

    @Test func match_turnsTheLouderVoiceDownByItsTrim() throws {
        let scene = try Scene()
        let sound = Sound.test(frames: 30_000, channels: 2)
        let file = try scene.wav(sound, sampleRate: 44_100)
        let player = Player(options: scene.captureOptions())
        let trims = Player.match(masterLUFS: -10, originalLUFS: -16.0206)
        #expect(trims.originalDB == 0)
        player.setMatch(masterDB: trims.masterDB, originalDB: trims.originalDB)
        try player.load(path: file, parameters: .busy)
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        let captured = try scene.captured("out.raw", channels: 2), render = sound.mastered(.busy, sampleRate: 44_100)
        // −6.0206 dB is a factor of one half.
        for i in stride(from: 1000, to: 30_000, by: 997) {
            #expect(abs(captured.rows[0][i] - render.rows[0][i] * 0.5) < 1e-5)
        }
    }

    @Test func nothingLeavesAboveFullScale() throws {
        let scene = try Scene()
        let sound = Sound(rows: [[0.5, 1.5, -2, 0.25]])
        let file = try scene.wav(sound, sampleRate: 48_000)
        let player = Player(options: scene.captureOptions())
        player.setVoice(.original)
        try player.load(path: file, parameters: ChainParameters())
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        #expect(player.snapshot().clampedSamples == 2)
        player.shutdown()
        #expect(try scene.captured("out.raw", channels: 1).rows[0] == [0.5, 1, -1, 0.25])
    }

    @Test func playAfterTheEnd_beginsAgain() throws {
        let scene = try Scene()
        let sound = Sound.test(frames: 20_000, channels: 1)
        let file = try scene.wav(sound, sampleRate: 44_100)
        let player = Player(options: scene.captureOptions())
        try player.load(path: file, parameters: .busy)
        for _ in 0..<2 {
            player.play()
            #expect(player.wait(seconds: deadline) { $0.playing || $0.ended })
            #expect(player.wait(seconds: deadline) { $0.ended })
        }
        player.shutdown()
        let captured = try scene.captured("out.raw", channels: 1), render = sound.mastered(.busy, sampleRate: 44_100)
        #expect(captured.frames == 40_000)
        #expect(captured.suffix(20_000).firstDifference(from: render) == nil)
    }
}
