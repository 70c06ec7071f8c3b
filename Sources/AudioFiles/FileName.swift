/// Names of files as text that leads back to their bytes.
///
/// A name on disk is any bytes; old drives hold Latin-1 among UTF-8. In Lathe a path is a `String`: what is UTF-8 stands as it is, and each other
/// byte b as the one character U+10FE00 + b of a private-use plane. Where a name itself holds such a character its bytes are written that way too,
/// so that two names are never the same text. `printable` and `Sanitise` show these characters as the byte.
public enum FileName {
    static let base: UInt32 = 0x10FE00

    /// The byte that a character of a path stands for, if it stands for one.
    public static func byte(_ scalar: Unicode.Scalar) -> UInt8? {
        (base + 0x80...base + 0xFF).contains(scalar.value) ? UInt8(truncatingIfNeeded: scalar.value) : nil
    }

    /// The text of a path given as bytes. Cost: one pass.
    public static func text(_ bytes: some Collection<UInt8>) -> String {
        // The characters that stand for bytes begin with this one; almost no name holds it.
        if !bytes.contains(0xF4), let text = String(validating: bytes, as: UTF8.self) { return text }
        var out = String.UnicodeScalarView()
        func escape(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { if let scalar = Unicode.Scalar(byte < 0x80 ? UInt32(byte) : base + UInt32(byte)) { out.append(scalar) } }
        }
        var rest = bytes[...]
        var iterator = bytes.makeIterator()
        var parser = UTF8.ForwardParser()
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                let scalar = UTF8.decode(encoded)
                if byte(scalar) == nil { out.append(scalar) } else { escape(rest.prefix(encoded.count)) }
                rest = rest.dropFirst(encoded.count)
            case .error(let length):
                escape(rest.prefix(length))
                rest = rest.dropFirst(length)
            case .emptyInput: return String(out)
            }
        }
    }

    /// The text of a path that ends with a zero byte, as the system gives it.
    public static func text(_ path: UnsafePointer<CChar>) -> String {
        var end = path
        while end.pointee != 0 { end += 1 }
        return text(UnsafeBufferPointer(start: path, count: end - path).map { UInt8(bitPattern: $0) })
    }

    /// The bytes that a path's text stands for.
    public static func bytes(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if let byte = byte(scalar) { out.append(byte) } else { out.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
        }
        return out
    }
}

extension String {
    /// Calls `body` with the path as the system takes it: its bytes, ended by zero.
    public func withFileName<Result, Failure: Error>(_ body: (UnsafePointer<CChar>) throws(Failure) -> Result) throws(Failure) -> Result {
        let bytes = FileName.bytes(self).map { CChar(bitPattern: $0) } + [0]
        return try bytes.withUnsafeBufferPointer { (buffer) throws(Failure) in
            // Never empty, so it has an address.
            guard let start = buffer.baseAddress else { preconditionFailure("an array of at least one byte without an address") }
            return try body(start)
        }
    }
}
