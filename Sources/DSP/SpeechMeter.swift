import CSignal
import Glibc

/// What tells a talking voice from music, and how sharp its sibilants are: cells of 20 ms of the mid signal, in the voice band
/// (300 Hz to 4 kHz) and in that of sibilants (5 to 9 kHz).
///
/// After Scheirer & Slaney, ICASSP 1997: speech alone has both strong modulation at the rate of syllables (3 to 6 Hz) and many quiet
/// cells between them. Streaming, in fixed memory (10 KiB); some 2 ns per frame.
public struct SpeechMeter: ~Copyable {
    public struct Reading: Sendable, Equatable, Codable {
        /// Power of the voice band's envelope between 3 and 6 Hz over the square of its mean, the median of all seconds. Speech has
        /// some 0.4 to 0.8, music under 0.15.
        public var syllabicModulation = 0.0
        /// Share of cells 25 dB or more under the loud ones (95th percentile).
        public var pauseShare = 0.0
        /// Share of audible cells in which the sibilant band outweighs the voice band.
        public var sibilantShare = 0.0
        /// Mean level of those cells, in the sibilant band, over that of the voice band in the rest, dB; nil when there are none.
        public var sibilanceDB: Double?
        public init() {}
    }

    /// By level, in steps of 1 dB.
    private struct Level {
        var cells = 0
        var voice = 0.0
        var sibilantCells = 0
        var sibilant = 0.0
    }

    private static let cellsPerSecond = 50
    private static let lowestDB = -100.0
    private static let levelCount = 120
    private static let modulationSteps = 128
    private static let stepsPerUnit = 64.0
    /// Under this a second says nothing: the noise of a room.
    private static let audibleDB = -65.0

    private let rate: Int
    private let channels: Int
    private let filters: lathe_speech
    private let hasSibilants: Bool
    private var memory = lathe_speech_memory()
    /// Squares of the open cell.
    private var energy = SIMD2<Double>.zero
    private var frame = 0
    private var cell = 0
    private var cellEnd: Int
    private let levels: UnsafeMutablePointer<Level>
    private let modulations: UnsafeMutablePointer<Int>
    private let envelope: UnsafeMutablePointer<Double>

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000. Sibilants need 22 050.
    ///   - channels: 1…32.
    public init(sampleRate: Double, channels: Int) {
        rate = Int(sampleRate.rounded())
        self.channels = channels
        hasSibilants = sampleRate >= 22_050
        let top = 0.45 * sampleRate
        func section(_ hz: Double, isHighPass: Bool) -> lathe_section { Self.butterworth(hz, sampleRate, isHighPass: isHighPass) }
        filters = lathe_speech(
            high_pass: (section(300, isHighPass: true), section(min(5000, top), isHighPass: true)),
            low_pass: (section(min(4000, 0.4 * sampleRate), isHighPass: false), section(min(9000, top), isHighPass: false)))
        cellEnd = (rate + Self.cellsPerSecond / 2) / Self.cellsPerSecond
        levels = .allocate(capacity: Self.levelCount)
        levels.initialize(repeating: Level(), count: Self.levelCount)
        modulations = .allocate(capacity: Self.modulationSteps)
        modulations.initialize(repeating: 0, count: Self.modulationSteps)
        envelope = .allocate(capacity: Self.cellsPerSecond)
        envelope.initialize(repeating: 0, count: Self.cellsPerSecond)
    }

    deinit {
        levels.deallocate()
        modulations.deallocate()
        envelope.deallocate()
    }

    /// Second-order Butterworth by the bilinear transform.
    private static func butterworth(_ hz: Double, _ sampleRate: Double, isHighPass: Bool) -> lathe_section {
        let k = tan(.pi * hz / sampleRate)
        let root2 = 2.0.squareRoot()
        let norm = 1 + root2 * k + k * k
        let gain = isHighPass ? 1 / norm : k * k / norm
        return lathe_section_of(gain, (isHighPass ? -2 : 2) * gain, gain, 2 * (k * k - 1) / norm, (1 - root2 * k + k * k) / norm)
    }

    /// Takes the next `frames` frames.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        var done = 0
        while done < frames {
            let take = min(frames - done, cellEnd - frame)
            if channels > 2 {
                mix(block.advanced(by: done), take)
            } else {
                filter(block[0] + done, block[channels - 1] + done, take)
            }
            frame += take
            done += take
            if frame == cellEnd { closeCell() }
        }
    }

    /// The mean of two rows.
    private mutating func filter(_ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, _ count: Int) {
        withUnsafeMutablePointer(to: &energy) { energy in
            energy.withMemoryRebound(to: Double.self, capacity: 2) { energies in
                withUnsafePointer(to: filters) { lathe_speech_bands(left, right, count, $0, &memory, energies) }
            }
        }
    }

    /// The mean of all channels.
    private mutating func mix(_ block: AudioBlock, _ count: Int) {
        let share = 1 / Double(channels)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 256) { buffer in
            let mean = buffer.baseAddress!
            for start in stride(from: 0, to: count, by: 256) {
                let n = min(256, count - start)
                for i in 0..<n {
                    var sum = 0.0
                    for c in 0..<channels { sum += block[c][start + i] }
                    mean[i] = sum * share
                }
                filter(mean, mean, n)
            }
        }
    }

    private mutating func closeCell() {
        let length = Double(rate) / Double(Self.cellsPerSecond)
        let voice = energy.x / length
        let sibilant = hasSibilants ? energy.y / length : 0
        energy = .zero
        let db = 10 * log10(voice + sibilant + 1e-30)
        let step = max(0, min(Self.levelCount - 1, Int(db - Self.lowestDB)))
        levels[step].cells += 1
        if sibilant > voice {
            levels[step].sibilantCells += 1
            levels[step].sibilant += sibilant
        } else {
            levels[step].voice += voice
        }
        envelope[cell % Self.cellsPerSecond] = voice.squareRoot()
        cell += 1
        cellEnd = ((cell + 1) * rate + Self.cellsPerSecond / 2) / Self.cellsPerSecond
        if cell % Self.cellsPerSecond == 0 { closeSecond() }
    }

    private func closeSecond() {
        let n = Self.cellsPerSecond
        var sum = 0.0, squares = 0.0
        for i in 0..<n {
            sum += envelope[i]
            squares += envelope[i] * envelope[i]
        }
        guard 10 * log10(squares / Double(n) + 1e-30) > Self.audibleDB else { return }
        var power = 0.0
        for k in 3...6 {
            var re = 0.0, im = 0.0
            for i in 0..<n {
                let phase = 2 * .pi * Double(k * i) / Double(n)
                re += envelope[i] * cos(phase)
                im += envelope[i] * sin(phase)
            }
            power += 2 * (re * re + im * im)
        }
        let modulation = power / (sum * sum)
        modulations[min(Self.modulationSteps - 1, Int(modulation * Self.stepsPerUnit))] += 1
    }

    /// Over the whole cells so far. Some µs.
    public var reading: Reading {
        var out = Reading()
        let cells = (0..<Self.levelCount).reduce(0) { $0 + levels[$1].cells }
        guard cells > 0 else { return out }
        out.syllabicModulation = medianModulation
        let loud = level(ofShare: 0.95, of: cells)
        out.pauseShare = Double((0..<max(0, loud - 25)).reduce(0) { $0 + levels[$1].cells }) / Double(cells)
        // Audible: within 20 dB of the loud cells.
        var audible = Level()
        for step in max(0, loud - 20)..<Self.levelCount {
            audible.cells += levels[step].cells
            audible.voice += levels[step].voice
            audible.sibilantCells += levels[step].sibilantCells
            audible.sibilant += levels[step].sibilant
        }
        let voiced = audible.cells - audible.sibilantCells
        out.sibilantShare = Double(audible.sibilantCells) / Double(audible.cells)
        if audible.sibilantCells > 0, voiced > 0, audible.voice > 0 {
            out.sibilanceDB = 10 * log10(audible.sibilant / Double(audible.sibilantCells) / (audible.voice / Double(voiced)))
        }
        return out
    }

    private var medianModulation: Double {
        let seconds = (0..<Self.modulationSteps).reduce(0) { $0 + modulations[$1] }
        var passed = 0
        for step in 0..<Self.modulationSteps {
            passed += modulations[step]
            if passed * 2 > seconds { return (Double(step) + 0.5) / Self.stepsPerUnit }
        }
        return 0
    }

    private func level(ofShare share: Double, of cells: Int) -> Int {
        var passed = 0
        for step in 0..<Self.levelCount {
            passed += levels[step].cells
            if Double(passed) >= share * Double(cells) { return step }
        }
        return Self.levelCount - 1
    }
}
