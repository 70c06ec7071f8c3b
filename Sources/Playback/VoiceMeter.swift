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
    private var highest = 0.0
    /// True peaks of the latest readings, for PSR; a ring.
    private var recent = InlineArray<90, Double>(repeating: 0)
    private var readings = 0

    /// - Parameter history: frames that the spectrum looks back, a power of two.
    init(sampleRate: Double, layout: ChannelLayout, history size: Int) {
        let channels = layout.channels
        loudness = LoudnessMeter(sampleRate: sampleRate, layout: layout)
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
        highest = 0
        recent = InlineArray(repeating: 0)
    }

    /// Held peaks, integrated loudness and range begin anew; what is momentary goes on within its window.
    mutating func restart() {
        loudness.reset()
        truePeak.clearPeaks()
        highest = 0
        recent = InlineArray(repeating: 0)
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
        let peak = truePeak.peak
        truePeak.clearPeaks()
        highest = max(highest, peak)
        meters.truePeak = highest > 0 ? 20 * log10(highest) : nil
        recent[readings % recent.count] = peak
        readings += 1
        var most = 0.0
        for k in recent.indices { most = max(most, recent[k]) }
        if let short = meters.shortTerm, most > 0 { meters.peakToShortTerm = 20 * log10(most) - short }
        takeField(&meters.field)
        meters.peakLeft = Self.decibels(peaks.left)
        meters.peakRight = Self.decibels(peaks.right)
        meters.correlation = correlation.current
        peaks = (0, 0)
        return meters
    }

    /// Every eighth of the latest 512 frames.
    private func takeField(_ field: inout InlineArray<64, SIMD2<Float>>) {
        guard history.block.channels > 1 else { return }
        let left = history.block[0], right = history.block[1]
        for k in field.indices {
            let at = (end - 1 - (field.count - 1 - k) * 8) & (size - 1)
            field[k] = SIMD2(Float(left[at]), Float(right[at]))
        }
    }

    private static func decibels(_ level: Double) -> Float {
        level > 0 ? max(MeterFrame.floorDB, Float(20 * log10(level))) : MeterFrame.floorDB
    }
}
