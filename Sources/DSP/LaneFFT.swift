/// Two channels of one frame, worked on in step: what is the same in both stays the same to the last bit.
typealias Lanes = SIMD2<Double>

/// A complex number of each lane. Two frames in a row of real sound have the same form: the first real, the second imaginary.
struct LaneComplex: BitwiseCopyable {
    var re: Lanes
    var im: Lanes
}

/// Fourier transform in double precision in a fixed order of operations with twiddles from `FastMath`: the same bits on every machine.
///
/// Radix 4, out of place and self-sorting: T. Stockham, "High-speed convolution and correlation", AFIPS 1966. Real sound of 2·`size`
/// frames goes through it as `size` complex numbers (`split`, `join`).
final class LaneFFT: @unchecked Sendable {
    // Unchecked: written in `init` alone, read only after it.
    let size: Int
    /// exp(−πi·k / size), for k in 0 … size: half steps of the transform itself.
    private let turns: UnsafeMutablePointer<SIMD2<Double>>

    /// - Parameter size: complex numbers, a power of two of at least 4.
    init(size: Int) {
        precondition(size >= 4 && size & (size - 1) == 0, "LaneFFT needs a power of two")
        self.size = size
        turns = .allocate(capacity: size + 1)
        for k in 0...size {
            let angle = Double(k) / Double(size)
            (turns + k).initialize(to: SIMD2(FastMath.cosPi(angle), -FastMath.sinPi(angle)))
        }
    }

    deinit { turns.deallocate() }

    /// Transforms `size` numbers; `source` may be either scratch and is left alone unless it is one.
    ///
    /// - Returns: whichever of the two scratch areas holds the result.
    func transform(
        _ source: UnsafePointer<LaneComplex>, _ first: UnsafeMutablePointer<LaneComplex>, _ second: UnsafeMutablePointer<LaneComplex>
    ) -> UnsafeMutablePointer<LaneComplex> {
        var (from, to, spare) = (source, source == UnsafePointer(first) ? second : first, source == UnsafePointer(first) ? first : second)
        var (length, stride) = (size, 1)
        while length >= 4 {
            pass4(from, to, length: length, stride: stride)
            (from, to, spare) = (UnsafePointer(to), spare, to)
            length /= 4
            stride *= 4
        }
        if length == 2 {
            for q in 0..<stride {
                let (a, b) = (from[q], from[q + stride])
                to[q] = LaneComplex(re: a.re + b.re, im: a.im + b.im)
                to[q + stride] = LaneComplex(re: a.re - b.re, im: a.im - b.im)
            }
            spare = to
        }
        return spare
    }

    @inline(__always)
    private func pass4(_ x: UnsafePointer<LaneComplex>, _ y: UnsafeMutablePointer<LaneComplex>, length: Int, stride: Int) {
        let quarter = length / 4, step = 2 * size / length
        for p in 0..<quarter {
            let w1 = turns[p * step], w2 = turns[2 * p * step]
            let w3 = SIMD2(w1.x * w2.x - w1.y * w2.y, w1.x * w2.y + w1.y * w2.x)
            let source = x + stride * p, target = y + stride * 4 * p
            for q in 0..<stride {
                let a = source[q], b = source[q + stride * quarter]
                let c = source[q + 2 * stride * quarter], d = source[q + 3 * stride * quarter]
                let sumRe = a.re + c.re, sumIm = a.im + c.im, differenceRe = a.re - c.re, differenceIm = a.im - c.im
                let otherRe = b.re + d.re, otherIm = b.im + d.im, turnedRe = b.im - d.im, turnedIm = d.re - b.re
                target[q] = LaneComplex(re: sumRe + otherRe, im: sumIm + otherIm)
                target[q + stride] = Self.turn(differenceRe + turnedRe, differenceIm + turnedIm, w1)
                target[q + 2 * stride] = Self.turn(sumRe - otherRe, sumIm - otherIm, w2)
                target[q + 3 * stride] = Self.turn(differenceRe - turnedRe, differenceIm - turnedIm, w3)
            }
        }
    }

    @inline(__always)
    private static func turn(_ re: Lanes, _ im: Lanes, _ w: SIMD2<Double>) -> LaneComplex {
        LaneComplex(re: re * w.x - im * w.y, im: re * w.y + im * w.x)
    }

    /// From the transform of pairs of frames to the spectrum of the frames, bins 0 … `size` of 2·`size`.
    func split(_ z: UnsafePointer<LaneComplex>, into spectrum: UnsafeMutablePointer<LaneComplex>) {
        for k in 0...size / 2 {
            let a = z[k], b = z[(size - k) & (size - 1)]
            let evenRe = 0.5 * (a.re + b.re), evenIm = 0.5 * (a.im - b.im)
            let oddRe = 0.5 * (a.im + b.im), oddIm = 0.5 * (b.re - a.re)
            let odd = Self.turn(oddRe, oddIm, turns[k])
            spectrum[k] = LaneComplex(re: evenRe + odd.re, im: evenIm + odd.im)
            spectrum[size - k] = LaneComplex(re: evenRe - odd.re, im: odd.im - evenIm)
        }
    }

    /// The way back: conjugated, so that the same transform inverts it. Frames come out 2·`size` times as large, every second one negated.
    func join(_ spectrum: UnsafePointer<LaneComplex>, into z: UnsafeMutablePointer<LaneComplex>) {
        for k in 0...size / 2 {
            let a = spectrum[k], b = spectrum[size - k]
            let evenRe = a.re + b.re, evenIm = a.im - b.im
            // Times exp(+πi·k / size), then times i.
            let w = turns[k]
            let oddRe = a.re - b.re, oddIm = a.im + b.im
            let turnedRe = oddRe * w.y - oddIm * w.x, turnedIm = oddRe * w.x + oddIm * w.y
            z[k] = LaneComplex(re: evenRe + turnedRe, im: -(evenIm + turnedIm))
            if k > 0 { z[size - k] = LaneComplex(re: evenRe - turnedRe, im: evenIm - turnedIm) }
        }
    }
}
