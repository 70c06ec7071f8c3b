import CSignal

/// Twiddles and working memory of a complex Fourier transform in double or single precision whose result is the same to the last bit on
/// every processor (`lathe_transform`). Spectra are in bit-reversed order, which a convolution does not mind.
struct PlanarTransform<Real: BinaryFloatingPoint> {
    let size: Int
    private let twiddles: UnsafeMutablePointer<Real>

    /// - Parameter size: a power of two of at least 64.
    init(size: Int) {
        precondition(size >= 64 && size & (size - 1) == 0, "PlanarTransform needs a power of two")
        self.size = size
        twiddles = Self.memory(2 * size)
        var (at, level) = (0, size)
        func fill(_ count: Int, _ multiple: Int) {
            for j in 0..<count {
                let halfTurns = Double(2 * j * multiple) / Double(level)
                twiddles[at + j] = Real(FastMath.cosPi(halfTurns))
                twiddles[at + count + j] = Real(-FastMath.sinPi(halfTurns))
            }
            at += 2 * count
        }
        if size.trailingZeroBitCount & 1 == 1 {
            fill(size / 2, 1)
            level /= 2
        }
        while level >= 16 {
            for multiple in 1...3 { fill(level / 4, multiple) }
            level /= 4
        }
    }

    func deallocate() { twiddles.deallocate() }

    /// Room for `count` numbers where the kernels can use it.
    static func memory(_ count: Int) -> UnsafeMutablePointer<Real> {
        let made = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Real>.stride, alignment: 64)
            .bindMemory(to: Real.self, capacity: count)
        made.initialize(repeating: 0, count: count)
        return made
    }

    /// The position of frequency k + 1, given that of k.
    func position(after position: Int) -> Int {
        var bit = size / 2, p = position
        while p & bit != 0 {
            p ^= bit
            bit /= 2
        }
        return p | bit
    }

    /// Which element, as `lathe_shape_pair` counts them, the frequency at a position belongs to; that of −k is the same.
    func element(at position: Int) -> Int {
        if position < 2 { return position }
        let half = 1 << (Int.bitWidth - 2 - position.leadingZeroBitCount)
        return half + 1 + min(position - 2 * half, 4 * half - 1 - position)
    }

    /// The position of −k, given that of k.
    func mirror(of position: Int) -> Int {
        if position < 2 { return position }
        let group = 1 << (Int.bitWidth - 1 - position.leadingZeroBitCount)
        return 3 * group - 1 - position
    }
}

extension PlanarTransform<Double> {
    func forward(_ re: UnsafeMutablePointer<Double>, _ im: UnsafeMutablePointer<Double>) { lathe_transform(re, im, twiddles, size) }

    /// Inverse but for a factor of `size`.
    func backward(_ re: UnsafeMutablePointer<Double>, _ im: UnsafeMutablePointer<Double>) { lathe_transform_back(re, im, twiddles, size) }
}

extension PlanarTransform<Float> {
    func forward(_ re: UnsafeMutablePointer<Float>, _ im: UnsafeMutablePointer<Float>) { lathe_transform_single(re, im, twiddles, size) }
}
