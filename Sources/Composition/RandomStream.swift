/// A stream of pseudo-random numbers of its own for each (seed, section, part, purpose), so that editing one part leaves the others as they were.
///
/// SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), started from an FNV-1a hash of the names.
public struct RandomStream: Sendable {
    private var state: UInt64

    public init(_ seed: UInt64, _ names: String...) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ (seed &* 0x9E37_79B9_7F4A_7C15)
        for name in names {
            for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            // Keeps ("ab", "c") apart from ("a", "bc").
            hash = (hash ^ 0xFF) &* 0x100_0000_01B3
        }
        state = hash
        _ = next()
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in -1…1.
    public mutating func signed() -> Double { unit() * 2 - 1 }

    /// Close to a normal distribution with deviation 1, and never beyond ±3: the sum of three uniform numbers.
    public mutating func bell() -> Double { signed() + signed() + signed() }

    /// 0..<count; 0 when there is nothing to choose from.
    public mutating func index(_ count: Int) -> Int { count > 1 ? Int(next() % UInt64(count)) : 0 }

    public mutating func chance(_ p: Double) -> Bool { unit() < p }

    public mutating func pick<T>(_ items: [T]) -> T? { items.isEmpty ? nil : items[index(items.count)] }

    /// An index, drawn in proportion to the weights.
    public mutating func weighted(_ weights: [Double]) -> Int {
        var left = unit() * weights.reduce(0, +)
        for (i, weight) in weights.enumerated() {
            left -= weight
            if left < 0 { return i }
        }
        return max(0, weights.count - 1)
    }
}
