import CSndFile
import DSP

/// How a file is to be written.
public struct OutputFormat: Sendable, Equatable, Codable {
    public enum Container: String, Sendable, Codable, CaseIterable { case wav, flac, aiff, caf, ogg, opus, mp3 }
    public enum SampleBits: String, Sendable, Codable, CaseIterable { case int16 = "16", int24 = "24", float32 = "32f" }

    public var container: Container
    /// Ignored by the lossy containers.
    public var bits: SampleBits
    /// Hz.
    public var sampleRate: Int
    public var layout: ChannelLayout
    public var channels: Int { layout.channels }

    public init(container: Container, bits: SampleBits, sampleRate: Int, layout: ChannelLayout) {
        self.container = container
        self.bits = bits
        self.sampleRate = sampleRate
        self.layout = layout
    }

    /// - Parameter channels: in the usual layout of their number.
    public init(container: Container, bits: SampleBits, sampleRate: Int, channels: Int) {
        self.init(container: container, bits: bits, sampleRate: sampleRate, layout: .usual(channels))
    }

    /// Whether samples are stored as integers of `bits`, so that they have to be quantised first.
    public var isInteger: Bool { !container.isLossy && bits != .float32 }

    /// Why this combination cannot be written, and what can; nil when it can.
    public var objection: String? {
        if channels < 1 || channels > 32 { return "\(channels) channels cannot be written; use 1 to 32" }
        if sampleRate < 8000 || sampleRate > 768_000 { return "\(sampleRate) Hz cannot be written; use 8000 to 768000" }
        switch container {
        case .flac:
            if bits == .float32 { return "FLAC holds no floating point; use --bits 24, or WAV" }
            if channels > 8 { return "FLAC holds at most 8 channels; use WAV" }
            if sampleRate > 655_350 { return "FLAC holds at most 655350 Hz; use WAV" }
        case .opus:
            if ![8000, 12000, 16000, 24000, 48000].contains(sampleRate) {
                return "Opus holds 48000 Hz (or 8000, 12000, 16000, 24000), not \(sampleRate); use Ogg, MP3 or FLAC"
            }
            if channels > 8 { return "Opus holds at most 8 channels; use WAV" }
            if let objection = objectionToLayout("Opus") { return objection }
        case .mp3:
            if ![8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000].contains(sampleRate) {
                return "MP3 holds at most 48000 Hz, not \(sampleRate); use Ogg or FLAC"
            }
            if channels > 2 { return "MP3 holds at most 2 channels; use FLAC or WAV" }
        case .ogg:
            if let objection = objectionToLayout("Ogg Vorbis") { return objection }
            if sampleRate > 192_000 { return "Ogg Vorbis is written up to 192000 Hz, not \(sampleRate); use FLAC" }
        case .wav, .aiff, .caf: break
        }
        return nil
    }

    /// Where the count of channels says what they are for.
    private func objectionToLayout(_ container: String) -> String? {
        guard channels > 2, channels <= 8, !layout.isLike(.usual(channels)) else { return nil }
        return "\(container) has no place for the loudspeakers of \(layout.name ?? "\(channels) channels without any"); use WAV or FLAC"
    }
}

extension OutputFormat.Container {
    /// The sample rate to write for sound at `rate` when none is asked for: the same where the container holds it, else the lowest
    /// above it, which loses no treble, else the highest.
    public func nearestRate(to rate: Int) -> Int {
        /// The lowest that loses no treble.
        func lowest(of held: [Int]) -> Int { held.first { $0 >= rate } ?? held[held.count - 1] }
        switch self {
        case .opus: return lowest(of: [8000, 12_000, 16_000, 24_000, 48_000])
        case .mp3 where rate > 48_000: return rate % 11_025 == 0 ? 44_100 : 48_000
        case .mp3: return lowest(of: [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
        case .ogg where rate > 192_000: return rate % 11_025 == 0 ? 176_400 : 192_000
        case .flac where rate > 655_350: return rate % 11_025 == 0 ? 352_800 : 384_000
        default: return rate
        }
    }

    public var isLossy: Bool { self == .ogg || self == .opus || self == .mp3 }

    /// Without the dot; the name's usual ending.
    public var fileExtension: String { rawValue }

    /// The container a file name's ending asks for: `.wav`, `.flac`, `.aif`, `.aiff`, `.caf`, `.ogg`, `.oga`, `.opus`, `.mp3`.
    public init?(path: String) {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        switch name[name.index(after: dot)...].lowercased() {
        case "wav", "wave": self = .wav
        case "flac": self = .flac
        case "aif", "aiff", "aifc": self = .aiff
        case "caf": self = .caf
        case "ogg", "oga": self = .ogg
        case "opus": self = .opus
        case "mp3": self = .mp3
        default: return nil
        }
    }
}

extension OutputFormat {
    /// libsndfile's format word. More than two channels need WAVEX's speaker mask; more than 4 GiB need RF64. Floating point is written as WAVEX
    /// too: of plain format 3 libsndfile leaves out the size of the extension, which every format but 1 has to state (Microsoft, Multimedia
    /// Data Standards Update 3.0, 1994).
    func formatWord(large: Bool) -> Int32 {
        let subtype =
            switch bits {
            case .int16: SF_FORMAT_PCM_16
            case .int24: SF_FORMAT_PCM_24
            case .float32: SF_FORMAT_FLOAT
            }
        let word =
            switch container {
            case .wav where large: SF_FORMAT_RF64 | subtype
            case .wav where channels > 2 || bits == .float32: SF_FORMAT_WAVEX | subtype
            case .wav: SF_FORMAT_WAV | subtype
            case .flac: SF_FORMAT_FLAC | subtype
            case .aiff: SF_FORMAT_AIFF | subtype
            case .caf: SF_FORMAT_CAF | subtype
            case .ogg: SF_FORMAT_OGG | SF_FORMAT_VORBIS
            case .opus: SF_FORMAT_OGG | SF_FORMAT_OPUS
            case .mp3: SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III
            }
        return Int32(word)
    }

    /// Bytes of sample data per frame; nil when compression makes it unknown.
    public var bytesPerFrame: Int64? {
        guard !container.isLossy, container != .flac else { return nil }
        switch bits {
        case .int16: return Int64(channels) * 2
        case .int24: return Int64(channels) * 3
        case .float32: return Int64(channels) * 4
        }
    }
}
