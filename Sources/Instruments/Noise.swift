/// White noise, uniform in ±1: xorshift (G. Marsaglia, "Xorshift RNGs", J. Statistical Software 8(14), 2003).
struct Noise: Sendable {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed | 1 }

    @inline(__always)
    mutating func next() -> Double {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Double(Int64(bitPattern: state) >> 11) * 0x1p-52
    }
}
