import AudioFiles
import Glibc

/// A picture as it leaves: what is to be seen, without what cameras and programs write beside it (places, times, names, previews, clips behind it).
///
/// JPEG by its segments (ITU-T T.81, B.1), PNG by its chunks (W3C PNG, 11.2). The pixels are not touched, and not decoded here.
public struct RemotePicture: Sendable, Equatable {
    /// `image/jpeg` or `image/png`.
    public var type: String
    public var bytes: [UInt8]

    static let most = 10 << 20

    /// Why a picture cannot leave; nil when it can.
    public static func problem(_ path: String) -> String? {
        switch load(path) {
        case .success: nil
        case .failure(let refusal): refusal.reason
        }
    }

    struct Refused: Error { var reason: String }

    static func load(_ path: String) -> Result<RemotePicture, Refused> {
        let fd = path.withFileName { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard fd >= 0 else { return .failure(Refused(reason: "the picture cannot be read")) }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_size <= most else { return .failure(Refused(reason: "a picture has at most \(most >> 20) MiB")) }
        var bytes = [UInt8](repeating: 0, count: Int(info.st_size)), done = 0
        while done < bytes.count {
            let got = bytes.withUnsafeMutableBytes { read(fd, $0.baseAddress.map { $0 + done }, $0.count - done) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return .failure(Refused(reason: "the picture cannot be read")) }
            done += got
        }
        return stripped(bytes).map { .success($0) } ?? .failure(Refused(reason: "it takes whole JPEG and PNG pictures only"))
    }

    /// nil for what is neither, or not whole.
    static func stripped(_ bytes: [UInt8]) -> RemotePicture? {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return jpeg(bytes).map { RemotePicture(type: "image/jpeg", bytes: $0) } }
        if bytes.starts(with: pngHead) { return png(bytes).map { RemotePicture(type: "image/png", bytes: $0) } }
        return nil
    }

    private static func jpeg(_ bytes: [UInt8]) -> [UInt8]? {
        var out: [UInt8] = [0xFF, 0xD8], at = 2
        while at + 4 <= bytes.count {
            guard bytes[at] == 0xFF else { return nil }
            // Any number of fill bytes.
            while at + 1 < bytes.count, bytes[at + 1] == 0xFF { at += 1 }
            guard at + 4 <= bytes.count else { break }
            let marker = bytes[at + 1], length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3]), end = at + 2 + length
            guard marker != 0, length >= 2, end <= bytes.count else { return nil }
            // JFIF and Adobe's colours are needed to see it right; what else applications write, and comments, are not.
            let isBeside = (0xE1...0xED).contains(marker) || marker == 0xEF || marker == 0xFE
            if !isBeside { out += bytes[at..<end] }
            at = end
            guard marker == 0xDA else { continue }
            // A scan: up to a marker that is neither a stuffed byte nor a restart.
            let start = at
            while at + 1 < bytes.count, bytes[at] != 0xFF || bytes[at + 1] == 0 || (0xD0...0xD7).contains(bytes[at + 1]) { at += 1 }
            guard at + 1 < bytes.count else { return nil }
            out += bytes[start..<at]
            // What lies behind the picture's end stays here.
            if bytes[at + 1] == 0xD9 { return out + [0xFF, 0xD9] }
        }
        return nil
    }

    private static let pngHead: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let seen: Set<String> = ["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "sBIT", "bKGD"]

    private static func png(_ bytes: [UInt8]) -> [UInt8]? {
        var out = pngHead, at = 8
        while at + 12 <= bytes.count {
            let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - at - 12 else { return nil }
            let name = String(decoding: bytes[at + 4..<at + 8], as: UTF8.self), end = at + 12 + length
            if seen.contains(name) { out += bytes[at..<end] }
            if name == "IEND" { return out }
            at = end
        }
        return nil
    }
}
