import Testing
@testable import Service

/// Against what `ssh-keygen -t ed25519` and `printf %s lathe-challenge | ssh-keygen -Y sign -n lathe` of OpenSSH 9.2 made; the private key was thrown away.
@Suite struct SSHSignatureTests {
    static let publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG8fku46klmFh2mBoQ3NCWzyNvmrc9PHkFuYxK/Wu+/Z test"
    private static let signature = """
        -----BEGIN SSH SIGNATURE-----
        U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgbx+S7jqSWYWHaYGhDc0JbPI2+a
        tz08eQW5jEr9a779kAAAAFbGF0aGUAAAAAAAAABnNoYTUxMgAAAFMAAAALc3NoLWVkMjU1
        MTkAAABAFMoD5Cc717eHC9QTwC9E4tbLgex+ZenDE9i0Vmdp63nb4LuAcfEtHJV+k0tDTQ
        gqct3lhO392vas8o+RIgOaCA==
        -----END SSH SIGNATURE-----
        """
    private let key = SSHSignature.PublicKey(line: publicKey)!

    @Test func aSignatureOfOpenSSHHolds() {
        #expect(SSHSignature.verify(Self.signature, of: "lathe-challenge", by: key, namespace: "lathe"))
    }

    @Test func itHoldsForNothingElse() {
        #expect(!SSHSignature.verify(Self.signature, of: "lathe-challengf", by: key, namespace: "lathe"))
        #expect(!SSHSignature.verify(Self.signature, of: "lathe-challenge", by: key, namespace: "file"))
        let other = SSHSignature.PublicKey(blob: key.blob.dropLast() + [key.blob.last! ^ 1])!
        #expect(!SSHSignature.verify(Self.signature, of: "lathe-challenge", by: other, namespace: "lathe"))
    }

    @Test func noCutOrChangedCharacterHolds() {
        let characters = Array(Self.signature)
        // The last one before the padding carries bits that mean nothing.
        let last = characters.firstIndex(of: "=").map { $0 - 1 }
        for at in characters.indices where at != last && (characters[at].isLetter || characters[at].isNumber) {
            var changed = characters
            changed[at] = changed[at] == "A" ? "B" : "A"
            #expect(!SSHSignature.verify(String(changed), of: "lathe-challenge", by: key, namespace: "lathe"), "at \(at)")
        }
        for length in stride(from: 0, to: characters.count - 1, by: 7) {
            #expect(!SSHSignature.verify(String(characters.prefix(length)), of: "lathe-challenge", by: key, namespace: "lathe"))
        }
    }

    @Test func otherKindsOfKeysAreNone() {
        for line in ["", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 !!!!"] { #expect(SSHSignature.PublicKey(line: line) == nil) }
    }
}
