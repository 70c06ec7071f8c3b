import Crypto
import FoundationEssentials
import Glibc
import AudioFiles
import Mastering
import Rendering

/// An SSH key of the user's (Ed25519) that signs as `ssh-keygen -Y sign` does (OpenSSH, PROTOCOL.sshsig): from its file when that is not encrypted, else through the agent.
public struct SSHKey: Sendable {
    /// As SSH writes it.
    let blob: [UInt8]
    /// 32 bytes; nil when only the agent can sign.
    private let seed: [UInt8]?

    /// - Parameter path: a private key of OpenSSH's form, or its `.pub`.
    /// - Throws: `JobFailure` that names the file and the remedy.
    public init(file path: String) throws(JobFailure) {
        func wrong(_ reason: String, _ code: Int32 = 65) -> JobFailure { JobFailure(message: "\(path.printable): \(reason)", exitCode: code) }
        guard let bytes = Self.read(path) else { throw wrong("cannot be read; name a key with --identity, or make one with ssh-keygen -t ed25519", 66) }
        let text = String(decoding: bytes, as: UTF8.self)
        if text.hasPrefix("ssh-ed25519 ") {
            let words = text.split(separator: " ", maxSplits: 2)
            guard words.count >= 2, let data = Data(base64Encoded: String(words[1].prefix { !$0.isWhitespace })), Self.isBlob(Array(data)) else { throw wrong("holds no ssh-ed25519 key") }
            (blob, seed) = (Array(data), nil)
            return
        }
        guard let parsed = Self.parse(text) else { throw wrong("is no Ed25519 key of OpenSSH's; make one with ssh-keygen -t ed25519") }
        (blob, seed) = parsed
    }

    init(blob: [UInt8], seed: [UInt8]?) { (self.blob, self.seed) = (blob, seed) }

    /// The line of an `authorized_keys` file, without a comment.
    var line: String { "ssh-ed25519 " + Data(blob).base64EncodedString() }

    /// An armoured signature of `message` for `namespace`.
    func sign(_ message: String, namespace: String) throws(JobFailure) -> String {
        let space = Array(namespace.utf8), hash = Array("sha512".utf8), digest = Array(SHA512.hash(data: Data(message.utf8)))
        let magic = Array("SSHSIG".utf8)
        let signed = magic + [space, [], hash, digest].flatMap(Self.string)
        let signature: [UInt8]
        if let seed {
            do {
                signature = Self.string(Array("ssh-ed25519".utf8)) + Self.string(Array(try Curve25519.Signing.PrivateKey(rawRepresentation: seed).signature(for: signed)))
            } catch { throw JobFailure(message: "the SSH key cannot sign; make another with ssh-keygen -t ed25519", exitCode: 65) }
        } else {
            guard let answer = SSHAgent.sign(signed, by: blob) else {
                throw JobFailure(message: "the SSH key is encrypted and no agent signs with it; run ssh-add, or name another key with --identity", exitCode: 66)
            }
            signature = answer
        }
        let whole = Data(magic + [0, 0, 0, 1] + [blob, space, [], hash, signature].flatMap(Self.string)).base64EncodedString()
        var lines: [Substring] = [], rest = whole[...]
        while !rest.isEmpty {
            lines.append(rest.prefix(70))
            rest = rest.dropFirst(70)
        }
        return (["-----BEGIN SSH SIGNATURE-----"] + lines + ["-----END SSH SIGNATURE-----", ""]).joined(separator: "\n")
    }

    // MARK: Its file

    private static let most = 16 << 10

    private static func read(_ path: String) -> [UInt8]? {
        let fd = path.withFileName { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_size <= most else { return nil }
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in count = max(0, Glibc.read(fd, buffer.baseAddress, buffer.count)) }
        return bytes.isEmpty ? nil : bytes
    }

    /// OpenSSH, PROTOCOL.key: the public key stands before what may be encrypted.
    static func parse(_ text: String) -> (blob: [UInt8], seed: [UInt8]?)? {
        let lines = text.split(whereSeparator: \.isNewline)
        guard text.utf8.count <= most, lines.first == "-----BEGIN OPENSSH PRIVATE KEY-----", lines.last == "-----END OPENSSH PRIVATE KEY-----",
              let data = Data(base64Encoded: lines.dropFirst().dropLast().joined()) else { return nil }
        var reader = SSHReader(Array(data))
        guard reader.take(15) == Array("openssh-key-v1".utf8) + [0], let cipher = reader.string(), reader.string() != nil, reader.string() != nil, reader.take(4) == [0, 0, 0, 1],
              let blob = reader.string(), isBlob(blob), let inside = reader.string() else { return nil }
        guard cipher == Array("none".utf8) else { return (blob, nil) }
        var secret = SSHReader(inside)
        guard let check = secret.take(4), secret.take(4) == check, secret.string() == Array("ssh-ed25519".utf8), let key = secret.string(), let pair = secret.string(), pair.count == 64,
              Array(pair.suffix(32)) == key, Array(blob.suffix(32)) == key else { return nil }
        return (blob, Array(pair.prefix(32)))
    }

    static func isBlob(_ bytes: [UInt8]) -> Bool {
        var reader = SSHReader(bytes)
        return reader.string() == Array("ssh-ed25519".utf8) && reader.string()?.count == 32 && reader.isAtEnd
    }

    static func string(_ bytes: [UInt8]) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) } + bytes }
}

/// Strings behind their lengths (RFC 4251, 5). The server's `SSHSignature` has a reader of its own: neither room imports the other, and what one
/// writes the other has to understand by the standard alone.
struct SSHReader {
    private let bytes: [UInt8]
    private var at = 0
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    var isAtEnd: Bool { at == bytes.count }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard count <= bytes.count - at else { return nil }
        defer { at += count }
        return Array(bytes[at..<at + count])
    }

    mutating func string() -> [UInt8]? {
        guard let head = take(4) else { return nil }
        return take(head.reduce(0) { $0 << 8 | Int($1) })
    }
}

/// The agent behind `SSH_AUTH_SOCK` (draft-ietf-sshm-ssh-agent): asked for one signature.
enum SSHAgent {
    private static let signRequest: UInt8 = 13, signResponse: UInt8 = 14

    /// What it signed, as SSH writes signatures; nil when there is none that would.
    static func sign(_ data: [UInt8], by blob: [UInt8]) -> [UInt8]? {
        guard let path = getenv("SSH_AUTH_SOCK").map({ String(cString: $0) }), let line = connect(path) else { return nil }
        defer { close(line) }
        let body = [signRequest] + SSHKey.string(blob) + SSHKey.string(data) + [0, 0, 0, 0]
        let message = SSHKey.string(body)
        guard write(line, message, message.count) == message.count, let head = read(line, 4) else { return nil }
        let count = head.reduce(0) { $0 << 8 | Int($1) }
        guard (1...4096).contains(count), let answer = read(line, count), answer[0] == signResponse else { return nil }
        var reader = SSHReader(Array(answer.dropFirst()))
        guard let signature = reader.string() else { return nil }
        var inner = SSHReader(signature)
        return inner.string() == Array("ssh-ed25519".utf8) && inner.string()?.count == 64 ? signature : nil
    }

    private static func connect(_ path: String) -> Int32? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let line = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard line >= 0 else { return nil }
        // An agent may ask its user first.
        var wait = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isConnected = withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(line, $0, length) == 0 } }
        guard isConnected else {
            close(line)
            return nil
        }
        return line
    }

    private static func read(_ line: Int32, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count), done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(line, $0.baseAddress.map { $0 + done }, count - done) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            done += got
        }
        return bytes
    }
}
