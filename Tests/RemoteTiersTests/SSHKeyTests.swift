import Crypto
import Foundation
import Mastering
@testable import RemoteTiers
import Rendering
import TestSupport
import Testing

@Suite("SSH keys for tokens")
struct SSHKeyTests {
    /// The first key of RFC 8032, 7.1.
    private static let seed: [UInt8] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ]
    private static let key = (try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)).map { Array($0.publicKey.rawRepresentation) } ?? []
    private static let blob = SSHKey.string(Array("ssh-ed25519".utf8)) + SSHKey.string(key)

    /// As PROTOCOL.key has it.
    private static func file(cipher: String = "none", key: [UInt8] = key, seed: [UInt8] = seed) -> String {
        let secret = [0, 0, 0, 7, 0, 0, 0, 7] + SSHKey.string(Array("ssh-ed25519".utf8)) + SSHKey.string(key) + SSHKey.string(seed + key) + SSHKey.string([]) + [1, 2, 3]
        let whole = Array("openssh-key-v1".utf8) + [0] + SSHKey.string(Array(cipher.utf8)) + SSHKey.string(Array("none".utf8)) + SSHKey.string([]) + [0, 0, 0, 1] + SSHKey.string(blob) + SSHKey.string(secret)
        return "-----BEGIN OPENSSH PRIVATE KEY-----\n\(Data(whole).base64EncodedString())\n-----END OPENSSH PRIVATE KEY-----\n"
    }

    @Test func aPlainKeySignsAsTheFormSays() throws {
        let folder = Folder()
        try folder.write(Self.file(), to: "id")
        let key = try SSHKey(file: folder.file("id"))
        #expect(key.line == "ssh-ed25519 " + Data(Self.blob).base64EncodedString())
        let lines = try key.sign("lathe-0123", namespace: "lathe").split(separator: "\n")
        #expect(lines.first == "-----BEGIN SSH SIGNATURE-----" && lines.last == "-----END SSH SIGNATURE-----" && lines.allSatisfy { $0.count <= 70 })
        var reader = SSHReader(Array(try #require(Data(base64Encoded: lines.dropFirst().dropLast().joined()))))
        let head = reader.take(10), blob = reader.string(), space = reader.string(), reserved = reader.string(), hash = reader.string(), signature = reader.string()
        #expect(head == Array("SSHSIG".utf8) + [0, 0, 0, 1] && blob == Self.blob && space == Array("lathe".utf8) && reserved == [] && hash == Array("sha512".utf8) && reader.isAtEnd)
        var inner = SSHReader(try #require(signature))
        let type = inner.string(), raw = inner.string()
        #expect(type == Array("ssh-ed25519".utf8) && inner.isAtEnd)
        let signed = Array("SSHSIG".utf8) + [Array("lathe".utf8), [], Array("sha512".utf8), Array(SHA512.hash(data: Data("lathe-0123".utf8)))].flatMap(SSHKey.string)
        #expect(try Curve25519.Signing.PublicKey(rawRepresentation: Self.key).isValidSignature(raw ?? [], for: signed))
    }

    @Test func anEncryptedKeyIsTheAgents_andWhatIsNoKeyIsRefused() throws {
        let folder = Folder()
        #expect(SSHKey.parse(Self.file(cipher: "aes256-ctr"))?.blob == Self.blob)
        #expect(try #require(SSHKey.parse(Self.file(cipher: "aes256-ctr"))).seed == nil)
        // Its two halves are not of one key.
        #expect(SSHKey.parse(Self.file(key: [UInt8](repeating: 1, count: 32))) == nil)
        let whole = Self.file()
        for cut in stride(from: 0, to: whole.count, by: 7) { #expect(SSHKey.parse(String(whole.prefix(cut))) == nil) }
        for text in ["", "ssh-rsa AAAA", "ssh-ed25519 AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"] {
            try folder.write(text, to: "id")
            #expect(throws: JobFailure.self) { _ = try SSHKey(file: folder.file("id")) }
        }
        #expect(throws: JobFailure.self) { _ = try SSHKey(file: folder.file("none")) }
    }
}
