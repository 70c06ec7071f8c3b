import DSP
import Glibc

/// From the two voices to what is heard: A/B crossfade, trims, the fade of start and stop, and the last guard at full scale.
///
/// While nothing moves and the trim is 0 dB the samples pass untouched, so a capture equals the render bit for bit.
struct Mixer {
    /// Frames of every fade: 8 ms.
    let fadeFrames: Int
    /// A quarter cosine from 1 to exactly 0.
    private let fade: UnsafeMutablePointer<Double>
    private let masterGains: UnsafeMutablePointer<Double>
    private let originalGains: UnsafeMutablePointer<Double>

    private var voice = Voice.master
    private var previousVoice = Voice.master
    private var voiceFrames: Int
    private var masterTrim = 1.0, masterTarget = 1.0
    private var originalTrim = 1.0, originalTarget = 1.0
    private var trimFrames = 0
    /// 0 is silent, `fadeFrames` is fully open.
    private(set) var opening = 0
    private var rising = true

    init(sampleRate: Double) {
        fadeFrames = max(16, Int(sampleRate * 0.008))
        fade = .allocate(capacity: fadeFrames + 1)
        for i in 0...fadeFrames {
            (fade + i).initialize(to: i == fadeFrames ? 0 : cos(Double.pi / 2 * Double(i) / Double(fadeFrames)))
        }
        masterGains = .allocate(capacity: maximumBlockFrames)
        masterGains.initialize(repeating: 0, count: maximumBlockFrames)
        originalGains = .allocate(capacity: maximumBlockFrames)
        originalGains.initialize(repeating: 0, count: maximumBlockFrames)
        voiceFrames = fadeFrames
    }

    func deallocate() {
        fade.deallocate()
        masterGains.deallocate()
        originalGains.deallocate()
    }

    /// Equal-power gain of what comes, `frame` frames into a fade; of what goes it is the fade's mirror image.
    @inline(__always) func coming(_ frame: Int) -> Double { fade[fadeFrames - frame] }
    @inline(__always) func going(_ frame: Int) -> Double { fade[frame] }

    /// Asks for a voice; a switch under way is finished first.
    mutating func want(_ new: Voice) {
        guard voiceFrames == fadeFrames, new != voice else { return }
        previousVoice = voice
        voice = new
        voiceFrames = 0
    }

    /// Asks for linear trims, reached along a straight line.
    mutating func want(masterTrim: Double, originalTrim: Double) {
        guard masterTrim != masterTarget || originalTrim != originalTarget else { return }
        masterTarget = masterTrim
        originalTarget = originalTrim
        trimFrames = 2 * fadeFrames
    }

    /// Nothing is sounding: whatever was asked for holds from the first frame on. `fadeIn` starts in silence.
    mutating func start(fadeIn: Bool, voice: Voice) {
        self.voice = voice
        voiceFrames = fadeFrames
        masterTrim = masterTarget
        originalTrim = originalTarget
        trimFrames = 0
        opening = fadeIn ? 0 : fadeFrames
        rising = true
    }

    /// Fades out from here.
    mutating func close() { rising = false }

    /// Mixes `frames` frames into `out`; returns how many samples the guard at ±1 had to cut.
    ///
    /// - Parameter remaining: frames until playing has to be silent.
    mutating func mix(master: AudioBlock, original: AudioBlock, into out: AudioBlock, frames: Int, remaining: Int) -> Int {
        let steady = voiceFrames == fadeFrames && trimFrames == 0 && opening == fadeFrames && rising && remaining - frames >= fadeFrames
        if steady {
            let (a, b) = Self.weights(voice)
            return mixSteady(master, original, out, frames, a * masterTrim, b * originalTrim)
        }
        for i in 0..<frames { moveOn(frame: i, remaining: remaining - i) }
        var cut = 0
        for c in 0..<out.channels {
            let x = master[c], y = original[c], to = out[c]
            for i in 0..<frames { to[i] = Self.guarded(weighted(x[i], y[i], masterGains[i], originalGains[i]), &cut) }
        }
        return cut
    }

    private func mixSteady(_ master: AudioBlock, _ original: AudioBlock, _ out: AudioBlock, _ frames: Int, _ a: Double, _ b: Double) -> Int {
        var cut = 0
        for c in 0..<out.channels {
            let x = master[c], y = original[c], to = out[c]
            if b == 0 {
                for i in 0..<frames { to[i] = Self.guarded(x[i] * a, &cut) }
            } else if a == 0 {
                for i in 0..<frames { to[i] = Self.guarded(y[i] * b, &cut) }
            } else {
                for i in 0..<frames { to[i] = Self.guarded(x[i] * a + y[i] * b, &cut) }
            }
        }
        return cut
    }

    /// A voice with no weight is left out, not added as zero: that would turn −0 into +0.
    @inline(__always) private func weighted(_ x: Double, _ y: Double, _ a: Double, _ b: Double) -> Double {
        b == 0 ? x * a : a == 0 ? y * b : x * a + y * b
    }

    /// Sets both voices' gains of frame `i` and moves every fade on by one frame.
    @inline(__always) private mutating func moveOn(frame i: Int, remaining: Int) {
        var (a, b) = Self.weights(voice)
        if voiceFrames < fadeFrames {
            voiceFrames += 1
            let before = Self.weights(previousVoice), new = coming(voiceFrames), old = going(voiceFrames)
            a = a * new + before.0 * old
            b = b * new + before.1 * old
        }
        if trimFrames > 0 {
            masterTrim += (masterTarget - masterTrim) / Double(trimFrames)
            originalTrim += (originalTarget - originalTrim) / Double(trimFrames)
            trimFrames -= 1
            if trimFrames == 0 {
                masterTrim = masterTarget
                originalTrim = originalTarget
            }
        }
        opening = rising ? min(fadeFrames, opening + 1) : max(0, opening - 1)
        var gain = coming(opening)
        if remaining <= fadeFrames { gain *= coming(max(0, remaining - 1)) }
        masterGains[i] = a * masterTrim * gain
        originalGains[i] = b * originalTrim * gain
    }

    private static func weights(_ voice: Voice) -> (Double, Double) {
        switch voice {
        case .master: (1, 0)
        case .original: (0, 1)
        case .difference: (1, -1)
        }
    }

    @inline(__always) private static func guarded(_ x: Double, _ cut: inout Int) -> Double {
        if x >= -1 && x <= 1 { return x }
        cut += 1
        // The last case is a value that is not a number.
        return x > 1 ? 1 : x < -1 ? -1 : 0
    }
}
