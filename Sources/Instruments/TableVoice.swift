import DSP

/// A note under way.
protocol SoundingNote {
    /// Adds the next `frames` frames. Returns whether there is more to come.
    /// - Parameter scratch: room for `frames` frames.
    mutating func render(_ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, _ frames: Int, scratch: UnsafeMutablePointer<SIMD2<Double>>) -> Bool
}

/// What a note is to be.
struct NoteOrder {
    var pitch: Int
    /// 0…1.
    var velocity: Double
    /// Frames until it is let go.
    var held: Int
    var rate: Double
    /// Of the tempo, for movement that keeps time.
    var framesPerBar: Double
    /// Different for every note.
    var seed: UInt64
    /// Brings the patch to its place in the mix.
    var gain = 1.0
}

/// Wavetables in unison, filtered and shaped. Controls move every 32 frames, amplitudes glide between.
struct TableVoice: SoundingNote {
    private static let step = 32
    private static let most = 7

    private let table: Wavetable
    private let second: Wavetable?
    private let sound: TableSound
    private let rate: Double
    private let order: NoteOrder
    private var phases: [UInt32]
    private var increments: [Double]
    private var gains: [SIMD2<Double>]
    private var frame = 0
    private var envelope = 0.0
    private var releasing: Double?
    private var filter = SVFState()
    private var filterEnvelope = 0.0
    private var noise: Noise
    private var breathState = 0.0
    private let level: Double
    private let vibratoPhase: Double
    private let tracked: Double

    init(_ sound: TableSound, _ order: NoteOrder, table: Wavetable, second: Wavetable?) {
        self.sound = sound
        self.order = order
        self.table = table
        self.second = second
        rate = order.rate
        noise = Noise(order.seed)
        let count = max(1, min(Self.most, sound.unison))
        let hz = FastMath.hz(Double(order.pitch))
        var stream = Noise(order.seed &* 0x9E37_79B9)
        let scale = 1 / Double(count).squareRoot()
        phases = []
        increments = []
        gains = []
        for voice in 0..<count {
            // −1…1 across the unison; its voices start anywhere in their cycle.
            let place = count == 1 ? 0 : Double(2 * voice) / Double(count - 1) - 1
            phases.append(count == 1 ? 0 : UInt32(truncatingIfNeeded: Int64((stream.next() + 1) * 2_147_483_647)))
            increments.append(hz * FastMath.exp2(place * sound.detune / 1200) / rate * 4_294_967_296)
            // The outermost pitches do not sit on one side: sides alternate.
            let side = (voice % 2 == 0 ? place : -place) * sound.spread
            gains.append(SIMD2(scale * (1 - max(0, side)).squareRoot(), scale * (1 + min(0, side)).squareRoot()))
        }
        let curve = 0.25 + 0.75 * order.velocity
        level = curve * curve * order.gain
        vibratoPhase = Double(order.seed % 97) / 97
        tracked = FastMath.exp2((Double(order.pitch) - 60) / 12 * sound.tracking)
    }

    mutating func render(_ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, _ frames: Int, scratch: UnsafeMutablePointer<SIMD2<Double>>) -> Bool {
        var at = 0
        while at < frames {
            let n = min(Self.step, frames - at)
            if !run(left + at, right + at, n, scratch) { return false }
            at += n
        }
        return true
    }

    private mutating func run(
        _ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, _ n: Int, _ scratch: UnsafeMutablePointer<SIMD2<Double>>
    ) -> Bool {
        let seconds = Double(frame) / rate
        let from = envelope
        let to = nextEnvelope(after: n)
        envelope = to
        if releasing != nil, to < 3e-5, from < 3e-5 { return false }

        var bend = 0.0
        if sound.vibrato > 0, seconds > sound.vibratoDelay {
            let grown = min(1, (seconds - sound.vibratoDelay) * 3)
            let turn = seconds * sound.vibratoRate + vibratoPhase
            bend += sound.vibrato * grown * FastMath.sinPi(2 * (turn - turn.rounded(.down)))
        }
        if sound.scoop != 0, seconds < sound.scoopTime { bend += 100 * sound.scoop * (1 - seconds / sound.scoopTime) }
        let factor = bend == 0 ? 1 : FastMath.exp2(bend / 1200)

        let isFiltered = sound.cutoff > 0
        var a1 = 0.0, a2 = 0.0, a3 = 0.0
        if isFiltered { (a1, a2, a3) = coefficients(seconds) }
        let breath = sound.breath
        let slope = (to - from) / Double(n)
        table.samples.withUnsafeBufferPointer { wave in
            let isDouble = second != nil
            withTable(second) { upper in
                for voice in phases.indices {
                    var phase = phases[voice]
                    let increment = UInt32(max(0, min(2_147_483_647, increments[voice] * factor)))
                    for i in 0..<n {
                        let k = Int(phase >> 21)
                        let t = Double(phase & 0x1F_FFFF) * 0x1p-21
                        var x = wave[k] + t * (wave[k + 1] - wave[k])
                        if isDouble {
                            // The octave's table runs along at its own ratio through the same phase.
                            let p2 = phase &<< 1
                            let k2 = Int(p2 >> 21)
                            x += sound.octaveLevel * (upper[k2] + Double(p2 & 0x1F_FFFF) * 0x1p-21 * (upper[k2 + 1] - upper[k2]))
                        }
                        scratch[i] = voice == 0 ? gains[voice] * x : scratch[i] + gains[voice] * x
                        phase = phase &+ increment
                    }
                    phases[voice] = phase
                }
            }
        }
        var gain = from * level
        for i in 0..<n {
            var x = scratch[i]
            if breath > 0 {
                breathState += 0.35 * (noise.next() - breathState)
                x += breathState * breath * 0.25
            }
            if isFiltered {
                let v3 = x - filter.ic2
                let v1 = a1 * filter.ic1 + a2 * v3
                let v2 = filter.ic2 + a2 * filter.ic1 + a3 * v3
                filter.ic1 = v1 + v1 - filter.ic1
                filter.ic2 = v2 + v2 - filter.ic2
                x = v2
            }
            gain += slope * level
            left[i] += x.x * gain
            right[i] += x.y * gain
        }
        frame += n
        return true
    }

    private func withTable(_ table: Wavetable?, _ body: (UnsafeBufferPointer<Double>) -> Void) {
        if let table { table.samples.withUnsafeBufferPointer(body) } else { body(UnsafeBufferPointer(start: nil, count: 0)) }
    }

    private mutating func nextEnvelope(after n: Int) -> Double {
        let seconds = Double(frame + n) / rate
        if releasing == nil, frame >= order.held { releasing = envelope }
        if releasing != nil { return envelope * FastMath.exp(-Double(n) / rate * 5 / max(0.01, sound.release)) }
        if seconds < sound.attack {
            let x = seconds / sound.attack
            // Slow attacks swell, fast ones are straight.
            return sound.attack > 0.05 ? x * x * (3 - 2 * x) : x
        }
        return sound.sustain + (1 - sound.sustain) * FastMath.exp(-min(60, (seconds - sound.attack) * 3 / max(0.01, sound.decay)))
    }

    private mutating func coefficients(_ seconds: Double) -> (Double, Double, Double) {
        var octaves = sound.filterEnvelope * (0.4 + 0.6 * order.velocity)
        if seconds < sound.filterAttack { octaves *= seconds / sound.filterAttack }
        else { octaves *= FastMath.exp(-min(60, (seconds - sound.filterAttack) * 3 / max(0.01, sound.filterDecay))) }
        if sound.sweep > 0 {
            let turn = Double(frame) / order.framesPerBar * sound.sweepPerBar
            octaves += sound.sweep * FastMath.sinPi(2 * (turn - turn.rounded(.down)))
        }
        octaves += (order.velocity - 0.7) * 0.8
        let hz = max(40, min(0.45 * rate, sound.cutoff * tracked * FastMath.exp2(octaves)))
        let g = FastMath.tanPi(hz / rate)
        let k = 1 / sound.resonance
        let a1 = 1 / (1 + g * (g + k))
        return (a1, g * a1, g * g * a1)
    }
}
