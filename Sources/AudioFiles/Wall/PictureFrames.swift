import CLinux
import Glibc

/// Why a picture or clip could not be looked at.
public struct PictureError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        case absent(reason: String)
        case notAFile
        case noDecoder
        /// There is no wall to decode behind.
        case refused
        case unreadable
        /// A clip was named, and this is one picture.
        case still
        case stuck
    }

    public var path: String
    public var kind: Kind

    /// As in sysexits(3).
    public var exitCode: Int32 {
        switch kind {
        case .absent: 66
        case .notAFile, .unreadable, .still, .stuck: 65
        case .noDecoder, .refused: 69
        }
    }

    public var message: String {
        let (what, remedy) = switch kind {
        case .absent(let reason): ("cannot be opened (\(reason))", "check the path and its permissions")
        case .notAFile: ("is not a regular file with anything in it", "name a picture or a clip")
        case .noDecoder: ("needs ffmpeg to be looked at, and there is none on the search path", "install ffmpeg, or say the mood in words")
        case .refused: ("there is no process here in which it could do no harm", "say the mood in words")
        case .unreadable: ("is no picture or clip that ffmpeg can decode", "save it as PNG, JPEG or MP4")
        case .still: ("is a picture, not a clip", "name it with --image")
        case .stuck: ("ffmpeg did not answer", "save it as PNG, JPEG or MP4")
        }
        return "\(path): \(what); \(remedy)"
    }
    public var description: String { message }
}

/// Small frames of a picture or a clip, by the `ffmpeg` on the search path behind the wall (see `AACCodec`): the one thing it is asked for is raw RGB of
/// a fixed size, so that what comes back sizes nothing and holds no structure to be fooled by.
public enum PictureFrames {
    public static let columns = 48
    public static let rows = 27
    /// Frames of a clip in a second.
    public static let rate = 10
    /// Seconds of a clip that are looked at.
    public static let longest = 600
    public static var frameBytes: Int { columns * rows * 3 }

    /// Hands every frame to `each`: rows from the top, three bytes to a pixel: red, green, blue.
    /// - Parameters:
    ///   - isClip: many frames, `rate` a second, rather than the first.
    ///   - isCancelled: asked four times a second.
    /// - Throws: `PictureError`, `CancellationError`.
    public static func read(_ path: String, isClip: Bool, isCancelled: () -> Bool = { false }, each: (UnsafeRawBufferPointer) -> Void) throws {
        func failure(_ kind: PictureError.Kind) -> PictureError { PictureError(path: path, kind: kind) }
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        let input = path.withFileName { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard input >= 0 else { throw failure(.absent(reason: String(cString: strerror(errno)).lowercased())) }
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { throw failure(.notAFile) }
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { throw failure(.refused) }
        let process: ApartProcess
        do throws(AACCodec.Problem) {
            defer { close(ends[1]) }
            process = try AACCodec.frames(isClip: isClip, from: input, to: ends[1])
        } catch {
            close(ends[0])
            throw failure(error == .missing ? .noDecoder : .refused)
        }
        defer {
            close(ends[0])
            withExtendedLifetime(process) {}
        }
        var frame = [UInt8](repeating: 0, count: frameBytes)
        var (held, frames, waits) = (0, 0, 0)
        while frames < (isClip ? longest * rate : 1) {
            if isCancelled() { throw CancellationError() }
            var waiting = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 250) > 0 else {
                waits += 1
                // A minute without a byte.
                if waits > 240 { throw failure(.stuck) }
                continue
            }
            waits = 0
            let got = frame.withUnsafeMutableBytes { Glibc.read(ends[0], $0.baseAddress.map { $0 + held }, $0.count - held) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { break }
            held += got
            if held == frame.count {
                frame.withUnsafeBytes(each)
                frames += 1
                held = 0
            }
        }
        guard frames > 0 else { throw failure(isClip && isPicture(input) ? .still : .unreadable) }
    }

    /// By how the file begins: PNG, JPEG, BMP, WebP.
    private static func isPicture(_ descriptor: Int32) -> Bool {
        var start = [UInt8](repeating: 0, count: 12)
        guard pread(descriptor, &start, start.count, 0) == start.count else { return false }
        return start.starts(with: [0x89, 0x50, 0x4E, 0x47]) || start.starts(with: [0xFF, 0xD8, 0xFF]) || start.starts(with: Array("BM".utf8)) || start.starts(with: Array("RIFF".utf8)) && start[8...].elementsEqual(Array("WEBP".utf8))
    }
}
