/// Second half of a sample-rate conversion: reads a signal that fills at most half of its band at any rational moment.
///
/// A windowed sinc of 20 taps whose transition spans everything from the band to its first image, 150 dB down there. One row of taps for
/// each moment between two frames that the ratio knows; for ratios of more than `rowLimit` moments, rows are read off a grid of 1024 by
/// Lagrange's cubic, to within 1e-11.
struct MomentInterpolator: ~Copyable {
    static let reach = 10
    static let taps = 2 * reach
    private static let rowLimit = 4096
    private static let gridRows = 1024

    /// Where the next reading lies: a frame of the line, and part `phase` / `phases` of the way to the next one.
    struct Moment {
        var frame: Int
        var phase = 0
    }

    /// Moments between two frames.
    private let phases: Int
    private let stepFrames: Int
    private let stepPhases: Int
    /// `taps` for each row, the same in both lanes.
    private let rows: UnsafeMutablePointer<Lanes>
    private let isGrid: Bool
    private let mixed: UnsafeMutablePointer<Lanes>

    /// - Parameters:
    ///   - inputRate: in any unit that makes it and `outputRate` whole.
    ///   - band: what the input fills, cycles per frame, at most ¼.
    init(from inputRate: Int, to outputRate: Int, band: Double) {
        var (a, b) = (inputRate, outputRate)
        while b != 0 { (a, b) = (b, a % b) }
        phases = outputRate / a
        (stepFrames, stepPhases) = (inputRate / a).quotientAndRemainder(dividingBy: phases)
        isGrid = phases > Self.rowLimit
        let divisions = isGrid ? Self.gridRows : phases
        // A cubic needs one row before and two after.
        let (first, count) = isGrid ? (-1, divisions + 3) : (0, divisions)
        rows = .allocate(capacity: count * Self.taps)
        mixed = .allocate(capacity: Self.taps)
        mixed.initialize(repeating: .zero, count: Self.taps)
        let attenuation = 7.95 + 2 * 14.36 * Double(Self.reach) * (1 - 2 * band)
        let beta = WindowedSinc.beta(attenuation: min(attenuation, 180))
        let scale = 1 / WindowedSinc.bessel(beta)
        for row in 0..<count {
            let moment = Double(first + row) / Double(divisions)
            var sum = 0.0
            let taps = (0..<Self.taps).map { k -> Double in
                let t = Double(k - Self.reach + 1) - moment
                let h = WindowedSinc.tap(t, cutoff: 0.5, reach: Double(Self.reach), beta: beta, scale: scale)
                sum += h
                return h
            }
            for k in 0..<Self.taps { (rows + row * Self.taps + k).initialize(to: Lanes(repeating: taps[k] / sum)) }
        }
    }

    deinit {
        rows.deallocate()
        mixed.deallocate()
    }

    /// Reads `line` from `moment` on, as often as its `filled` frames and `limit` allow.
    ///
    /// - Returns: readings made; `moment` has moved past them.
    func read(
        _ line: UnsafePointer<Lanes>, filled: Int, from moment: inout Moment, into output: UnsafeMutablePointer<Lanes>, limit: Int
    ) -> Int {
        var (frame, phase) = (moment.frame, moment.phase)
        var count = 0
        while frame + Self.reach < filled, count < limit {
            let x = line + frame - (Self.reach - 1)
            let h = isGrid ? mix(phase) : UnsafePointer(rows + phase * Self.taps)
            var a = h[0] * x[0], b = h[1] * x[1], c = h[2] * x[2], d = h[3] * x[3]
            var k = 4
            while k < Self.taps {
                a += h[k] * x[k]
                b += h[k + 1] * x[k + 1]
                c += h[k + 2] * x[k + 2]
                d += h[k + 3] * x[k + 3]
                k += 4
            }
            output[count] = (a + c) + (b + d)
            count += 1
            frame += stepFrames
            phase += stepPhases
            if phase >= phases {
                phase -= phases
                frame += 1
            }
        }
        moment = Moment(frame: frame, phase: phase)
        return count
    }

    /// The row at `phase` between the rows of the grid.
    private func mix(_ phase: Int) -> UnsafePointer<Lanes> {
        let (row, rest) = (phase * Self.gridRows).quotientAndRemainder(dividingBy: phases)
        let t = Double(rest) / Double(phases)
        let before = -t * (t - 1) * (t - 2) / 6, here = (t + 1) * (t - 1) * (t - 2) / 2
        let next = -(t + 1) * t * (t - 2) / 2, after = (t + 1) * t * (t - 1) / 6
        let h = rows + row * Self.taps
        for k in 0..<Self.taps {
            mixed[k] = (before * h[k] + here * h[Self.taps + k]) + (next * h[2 * Self.taps + k] + after * h[3 * Self.taps + k])
        }
        return UnsafePointer(mixed)
    }
}
