/// Incremental UTF-8 decoder: bytes in, one step out per byte. Rejects overlong forms, surrogates and values past
/// U+10FFFF at the first byte that makes them certain (Unicode 16, table 3-7).
struct ScalarDecoder {
    indirect enum Step: Equatable {
        case pending
        case scalar(Unicode.Scalar)
        /// Bytes that belong to no scalar, and what the byte that ended them began.
        case invalid([UInt8], then: Step?)
    }

    private var held: [UInt8] = []
    private var expected = 0

    var isEmpty: Bool { held.isEmpty }

    mutating func feed(_ byte: UInt8) -> Step {
        if held.isEmpty { return start(byte) }
        guard allowed(byte) else {
            let bad = held
            held.removeAll(keepingCapacity: true)
            return .invalid(bad, then: start(byte))
        }
        held.append(byte)
        if held.count < expected { return .pending }
        var value = UInt32(held[0]) & (0xFF >> UInt32(expected + 1))
        for next in held.dropFirst() { value = value << 6 | UInt32(next & 0x3F) }
        let bytes = held
        held.removeAll(keepingCapacity: true)
        guard let scalar = Unicode.Scalar(value) else { return .invalid(bytes, then: nil) }
        return .scalar(scalar)
    }

    /// The end of the bytes: what was held is not a scalar.
    mutating func finish() -> Step {
        if held.isEmpty { return .pending }
        let bad = held
        held.removeAll(keepingCapacity: true)
        return .invalid(bad, then: nil)
    }

    private mutating func start(_ byte: UInt8) -> Step {
        switch byte {
        case 0..<0x80: return .scalar(Unicode.Scalar(byte))
        case 0xC2...0xDF: expected = 2
        case 0xE0...0xEF: expected = 3
        case 0xF0...0xF4: expected = 4
        default: return .invalid([byte], then: nil)
        }
        held.append(byte)
        return .pending
    }

    private func allowed(_ byte: UInt8) -> Bool {
        guard held.count == 1 else { return (0x80...0xBF).contains(byte) }
        switch held[0] {
        case 0xE0: return (0xA0...0xBF).contains(byte)
        case 0xED: return (0x80...0x9F).contains(byte)
        case 0xF0: return (0x90...0xBF).contains(byte)
        case 0xF4: return (0x80...0x8F).contains(byte)
        default: return (0x80...0xBF).contains(byte)
        }
    }
}
