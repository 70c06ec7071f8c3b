import CSndFile
import DSP

/// What a file says of itself. Nothing here sizes an allocation: headers are claims.
public struct AudioFileInfo: Sendable, Equatable {
    /// What the header says of where the sound ends.
    public enum Ending: UInt8, Sendable, Equatable, CaseIterable {
        /// Where the file has it.
        case stated
        /// Nothing, as when it was written to a pipe.
        case open
        /// Nothing, and the file stops within a frame.
        case cut
    }

    public var path: String
    /// `WAV`, `FLAC`, `AIFF`, `CAF`, `OGG`, `OPUS`, `MP3`, `AU`, `W64`, …
    public var format: String
    /// `pcm_16`, `pcm_24`, `float_32`, `vorbis`, `opus`, `mp3`, …
    public var encoding: String
    /// Hz, 8 000…768 000.
    public var sampleRate: Int
    /// 1…32, and their loudspeakers: what the file says, else what is usual for so many.
    public var layout: ChannelLayout
    public var channels: Int { layout.channels }
    /// Frames the header announces; nil when it does not say (streamed WAV or FLAC).
    public var claimedFrames: Int64?
    /// `title`, `artist`, `album`, `track`, `date`, `genre`, `comment`, `copyright`, `license`, `isrc`:
    /// those the file has. Untrusted text.
    public var tags: [String: String]
    public var ending: Ending

    public init(
        path: String, format: String, encoding: String, sampleRate: Int, layout: ChannelLayout, claimedFrames: Int64?,
        tags: [String: String], ending: Ending = .stated
    ) {
        self.ending = ending
        self.path = path
        self.format = format
        self.encoding = encoding
        self.sampleRate = sampleRate
        self.layout = layout
        self.claimedFrames = claimedFrames
        self.tags = tags
    }

    /// Bits of an integer encoding; nil for floating point and lossy ones.
    public var integerBits: Int? {
        switch encoding {
        case "pcm_s8", "pcm_u8": 8
        case "pcm_16", "alac_16": 16
        case "alac_20": 20
        case "pcm_24", "alac_24": 24
        case "pcm_32", "alac_32": 32
        default: nil
        }
    }
}

/// libsndfile's format word in the words of `AudioFileInfo`.
enum FormatName {
    static func container(_ format: Int32) -> String {
        switch Int(format) & SF_FORMAT_TYPEMASK {
        case SF_FORMAT_WAV, SF_FORMAT_WAVEX, SF_FORMAT_RF64: return "WAV"
        case SF_FORMAT_W64: return "W64"
        case SF_FORMAT_AIFF: return "AIFF"
        case SF_FORMAT_AU: return "AU"
        case SF_FORMAT_CAF: return "CAF"
        case SF_FORMAT_FLAC: return "FLAC"
        case SF_FORMAT_OGG: return Int(format) & SF_FORMAT_SUBMASK == SF_FORMAT_OPUS ? "OPUS" : "OGG"
        case SF_FORMAT_MPEG: return "MP3"
        default: return "OTHER"
        }
    }

    /// WAV and its larger kin, but for those with the highest byte first.
    static func isLittleEndianWAV(_ format: Int32) -> Bool {
        guard [SF_FORMAT_WAV, SF_FORMAT_WAVEX, SF_FORMAT_RF64, SF_FORMAT_W64].contains(Int(format) & SF_FORMAT_TYPEMASK) else { return false }
        return [SF_ENDIAN_FILE, SF_ENDIAN_LITTLE].contains(Int(format) & SF_FORMAT_ENDMASK)
    }

    /// Whether the samples lie in the file as `SampleForm` has them.
    static func isPlain(_ format: Int32) -> Bool {
        isLittleEndianWAV(format) && ["pcm_16", "pcm_24", "pcm_32", "float_32", "float_64"].contains(encoding(format))
    }

    static func encoding(_ format: Int32) -> String {
        switch Int(format) & SF_FORMAT_SUBMASK {
        case SF_FORMAT_PCM_S8: "pcm_s8"
        case SF_FORMAT_PCM_U8: "pcm_u8"
        case SF_FORMAT_PCM_16: "pcm_16"
        case SF_FORMAT_PCM_24: "pcm_24"
        case SF_FORMAT_PCM_32: "pcm_32"
        case SF_FORMAT_FLOAT: "float_32"
        case SF_FORMAT_DOUBLE: "float_64"
        case SF_FORMAT_ALAC_16: "alac_16"
        case SF_FORMAT_ALAC_20: "alac_20"
        case SF_FORMAT_ALAC_24: "alac_24"
        case SF_FORMAT_ALAC_32: "alac_32"
        case SF_FORMAT_VORBIS: "vorbis"
        case SF_FORMAT_OPUS: "opus"
        case SF_FORMAT_MPEG_LAYER_I: "mp1"
        case SF_FORMAT_MPEG_LAYER_II: "mp2"
        case SF_FORMAT_MPEG_LAYER_III: "mp3"
        case SF_FORMAT_ULAW: "ulaw"
        case SF_FORMAT_ALAW: "alaw"
        default: "other"
        }
    }
}
