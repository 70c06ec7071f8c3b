import Crypto
import FoundationEssentials

/// What a tier signs about data it was given: a claim that can be held against it, never a proof.
///
/// Signed is the text `lathe-receipt-1`, item, event, bytes and at_ms, a line each without one at the end, with Ed25519 (RFC 8032).
public struct TierReceipt: Sendable, Equatable, Codable {
    public enum Event: String, Sendable, Codable, CaseIterable { case received, destroyed }

    /// The row's id: the name under which the data was sent.
    public var item: RowID
    public var event: Event
    public var bytes: Int64
    /// Since 1970, UTC, as the tier's clock has it.
    public var atMilliseconds: Int64
    /// Public key and signature, hexadecimal.
    public var key: String
    public var signature: String

    private enum CodingKeys: String, CodingKey {
        case item, event, bytes, key, signature
        case atMilliseconds = "at_ms"
    }

    private static let mostBytes = 4096

    /// From JSON that somebody else wrote. Errors: `badReceipt`.
    public init(json: [UInt8]) throws(LedgerError) {
        guard json.count <= Self.mostBytes else { throw .badReceipt("it is longer than 4 KiB") }
        do { self = try JSONDecoder().decode(TierReceipt.self, from: Data(json)) } catch { throw .badReceipt("it has not the form of one") }
    }

    init(item: RowID, event: Event, bytes: Int64, atMilliseconds: Int64, key: String, signature: String) {
        self.item = item
        self.event = event
        self.bytes = bytes
        self.atMilliseconds = atMilliseconds
        self.key = key
        self.signature = signature
    }

    public var json: [UInt8] {
        // Six plain fields: nothing in them needs escaping.
        Array(#"{"at_ms":\#(atMilliseconds),"bytes":\#(bytes),"event":"\#(event.rawValue)","item":"\#(item)","key":"\#(key)","signature":"\#(signature)"}"#.utf8)
    }

    fileprivate var statement: [UInt8] { Array("lathe-receipt-1\n\(item)\n\(event.rawValue)\n\(bytes)\n\(atMilliseconds)".utf8) }

    /// Whether the owner of `key` signed it.
    public var isSigned: Bool {
        guard let key = PrivacyLedger.bytes(hexadecimal: key), let signature = PrivacyLedger.bytes(hexadecimal: signature) else { return false }
        do {
            return try Curve25519.Signing.PublicKey(rawRepresentation: key).isValidSignature(signature, for: statement)
        } catch {
            return false
        }
    }

    var digest: [UInt8] { HashTree.hash(json) }
}

/// Signs receipts: what a server needs to be a tier of class E4.
public struct ReceiptSigner: Sendable {
    private let secret: Curve25519.Signing.PrivateKey

    /// A new key.
    public init() { secret = Curve25519.Signing.PrivateKey() }

    /// The key that was kept as 32 bytes. Errors: `badReceipt` for any other number.
    public init(seed: [UInt8]) throws(LedgerError) {
        do { secret = try Curve25519.Signing.PrivateKey(rawRepresentation: seed) } catch { throw .badReceipt("its key is not one of 32 bytes") }
    }

    public var seed: [UInt8] { Array(secret.rawRepresentation) }
    public var publicKey: [UInt8] { Array(secret.publicKey.rawRepresentation) }

    /// - Parameter item: what the client calls it.
    public func receipt(for item: RowID, _ event: TierReceipt.Event, bytes: Int64, atMilliseconds: Int64) throws(LedgerError) -> TierReceipt {
        var receipt = TierReceipt(item: item, event: event, bytes: bytes, atMilliseconds: atMilliseconds, key: hexadecimal(publicKey), signature: "")
        do { receipt.signature = hexadecimal(try secret.signature(for: receipt.statement)) } catch { throw .badReceipt("it cannot be signed") }
        return receipt
    }
}
