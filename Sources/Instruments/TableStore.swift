import Composition
import DSP

/// Wavetables that are in use, made when first needed, and the level at which each patch sits in the mix.
final class TableStore {
    private struct TableKey: Hashable {
        var voice: String
        var pitch: Int
        var layer: Int
    }

    private let rate: Double
    private var tables: [TableKey: Wavetable] = [:]
    private var gains: [String: Double] = [:]
    private lazy var sine = Wavetable(Spectrum(drawn: [1]), fundamental: 1000, rate: rate)

    init(rate: Double) { self.rate = rate }

    /// Effective value that a held note of middle height has in the mix before its part's level.
    private static let reference = 0.1

    func voice(_ patch: Patch, _ order: NoteOrder) -> any SoundingNote {
        switch patch.source {
        case .modal(let sound): return ModalVoice(sound, order)
        case .frequencyModulation(let sound): return FMVoice(sound, order, sine: sine)
        case .table(let sound):
            // Three strengths of tone between the dull and the bright spectrum.
            let layer = sound.bright == nil ? 0 : min(3, Int(order.velocity * 4))
            let low = table(sound, order.pitch, layer)
            return TableVoice(sound, order, table: low, second: sound.octaveLevel > 0 ? table(sound, order.pitch + 12, layer) : nil)
        }
    }

    private func table(_ sound: TableSound, _ pitch: Int, _ layer: Int) -> Wavetable {
        // Two neighbouring pitches share a table, made for the upper one.
        let pitch = pitch | 1
        let key = TableKey(voice: sound.name, pitch: pitch, layer: layer)
        if let known = tables[key] { return known }
        var spectrum = sound.spectrum
        if let bright = sound.bright { spectrum.slope += (bright.slope - spectrum.slope) * Double(layer) / 3 }
        let widest = FastMath.exp2((sound.detune + sound.vibrato + 60) / 1200)
        let made = Wavetable(spectrum, fundamental: FastMath.hz(Double(pitch)), rate: rate, highest: widest)
        tables[key] = made
        return made
    }

    /// Listens to a note of each patch and brings it to the reference: patches can then be exchanged for each other.
    func gain(of voice: Voice, _ patch: Patch, rate: Double) -> Double {
        if let known = gains[voice.name] { return known }
        let pitch = voice.roles.first == .bass ? 38 : min(max(60, voice.low + 5), voice.high - 5)
        let order = NoteOrder(pitch: pitch, velocity: 0.7, held: Int(0.5 * rate), rate: rate, framesPerBar: rate * 2, seed: 1)
        var sounding = self.voice(patch, order)
        let n = MixRenderer.blockFrames
        let left = UnsafeMutablePointer<Double>.allocate(capacity: n), right = UnsafeMutablePointer<Double>.allocate(capacity: n)
        let scratch = UnsafeMutablePointer<SIMD2<Double>>.allocate(capacity: n)
        scratch.initialize(repeating: .zero, count: n)
        defer {
            left.deallocate()
            right.deallocate()
            scratch.deallocate()
        }
        var loudest = 0.0
        var smoothed = 0.0
        for _ in 0..<Int(0.5 * rate) / n {
            left.initialize(repeating: 0, count: n)
            right.initialize(repeating: 0, count: n)
            _ = sounding.render(left, right, n, scratch: scratch)
            var power = 0.0
            for i in 0..<n { power += (left[i] * left[i] + right[i] * right[i]) * 0.5 }
            // Over about 150 ms, as loudness is felt.
            smoothed += 0.04 * (power / Double(n) - smoothed)
            loudest = max(loudest, smoothed)
        }
        let gain = loudest > 0 ? Self.reference / loudest.squareRoot() * FastMath.amplitude(dB: patch.trim) : 1
        gains[voice.name] = gain
        return gain
    }
}
