/// SplitMix64 (Steele, Lea, Flood 2014): a failing case is repeated from its printed seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// Text as hostile as a file name can be: controls, escapes, bidi, joiners, wide characters, accents without a base.
    mutating func hostileText(length: ClosedRange<Int>) -> String {
        let pools: [ClosedRange<UInt32>] = [
            0x00...0x1F, 0x20...0x7E, 0x7F...0x9F, 0xA0...0x24F, 0x300...0x36F, 0x590...0x6FF, 0x900...0x97F, 0x1100...0x11FF,
            0x2000...0x206F, 0x2500...0x27BF, 0x3000...0x30FF, 0x4E00...0x4EFF, 0xAC00...0xACFF, 0xFE00...0xFEFF, 0xFFF0...0xFFFF,
            0x1F1E6...0x1F1FF, 0x1F3F0...0x1F64F, 0x1F900...0x1FAFF, 0xE0000...0xE01EF, 0xF0000...0xF0010, 0x29000...0x29010,
        ]
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: length, using: &self) {
            let pool = pools.randomElement(using: &self) ?? 0x20...0x7E
            if let scalar = Unicode.Scalar(UInt32.random(in: pool, using: &self)) { scalars.append(scalar) }
        }
        return String(scalars)
    }
}
