import Glibc

/// How alike two channels are: +1 the same, 0 unrelated, −1 one the other turned over. Some 1 ns per frame; no allocation.
public struct CorrelationMeter: Sendable {
    /// Sums of products over some frames.
    public struct Sums: Sendable {
        public var leftLeft = 0.0
        public var rightRight = 0.0
        public var leftRight = 0.0
        public init() {}

        /// Nil when a channel is silent (below −150 dBFS over a second at 48 kHz).
        public var correlation: Double? {
            let power = (leftLeft * rightRight).squareRoot()
            return min(leftLeft, rightRight) > 5e-11 && power > 0 ? max(-1, min(1, leftRight / power)) : nil
        }

        public static func += (sums: inout Sums, other: Sums) {
            sums.leftLeft += other.leftLeft
            sums.rightRight += other.rightRight
            sums.leftRight += other.leftRight
        }
    }

    private let timeConstantFrames: Double
    private var recent = Sums()
    private var all = Sums()

    /// - Parameters:
    ///   - sampleRate: Hz.
    ///   - seconds: time constant of `current`.
    public init(sampleRate: Double, seconds: Double = 0.3) {
        timeConstantFrames = max(1, sampleRate * seconds)
    }

    /// Takes the next `frames` frames of the first two channels.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        guard block.channels >= 2, frames > 0 else { return }
        let sums = Self.sums(block[0], block[1], frames)
        let kept = exp(-Double(frames) / timeConstantFrames)
        recent.leftLeft *= kept
        recent.rightRight *= kept
        recent.leftRight *= kept
        recent += sums
        all += sums
    }

    public mutating func reset() {
        recent = Sums()
        all = Sums()
    }

    /// Over the last moments; nil when a channel is silent.
    public var current: Double? { recent.correlation }
    /// Since the start; nil when a channel is silent.
    public var overall: Double? { all.correlation }

    public static func sums(_ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, _ frames: Int) -> Sums {
        var (ll, rr, lr) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero)
        var i = 0
        while i + 4 <= frames {
            let l = SIMD4(left[i], left[i + 1], left[i + 2], left[i + 3])
            let r = SIMD4(right[i], right[i + 1], right[i + 2], right[i + 3])
            ll += l * l
            rr += r * r
            lr += l * r
            i += 4
        }
        var out = Sums()
        (out.leftLeft, out.rightRight, out.leftRight) = (ll.sum(), rr.sum(), lr.sum())
        while i < frames {
            out.leftLeft += left[i] * left[i]
            out.rightRight += right[i] * right[i]
            out.leftRight += left[i] * right[i]
            i += 1
        }
        return out
    }
}
