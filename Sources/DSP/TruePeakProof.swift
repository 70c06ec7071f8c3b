import CSignal

/// The last word on a finished signal's peaks: its true peak on a grid of 16 places a frame, and beside it what a meter of the plain
/// ITU-R BS.1770-5 Annex 2 kind (4×, 48 taps) shows.
///
/// Half-band interpolators of 128, 16, 10 and 8 taps: within ±0.01 dB to 0.47 × the sample rate; the grid reads at most 0.034 dB low at
/// 0.45 × the sample rate. The ITU filter reads up to 0.7 dB low above 0.4 × the sample rate, and is used at every rate.
///
/// Passages that provably cannot exceed the highest reading so far are passed over without changing any result (`InterpolationRows`);
/// with music one frame in fifty is left to compute. Some 5 ns per frame and channel; white noise at full level costs 80.
/// Works in blocks of 128 frames from the first one, so that the cut into calls makes no difference; allocates nothing.
public struct TruePeakProof: ~Copyable {
    private static let blockFrames = 128
    /// Frames of future that a reading needs, and of past.
    private static let delay = 72
    private static let history = 2 * delay + group
    private static let lineFrames = history + blockFrames
    /// Blocks that come in before what is kept of them is moved to the front of the memory.
    private static let run = 16
    private static let rowFrames = history + run * blockFrames
    private static let group = 8
    private static let groups = lineFrames / group
    private static let firstGroup = (history - delay) / group
    /// Groups to either side in which a reading's taps lie.
    private static let groupReach = delay / group
    /// Blocks that a line touches.
    private static let blocks = (lineFrames + blockFrames - 1) / blockFrames

    /// Largest |sample| and |second difference| of some frames.
    private struct Extent: BitwiseCopyable {
        var peak: Float = 0
        var bend: Float = 0
    }

    private let channels: Int
    private let halves = InterpolationRows.halves()
    private let sixteenths = InterpolationRows.sixteenths()
    private let itu = InterpolationRows.itu()
    private let whole = InterpolationRows.wholeBound()
    /// Past and present samples of each channel, `rowFrames` each.
    private let lines: UnsafeMutablePointer<Float>
    /// For each channel, its last blocks, the newest first.
    private let extents: UnsafeMutablePointer<Extent>
    /// Scratch: largest second difference of each group of the line that is being read.
    private let groupBends: UnsafeMutablePointer<Float>
    /// Points of the 2× grid around a group.
    private let doubled: UnsafeMutablePointer<Float>

    /// Frames of the block being filled, and the block's number in the run.
    private var filled = 0
    private var blockInRun = 0
    private var highest: Float = 0
    /// Since `takeRecentPeak`.
    private var recent: Float = 0
    private var highestITU: Float = 0
    private var highestSample: Float = 0
    /// Of all that came in, its future known or not.
    public private(set) var highestInput = 0.0

    public init(channels: Int) {
        self.channels = channels
        lines = .allocate(capacity: channels * Self.rowFrames)
        lines.initialize(repeating: 0, count: channels * Self.rowFrames)
        extents = .allocate(capacity: channels * Self.blocks)
        extents.initialize(repeating: Extent(), count: channels * Self.blocks)
        groupBends = .allocate(capacity: Self.groups)
        groupBends.initialize(repeating: 0, count: Self.groups)
        doubled = .allocate(capacity: 64)
        doubled.initialize(repeating: 0, count: 64)
    }

    deinit {
        lines.deallocate()
        extents.deallocate()
        groupBends.deallocate()
        doubled.deallocate()
    }

    /// Largest magnitude on the 16× grid so far, all channels, full scale 1. Trails the input by 72 to 200 frames until `finish`.
    public var peak: Double { Double(highest) }
    /// Largest magnitude that the 4× meter of BS.1770-5 Annex 2 shows; may lie below the sample peak.
    public var ituPeak: Double { Double(highestITU) }
    /// Largest |sample| so far.
    public var samplePeak: Double { Double(highestSample) }

    /// Largest magnitude on the 16× grid since the last call: a meter that is read and reset misses nothing.
    public mutating func takeRecentPeak() -> Double {
        defer { recent = 0 }
        return Double(recent)
    }

    /// Forgets everything.
    public mutating func reset() {
        lines.update(repeating: 0, count: channels * Self.rowFrames)
        extents.update(repeating: Extent(), count: channels * Self.blocks)
        filled = 0
        blockInRun = 0
        highest = 0
        recent = 0
        highestITU = 0
        highestSample = 0
        highestInput = 0
    }

    /// Takes the next `frames` frames of finite samples.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        var done = 0
        while done < frames {
            let take = min(frames - done, (Self.run - blockInRun) * Self.blockFrames - filled)
            for c in 0..<channels { highestInput = max(highestInput, lathe_to_float(block[c] + done, open(c), take)) }
            filled += take
            done += take
            while filled >= Self.blockFrames { readBlock() }
        }
    }

    /// Reads the frames that wait for their future, taking silence as the continuation. Call once, at the end.
    public mutating func finish() {
        for _ in 0..<(Self.delay / Self.blockFrames + 2) {
            for c in 0..<channels { open(c).update(repeating: 0, count: Self.blockFrames - filled) }
            filled = Self.blockFrames
            readBlock()
        }
    }

    /// Where the next frame of a channel goes.
    private func open(_ channel: Int) -> UnsafeMutablePointer<Float> {
        lines + channel * Self.rowFrames + blockInRun * Self.blockFrames + Self.history + filled
    }

    private mutating func readBlock() {
        filled -= Self.blockFrames
        for c in 0..<channels {
            let row = lines + c * Self.rowFrames, line = row + blockInRun * Self.blockFrames, last = extents + c * Self.blocks
            for b in (1..<Self.blocks).reversed() { last[b] = last[b - 1] }
            // With the two frames before, which its first differences need and which were a reading then.
            lathe_extent_float(line + Self.history - 2, Self.blockFrames + 2, &last[0].peak, &last[0].bend)
            // A sample is a reading too.
            highestSample = max(highestSample, last[0].peak)
            recent = max(recent, last[0].peak)
            var around = Extent()
            for b in 0..<Self.blocks {
                around.peak = max(around.peak, last[b].peak)
                around.bend = max(around.bend, last[b].bend)
            }
            if mayRaise(around) || mayRaiseITU(around) { read(line, bend: around.bend) }
            if blockInRun == Self.run - 1 { row.update(from: line + Self.blockFrames, count: Self.history) }
        }
        blockInRun = (blockInRun + 1) % Self.run
        highest = max(highest, recent)
    }

    private func mayRaise(_ extent: Extent) -> Bool { whole.edge * extent.peak + whole.bend * extent.bend > recent }
    private func mayRaiseITU(_ extent: Extent) -> Bool { itu.edge * extent.peak + itu.bend * extent.bend > highestITU }

    /// Of 8·`groups` frames, and the differences that end in them.
    @inline(__always)
    private static func extent(_ x: UnsafePointer<Float>, groups: Int) -> Extent {
        var peak = SIMD8<Float>.zero, bend = peak
        for g in 0..<groups {
            let at = UnsafeRawPointer(x + g * group)
            let here = at.loadUnaligned(as: SIMD8<Float>.self)
            let one = at.loadUnaligned(fromByteOffset: -4, as: SIMD8<Float>.self)
            let two = at.loadUnaligned(fromByteOffset: -8, as: SIMD8<Float>.self)
            peak = larger(peak, here)
            bend = larger(bend, (here - one) - (one - two))
        }
        return Extent(peak: largest(peak), bend: largest(bend))
    }

    @inline(__always)
    private static func larger(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
        let magnitude = unsafeBitCast(unsafeBitCast(b, to: SIMD8<UInt32>.self) & 0x7FFF_FFFF, to: SIMD8<Float>.self)
        return a.replacing(with: magnitude, where: magnitude .> a)
    }

    /// Largest magnitude of eight.
    @inline(__always)
    private static func largest(_ x: SIMD8<Float>) -> Float {
        let m = larger(.zero, x)
        let four = m.lowHalf.replacing(with: m.highHalf, where: m.highHalf .> m.lowHalf)
        return max(max(four[0], four[1]), max(four[2], four[3]))
    }

    /// Reads the frames that have their past and future in `line`, as far as they may raise a reading.
    ///
    /// - Parameter bend: largest second difference in the line.
    private mutating func read(_ line: UnsafePointer<Float>, bend: Float) {
        var isSurveyed = false
        for g in Self.firstGroup..<Self.firstGroup + Self.blockFrames / Self.group {
            let x = line + g * Self.group
            var around = Self.extent(x, groups: 1)
            around.peak = max(around.peak, x[Self.group].magnitude)
            around.bend = bend
            guard mayRaise(around) || mayRaiseITU(around) else { continue }
            if !isSurveyed {
                for near in 1..<Self.groups { groupBends[near] = Self.extent(line + near * Self.group, groups: 1).bend }
                isSurveyed = true
            }
            around.bend = 0
            for near in g - Self.groupReach...g + Self.groupReach { around.bend = max(around.bend, groupBends[near]) }
            if mayRaiseITU(around) {
                for r in 0..<itu.count { highestITU = max(highestITU, Self.largest(itu.read(x, row: r))) }
            }
            if mayRaise(around) { readGroup(x) }
        }
    }

    /// Reads the 16 places after each of the eight frames at `x`.
    private mutating func readGroup(_ x: UnsafePointer<Float>) {
        // The 2× grid from six frames before to ten after the group.
        let before = 8, z = doubled + 2 * before
        for start in stride(from: -before, to: 16, by: 8) {
            let between = halves.read(x + start, row: 0)
            for i in 0..<8 {
                z[2 * (start + i)] = x[start + i]
                z[2 * (start + i) + 1] = between[i]
            }
        }
        var (peak, bend): (Float, Float) = (z[16].magnitude, 0)
        for i in 0..<16 { peak = max(peak, z[i].magnitude) }
        for i in -sixteenths.before..<16 + sixteenths.taps - sixteenths.before {
            bend = max(bend, ((z[i] - z[i - 1]) - (z[i - 1] - z[i - 2])).magnitude)
        }
        recent = max(recent, peak)
        guard sixteenths.edge * peak + sixteenths.bend * bend > recent else { return }
        for r in 0..<sixteenths.count {
            recent = max(recent, max(Self.largest(sixteenths.read(z, row: r)), Self.largest(sixteenths.read(z + 8, row: r))))
        }
    }
}
