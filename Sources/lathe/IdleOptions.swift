import AudioFiles
import Mastering

/// Options of `lathe master` that would make no difference: refused before any work begins, because whoever gives them expects one.
struct IdleOptions {
    /// What the command writes as sound.
    struct Output {
        var container: OutputFormat.Container
        var bits: OutputFormat.SampleBits
        /// Its word length follows from --bits or the preset.
        var followsBits: Bool
        /// Hz; nil is the input's.
        var sampleRate: Int?

        var isInteger: Bool { !container.isLossy && bits != .float32 }
    }

    let outputs: [Output]

    /// - Parameter request: the first of the command.
    init(_ request: MasterRequest, preset: Preset) {
        let own = preset.output.bits.sampleBits
        let rate = preset.output.rate.hz
        outputs = [Output(container: request.container, bits: own, followsBits: !request.container.isLossy, sampleRate: rate)]
            + request.delivery.deliverables.map { further in
                Output(
                    container: further.container, bits: further.bits ?? own, followsBits: further.bits == nil && !further.container.isLossy,
                    sampleRate: further.sampleRate ?? rate)
            }
    }

    /// - Parameters:
    ///   - bits, dither, bext, isrc: by which words they were asked for; nil when they were not.
    ///   - preset: as it is with them.
    ///   - hasDisc: a CD is written too, which has 16 bits.
    func check(bits: String?, dither: String?, bext: String?, preset: Preset, isrc: String?, hasDisc: Bool) throws(Failure) {
        if let bits, !outputs.contains(where: \.followsBits) {
            throw usage("\(bits): \(name(outputs[0])) has no word length to set; leave it out, or add a --deliver with samples")
        }
        if let twin = outputs.dropFirst().first(where: { $0.container == outputs[0].container && $0.bits == outputs[0].bits && $0.sampleRate == outputs[0].sampleRate }) {
            throw usage("--deliver: \(name(twin)) of the same word length and sample rate is what the master is; leave it out, or ask for another")
        }
        if let dither, !hasDisc {
            guard outputs.contains(where: \.isInteger) else { throw usage("\(dither): nothing is rounded to integers here; leave it out, or use --bits 16 or 24") }
            if preset.output.dither == .shaped, !outputs.contains(where: { $0.isInteger && $0.bits == .int16 }) {
                throw usage("\(dither): shaped noise is for 16 bits; add --bits 16, or use tpdf")
            }
        }
        if let bext, preset.output.bext, !outputs.contains(where: { $0.container == .wav }) {
            throw usage("\(bext): \(name(outputs[0])) has no place for a bext chunk; use WAV")
        }
        if let isrc, !hasDisc, !outputs.contains(where: { [.wav, .flac, .mp3].contains($0.container) }) {
            throw usage("\(isrc): \(name(outputs[0])) has no place for it; use WAV, FLAC or MP3")
        }
    }

    /// The words by which an output's property was asked for: its own option's, or `--set`'s.
    static func words(_ option: String, given: Bool, key: String, settings: [String]) -> String? {
        given ? option : settings.contains { $0.hasPrefix(key + "=") } ? "--set \(key)" : nil
    }

    /// - Parameter settings: `KEY=VALUE`, all of them applied to `preset`.
    static func check(settings: [String], preset: Preset) throws(Failure) {
        for setting in settings {
            guard let row = Preset.parameter(String(setting.prefix { $0 != "=" })), let switchRow = preset.restsBehind(row) else { continue }
            throw Failure(
                Failure.usageExitCode,
                "--set: \(row.key) makes no difference while \(switchRow.key) is \(switchRow.text(preset.value(of: switchRow.key) ?? .toggle(false))); set that too, or leave it out")
        }
    }

    private func name(_ output: Output) -> String { output.container.rawValue.uppercased() }
    private func usage(_ text: String) -> Failure { Failure(Failure.usageExitCode, text) }
}
