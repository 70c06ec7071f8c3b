import DSP

/// A room: eight delay lines fed back through a Hadamard matrix, damped, after a short diffusion (J.-M. Jot & A. Chaigne, "Digital delay networks
/// for designing artificial reverberators", AES 90th Convention, 1991). Nothing below 220 Hz enters, so the low end stays dry and mono.
final class Reverb {
    private static let spans = [1423, 1669, 1801, 2053, 2237, 2411, 2663, 2837]
    private static let diffusers = [(142, 0.7), (379, 0.65), (107, 0.7), (277, 0.65)]

    /// Eight lines and four diffusers, one after another: where each begins, how long it is and where it stands.
    private let memory: UnsafeMutablePointer<Double>
    private let starts: UnsafeMutablePointer<Int>
    private let lengths: UnsafeMutablePointer<Int>
    private let at: UnsafeMutablePointer<Int>
    private var gains = SIMD8<Double>(repeating: 0)
    private var damping = SIMD8<Double>(repeating: 0)
    private let damp: Double
    private let pre: UnsafeMutablePointer<SIMD2<Double>>
    private let preCount: Int
    private var preAt = 0
    private var entry = SVFState()
    private let cut: (a1: Double, a2: Double, a3: Double, k: Double)

    /// - Parameters:
    ///   - seconds: to −60 dB.
    ///   - tone: 0 dark … 1 bright.
    init(seconds: Double, tone: Double, rate: Double) {
        let scale = rate / 44_100 * (0.75 + 0.25 * min(2, seconds))
        let counts = Self.spans.map { max(16, Int(Double($0) * scale)) } + Self.diffusers.map { max(4, Int(Double($0.0) * rate / 44_100)) }
        let total = counts.reduce(0, +)
        memory = .allocate(capacity: total)
        memory.initialize(repeating: 0, count: total)
        starts = .allocate(capacity: counts.count)
        lengths = .allocate(capacity: counts.count)
        at = .allocate(capacity: counts.count)
        at.initialize(repeating: 0, count: counts.count)
        var place = 0
        for (n, count) in counts.enumerated() {
            (starts + n).initialize(to: place)
            (lengths + n).initialize(to: count)
            place += count
            if n < 8 { gains[n] = FastMath.exp2(-9.965784284662087 * Double(count) / (seconds * rate)) }
        }
        damp = 0.15 + 0.6 * tone
        preCount = max(1, Int((0.012 + 0.004 * seconds) * rate))
        pre = .allocate(capacity: preCount)
        pre.initialize(repeating: .zero, count: preCount)
        let g = FastMath.tanPi(220 / rate)
        let k = 1.4142135623730951
        let a1 = 1 / (1 + g * (g + k))
        cut = (a1, g * a1, g * g * a1, k)
    }

    deinit {
        memory.deallocate()
        starts.deallocate()
        lengths.deallocate()
        at.deallocate()
        pre.deallocate()
    }

    /// Adds the room's answer to `input` to `output`; both stereo.
    func process(_ inL: UnsafePointer<Double>, _ inR: UnsafePointer<Double>, _ outL: UnsafeMutablePointer<Double>, _ outR: UnsafeMutablePointer<Double>, _ frames: Int) {
        for i in 0..<frames {
            let x0 = pre[preAt]
            pre[preAt] = SIMD2(inL[i], inR[i])
            preAt = preAt + 1 == preCount ? 0 : preAt + 1
            let v3 = x0 - entry.ic2
            let v1 = cut.a1 * entry.ic1 + cut.a2 * v3
            let v2 = entry.ic2 + cut.a2 * entry.ic1 + cut.a3 * v3
            entry.ic1 = v1 + v1 - entry.ic1
            entry.ic2 = v2 + v2 - entry.ic2
            let x = x0 - cut.k * v1 - v2
            let a = diffuse(9, diffuse(8, x.x)), b = diffuse(11, diffuse(10, x.y))

            var y = SIMD8<Double>(repeating: 0)
            for n in 0..<8 {
                y[n] = memory[starts[n] + at[n]]
            }
            damping += damp * (y - damping)
            y = damping * gains
            outL[i] += (y[0] - y[2] + y[4] - y[6]) * 0.8
            outR[i] += (y[1] - y[3] + y[5] - y[7]) * 0.8
            // Hadamard in three rounds of sums and differences, scaled to keep energy.
            let h1 = SIMD8(y[0] + y[1], y[0] - y[1], y[2] + y[3], y[2] - y[3], y[4] + y[5], y[4] - y[5], y[6] + y[7], y[6] - y[7])
            let h2 = SIMD8(h1[0] + h1[2], h1[1] + h1[3], h1[0] - h1[2], h1[1] - h1[3], h1[4] + h1[6], h1[5] + h1[7], h1[4] - h1[6], h1[5] - h1[7])
            let h3 = SIMD8(h2[0] + h2[4], h2[1] + h2[5], h2[2] + h2[6], h2[3] + h2[7], h2[0] - h2[4], h2[1] - h2[5], h2[2] - h2[6], h2[3] - h2[7]) * 0.35355339059327373
            for n in 0..<8 {
                memory[starts[n] + at[n]] = h3[n] + (n % 2 == 0 ? a : b) + 1e-30
                at[n] = at[n] + 1 == lengths[n] ? 0 : at[n] + 1
            }
        }
        entry.flushTiny()
    }

    private func diffuse(_ n: Int, _ x: Double) -> Double {
        let g = Self.diffusers[n - 8].1
        let place = memory + starts[n] + at[n]
        let delayed = place.pointee
        let y = delayed - g * x
        place.pointee = x + g * y
        at[n] = at[n] + 1 == lengths[n] ? 0 : at[n] + 1
        return y
    }
}
