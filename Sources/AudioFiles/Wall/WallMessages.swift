import CLinux
import Glibc

// What passes through the wall. Fixed sizes and closed lists: what a decoder sends is checked before it is used and sizes nothing.

/// What the keeper is asked to start.
enum WallTask: Int32 {
    /// Descriptors: the file, the decoder's end of its channel, the `SampleRoom`.
    case decode = 1
    /// Descriptors: input, output. Value of `encodeAAC`: the rate to encode at, Hz.
    case encodeAAC = 2
    case decodeAAC = 3
    /// Value: 1 for a clip, 0 for its first frame.
    case showFrames = 4
}

struct WallRequest {
    var task: Int32
    var value: Int32
}

/// With a handle of the process that was started when `code`, an errno, is 0.
struct WallAnswer {
    var code: Int32 = 0
}

/// What a reader asks its decoder.
enum DecoderWish: UInt32 {
    /// Value: frames; code: the slot of the `SampleRoom` that they go to.
    case samples = 1
    /// Value: the frame.
    case seek = 2
    /// Value: the place in `RIFFChunks.Readable`.
    case chunk = 3
}

/// What a decoder answers.
enum DecoderWord: UInt32 {
    /// Code: format word; value: frames, −1 when unknown; payload: `SoundHeader.fields`.
    case header = 1
    /// Value: frames, which are in the slot that was named.
    case samples = 2
    /// Value: the frame.
    case position = 3
    /// Value: whether there is such a chunk; payload: the chunk.
    case chunk = 4
    /// Code: kind of failure; value: its number.
    case failure = 5
}

/// The head of every message between a reader and its decoder.
struct WallMessage {
    var word: UInt32
    var code: Int32 = 0
    var value: Int64 = 0
    /// Bytes that follow.
    var count: Int64 = 0

    init(_ wish: DecoderWish, _ value: Int64, slot: Int = 0) { (word, code, self.value) = (wish.rawValue, Int32(slot), value) }

    init(_ word: DecoderWord, code: Int32 = 0, _ value: Int64 = 0, count: Int = 0) {
        (self.word, self.code, self.value, self.count) = (word.rawValue, code, value, Int64(count))
    }

    /// Without a payload, and without a signal when the other end is gone; false then.
    static func ask(_ channel: Int32, _ wishes: [WallMessage]) -> Bool {
        wishes.withUnsafeBytes { heads in
            while true {
                let sent = Glibc.send(channel, heads.baseAddress, heads.count, Int32(MSG_NOSIGNAL))
                if sent == heads.count { return true }
                if sent >= 0 || errno != EINTR { return false }
            }
        }
    }

    /// For a decoder, which ends when nobody listens any more.
    func send(_ channel: Int32, _ payload: UnsafeRawBufferPointer = .init(start: nil, count: 0)) -> Bool {
        withUnsafeBytes(of: self) { head in
            var parts = [iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: head.count),
                         iovec(iov_base: UnsafeMutableRawPointer(mutating: payload.baseAddress), iov_len: payload.count)]
            var first = 0
            while first < parts.count {
                let sent = parts.withUnsafeBufferPointer { writev(channel, $0.baseAddress.map { $0 + first }, Int32(parts.count - first)) }
                if sent < 0, errno == EINTR { continue }
                guard sent > 0 else { return false }
                var left = sent
                while first < parts.count, left >= parts[first].iov_len {
                    left -= parts[first].iov_len
                    first += 1
                }
                if first < parts.count {
                    parts[first].iov_base = parts[first].iov_base.map { $0 + left }
                    parts[first].iov_len -= left
                }
            }
            return true
        }
    }

    enum Reception { case complete, ended, late }

    static func receive(_ channel: Int32, _ into: UnsafeMutableRawPointer, _ count: Int) -> Reception {
        var done = 0
        while done < count {
            let got = recv(channel, into + done, count - done, Int32(MSG_WAITALL))
            if got < 0, errno == EINTR { continue }
            if got < 0, errno == EAGAIN { return .late }
            guard got > 0 else { return .ended }
            done += got
        }
        return .complete
    }
}

extension DecodeFailure {
    var message: WallMessage {
        func seconds(_ code: Int32, _ value: Double?) -> WallMessage { WallMessage(.failure, code: code, Int64(bitPattern: (value ?? .nan).bitPattern)) }
        return switch self {
        case .empty: WallMessage(.failure, code: 1)
        case .notAudio: WallMessage(.failure, code: 2)
        case .channels(let count): WallMessage(.failure, code: 3, Int64(count))
        case .sampleRate(let rate): WallMessage(.failure, code: 4, Int64(rate))
        case .truncated(let at): seconds(5, at)
        case .damaged(let at): seconds(6, at)
        case .readFailed(let code): WallMessage(.failure, code: 7, Int64(code))
        case .several: WallMessage(.failure, code: 8)
        // A decoder never says these of itself; as unknown kinds they come out as nonsense.
        case .brokeDown, .unavailable: WallMessage(.failure)
        }
    }

    init(_ message: WallMessage) {
        let number = Double(bitPattern: UInt64(bitPattern: message.value))
        let isTime = number.isFinite && number >= 0
        self = switch message.code {
        case 1: .empty
        case 2: .notAudio
        case 3: .channels(Int(message.value))
        case 4: .sampleRate(Int(message.value))
        case 5: .truncated(seconds: isTime ? number : nil)
        case 6 where isTime: .damaged(seconds: number)
        case 7: .readFailed(code: Int32(truncatingIfNeeded: message.value))
        case 8: .several
        default: .brokeDown(.nonsense)
        }
    }
}

extension SoundHeader {
    /// Rate, channels, ending, where plain samples begin (−1: nowhere), the count of loudspeakers and each, then each tag as its place in `Tags.names`, length and UTF-8.
    var fields: [UInt8] {
        var fields = FixedFields()
        fields.number(Int32(sampleRate))
        fields.number(Int32(channels))
        fields.number(ending.rawValue)
        fields.number(dataOffset ?? -1)
        fields.number(UInt8(speakers.count))
        fields.append(speakers)
        for (index, name) in Tags.names.enumerated() {
            guard let text = tags[name] else { continue }
            fields.number(UInt8(index))
            fields.number(UInt32(text.utf8.count))
            fields.append(Array(text.utf8))
        }
        return fields.bytes
    }

    static let mostBytes = 18 + channelCounts.upperBound + Tags.names.count * (5 + Tags.mostBytes)

    /// Nil for what no decoder of ours says.
    init?(_ message: WallMessage, _ bytes: [UInt8]) {
        guard message.value >= -1, bytes.count >= 18 else { return nil }
        var reader = FixedFieldReader(bytes)
        let (rate, channelCount) = (Int(reader.number(Int32.self)), Int(reader.number(Int32.self)))
        guard Self.sampleRates.contains(rate), Self.channelCounts.contains(channelCount),
            let ending = AudioFileInfo.Ending(rawValue: reader.number(UInt8.self))
        else { return nil }
        let dataOffset = reader.number(Int64.self)
        let speakerCount = Int(reader.number(UInt8.self))
        guard speakerCount <= reader.remaining else { return nil }
        let speakers = [UInt8](reader.raw(speakerCount))
        guard Self.isLayout(speakers, channels: channelCount) else { return nil }
        var found: [String: String] = [:]
        while reader.remaining > 0 {
            guard reader.remaining >= 5 else { return nil }
            let index = Int(reader.number(UInt8.self)), count = Int(reader.number(UInt32.self))
            guard Tags.names.indices.contains(index), count <= Tags.mostBytes, count <= reader.remaining else { return nil }
            found[Tags.names[index]] = Tags.cut(String(decoding: reader.raw(count), as: UTF8.self))
        }
        if let code = found["isrc"] { found["isrc"] = ISRC(code)?.description }
        self.init(format: message.code, sampleRate: rate, channels: channelCount, speakers: speakers, frames: message.value < 0 ? nil : message.value, tags: found,
            dataOffset: dataOffset < 0 ? nil : dataOffset, ending: ending)
    }
}
