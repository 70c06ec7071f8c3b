import FoundationEssentials
import Glibc
import AudioFiles
import Rendering

/// A key for a tier: named in the configuration, read when it is used, never printed, encoded or logged.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public enum Source: Sendable, Equatable {
        case environment(String)
        /// A file of the user's own that nobody else may read.
        case file(String)
    }

    public let source: Source
    public init(_ source: Source) { self.source = source }

    public var description: String {
        switch source {
        case .environment(let name): "from $\(name)"
        case .file(let path): "from \(path.printable)"
        }
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Why it cannot be used; nil when it can. Reads it.
    public var problem: String? {
        do throws(SecretError) {
            _ = try value()
            return nil
        } catch { return error.problem }
    }

    private static let most = 4096

    /// The key, ready for a header.
    /// - Throws: `auth` with what to do about it.
    func value() throws(SecretError) -> String {
        let text: String
        switch source {
        case .environment(let name):
            guard let found = getenv(name).map({ String(cString: $0) }), !found.isEmpty else { throw SecretError(problem: "$\(name) is not set; export it before starting Lathe") }
            text = found
        case .file(let path): text = try Self.read(path)
        }
        let trimmed = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        // Anything else could end a header and begin another.
        guard !trimmed.isEmpty, trimmed.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SecretError(problem: "the key \(description) is empty or holds other than printable ASCII characters")
        }
        return trimmed
    }

    private static func read(_ path: String) throws(SecretError) -> String {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw SecretError(problem: "\(path.printable): cannot be opened (\(String(cString: strerror(errno)).lowercased()))") }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_size <= most else {
            throw SecretError(problem: "\(path.printable): is not a file of at most 4 KiB")
        }
        guard info.st_uid == geteuid(), info.st_mode & 0o077 == 0 else {
            throw SecretError(problem: "\(path.printable): others may read this key; chmod 600 \(path.printable)")
        }
        var bytes = [UInt8](repeating: 0, count: most + 1)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0, let text = String(validating: bytes[..<count], as: UTF8.self) else { throw SecretError(problem: "\(path.printable): holds no key") }
        return text
    }
}

/// Why a key cannot be used. Never holds the key.
struct SecretError: Error, Equatable {
    let problem: String
}
