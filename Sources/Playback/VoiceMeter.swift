import DSP
import Glibc

/// All meters of one voice. The analyser's thread alone.
struct VoiceMeter: ~Copyable {
    private var loudness: LoudnessMeter
    private var truePeak: TruePeakMeter
    private var correlation: CorrelationMeter
    private let history: AudioBuffer
    private let size: Int
    private var end = 0
    private var peaks = (left: 0.0, right: 0.0)

    /// - Parameter history: frames that the spectrum looks back, a power of two.
    init(sampleRate: Double, channels: Int, history size: Int) {
        loudness = LoudnessMeter(sampleRate: sampleRate, channels: channels)
        truePeak = TruePeakMeter(channels: channels)
        correlation = CorrelationMeter(sampleRate: sampleRate)
        history = AudioBuffer(channels: channels, frames: size)
        self.size = size
    }

    mutating func reset() {
        loudness.reset()
        truePeak.reset()
        correlation.reset()
        history.block.clear(frames: size)
        end = 0
        peaks = (0, 0)
    }

    mutating func process(_ block: AudioBlock, frames: Int) {
        loudness.process(block, frames: frames)
        truePeak.process(block, frames: frames)
        correlation.process(block, frames: frames)
        let right = min(1, block.channels - 1)
        for i in 0..<frames {
            peaks.left = max(peaks.left, abs(block[0][i]))
            peaks.right = max(peaks.right, abs(block[right][i]))
        }
        for c in 0..<block.channels {
            let from = block[c], to = history.block[c]
            for i in 0..<frames { to[(end + i) & (size - 1)] = from[i] }
        }
        end += frames
    }

    /// The readings; the sample peaks begin anew.
    mutating func take(_ spectrum: inout SpectrumBands) -> MeterFrame.VoiceMeters {
        var meters = MeterFrame.VoiceMeters()
        meters.spectrum = spectrum.bands(of: history.block, oldest: end)
        meters.momentary = loudness.momentaryLUFS
        meters.shortTerm = loudness.shortTermLUFS
        meters.integrated = loudness.integratedLUFS
        meters.loudnessRange = loudness.loudnessRangeLU
        meters.truePeak = truePeak.peak > 0 ? 20 * log10(truePeak.peak) : nil
        meters.peakLeft = Self.decibels(peaks.left)
        meters.peakRight = Self.decibels(peaks.right)
        meters.correlation = correlation.current
        peaks = (0, 0)
        return meters
    }

    private static func decibels(_ level: Double) -> Float {
        level > 0 ? max(MeterFrame.floorDB, Float(20 * log10(level))) : MeterFrame.floorDB
    }
}
