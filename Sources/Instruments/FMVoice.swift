import DSP

/// Two pairs of sines, the second for the bite of the attack (J. Chowning, "The synthesis of complex audio spectra by means of frequency
/// modulation", JAES 21(7), 1973).
struct FMVoice: SoundingNote {
    private let order: NoteOrder
    private let sound: FMSound
    private let sine: Wavetable
    private var carrier: UInt32 = 0
    private var modulator: UInt32 = 0
    private var tine: UInt32 = 0
    private let step: UInt32
    private let modulatorStep: UInt32
    private let tineStep: UInt32
    private var index: Double
    private let indexFall: Double
    private let indexFloor: Double
    private var tineLevel: Double
    private let tineFall: Double
    private var level = 1.0
    private let levelFall: Double
    private var gate = 0.0
    private let rise: Double
    /// The hammer is on the tine.
    private var accent = 0.9
    private let accentFall: Double
    private let letGo: Double
    private let loudness: Double
    private var frame = 0

    init(_ sound: FMSound, _ order: NoteOrder, sine: Wavetable) {
        self.order = order
        self.sound = sound
        self.sine = sine
        let hz = FastMath.hz(Double(order.pitch))
        func advance(_ hz: Double) -> UInt32 { UInt32(max(0, min(0.49, hz / order.rate)) * 4_294_967_296) }
        step = advance(hz)
        modulatorStep = advance(hz * sound.ratio)
        let high = hz * sound.tineRatio
        tineStep = advance(high)
        // Side bands must end below half the sample rate.
        let room = max(0, (0.45 * order.rate - hz) / (hz * sound.ratio) - 1)
        index = min(sound.index * (0.15 + 0.85 * order.velocity * order.velocity), room) * FastMath.exp2(-max(0, Double(order.pitch) - 60) / 24)
        indexFloor = index * 0.2
        func fall(_ seconds: Double) -> Double { FastMath.exp(-1 / (max(0.005, seconds) * order.rate)) }
        indexFall = fall(sound.indexDecay)
        tineLevel = high < 0.4 * order.rate ? sound.tineLevel * order.velocity : 0
        tineFall = fall(sound.tineDecay)
        levelFall = fall(sound.decay * FastMath.exp2(-(Double(order.pitch) - 60) / 12 * sound.keyDecay) / 2.3)
        accentFall = FastMath.exp(-1 / (0.01 * order.rate))
        rise = 1 / max(1, sound.attack * order.rate)
        letGo = FastMath.exp(-5 / (max(0.01, sound.release) * order.rate))
        loudness = (0.2 + 0.8 * order.velocity) * (0.2 + 0.8 * order.velocity) * 0.3 * order.gain
    }

    mutating func render(_ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, _ frames: Int, scratch: UnsafeMutablePointer<SIMD2<Double>>) -> Bool {
        sine.samples.withUnsafeBufferPointer { wave in
            func at(_ phase: UInt32) -> Double {
                let k = Int(phase >> 21)
                return (wave[k] + Double(phase & 0x1F_FFFF) * 0x1p-21 * (wave[k + 1] - wave[k])) * Self.unit
            }
            for i in 0..<frames {
                if frame + i < order.held { gate = min(1, gate + rise) } else { gate *= letGo }
                let bend = at(modulator) * index * 0.15915494309189535
                let body = at(carrier &+ UInt32(truncatingIfNeeded: Int64(bend * 4_294_967_296)))
                let bite = at(tine) * tineLevel
                let x = (body * (sound.sustain + (1 - sound.sustain) * level) + bite) * gate * loudness * (1 + accent)
                accent *= accentFall
                carrier = carrier &+ step
                modulator = modulator &+ modulatorStep
                tine = tine &+ tineStep
                index = indexFloor + (index - indexFloor) * indexFall
                tineLevel *= tineFall
                level *= levelFall
                left[i] += x
                right[i] += x
            }
        }
        if accent < 1e-6 { accent = 0 }
        frame += frames
        return frame < order.held || gate * max(sound.sustain, level) > 3e-5
    }

    /// Tables hold a sine of effective value ¼; its peak is that times √2.
    private static let unit = 4 / 1.4142135623730951
}
