import Glibc
import Testing
import TestSupport
@testable import Service

@Suite struct ServerKeysTests {
    @Test func secretsAreMadeOnce_andForTheirOwnerOnly() throws {
        let folder = Folder()
        let first = try ServerKeys(folder: folder.path), second = try ServerKeys(folder: folder.path)
        #expect(first.receiptSeed == second.receiptSeed && first.pepper == second.pepper)
        #expect(Set(first.receiptSeed).count > 8)
        for name in ["receipts.key", "pepper"] {
            var info = stat()
            #expect(stat(folder.path + "/" + name, &info) == 0 && info.st_mode & 0o777 == 0o600 && info.st_size == 32)
        }
    }

    @Test func aSecretThatOthersMayReadIsRefused() throws {
        let folder = Folder()
        _ = try ServerKeys(folder: folder.path)
        chmod(folder.path + "/pepper", 0o644)
        #expect(throws: ServeError.secret(path: folder.path + "/pepper", reason: "others may read it; chmod 600")) { try ServerKeys(folder: folder.path) }
    }

    @Test func aShortSecretIsNoSecret() throws {
        let folder = Folder()
        _ = try ServerKeys(folder: folder.path)
        truncate(folder.path + "/receipts.key", 31)
        #expect(throws: ServeError.self) { try ServerKeys(folder: folder.path) }
    }
}
