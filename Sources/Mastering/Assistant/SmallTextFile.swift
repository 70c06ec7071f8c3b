import AudioFiles
import Foundation

/// Reads the small TOML files that people write and share.
enum SmallTextFile {
    /// - Parameters:
    ///   - noun: what the file should be, for errors: `tone curve`.
    ///   - missing: what helps when it cannot be opened.
    ///   - limit: bytes; one more is read, so that whoever parses the text sees that it is too long.
    /// - Throws: `.missing` when it cannot be opened, `.unusable` for what is no regular file or not UTF-8, `.inputOutput`.
    static func read(_ path: String, noun: String, missing: String = "check the path", limit: Int) throws(PresetError) -> String {
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        let descriptor = path.withFileName { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno)).lowercased()
            throw PresetError(.missing, file: path, problem: "cannot open the \(noun) (\(reason))", remedy: missing)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw PresetError(file: path, problem: "is not a regular file", remedy: "name a \(noun) file")
        }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { all in
                let rest = UnsafeMutableRawBufferPointer(rebasing: all[count...])
                return Foundation.read(descriptor, rest.baseAddress, rest.count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw PresetError(.inputOutput, file: path, problem: "cannot be read", remedy: "check the disk") }
            if got == 0 { break }
            count += got
        }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw PresetError(file: path, problem: "is not UTF-8 text", remedy: "a \(noun) is a TOML text file")
        }
        return text
    }
}
