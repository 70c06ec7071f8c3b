import DSP
import Foundation

/// The amplitude of a tone in `frames` frames of the first channel. Keeps the buffer while it reads, which a bare pointer does not.
func toneAmplitude(_ b: AudioBuffer, from first: Int, _ frames: Int, hz: Double, rate: Double) -> Double {
    withExtendedLifetime(b) { toneAmplitude(b.block[0] + first, frames, hz: hz, sampleRate: rate) }
}

/// Energy of harmonics 2…20 below half the sample rate against the fundamental, dB: exactly one second from frame `first` on, `hz` a whole
/// number, so that every line falls on a bin of the transform.
func harmonicDistortionDB(_ b: AudioBuffer, from first: Int, hz: Int, rate: Int) -> Double {
    defer { withExtendedLifetime(b) {} }
    let x = b.block[0] + first
    let fundamental = toneAmplitude(x, rate, hz: Double(hz), sampleRate: Double(rate))
    var sum = 0.0
    for h in 2...20 where h * hz < rate / 2 - 50 {
        let a = toneAmplitude(x, rate, hz: Double(h * hz), sampleRate: Double(rate))
        sum += a * a
    }
    return 10 * log10(sum / (fundamental * fundamental) + 1e-40)
}

/// What is left of one second from frame `first` on when the lines at `except` (whole Hz) are taken out, against the line `reference`, dB.
func restDB(_ b: AudioBuffer, from first: Int, except lines: [Int], reference: Int, rate: Int) -> Double {
    defer { withExtendedLifetime(b) {} }
    let x = b.block[0] + first
    var energy = 0.0, mean = 0.0
    for i in 0..<rate {
        energy += x[i] * x[i]
        mean += x[i]
    }
    mean /= Double(rate)
    energy = energy / Double(rate) - mean * mean
    var rest = (0..<rate).map { x[$0] - mean }
    // Subtraction in the time domain: a difference of energies would end at the rounding of the large one.
    for hz in lines {
        var re = 0.0, im = 0.0
        for i in 0..<rate {
            let phase = 2 * Double.pi * Double(hz * i % rate) / Double(rate)
            re += rest[i] * cos(phase)
            im += rest[i] * sin(phase)
        }
        re *= 2 / Double(rate)
        im *= 2 / Double(rate)
        for i in 0..<rate {
            let phase = 2 * Double.pi * Double(hz * i % rate) / Double(rate)
            rest[i] -= re * cos(phase) + im * sin(phase)
        }
    }
    let amplitude = toneAmplitude(x, rate, hz: Double(reference), sampleRate: Double(rate))
    return 10 * log10(rest.reduce(0) { $0 + $1 * $1 } / Double(rate) / (amplitude * amplitude / 2) + 1e-40)
}

/// True peak, dB, by direct interpolation: 16 places a frame, 128 taps of a sinc under a Kaiser window (β 10), wherever a sample near
/// reaches half the highest. Shares nothing with the meters under test.
func interpolatedPeakDB(_ buffer: AudioBuffer, frames: Int) -> Double {
    defer { withExtendedLifetime(buffer) {} }
    let b = buffer.block
    func bessel(_ x: Double) -> Double {
        var sum = 1.0, term = 1.0
        for k in 1..<60 {
            term *= (x / 2 / Double(k)) * (x / 2 / Double(k))
            sum += term
        }
        return sum
    }
    let half = 64
    let rows = (0..<16).map { place -> [Double] in
        let taps = (0..<2 * half).map { k -> Double in
            let t = Double(k - half + 1) - Double(place) / 16, w = 1 - (t / Double(half)) * (t / Double(half))
            let sinc = abs(t) < 1e-12 ? 1 : sin(.pi * t) / (.pi * t)
            return w > 0 ? sinc * bessel(10 * w.squareRoot()) : 0
        }
        let sum = taps.reduce(0, +)
        return taps.map { $0 / sum }
    }
    var sample = 0.0, peak = 0.0
    for c in 0..<b.channels { for i in 0..<frames { sample = max(sample, abs(b[c][i])) } }
    for c in 0..<b.channels {
        let x = [Double](repeating: 0, count: 2 * half) + (0..<frames).map { b[c][$0] } + [Double](repeating: 0, count: 2 * half)
        for i in 0..<frames where (-3...4).contains(where: { abs(x[2 * half + i + $0]) >= 0.5 * sample }) {
            for row in rows {
                var sum = 0.0
                for k in 0..<2 * half { sum += row[k] * x[half + 1 + i + k] }
                peak = max(peak, abs(sum))
            }
        }
    }
    return decibels(peak)
}
