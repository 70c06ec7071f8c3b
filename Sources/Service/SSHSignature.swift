import Crypto
import FoundationEssentials

/// Signatures of `ssh-keygen -Y sign` (OpenSSH, PROTOCOL.sshsig), by Ed25519 keys (RFC 8709).
enum SSHSignature {
    /// A public key as a line of `authorized_keys` has it: type, base 64, and a comment that is not looked at.
    struct PublicKey: Equatable {
        /// The key as SSH writes it: what identifies an account.
        let blob: [UInt8]
        let key: [UInt8]

        init?(line: String) {
            let words = line.split(separator: " ", maxSplits: 2)
            guard line.utf8.count <= 1024, words.count >= 2, words[0] == "ssh-ed25519", let data = Data(base64Encoded: String(words[1])) else { return nil }
            self.init(blob: Array(data))
        }

        init?(blob: [UInt8]) {
            var reader = Reader(blob)
            guard reader.string() == Array("ssh-ed25519".utf8), let key = reader.string(), key.count == 32, reader.isAtEnd else { return nil }
            (self.blob, self.key) = (blob, key)
        }
    }

    /// Whether `armoured` is a signature of `message` by `key` for `namespace`.
    static func verify(_ armoured: String, of message: String, by key: PublicKey, namespace: String) -> Bool {
        let lines = armoured.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix { $0 == " " } }
        guard armoured.utf8.count <= 4096, lines.first == "-----BEGIN SSH SIGNATURE-----", lines.last == "-----END SSH SIGNATURE-----",
              let data = Data(base64Encoded: lines.dropFirst().dropLast().joined()) else { return false }
        var reader = Reader(Array(data))
        guard reader.take(6) == Array("SSHSIG".utf8), reader.take(4) == [0, 0, 0, 1], let theirs = reader.string(), theirs == key.blob,
              reader.string() == Array(namespace.utf8), let reserved = reader.string(), let hash = reader.string(), let signature = reader.string(), reader.isAtEnd else { return false }
        let digest: [UInt8]
        switch String(decoding: hash, as: UTF8.self) {
        case "sha512": digest = Array(SHA512.hash(data: Data(message.utf8)))
        case "sha256": digest = Array(SHA256.hash(data: Data(message.utf8)))
        default: return false
        }
        var inner = Reader(signature)
        guard inner.string() == Array("ssh-ed25519".utf8), let raw = inner.string(), raw.count == 64, inner.isAtEnd else { return false }
        let signed = Array("SSHSIG".utf8) + [Array(namespace.utf8), reserved, hash, digest].flatMap { length($0.count) + $0 }
        guard let verifier = try? Curve25519.Signing.PublicKey(rawRepresentation: key.key) else { return false } // no key has signed nothing
        return verifier.isValidSignature(raw, for: signed)
    }

    private static func length(_ count: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } }

    private struct Reader {
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
}
