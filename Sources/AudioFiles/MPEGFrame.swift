import Glibc

/// The four bytes that start an MPEG audio frame (ISO 11172-3 §2.4.2.3).
struct MPEGFrame {
    /// 1, 2, or 3 for the unofficial 2.5.
    var version: Int
    var layer: Int
    /// Whole frame, header included.
    var bytes: Int64
    /// Samples per channel in a frame.
    private var samples: Int64
    private var isMono: Bool

    /// Nil when the bytes are no frame header, or one of free format whose length is not in it.
    init?(_ header: [UInt8]) {
        guard header.count == 4, header[0] == 0xFF, header[1] & 0xE0 == 0xE0 else { return nil }
        switch header[1] >> 3 & 3 {
        case 3: version = 1
        case 2: version = 2
        case 0: version = 3
        default: return nil
        }
        layer = 4 - Int(header[1] >> 1 & 3)
        let rateIndex = Int(header[2] >> 2 & 3)
        let bitrateIndex = Int(header[2] >> 4)
        guard (1...3).contains(layer), rateIndex < 3, (1...14).contains(bitrateIndex) else { return nil }
        let rate = [44_100, 48_000, 32_000][rateIndex] >> (version - 1)
        let kilobits = Self.bitrates[version == 1 ? layer - 1 : (layer == 1 ? 3 : 4)][bitrateIndex - 1]
        let padding = Int(header[2] >> 1 & 1)
        bytes =
            switch layer {
            case 1: Int64((12_000 * kilobits / rate + padding) * 4)
            case 3 where version > 1: Int64(72_000 * kilobits / rate + padding)
            default: Int64(144_000 * kilobits / rate + padding)
            }
        samples = layer == 1 ? 384 : layer == 3 && version > 1 ? 576 : 1152
        isMono = header[3] >> 6 == 3
    }

    /// Where the first frame starts: after an ID3v2 tag (§3.1: four bytes of seven bits each, without the 10-byte header), or at once.
    static func startOfSound(_ source: ByteSource) -> Int64 {
        let tag = source.bytes(at: 0, 10)
        guard tag.count == 10, tag[0..<3].elementsEqual("ID3".utf8) else { return 0 }
        return 10 + tag[6..<10].reduce(Int64(0)) { $0 << 7 | Int64($1 & 0x7F) }
    }

    /// An MP3 is cut when its Xing or Info header announces more bytes than there are, or, without one, when its last frame is not whole.
    static func check(_ source: ByteSource) -> ClaimedLength.Verdict {
        var offset = startOfSound(source)
        guard let first = MPEGFrame(source.bytes(at: offset, 4)) else { return .complete }
        if let (bytes, samples) = first.announced(source.bytes(at: offset, 64)) {
            // The field is known to be off by a tag or a frame in real files.
            guard offset + bytes > source.length + 2048 else { return .complete }
            return .short(frames: Int64(Double(samples) * Double(source.length - offset) / Double(bytes)))
        }
        var samples: Int64 = 0
        while let frame = MPEGFrame(source.bytes(at: offset, 4)), frame.version == first.version, frame.layer == first.layer {
            if offset + frame.bytes > source.length { return .short(frames: samples) }
            offset += frame.bytes
            samples += frame.samples
        }
        return .complete
    }

    /// What a Xing or Info header in this frame, which starts `frame`, announces: bytes from the frame's start on, and frames of sound.
    private func announced(_ frame: [UInt8]) -> (bytes: Int64, samples: Int64)? {
        let side = version == 1 ? (isMono ? 17 : 32) : (isMono ? 9 : 17)
        let at = 4 + side
        guard layer == 3, frame.count >= at + 16 else { return nil }
        let mark = frame[at..<(at + 4)]
        guard mark.elementsEqual("Xing".utf8) || mark.elementsEqual("Info".utf8) else { return nil }
        let flags = frame[at + 7]
        guard flags & 3 == 3 else { return nil }
        let count = Int64(ClaimedLength.number(frame[(at + 8)..<(at + 12)], big: true))
        let bytes = Int64(ClaimedLength.number(frame[(at + 12)..<(at + 16)], big: true))
        return (bytes, count * samples)
    }

    /// kbit/s by index 1…14: version 1 layers I, II, III; versions 2 and 2.5 layer I; their layers II and III.
    private static let bitrates = [
        [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ]
}
