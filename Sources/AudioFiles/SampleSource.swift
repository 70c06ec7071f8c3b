import DSP
import CSndFile

/// Where an `AudioReader` gets its samples: a decoder in this process, or one behind the wall. One thread at a time.
protocol SampleSource: AnyObject {
    var header: SoundHeader { get }
    /// At most `most` interleaved frames in the header's form, which stay where they are until the next call; none at the end.
    func next(_ most: Int) throws(DecodeFailure) -> (samples: UnsafeRawPointer, frames: Int)
    /// Exact to the frame. Returns the frame it stands on: `target`, or the end when that comes before it.
    func seek(to target: Int64) throws(DecodeFailure) -> Int64
    /// A chunk that is passed through as it is; cut to 64 KiB.
    func chunk(_ chunk: RIFFChunks.Readable) throws(DecodeFailure) -> [UInt8]?
}

/// What a decoder says of a file, within what Lathe takes.
struct SoundHeader: Equatable {
    /// libsndfile's format word.
    var format: Int32
    /// Hz.
    var sampleRate: Int
    var channels: Int
    /// Of each channel in the order of the stream, its bit in `ChannelLayout`; empty when the file does not say.
    var speakers: [UInt8] = []
    /// Nil when the file does not say.
    var frames: Int64?
    var tags: [String: String]
    /// Where in the file the samples begin, when they need no decoding.
    var dataOffset: Int64?
    var ending = AudioFileInfo.Ending.stated

    static let channelCounts = 1...32
    static let sampleRates = 8000...768_000

    /// - Throws: `channels`, `sampleRate`.
    func check() throws(DecodeFailure) {
        guard Self.channelCounts.contains(channels) else { throw .channels(channels) }
        guard Self.sampleRates.contains(sampleRate) else { throw .sampleRate(sampleRate) }
    }

    var form: SampleForm {
        switch FormatName.encoding(format) {
        case "pcm_16" where FormatName.isLittleEndianWAV(format): .packed16
        case "pcm_24" where FormatName.isLittleEndianWAV(format): .packed24
        case "float_64": .double
        case "float_32", "vorbis", "opus", "mp1", "mp2", "mp3": .float
        default: .integer
        }
    }

    var layout: ChannelLayout {
        speakers.isEmpty ? .usual(channels) : ChannelLayout(channels: channels, mask: speakers.reduce(0) { $0 | 1 << UInt32($1) })
    }

    /// For each channel of the stream, its place in WAVE's order; nil where both are the same.
    var order: [Int]? {
        if ["vorbis", "opus"].contains(FormatName.encoding(format)) { return VorbisChannels.order(channels) }
        let sorted = speakers.sorted()
        let places = speakers.map { speaker in sorted.firstIndex(of: speaker)! }
        return places == Array(places.indices) ? nil : places
    }

    /// Whether a list of loudspeakers, which may come from behind the wall, is one for so many channels: every one once.
    static func isLayout(_ speakers: [UInt8], channels: Int) -> Bool {
        speakers.isEmpty || speakers.count == channels && Set(speakers).count == channels && speakers.allSatisfy { $0 <= ChannelLayout.lastSpeaker }
    }

    func info(_ path: String) -> AudioFileInfo {
        AudioFileInfo(
            path: path, format: FormatName.container(format), encoding: FormatName.encoding(format), sampleRate: sampleRate, layout: layout,
            claimedFrames: frames, tags: tags, ending: ending)
    }
}

/// Samples as libsndfile gives them: those in which the encoding is exact.
enum SampleForm {
    /// Integers of 2 and 3 bytes as they lie in the file, the lowest byte first.
    case packed16
    case packed24
    /// 32-bit, left-justified.
    case integer
    case float
    case double

    var byteCount: Int {
        switch self {
        case .packed16: 2
        case .packed24: 3
        case .integer, .float: 4
        case .double: 8
        }
    }
}

/// Why a decoder could not begin or go on. Numbers only, because it may come from behind the wall.
enum DecodeFailure: Error, Equatable {
    case empty
    case notAudio
    case channels(Int)
    case sampleRate(Int)
    case truncated(seconds: Double?)
    case damaged(seconds: Double)
    case several
    case readFailed(code: Int32)
    /// The decoder's process ended, said nothing for too long, or said what cannot be.
    case brokeDown(DecoderEnd)
    /// There is no process to decode in.
    case unavailable(code: Int32)

    func error(_ path: String) -> AudioFileError {
        switch self {
        case .empty: .empty(path: path)
        case .notAudio: .notAudio(path: path)
        case .channels(let count): .unsupported(path: path, detail: "has \(count) channels, and Lathe takes 1 to 32")
        case .sampleRate(let rate): .unsupported(path: path, detail: "has a sample rate of \(rate) Hz, and Lathe takes 8000 to 768000")
        case .truncated(let seconds): .truncated(path: path, seconds: seconds)
        case .damaged(let seconds): .damaged(path: path, seconds: seconds)
        case .several: .unsupported(path: path, detail: "holds several recordings one behind the other")
        case .readFailed(let code): .readFailed(path: path, reason: SystemCall.Failure(code: code).reason)
        case .brokeDown(let end): .decoderBrokeDown(path: path, end: end)
        case .unavailable(let code): .noDecoder(path: path, reason: SystemCall.Failure(code: code).reason)
        }
    }
}

/// How a decoder behind the wall came to its end.
public enum DecoderEnd: String, Sendable, Equatable, CaseIterable {
    case crashed, stuck, nonsense

    var words: String {
        switch self {
        case .crashed: "crashed or ran into its limits"
        case .stuck: "did not answer any more"
        case .nonsense: "answered with what cannot be"
        }
    }
}
