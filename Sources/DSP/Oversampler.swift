import CSignal

/// Sixteen or eight places a frame for a curve to work on, and back: what oversampled processors share.
///
/// A processor y = f(x) is run as y = x + lowered(f(raised x) − raised x): only the curve's difference from a straight line goes
/// through the filters, so that what the curve leaves alone passes untouched up to half the sample rate and a curve without
/// effect is exactly no effect. Linear phase throughout. Raising: half-bands of 72, 14, 10 and 8 taps; images of what lies
/// below 0.45 × the sample rate are 110 dB down. Lowering: nothing folds, as the last filter stops at half the sample rate; the difference is
/// whole to 0.425 × the sample rate. Curves are averaged between places (antiderivative antialiasing; Parker, Zavalishin,
/// Le Bivic, DAFx-16), which moves their output half a place early: the first lowering filter has an even length and moves it back.
///
///     place  one of 16 (or the even ones of these) between two frames      row  the samples of one place, frame by frame
///
/// Works in blocks of 64 frames; nothing but `stateCount` numbers a channel is kept between them.
struct Oversampler {
    static let blockFrames = 64
    /// Frames by which rows trail the block, by which what is lowered trails rows, and both.
    static let raiseDelay = 44, lowerDelay = 55
    static let latency = raiseDelay + lowerDelay
    /// Frames before the rows' first that `lower` wants the curve to be worked out for.
    static let lead = 4

    private static let lineHistory = 88
    private static let lineCount = lineHistory + blockFrames + 16
    private static let history8 = 4, history4 = 8, history2 = 96
    /// What is straight, and where in it the last block is: it is moved to the front every few blocks.
    private static let straightCount = latency + 8 * blockFrames, placeAt = lineCount + straightCount
    /// Numbers of a channel's state: its line, what is straight, and the ends of the lowered rows.
    static let stateCount = placeAt + 1 + 8 * history8 + 4 * history4 + 2 * history2

    /// Numbers from one raised row to the next, and where frame 0 is in it.
    static let stride = 112
    private static let origin = 16
    private static let stride8 = history8 + blockFrames, stride4 = history4 + blockFrames, stride2 = history2 + blockFrames

    private enum Stage: Int { case raise2 = 0, raise4 = 1, raise8 = 3, raise16 = 7, lower8 = 15, lower4 = 23, lower2 = 27, lower1 = 29 }
    private let filters: UnsafeMutablePointer<lathe_row_filter>
    private let taps: UnsafeMutablePointer<Double>
    private let offsets: UnsafeMutablePointer<Int32>
    /// Raised rows, the curve's differences on them, and these on 8, 4 and 2 places. Not state.
    private let scratch: UnsafeMutablePointer<Double>
    /// Bounds every place between two frames: edge · highest |sample| + bend · highest second difference.
    private var edge = 0.0, bend = 0.0

    init() {
        let rows = 32 * Self.stride + 8 * Self.stride8 + 4 * Self.stride4 + 2 * Self.stride2 + 64
        scratch = .allocate(capacity: rows)
        scratch.initialize(repeating: 0, count: rows)
        filters = .allocate(capacity: 30)
        taps = .allocate(capacity: 1024)
        offsets = .allocate(capacity: 2048)
        var plan = Plan(filters: filters, taps: taps, offsets: offsets)
        // Raising: the place half way between two that are there.
        plan.add(at: .raise2, pairs: 36, spacing: 1, phase: 0.5, cutoff: 0.5, reach: 36, rows: 1) { _, j in j }
        for (stage, places, pairs) in [(Stage.raise4, 2, 7), (.raise8, 4, 5), (.raise16, 8, 4)] {
            plan.add(at: stage, pairs: pairs, spacing: 1, phase: 0.5, cutoff: 0.5, reach: Double(pairs), rows: places) { row, j in
                Self.offset(row + j, places, rowStride: 16 / places * Self.stride)
            }
        }
        // Lowering: between places where the curve's half place is to be undone, on them from 4 places on.
        plan.add(at: .lower8, pairs: 8, spacing: 1, phase: 0.5, cutoff: 0.25, reach: 8, rows: 8) { row, j in
            Self.offset(2 * row - 1 + j, 16, rowStride: Self.stride)
        }
        plan.add(at: .lower4, pairs: 10, spacing: 1, phase: 0.5, cutoff: 0.25, reach: 10, rows: 4) { row, j in
            Self.offset(2 * row + j, 8, rowStride: Self.stride8)
        }
        plan.add(at: .lower2, pairs: 8, spacing: 2, phase: 1, cutoff: 0.25, reach: 16, rows: 2) { row, j in
            Self.offset(2 * row + j, 4, rowStride: Self.stride4)
        }
        plan.add(at: .lower1, pairs: 95, spacing: 1, phase: 1, cutoff: 0.2315, reach: 96, rows: 1) { _, j in
            Self.offset(j, 2, rowStride: Self.stride2)
        }
        (edge, bend) = measureBound()
    }

    /// Where sample `index` of a signal with `places` rows lies, against frame 0 of its first row.
    private static func offset(_ index: Int, _ places: Int, rowStride: Int) -> Int {
        let frame = index >= 0 ? index / places : -((places - 1 - index) / places)
        return (index - frame * places) * rowStride + frame
    }

    func deallocate() {
        scratch.deallocate()
        filters.deallocate()
        taps.deallocate()
        offsets.deallocate()
    }

    /// Lays out taps and offsets of stage after stage.
    private struct Plan {
        let filters: UnsafeMutablePointer<lathe_row_filter>
        let taps: UnsafeMutablePointer<Double>
        let offsets: UnsafeMutablePointer<Int32>
        var usedTaps = 0, usedOffsets = 0

        /// Taps at ±(phase + spacing·k) samples under a Kaiser window for 110 dB; a middle tap when `phase` is a whole number. `place`
        /// gives the offset of the sample j samples after the last one that is not after the middle.
        mutating func add(
            at stage: Stage, pairs: Int, spacing: Int, phase: Double, cutoff: Double, reach: Double, rows: Int, place: (_ row: Int, _ j: Int) -> Int
        ) {
            let beta = WindowedSinc.beta(attenuation: 110), scale = 1 / WindowedSinc.bessel(beta)
            func tap(_ t: Double) -> Double { WindowedSinc.tap(t, cutoff: cutoff, reach: reach, beta: beta, scale: scale) }
            let own = taps + usedTaps, whole = phase == 1
            var sum = whole ? tap(0) : 0
            for k in 0..<pairs {
                own[k] = tap(phase + Double(spacing * k))
                sum += 2 * own[k]
            }
            for k in 0..<pairs { own[k] /= sum }
            usedTaps += pairs
            for row in 0..<rows {
                let early = offsets + usedOffsets, late = early + pairs
                for k in 0..<pairs {
                    early[k] = Int32(place(row, whole ? -1 - spacing * k : -spacing * k))
                    late[k] = Int32(place(row, 1 + spacing * k))
                }
                usedOffsets += 2 * pairs
                (filters + stage.rawValue + row).initialize(
                    to: lathe_row_filter(
                        taps: own, early: early, late: late, pairs: pairs, middle: whole ? tap(0) / sum : 0, middle_at: whole ? place(row, 0) : 0))
            }
        }
    }

    private func run(_ stage: Stage, _ row: Int, _ base: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ count: Int) {
        lathe_filter_row(filters + stage.rawValue + row, base, out, count)
    }

    // MARK: Raising

    /// Where place 0 of frame 0 is after `raise`; place p lies p · `stride` later. Frames −4 ..< 64 are valid from −2 on.
    var raised: UnsafeMutablePointer<Double> { scratch + Self.origin }
    /// Where the curve puts its differences for `lower`, laid out as `raised`; with 8 places the rows follow each other.
    var differences: UnsafeMutablePointer<Double> { raised + 16 * Self.stride }

    /// Takes the block in that the curve is to work on.
    ///
    /// - Returns: what no place of the frames that `raise` would make exceeds.
    func accept(_ x: UnsafePointer<Double>, _ state: UnsafeMutablePointer<Double>) -> Double {
        state.update(from: state + Self.blockFrames, count: Self.lineHistory)
        (state + Self.lineHistory).update(from: x, count: Self.blockFrames)
        var peak = 0.0, sharpest = 0.0
        // Rows from frame −2 on read from the line's third number on, to its end.
        lathe_extent(state + 3, Self.lineHistory + Self.blockFrames - 4, &peak, &sharpest)
        return edge * peak + bend * sharpest
    }

    /// Brings a line that `accept` was not called for, while there was no curve, up to where it would be: what went by is what was passed on.
    func catchUp(_ state: UnsafeMutablePointer<Double>) {
        let kept = Self.lineHistory + Self.blockFrames
        state.update(from: straight(state) + Self.latency + Self.blockFrames - kept, count: kept)
    }

    /// Fills the rows of 8 or 16 places from a channel's line.
    func raise(_ state: UnsafeMutablePointer<Double>, places: Int) {
        let x = state + Self.lineHistory - Self.raiseDelay, rows = raised
        (rows - 8).update(from: x - 8, count: 80)
        run(.raise2, 0, x - 8, rows + 8 * Self.stride - 8, 80)
        for row in 0..<2 { run(.raise4, row, rows - 4, rows + (4 + 8 * row) * Self.stride - 4, 72) }
        for row in 0..<4 { run(.raise8, row, rows - 4, rows + (2 + 4 * row) * Self.stride - 4, 72) }
        if places == 16 {
            for row in 0..<8 { run(.raise16, row, rows - 4, rows + (1 + 2 * row) * Self.stride - 4, 68) }
        }
    }

    // MARK: Lowering

    /// Brings the differences of 8 or 16 places, frames −4 ..< 64, down to `out`, 64 frames; 0 places: they were all zero.
    func lower(_ state: UnsafeMutablePointer<Double>, places: Int, into out: UnsafeMutablePointer<Double>) {
        let eight = scratch + 32 * Self.stride + Self.history8
        let four = eight - Self.history8 + 8 * Self.stride8 + Self.history4
        let two = four - Self.history4 + 4 * Self.stride4 + Self.history2
        let kept8 = state + Self.placeAt + 1
        let kept4 = kept8 + 8 * Self.history8, kept2 = kept4 + 4 * Self.history4
        let n = Self.blockFrames
        for row in 0..<8 {
            let to = eight + row * Self.stride8
            // A frame later than the curve, with either number of places.
            switch places {
            case 16: run(.lower8, row, differences - 1, to, n)
            case 8: to.update(from: differences + row * Self.stride - 1, count: n)
            default: to.update(repeating: 0, count: n)
            }
        }
        recall(kept8, eight, rows: 8, history: Self.history8, stride: Self.stride8)
        for row in 0..<4 { run(.lower4, row, eight - 2, four + row * Self.stride4, n) }
        recall(kept4, four, rows: 4, history: Self.history4, stride: Self.stride4)
        for row in 0..<2 { run(.lower2, row, four - 4, two + row * Self.stride2, n) }
        recall(kept2, two, rows: 2, history: Self.history2, stride: Self.stride2)
        run(.lower1, 0, two - 48, out, n)
    }

    /// Puts the ends of the last block before the rows, and keeps those of this one.
    private func recall(
        _ kept: UnsafeMutablePointer<Double>, _ rows: UnsafeMutablePointer<Double>, rows count: Int, history: Int, stride: Int
    ) {
        for row in 0..<count {
            let here = rows + row * stride, there = kept + row * history
            (here - history).update(from: there, count: history)
            there.update(from: here + Self.blockFrames - history, count: history)
        }
    }

    // MARK: What is straight

    /// Takes a block in to be passed on as it is.
    ///
    /// - Returns: where the frames of the rows are, 64 of them, to be scaled where they lie if the processor wishes.
    func pass(_ x: UnsafePointer<Double>, _ state: UnsafeMutablePointer<Double>) -> UnsafeMutablePointer<Double> {
        state[Self.placeAt] += Double(Self.blockFrames)
        if Int(state[Self.placeAt]) + Self.latency + Self.blockFrames > Self.straightCount {
            (state + Self.lineCount).update(from: straight(state), count: Self.latency)
            state[Self.placeAt] = 0
        }
        let line = straight(state)
        (line + Self.latency).update(from: x, count: Self.blockFrames)
        return line + Self.lowerDelay
    }

    /// What was passed on `latency` frames ago, which is where `lower` has arrived.
    func passed(_ state: UnsafeMutablePointer<Double>) -> UnsafePointer<Double> { UnsafePointer(straight(state)) }

    /// The oldest frame that is to be passed on.
    private func straight(_ state: UnsafeMutablePointer<Double>) -> UnsafeMutablePointer<Double> {
        state + Self.lineCount + Int(state[Self.placeAt])
    }

    /// Responses of all places to an impulse, as rows for the bound.
    private func measureBound() -> (Double, Double) {
        let frames = 2 * Self.blockFrames
        var state = [Double](repeating: 0, count: Self.stateCount), block = [Double](repeating: 0, count: Self.blockFrames)
        var places = [[Double]](repeating: [], count: 16)
        for b in 0..<3 {
            block[0] = b == 1 ? 1 : 0
            _ = state.withUnsafeMutableBufferPointer { accept(block, $0.baseAddress!) }
            state.withUnsafeMutableBufferPointer { raise($0.baseAddress!, places: 16) }
            guard b > 0 else { continue }
            for p in 0..<16 { for i in 0..<Self.blockFrames { places[p].append(raised[p * Self.stride + i]) } }
        }
        // Frame i of a place hears the impulse with the weight that its row has for frame `raiseDelay`: as a row over time, reversed.
        let found = InterpolationRows.bound(places.map { $0.reversed() }, before: frames - 1 - Self.raiseDelay)
        return (Double(found.edge), Double(found.bend))
    }
}
