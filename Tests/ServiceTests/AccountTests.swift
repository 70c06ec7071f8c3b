import Foundation
import Testing
import TestSupport
@testable import Service

@Suite struct AccountTests {
    private let folder = Folder()
    private let key = SSHSignature.PublicKey(line: SSHSignatureTests.publicKey)!

    private func open() throws -> AccountStore { try AccountStore(folder: folder.path, keys: ServerKeys(folder: folder.path)) }

    @Test func aWishIsChargedOnce_howeverOftenItIsAskedFor() throws {
        let store = try open()
        let account = try store.account(of: key, credits: 10, now: 1)
        #expect(try store.account(of: key, credits: 10, now: 2) == account)
        #expect(try store.hold(4, for: "a", of: account, now: 3) == .held(attempt: 1))
        #expect(try store.hold(4, for: "a", of: account, now: 4) == .held(attempt: 1))
        #expect(try store.balance(of: account) == .init(available: 6, held: 4))
        #expect(try store.hold(7, for: "b", of: account, now: 5) == .refused)
        try store.post("a", 1, of: account, now: 6)
        try store.post("a", 1, of: account, now: 7)
        try store.void("a", 1, of: account, now: 8)
        #expect(try store.hold(4, for: "a", of: account, now: 9) == .paid)
        #expect(try store.balance(of: account) == .init(available: 6, held: 0))
    }

    @Test func whatAKilledServerHeldIsGivenBack_andCanBeHeldAnew() throws {
        var account = ""
        do {
            let store = try open()
            account = try store.account(of: key, credits: 10, now: 1)
            _ = try store.hold(4, for: "a", of: account, now: 2)
            _ = try store.hold(3, for: "b", of: account, now: 2)
            try store.post("b", 1, of: account, now: 3)
        }
        let store = try open()
        #expect(try store.voidAllHolds(now: 4) == 1)
        #expect(try store.voidAllHolds(now: 5) == 0)
        #expect(try store.balance(of: account) == .init(available: 7, held: 0))
        #expect(try store.hold(4, for: "a", of: account, now: 6) == .held(attempt: 2))
        let steps = try store.transfers(of: account).map(\.step)
        #expect(steps == ["grant", "hold", "hold", "post", "void", "hold"])
    }

    @Test func neitherKeyNorTokenIsInTheFile_andErasingForgetsTheAccount() throws {
        let store = try open()
        let account = try store.account(of: key, credits: 10, now: 1)
        let (token, expires) = try store.makeToken(for: account, now: 1)
        #expect(try store.account(ofToken: token, now: expires) == account)
        #expect(try store.account(ofToken: token, now: expires + 1) == nil)
        _ = try store.hold(4, for: "wish-of-mine", of: account, now: 2)
        let before = try folder.bytes("accounts.sqlite")
        for secret in [Data(token.utf8), Data(key.blob), Data(key.key), Data(base64Encoded: String(SSHSignatureTests.publicKey.split(separator: " ")[1]))!] {
            #expect(before.range(of: secret) == nil)
        }
        try store.erase(account, now: 3)
        #expect(try store.account(ofToken: token, now: 4) == nil)
        let after = try folder.bytes("accounts.sqlite")
        #expect(before.range(of: Data(account.utf8)) != nil && after.range(of: Data(account.utf8)) == nil && after.range(of: Data("wish-of-mine".utf8)) == nil)
    }
}
