import CSignal
import Glibc

/// Mean power of a whole signal in the 31 third-octave bands from 20 Hz to 20 kHz (IEC 61260-1, base 10).
///
/// Welch's method: Hann windows of at least 0.68 s, half overlapped, so that even the 20 Hz band (4.6 Hz wide) spans several bins.
/// Of stereo it also keeps how much of each band is side signal and how alike left and right are in it, and from the same windows it
/// makes the gated `longTerm` spectrum. Some 10 ns per stereo frame; about 2 MiB at 48 kHz.
public struct ThirdOctaveSpectrum: ~Copyable {
    /// Nominal centres, Hz.
    public static let centres: [Double] = [
        20, 25, 31.5, 40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000,
        6300, 8000, 10000, 12500, 16000, 20000,
    ]

    private let sampleRate: Double
    private let channels: Int
    private let size: Int
    private let fft: PlanarTransform<Float>
    private let window: UnsafeMutablePointer<Float>
    /// Two rows under the window, then their spectra: one is the real part of the transform's input, the other the imaginary part.
    private let re: UnsafeMutablePointer<Float>
    private let im: UnsafeMutablePointer<Float>
    /// |X|² of both rows by element, and then of each by bin.
    private let powers: UnsafeMutablePointer<SIMD2<Float>>
    private let power: UnsafeMutablePointer<Float>
    private let otherPower: UnsafeMutablePointer<Float>
    /// Where a bin's powers are: the elements of `lathe_shape_pair`.
    private let elements: UnsafeMutablePointer<Int32>
    /// Lines of `size` samples: mid and side of stereo, else the channels.
    private let lines: UnsafeMutablePointer<Float>
    /// By element: summed |X|² of all rows, and of the side row alone; summed product of mid and side.
    private let total: UnsafeMutablePointer<Double>
    private let side: UnsafeMutablePointer<Double>
    private let cross: UnsafeMutablePointer<Double>
    /// Takes what is not to be kept.
    private let spill: UnsafeMutablePointer<Double>
    private let gated: GatedSpectrum
    /// Samples of the lines that are filled.
    private var filled = 0
    /// Samples of the lines that no window has covered yet.
    private var fresh = 0
    /// Sum of the squared windows so far: the frames that the summed power stands for.
    private var weight = 0.0
    private var isFinished = false

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000.
    ///   - channels: 1…32.
    public init(sampleRate: Double, channels: Int) {
        self.sampleRate = sampleRate
        self.channels = channels
        var size = 4096
        while Double(size) < 0.68 * sampleRate { size *= 2 }
        self.size = size
        fft = PlanarTransform(size: size)
        window = .allocate(capacity: size)
        for i in 0..<size { (window + i).initialize(to: Float(0.5 - 0.5 * cos(2 * .pi * (Double(i) + 0.5) / Double(size)))) }
        re = PlanarTransform<Float>.memory(size)
        im = PlanarTransform<Float>.memory(size)
        func room<T>(_ value: T, _ count: Int) -> UnsafeMutablePointer<T> {
            let made = UnsafeMutablePointer<T>.allocate(capacity: count)
            made.initialize(repeating: value, count: count)
            return made
        }
        let bins = size / 2 + 1
        powers = room(.zero, bins)
        power = room(0, bins)
        otherPower = room(0, bins)
        elements = room(0, bins)
        lines = room(0, size * channels)
        total = room(0, bins)
        side = room(0, bins)
        cross = room(0, bins)
        spill = room(0, bins)
        var position = 0
        for bin in 0..<bins {
            elements[bin] = Int32(fft.element(at: position))
            position = fft.position(after: position)
        }
        gated = GatedSpectrum(sampleRate: sampleRate, channels: channels, size: size)
    }

    deinit {
        fft.deallocate()
        window.deallocate()
        re.deallocate()
        im.deallocate()
        powers.deallocate()
        power.deallocate()
        otherPower.deallocate()
        elements.deallocate()
        lines.deallocate()
        total.deallocate()
        side.deallocate()
        cross.deallocate()
        spill.deallocate()
    }

    /// Takes the next `frames` frames.
    public mutating func process(_ block: AudioBlock, frames count: Int) {
        var done = 0
        while done < count {
            let take = min(count - done, size - filled)
            store(block.advanced(by: done), take)
            filled += take
            fresh += take
            done += take
            if filled == size { transform(weight: Self.hannPower * Double(size)) }
        }
    }

    private func store(_ block: AudioBlock, _ count: Int) {
        if channels == 2 {
            let (left, right) = (block[0], block[1])
            let (mid, side) = (lines + filled, lines + size + filled)
            for i in 0..<count {
                mid[i] = Float(0.5 * (left[i] + right[i]))
                side[i] = Float(0.5 * (left[i] - right[i]))
            }
            return
        }
        for c in 0..<channels {
            let (row, line) = (block[c], lines + c * size + filled)
            for i in 0..<count { line[i] = Float(row[i]) }
        }
    }

    /// - Parameter windowSquares: the sum of the window's squares.
    private mutating func transform(weight windowSquares: Double) {
        let half = size / 2
        for c in stride(from: 0, to: channels, by: 2) { transform(c, c + 1 < channels ? c + 1 : nil) }
        for c in 0..<channels {
            let line = lines + c * size
            line.update(from: line + half, count: half)
        }
        weight += windowSquares
        gated.close(weight: windowSquares)
        filled = half
        fresh = 0
    }

    /// Two rows in one transform.
    private func transform(_ first: Int, _ second: Int?) {
        let a = lines + first * size
        // What two rows in one transform spill into each other is rounding, but of silence nothing may be left.
        let b = second.map { lines + $0 * size }
        let isSilent = b.map { lathe_largest_magnitude($0, size) == 0 } ?? true
        if let b, !isSilent, lathe_largest_magnitude(a, size) == 0 { return transformSecond(b) }
        for i in 0..<size { re[i] = a[i] * window[i] }
        if let b {
            for i in 0..<size { im[i] = b[i] * window[i] }
        } else {
            im.update(repeating: 0, count: size)
        }
        fft.forward(re, im)
        lathe_pair_power(
            re, im, size, UnsafeMutableRawPointer(powers).assumingMemoryBound(to: Float.self), total, isSilent ? spill : side, isSilent ? spill : cross)
        for bin in 0...size / 2 {
            let both = powers[Int(elements[bin])]
            power[bin] = both.x
            otherPower[bin] = both.y
        }
        gated.add(power, isSide: false)
        if !isSilent { gated.add(otherPower, isSide: channels == 2) }
    }

    /// A second row beside a silent first.
    private func transformSecond(_ row: UnsafePointer<Float>) {
        for i in 0..<size { re[i] = row[i] * window[i] }
        im.update(repeating: 0, count: size)
        fft.forward(re, im)
        lathe_pair_power(re, im, size, UnsafeMutableRawPointer(powers).assumingMemoryBound(to: Float.self), spill, spill, spill)
        for element in 0...size / 2 {
            total[element] += Double(powers[element].x)
            side[element] += Double(powers[element].x)
        }
        for bin in 0...size / 2 { otherPower[bin] = powers[Int(elements[bin])].x }
        gated.add(otherPower, isSide: channels == 2)
    }

    /// Mean square of a Hann window.
    private static let hannPower = 0.375

    /// Counts the rest of the signal, under a window of its length. Call once, before reading.
    public mutating func finish() {
        guard !isFinished else { return }
        isFinished = true
        guard fresh > 0 else { return }
        let rest = Double(filled)
        for i in 0..<size { window[i] = i < filled ? Float(0.5 - 0.5 * cos(2 * .pi * (Double(i) + 0.5) / rest)) : 0 }
        transform(weight: Self.hannPower * rest)
    }

    /// The spectrum of what passes the loudness gates, at twelfth-octave bands. Some 50 µs.
    public var longTerm: LongTermSpectrum { gated.reading }

    /// Width of a bin, Hz.
    public var binHz: Double { sampleRate / Double(size) }
    public var binCount: Int { size / 2 + 1 }

    /// Mean power of one bin over the signal and its channels; a full-scale sine has 0.5 in all its bins together.
    public func binPower(_ bin: Int) -> Double { total[Int(elements[bin])] * scale(bin) }

    /// From a sum of |X|² to mean power per frame (Parseval).
    private func scale(_ bin: Int) -> Double {
        guard weight > 0 else { return 0 }
        let mirrored = bin == 0 || bin == size / 2 ? 1.0 : 2.0
        // Mid² + side² is the mean of left² and right² already.
        let rows = channels == 2 ? 1.0 : Double(channels)
        return mirrored / (Double(size) * weight * rows)
    }

    /// Mean power of band `index` over the signal and its channels; 0 for a band above half the sample rate.
    public func bandPower(_ index: Int) -> Double { sum(index) { binPower($0) } }

    /// Share of side in band `index` of stereo, 0 (mono) … 0.5 (unrelated) … 1 (opposite); nil without power, or without two channels.
    public func sideShare(_ index: Int) -> Double? {
        guard channels == 2 else { return nil }
        let power = bandPower(index)
        return power > 0 ? sum(index) { side[Int(elements[$0])] * scale($0) } / power : nil
    }

    /// How alike left and right are in band `index` of stereo: 1 the same, 0 unrelated, −1 opposite; nil when one has nothing there, or 70 dB
    /// less than the other, which is where rounding begins to tell.
    public func correlation(_ index: Int) -> Double? {
        guard channels == 2 else { return nil }
        let both = bandPower(index)
        let sidePower = sum(index) { side[Int(elements[$0])] * scale($0) }
        let product = sum(index) { cross[Int(elements[$0])] * scale($0) }
        // Of mid = (L + R) / 2 and side = (L − R) / 2.
        let left = both + 2 * product, right = both - 2 * product
        return min(left, right) > max(1e-15, 1e-7 * max(left, right)) ? max(-1, min(1, (both - 2 * sidePower) / (left * right).squareRoot())) : nil
    }

    /// Sums bins by the part of each that lies inside the band.
    private func sum(_ index: Int, _ value: (Int) -> Double) -> Double {
        let centre = 1000 * pow(10, Double(index - 17) / 10)
        let low = centre * pow(10, -0.05) / binHz
        let high = centre * pow(10, 0.05) / binHz
        var sum = 0.0
        var bin = max(0, Int(low + 0.5))
        while bin < binCount, Double(bin) - 0.5 < high {
            let part = min(high, Double(bin) + 0.5) - max(low, Double(bin) - 0.5)
            sum += max(0, min(1, part)) * value(bin)
            bin += 1
        }
        return sum
    }
}
