import DSP
import Glibc

/// What the findings rest on, gathered sample by sample in fixed memory.
struct Evidence {
    /// Below this a programme counts as silent: −72 dBFS, between the noise of a quiet recording and its quietest music.
    static let silence = 2.5e-4
    /// From here on a sample is at full scale: the highest value of 16 bits, and anything above.
    static let fullScale = 32_766.5 / 32_768

    let sampleRate: Double
    let channels: Int
    let integerBits: Int?
    private(set) var frames: Int64 = 0

    private(set) var flatTops: [FlatTopDetector]
    private var clickDetectors: [ClickDetector]
    private var dropoutDetectors: [DropoutDetector]
    private var ends: [EndMeans]
    private(set) var peaks: [Double]
    private var sums: [Double]

    /// Samples beyond full scale, which only floating point holds.
    private(set) var overs = 0
    private(set) var firstOver: Int64?

    private(set) var firstSound: Int64?
    private(set) var lastSound: Int64 = -1
    private(set) var gap: (start: Int64, frames: Int64) = (0, 0)

    /// All sample bits seen, left-justified in 32.
    private var bits: UInt64 = 0
    private var seeksBits: Bool

    private var window = CorrelationMeter.Sums()
    private var windowFrames = 0
    private(set) var wholeStereo = CorrelationMeter.Sums()
    private(set) var oppositeSeconds = 0
    private(set) var audibleSeconds = 0
    private(set) var firstOpposite: Int64?

    init(sampleRate: Double, channels: Int, integerBits: Int?) {
        self.sampleRate = sampleRate
        self.channels = channels
        self.integerBits = integerBits
        flatTops = [FlatTopDetector](repeating: FlatTopDetector(), count: channels)
        clickDetectors = [ClickDetector](repeating: ClickDetector(), count: channels)
        ends = [EndMeans](repeating: EndMeans(), count: channels)
        dropoutDetectors = [DropoutDetector](repeating: DropoutDetector(sampleRate: sampleRate), count: channels)
        peaks = [Double](repeating: 0, count: channels)
        sums = [Double](repeating: 0, count: channels)
        seeksBits = (integerBits ?? 0) > 8
    }

    mutating func process(_ block: AudioBlock, frames count: Int) {
        // In pieces: a pause is seen between them, whatever the size of the caller's blocks.
        var done = 0
        while done < count {
            let take = min(Self.pieceFrames, count - done)
            processPiece(block.advanced(by: done), take)
            done += take
        }
    }

    private static let pieceFrames = 8192

    private mutating func processPiece(_ block: AudioBlock, _ count: Int) {
        var peak = 0.0
        for c in 0..<channels {
            let row = block[c]
            let extremes = block.extremes(channel: c, frames: count)
            let rowPeak = extremes.peak
            flatTops[c].process(row, frames: count, peak: rowPeak, start: frames)
            clickDetectors[c].process(row, frames: count)
            dropoutDetectors[c].process(row, frames: count)
            ends[c].process(row, frames: count)
            if rowPeak > 1 { noteOvers(row, count) }
            peaks[c] = max(peaks[c], rowPeak)
            sums[c] += extremes.sum
            peak = max(peak, rowPeak)
            if seeksBits { noteBits(row, count) }
        }
        if peak > Self.silence { noteSound(block, count) }
        if channels == 2 { noteStereo(block, count) }
        frames += Int64(count)
    }

    mutating func finish() {
        for c in 0..<channels {
            flatTops[c].finish()
            clickDetectors[c].finish()
        }
        if windowFrames > 0 { closeWindow(end: frames) }
    }

    private mutating func noteOvers(_ row: UnsafePointer<Double>, _ count: Int) {
        for i in 0..<count where row[i].magnitude > 1 {
            overs += 1
            firstOver = min(firstOver ?? .max, frames + Int64(i))
        }
    }

    private mutating func noteBits(_ row: UnsafePointer<Double>, _ count: Int) {
        // Adding 1.5 · 2²¹ leaves sample · 2³¹ as an integer in the low half of the number's own bits.
        let magic = SIMD4<Double>(repeating: 0x1.8p21)
        var seen = SIMD4<UInt64>.zero
        var i = 0
        while i &+ 4 <= count {
            let x = UnsafeRawPointer(row + i).loadUnaligned(as: SIMD4<Double>.self) + magic
            seen |= unsafeBitCast(x, to: SIMD4<UInt64>.self)
            i &+= 4
        }
        while i < count {
            seen[0] |= (row[i] + 0x1.8p21).bitPattern
            i &+= 1
        }
        bits |= (seen[0] | seen[1] | seen[2] | seen[3]) & 0xFFFF_FFFF
        if let integerBits, bits != 0, 32 - bits.trailingZeroBitCount >= integerBits { seeksBits = false }
    }

    private mutating func noteSound(_ block: AudioBlock, _ count: Int) {
        func isSound(_ i: Int) -> Bool { (0..<channels).contains { block[$0][i].magnitude > Self.silence } }
        let isGap = frames - lastSound > Int64(0.5 * sampleRate)
        if firstSound == nil || isGap, let first = (0..<count).first(where: isSound) {
            let at = frames + Int64(first)
            if firstSound == nil {
                firstSound = at
            } else if at - lastSound - 1 > gap.frames {
                gap = (lastSound + 1, at - lastSound - 1)
            }
        }
        if let last = (0..<count).last(where: isSound) { lastSound = frames + Int64(last) }
    }

    private mutating func noteStereo(_ block: AudioBlock, _ count: Int) {
        let length = Int(sampleRate)
        var done = 0
        while done < count {
            let take = min(count - done, length - windowFrames)
            window += CorrelationMeter.sums(block[0] + done, block[1] + done, take)
            windowFrames += take
            done += take
            if windowFrames == length { closeWindow(end: frames + Int64(done)) }
        }
    }

    private mutating func closeWindow(end: Int64) {
        wholeStereo += window
        // Louder than −50 dBFS, where a listener would hear the hole.
        if (window.leftLeft + window.rightRight) / Double(2 * windowFrames) > 1e-5 {
            audibleSeconds += 1
            if let value = window.correlation, value < -0.3 {
                oppositeSeconds += 1
                if firstOpposite == nil { firstOpposite = end - Int64(windowFrames) }
            }
        }
        window = CorrelationMeter.Sums()
        windowFrames = 0
    }

    var channelMeans: [Double] { sums.map { frames > 0 ? $0 / Double(frames) : 0 } }

    /// Of each channel, whether its mean is an offset that stands from end to end.
    var offsetsStand: [Bool] {
        zip(channelMeans, ends).map { Offset.stands($0, first: $1.first, last: $1.last) }
    }

    /// The mean of the channel whose mean is farthest from 0.
    var dcOffset: Double { channelMeans.max { $0.magnitude < $1.magnitude } ?? 0 }

    /// First frames of single clicks.
    var clicks: [Int64] { ClickDetector.isolated(clickDetectors, sampleRate: sampleRate) }

    var dropouts: [DropoutDetector.Dropout] { DropoutDetector.isolated(dropoutDetectors, sampleRate: sampleRate) }

    /// Bits the samples use; nil when they come from floating point, or are all zero.
    var usedBits: Int? { integerBits == nil || bits == 0 ? nil : 32 - bits.trailingZeroBitCount }

    private var clipped: [FlatTopDetector] { flatTops.filter { $0.level >= Self.fullScale && $0.level <= 1 && $0.runs > 0 } }
    var clippedSamples: Int { clipped.reduce(0) { $0 + $1.samples } }
    var clippedRuns: Int { clipped.reduce(0) { $0 + $1.runs } }
    var firstClip: Int64? { clipped.compactMap(\.firstFrame).min() }
}

/// What the spectrum adds to the evidence.
struct SpectralShape {
    /// Where the spectrum ends as at a wall, Hz.
    var edgeHz: Double?
    /// Lowest strong band under 300 Hz whose channels work against each other, Hz.
    var oppositeBassHz: Double?
    /// Lowest band of four in a row, from 300 Hz up, whose channels work against each other, Hz.
    var oppositeBandHz: Double?
    /// Side over mid below 150 Hz, dB; nil without bass or without two channels.
    var bassSideDB: Double?
    /// About where the true peak first passed 0 dBTP, frames.
    var firstTruePeakOver: Int64?

    static func oppositeBass(_ spectrum: borrowing ThirdOctaveSpectrum) -> Double? {
        let loudest = ThirdOctaveSpectrum.centres.indices.reduce(0) { max($0, spectrum.bandPower($1)) }
        for (index, hz) in ThirdOctaveSpectrum.centres.enumerated() where hz >= 40 && hz < 300 {
            // A share over 0.6 is a correlation under −0.2; only bands within 20 dB of the loudest matter.
            if let share = spectrum.sideShare(index), share > 0.6, spectrum.bandPower(index) > loudest / 100 { return hz }
        }
        return nil
    }

    /// Four third-octaves in a row that mostly cancel in mono: a phaser or a stereo trick, not the chance of one tone.
    static func oppositeBand(_ spectrum: borrowing ThirdOctaveSpectrum) -> Double? {
        let centres = ThirdOctaveSpectrum.centres
        let loudest = centres.indices.reduce(0) { max($0, spectrum.bandPower($1)) }
        var inRow = 0
        for (index, hz) in centres.enumerated() where hz >= 300 {
            let isOpposite = (spectrum.sideShare(index) ?? 0) > 0.75 && spectrum.bandPower(index) > loudest / 300
            inRow = isOpposite ? inRow + 1 : 0
            if inRow == 4 { return centres[index - 3] }
        }
        return nil
    }

    static func bassSide(_ spectrum: borrowing ThirdOctaveSpectrum) -> Double? {
        var side = 0.0, all = 0.0
        for (index, hz) in ThirdOctaveSpectrum.centres.enumerated() where hz >= 25 && hz < 150 {
            guard let share = spectrum.sideShare(index) else { return nil }
            side += share * spectrum.bandPower(index)
            all += spectrum.bandPower(index)
        }
        return all > 1e-9 && side > 0 && all > side ? 10 * log10(side / (all - side)) : nil
    }
}
