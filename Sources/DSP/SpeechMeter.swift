import Glibc

/// What tells a talking voice from music, and how sharp its sibilants are: cells of 20 ms of the mid signal, in the voice band
/// (300 Hz to 4 kHz) and in that of sibilants (5 to 9 kHz).
///
/// After Scheirer & Slaney, ICASSP 1997: speech alone has both strong modulation at the rate of syllables (3 to 6 Hz) and many quiet
/// cells between them. Streaming, in fixed memory (10 KiB); some 4 ns per frame.
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

    private struct Biquad { var b0, b1, b2, a1, a2: SIMD2<Double> }
    /// Filter memory (transposed direct form II), and the squares of the open cell.
    private struct State {
        var high1 = SIMD2<Double>.zero, high2 = SIMD2<Double>.zero
        var low1 = SIMD2<Double>.zero, low2 = SIMD2<Double>.zero
        var energy = SIMD2<Double>.zero
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
    private let highPass: Biquad
    private let lowPass: Biquad
    private let hasSibilants: Bool
    private var state = State()
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
        highPass = Self.butterworth(SIMD2(300, min(5000, top)), sampleRate, isHighPass: true)
        lowPass = Self.butterworth(SIMD2(min(4000, 0.4 * sampleRate), min(9000, top)), sampleRate, isHighPass: false)
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

    /// Second-order Butterworth by the bilinear transform, one corner per lane.
    private static func butterworth(_ hz: SIMD2<Double>, _ sampleRate: Double, isHighPass: Bool) -> Biquad {
        let k = SIMD2(tan(.pi * hz.x / sampleRate), tan(.pi * hz.y / sampleRate))
        let root2 = 2.0.squareRoot()
        let norm = 1 + root2 * k + k * k
        let gain = isHighPass ? 1 / norm : k * k / norm
        return Biquad(
            b0: gain, b1: (isHighPass ? -2 : 2) * gain, b2: gain, a1: 2 * (k * k - 1) / norm, a2: (1 - root2 * k + k * k) / norm)
    }

    /// Takes the next `frames` frames.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        var done = 0
        while done < frames {
            let take = min(frames - done, cellEnd - frame)
            if channels == 2 {
                let (left, right) = (block[0] + done, block[1] + done)
                state = filtered(take) { 0.5 * (left[$0] + right[$0]) }
            } else if channels == 1 {
                let only = block[0] + done
                state = filtered(take) { only[$0] }
            } else {
                let share = 1 / Double(channels)
                state = filtered(take) { i in
                    var sum = 0.0
                    for c in 0..<channels { sum += block[c][done + i] }
                    return sum * share
                }
            }
            frame += take
            done += take
            if frame == cellEnd { closeCell() }
        }
    }

    @inline(__always)
    private func filtered(_ count: Int, _ sample: (Int) -> Double) -> State {
        var s = state
        for i in 0..<count {
            // The bias keeps the filters out of the slow subnormal range in silence.
            let x = SIMD2<Double>(repeating: sample(i) + 1e-30)
            let u = highPass.b0 * x + s.high1
            s.high1 = (highPass.b1 * x + s.high2) - highPass.a1 * u
            s.high2 = highPass.b2 * x - highPass.a2 * u
            let y = lowPass.b0 * u + s.low1
            s.low1 = (lowPass.b1 * u + s.low2) - lowPass.a1 * y
            s.low2 = lowPass.b2 * u - lowPass.a2 * y
            s.energy += y * y
        }
        return s
    }

    private mutating func closeCell() {
        let length = Double(rate) / Double(Self.cellsPerSecond)
        let voice = state.energy.x / length
        let sibilant = hasSibilants ? state.energy.y / length : 0
        state.energy = .zero
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
