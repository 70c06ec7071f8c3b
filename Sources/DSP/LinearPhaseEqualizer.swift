import CSignal

/// Linear-phase equaliser: any gain over frequency, for mid and side apart, without shifting any frequency against another.
///
/// A symmetric filter of 2·`reach` + 1 taps (81 ms) is drawn from the curve by frequency sampling and a window that is flat over the inner
/// half; fast convolution by overlap-save (T. Stockham, AFIPS 1966) in double precision. Blocks of `hop` frames are counted from the first
/// frame, so that the result does not depend on how calls cut the signal. A new curve takes over within one block, both convolutions
/// running, the one fading into the other without a corner. Settings without effect leave the signal bit-exact.
///
/// Nothing sounds earlier than `reach` (41 ms) before its cause. Curves without features narrower than a third of an octave are met within
/// 0.01 dB from 1 kHz, 0.1 dB from 100 Hz; below, what is narrower than some 20 Hz is smoothed. Latency `hop` + `reach`, whatever the settings.
public struct LinearPhaseEqualizer {
    public struct Settings: Sendable, BitwiseCopyable {
        public struct Band: Sendable, Equatable, BitwiseCopyable {
            public var band = AnalogueBand(shape: .bell, hz: 1000, db: 0, q: 0.71)
            public var target = EqualizerBand.Target.stereo
            public init() {}
        }

        /// Added up in dB. Without two channels mid is all there is.
        public var mid = GainCurve()
        public var side = GainCurve()
        public var bands = InlineArray<8, Band>(repeating: Band())
        /// Hz from which on nothing is to remain: the end of the band of a lower rate; 0 is none. Untouched up to 0.96 of it, gone at 1.04.
        public var bandEndHz = 0.0
        public init() {}

        public var isNeutral: Bool {
            if bandEndHz > 0 { return false }
            for i in 0..<8 where !bands[i].band.isNeutral { return false }
            return mid.isNeutral && side.isNeutral
        }
    }

    private struct State: BitwiseCopyable {
        var goal = Settings()
        /// Frames waiting in the block being filled.
        var filled = 0
        /// Which of the two sets of gains is in force, and which stand for no change at all.
        var current = 0
        var neutral = InlineArray<2, Bool>(repeating: true)
        /// The other set takes over with the next block.
        var changing = false
    }

    /// Frames by which the output trails the input.
    public let latency: Int
    /// Frames on each side of the middle tap.
    public let reach: Int
    let hop: Int
    private let size: Int
    private let channels: Int
    private let sampleRate: Double

    private let state: UnsafeMutablePointer<State>
    /// Two sets of `sum` and `difference`, as `lathe_shape_pair` has them.
    private let gains: UnsafeMutablePointer<Double>
    private let gainCount: Int
    /// The last 2·`reach` frames and the block being filled; the block that is going out.
    private let line: UnsafeMutablePointer<Double>
    private let out: UnsafeMutablePointer<Double>

    private let transform: PlanarTransform<Double>
    private let scratch: UnsafeMutablePointer<Double>
    /// Numbers from one row of `line` and one working area to the next: not a power of two, which would crowd the cache.
    private let area: Int

    /// Frames of a transform.
    private static func size(sampleRate: Double) -> Int {
        var size = 1024
        while Double(size) < 0.14 * sampleRate { size *= 2 }
        return size
    }

    /// Bytes that the equaliser carves from the arena.
    public static func stateBytes(sampleRate: Double, channels: Int) -> Int {
        let size = size(sampleRate: sampleRate)
        return (channels * 2 * (size + 72) + 4 * (size / 2 + 1)) * 8 + MemoryLayout<State>.stride + 512
    }

    /// - Parameter channels: 1…32. Mid and side exist when there are exactly two; otherwise every channel gets the mid curve.
    public init(sampleRate: Double, channels: Int, arena: inout StateArena) {
        size = Self.size(sampleRate: sampleRate)
        reach = size / 32 * 7
        hop = size - 2 * reach
        area = size + 72
        latency = hop + reach
        self.channels = channels
        self.sampleRate = sampleRate
        gainCount = size / 2 + 1
        state = arena.carve(1, of: State())
        gains = arena.carve(4 * gainCount, of: 0.0)
        line = arena.carve(channels * area, of: 0.0)
        out = arena.carve(channels * hop, of: 0.0)
        transform = PlanarTransform(size: size)
        scratch = PlanarTransform<Double>.memory(4 * area)
    }

    public func deallocate() {
        transform.deallocate()
        scratch.deallocate()
    }

    /// Makes `settings` the curve from the next block on, faded in over that block, or with `ramp` false at once. Costs some 0.3 ms (at
    /// 44.1 kHz) when they differ from the last.
    public func set(_ settings: Settings, ramp: Bool) {
        if settings != state.pointee.goal {
            state.pointee.goal = settings
            let other = 1 - state.pointee.current
            state.pointee.neutral[other] = settings.isNeutral
            if !settings.isNeutral { draw(settings, into: gains + 2 * gainCount * other) }
            state.pointee.changing = true
        }
        if !ramp && state.pointee.changing {
            state.pointee.current = 1 - state.pointee.current
            state.pointee.changing = false
        }
    }

    /// Forgets the signal and ends a fade; keeps the settings.
    public func clear() {
        line.update(repeating: 0, count: channels * area)
        out.update(repeating: 0, count: channels * hop)
        state.pointee.filled = 0
        if state.pointee.changing { state.pointee.current = 1 - state.pointee.current }
        state.pointee.changing = false
    }

    /// Filters `frames` frames in place.
    public func process(_ block: AudioBlock, frames: Int) {
        var done = 0
        while done < frames {
            let filled = state.pointee.filled, n = min(frames - done, hop - filled)
            for c in 0..<channels {
                let x = block[c] + done
                (line + c * area + 2 * reach + filled).update(from: x, count: n)
                x.update(from: out + c * hop + filled, count: n)
            }
            done += n
            state.pointee.filled = filled + n
            if filled + n == hop {
                state.pointee.filled = 0
                convolve()
            }
        }
    }

    private func convolve() {
        let now = state.pointee.current, next = 1 - now, changing = state.pointee.changing
        for c in stride(from: 0, to: channels, by: 2) {
            let odd = c + 1 < channels ? c + 1 : c
            if state.pointee.neutral[now] && (!changing || state.pointee.neutral[next]) {
                for k in c...odd { (out + k * hop).update(from: line + k * area + reach, count: hop) }
                continue
            }
            let (re, im, oldRe, oldIm) = (scratch, scratch + area, scratch + 2 * area, scratch + 3 * area)
            load(c, odd, re, im)
            transform.forward(re, im)
            if changing {
                oldRe.update(from: re, count: size)
                oldIm.update(from: im, count: size)
                finish(now, c, odd, oldRe, oldIm)
                finish(next, c, odd, re, im)
                for i in reach..<reach + hop {
                    let t = Double(i - reach + 1) / Double(hop)
                    let w = t * t * t * (10 + t * (6 * t - 15))
                    re[i] = oldRe[i] + (re[i] - oldRe[i]) * w
                    im[i] = oldIm[i] + (im[i] - oldIm[i]) * w
                }
            } else {
                finish(now, c, odd, re, im)
            }
            store(c, odd, re + reach, im + reach)
        }
        for c in 0..<channels { (line + c * area).update(from: line + c * area + hop, count: 2 * reach) }
        if changing {
            state.pointee.current = 1 - state.pointee.current
            state.pointee.changing = false
        }
    }

    /// Shapes a spectrum and brings it back to time; without a curve the signal itself.
    private func finish(_ index: Int, _ c: Int, _ odd: Int, _ re: UnsafeMutablePointer<Double>, _ im: UnsafeMutablePointer<Double>) {
        if state.pointee.neutral[index] {
            load(c, odd, re, im)
        } else {
            let set = gains + 2 * gainCount * index
            lathe_shape_pair(re, im, set, set + gainCount, size)
            transform.backward(re, im)
        }
    }

    private func load(_ c: Int, _ odd: Int, _ re: UnsafeMutablePointer<Double>, _ im: UnsafeMutablePointer<Double>) {
        let a = line + c * area, b = line + odd * area, size = size
        if channels == 2 {
            for i in 0..<size { (re[i], im[i]) = ((a[i] + b[i]) * 0.5, (a[i] - b[i]) * 0.5) }
        } else {
            re.update(from: a, count: size)
            im.update(from: b, count: size)
        }
    }

    private func store(_ c: Int, _ odd: Int, _ re: UnsafePointer<Double>, _ im: UnsafePointer<Double>) {
        let a = out + c * hop, b = out + odd * hop, hop = hop
        if channels == 2 {
            for i in 0..<hop { (a[i], b[i]) = (re[i] + im[i], re[i] - im[i]) }
        } else {
            b.update(from: im, count: hop)
            a.update(from: re, count: hop)
        }
    }

    /// From the curves to the gains of the windowed filter.
    private func draw(_ settings: Settings, into set: UnsafeMutablePointer<Double>) {
        let (re, im, midDB) = (scratch, scratch + area, scratch + 3 * area)
        let sideDB = midDB + gainCount
        addCurves(settings, midDB, sideDB)
        for i in 0..<8 where !settings.bands[i].band.isNeutral {
            let lanes = channels == 2 ? settings.bands[i].target : .stereo
            for k in 0..<gainCount {
                let gain = settings.bands[i].band.decibels(at: frequency(k))
                if lanes != .side { midDB[k] += gain }
                if lanes != .mid { sideDB[k] += gain }
            }
        }
        // Mid as real, side as imaginary part of one transform: both are even, so they do not mix.
        var position = 0
        for k in 0..<gainCount {
            let mirror = transform.mirror(of: position)
            let kept = remains(settings.bandEndHz, at: frequency(k))
            re[position] = kept * FastMath.amplitude(dB: midDB[k])
            im[position] = kept * FastMath.amplitude(dB: sideDB[k])
            re[mirror] = re[position]
            im[mirror] = im[position]
            position = transform.position(after: position)
        }
        transform.backward(re, im)
        let scale = 1 / (Double(size) * Double(size))
        for n in 0...size / 2 {
            let r = Double(n) / Double(reach + 1)
            let window = r <= 0.5 ? 1 : r < 1 ? 0.5 + 0.5 * FastMath.cosPi(2 * r - 1) : 0
            let tap = (re[n] * window * scale, im[n] * window * scale)
            (re[n], im[n]) = tap
            if n > 0 { (re[size - n], im[size - n]) = tap }
        }
        transform.forward(re, im)
        for p in 0..<2 {
            set[p] = (re[p] + im[p]) / 2
            set[gainCount + p] = (re[p] - im[p]) / 2
        }
        var half = 1
        while half <= size / 4 {
            for c in 0..<half {
                let p = 2 * half + c
                set[half + c + 1] = (re[p] + im[p]) / 2
                set[gainCount + half + c + 1] = (re[p] - im[p]) / 2
            }
            half *= 2
        }
    }

    /// 1 up to 0.96 of the band's end, 0 from 1.04 on, half a cosine between: its taps fade long before the window ends.
    private func remains(_ endHz: Double, at hz: Double) -> Double {
        guard endHz > 0 else { return 1 }
        let t = min(max((hz / endHz - 0.96) / 0.08, 0), 1)
        return 0.5 + 0.5 * FastMath.cosPi(t)
    }

    private func frequency(_ k: Int) -> Double { max(Double(k), 0.5) * sampleRate / Double(size) }

    private func addCurves(_ settings: Settings, _ midDB: UnsafeMutablePointer<Double>, _ sideDB: UnsafeMutablePointer<Double>) {
        let mid = UnsafeMutableRawPointer(scratch).bindMemory(to: SIMD2<Double>.self, capacity: 2 * GainCurve.pointCount)
        let side = mid + GainCurve.pointCount
        for i in 0..<GainCurve.pointCount {
            mid[i] = settings.mid.knot(i)
            side[i] = channels == 2 ? settings.side.knot(i) : mid[i]
        }
        for k in 0..<gainCount {
            let x = GainCurve.position(of: frequency(k)), i = min(Int(x), GainCurve.pointCount - 2), t = x - Double(i)
            midDB[k] = GainCurve.between(mid[i], mid[i + 1], t)
            sideDB[k] = GainCurve.between(side[i], side[i + 1], t)
        }
    }
}

extension LinearPhaseEqualizer.Settings: Equatable {
    public static func == (a: Self, b: Self) -> Bool {
        for i in 0..<8 where a.bands[i] != b.bands[i] { return false }
        return a.mid == b.mid && a.side == b.side && a.bandEndHz == b.bandEndHz
    }
}
