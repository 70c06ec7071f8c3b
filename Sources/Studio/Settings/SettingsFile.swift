import AudioFiles
import Foundation
import Mastering
import TOMLKit

/// Files in which the user sets things: small TOML texts, read with care.
enum SettingsFile {
    /// `$XDG_CONFIG_HOME/lathe`; nil where there is neither that nor a home.
    static var folder: String? {
        let environment = ProcessInfo.processInfo.environment
        let config = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? environment["HOME"].map { $0 + "/.config" }
        return config.map { $0 + "/lathe" }
    }

    /// The text of a file of at most `limit` bytes; one byte more is read of a longer one, so that the parser refuses it.
    /// - Parameter what: `theme`.
    /// - Throws: `.missing` when it cannot be opened, `.unusable` when it is no text file.
    static func read(_ path: String, limit: Int, what: String, seeAlso: String) throws(SettingsError) -> String {
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        let descriptor = path.withFileName { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno)).lowercased()
            throw SettingsError(kind: .missing, file: path, problem: "cannot open the \(what) (\(reason))", remedy: "check the path, or see \(seeAlso)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw SettingsError(kind: .unusable, file: path, problem: "is not a regular file", remedy: "name a \(what) file")
        }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw SettingsError(kind: .unusable, file: path, problem: "cannot be read", remedy: "check the disk") }
            if got == 0 { break }
            count += got
        }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw SettingsError(kind: .unusable, file: path, problem: "is not UTF-8 text", remedy: "a \(what) is a TOML text file")
        }
        return text
    }

    /// Whole or not at all, for the user alone; makes the folder.
    static func write(_ text: String, to path: String, in folder: String) throws(SettingsError) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try AtomicOutput.write(text, to: path)
        } catch {
            throw SettingsError(kind: .cannotCreate, file: path, problem: "cannot be written", remedy: "check the folder's permissions and free space")
        }
    }

    /// The parsed table and where its keys stand.
    /// - Throws: `.unusable` for texts that are too long, nested deeper than `sections` says, or no TOML.
    static func parse(_ text: String, file: String, limit: Int, what: String, sections: String) throws(SettingsError) -> (TOMLTable, TOMLPositions) {
        guard text.utf8.count <= limit else {
            throw SettingsError(kind: .unusable, file: file, problem: "is larger than \(limit / 1024) KiB", remedy: "a \(what) is a short text")
        }
        let positions = TOMLPositions(text)
        if let deep = positions.tooDeepAt {
            throw SettingsError(kind: .unusable, file: file, line: deep.line, column: deep.column, problem: "nested too deeply",
                                remedy: "a \(what) has \(sections)")
        }
        do {
            return (try TOMLTable(string: text), positions)
        } catch let error as TOMLParseError {
            throw SettingsError(kind: .unusable, file: file, line: error.source.begin.line, column: error.source.begin.column,
                                problem: error.description, remedy: "correct the TOML there")
        } catch {
            throw SettingsError(kind: .unusable, file: file, problem: "is not TOML", remedy: "correct the file")
        }
    }
}
