/// Taps that read a signal between its samples, a row for each place between two of them, and a bound on what they can give.
///
/// The bound: a row is a straight line between the two neighbours (weights a and b) plus a kernel G over second differences, because what
/// is left of the row without the line sums to zero with and without a ramp. So
///
///     |reading| ≤ (|a| + |b|) · max|neighbours|  +  Σ|G| · max|second differences within reach|
///
/// which for music lies a fraction of a decibel above its samples, where Σ|row| · max|x| lies ten above.
struct InterpolationRows: ~Copyable {
    let count: Int
    /// Taps of a row; the first weighs the sample `before` frames before the place, or at it.
    let taps: Int
    let before: Int
    let weights: UnsafeMutablePointer<Float>
    /// Largest |a| + |b| and largest Σ|G| of all rows.
    let edge: Float
    let bend: Float

    /// - Parameter rows: of equal length.
    init(_ rows: [[Double]], before: Int) {
        count = rows.count
        taps = rows[0].count
        self.before = before
        weights = .allocate(capacity: rows.count * rows[0].count)
        (edge, bend) = Self.bound(rows, before: before)
        for (r, row) in rows.enumerated() {
            for (k, weight) in row.enumerated() { (weights + r * row.count + k).initialize(to: Float(weight)) }
        }
    }

    deinit { weights.deallocate() }

    static func bound(_ rows: [[Double]], before: Int) -> (edge: Float, bend: Float) {
        var (edge, bend) = (0.0, 0.0)
        for row in rows {
            var rest = row
            let b = row.indices.reduce(0) { $0 + row[$1] * Double($1 - before) }
            let a = row.reduce(0, +) - b
            rest[before] -= a
            rest[before + 1] -= b
            edge = max(edge, a.magnitude + b.magnitude)
            var (once, twice, sum) = (0.0, 0.0, 0.0)
            for value in rest {
                once += value
                twice += once
                sum += twice.magnitude
            }
            bend = max(bend, sum)
        }
        // Room for what rounding to single precision may add.
        return (Float(edge) * 1.0001, Float(bend) * 1.0001)
    }

    /// `x[i]` read by row `r`, for eight frames i from `x` on.
    @inline(__always)
    func read(_ x: UnsafePointer<Float>, row r: Int) -> SIMD8<Float> {
        let h = weights + r * taps
        let first = UnsafeRawPointer(x - before)
        var a = SIMD8<Float>.zero, b = a
        var k = 0
        while k < taps {
            a += h[k] * first.loadUnaligned(fromByteOffset: 4 * k, as: SIMD8<Float>.self)
            b += h[k + 1] * first.loadUnaligned(fromByteOffset: 4 * k + 4, as: SIMD8<Float>.self)
            k += 2
        }
        return a + b
    }
}

/// The filters of the 16× true-peak proof, and of the meter that ITU-R BS.1770-5 prints.
extension InterpolationRows {
    /// Half way between samples: a half-band's 128 taps.
    static func halves() -> InterpolationRows { InterpolationRows([halfBand(128, beta: 8)], before: 63) }

    /// Seven places between the points of the 2× grid, as half-bands of 16, 10 and 8 taps (Kaiser β 8, 7, 6) in a row give them.
    static func sixteenths() -> InterpolationRows {
        let (rows, before) = cascade([halfBand(16, beta: 8), halfBand(10, beta: 7), halfBand(8, beta: 6)])
        return InterpolationRows(Array(rows.dropFirst()), before: before)
    }

    /// Bound for all sixteen places between two samples.
    static func wholeBound() -> (edge: Float, bend: Float) {
        let (rows, before) = cascade([
            halfBand(128, beta: 8), halfBand(16, beta: 8), halfBand(10, beta: 7), halfBand(8, beta: 6),
        ])
        return bound(rows, before: before)
    }

    /// BS.1770-5 Annex 2: 48 taps in four phases, at ⅛, ⅜, ⅝ and ⅞ of the way from one sample to the next.
    static func itu() -> InterpolationRows {
        let near = [
            0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625,
            0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500,
        ]
        let far = [
            -0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250,
            0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375,
        ]
        // Printed as convolutions; as rows over time they are turned round.
        return InterpolationRows([near.reversed(), far.reversed(), far, near], before: 5)
    }

    /// Taps of a half-band's interpolating branch: a sinc at half samples under a Kaiser window, unit sum.
    private static func halfBand(_ count: Int, beta: Double) -> [Double] {
        let reach = Double(count) / 2
        let scale = 1 / WindowedSinc.bessel(beta)
        let taps = (0..<count).map {
            WindowedSinc.tap(Double($0) - reach + 0.5, cutoff: 0.5, reach: reach, beta: beta, scale: scale)
        }
        let sum = taps.reduce(0, +)
        return taps.map { $0 / sum }
    }

    /// Rows of doublers in a row: an impulse's response, sorted by place.
    private static func cascade(_ stages: [[Double]]) -> (rows: [[Double]], before: Int) {
        let reach = stages[0].count / 2 + stages.dropFirst().reduce(0) { $0 + $1.count } / 4 + 4
        var grid = [Double](repeating: 0, count: 2 * reach + 1)
        grid[reach] = 1
        for taps in stages {
            var doubled = [Double](repeating: 0, count: 2 * grid.count)
            for i in grid.indices where grid[i] != 0 {
                doubled[2 * i] += grid[i]
                for (k, tap) in taps.enumerated() {
                    let at = 2 * (i + k - taps.count / 2) + 1
                    if doubled.indices.contains(at) { doubled[at] += grid[i] * tap }
                }
            }
            grid = doubled
        }
        let places = 1 << stages.count
        // Place p of frame `reach` − k hears the impulse with the weight that its row has for k frames later.
        let rows = (0..<places).map { p in (-reach + 1..<reach + 1).map { grid[(reach - $0) * places + p] } }
        // Without the columns that no row uses; an even number remains on each side.
        let outside = rows.map { row in min(row.firstIndex { $0 != 0 }!, row.count - 1 - row.lastIndex { $0 != 0 }!) }.min() ?? 0
        return (rows.map { Array($0[outside..<$0.count - outside]) }, reach - 1 - outside)
    }
}
