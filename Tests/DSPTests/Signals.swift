import DSP
import Foundation

/// Deterministic noise for properties: xorshift64*, so that a printed seed replays a failure.
struct Noise {
    private var state: UInt64
    init(seed: UInt64) { state = seed | 1 }

    mutating func uniform() -> Double {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Double(Int64(bitPattern: state &* 0x2545_F491_4F6C_DD1D) >> 11) * 0x1p-52
    }

    mutating func integer(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int((uniform() + 1) / 2 * Double(range.count)).clamped(to: 0...(range.count - 1))
    }
}

extension Int {
    func clamped(to range: ClosedRange<Int>) -> Int { Swift.min(Swift.max(self, range.lowerBound), range.upperBound) }
}

func decibels(_ x: Double) -> Double { 20 * Foundation.log10(x) }

func buffer(channels: Int, frames: Int, _ sample: (Int, Int) -> Double) -> AudioBuffer {
    let made = AudioBuffer(channels: channels, frames: frames)
    for c in 0..<channels { for i in 0..<frames { made.block[c][i] = sample(c, i) } }
    return made
}

/// Peak magnitude of the DFT bin at `hz`, by direct summation: independent of the FFT under test.
func toneAmplitude(_ x: UnsafePointer<Double>, _ frames: Int, hz: Double, sampleRate: Double) -> Double {
    var re = 0.0, im = 0.0
    for i in 0..<frames {
        let phase = 2 * Double.pi * hz * Double(i) / sampleRate
        re += x[i] * cos(phase)
        im -= x[i] * sin(phase)
    }
    return 2 * (re * re + im * im).squareRoot() / Double(frames)
}
