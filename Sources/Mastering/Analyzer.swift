import DSP
import Glibc

/// Measures a programme in one streaming pass: loudness, true peak, spectrum, correlation, and what the findings rest on.
///
/// Memory is fixed by sample rate and channel count, not by length. Results do not depend on how the frames are cut into calls,
/// but for the time stamp of a true-peak finding, which is that of the call.
public struct Analyzer: ~Copyable {
    private let sampleRate: Double
    private let channels: Int
    private var loudness: LoudnessMeter
    private var truePeak: TruePeakMeter
    private var spectrum: ThirdOctaveSpectrum
    private var correlation: CorrelationMeter
    private var evidence: Evidence

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000.
    ///   - channels: 1…32.
    ///   - integerBits: width of the samples when they come from integers; lets the unused bits be found.
    public init(sampleRate: Double, channels: Int, integerBits: Int? = nil) {
        self.sampleRate = sampleRate
        self.channels = channels
        loudness = LoudnessMeter(sampleRate: sampleRate, channels: channels)
        truePeak = TruePeakMeter(channels: channels)
        spectrum = ThirdOctaveSpectrum(sampleRate: sampleRate, channels: channels)
        correlation = CorrelationMeter(sampleRate: sampleRate)
        evidence = Evidence(sampleRate: sampleRate, channels: channels, integerBits: integerBits)
    }

    /// Takes the next `frames` frames.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        guard frames > 0 else { return }
        loudness.process(block, frames: frames)
        spectrum.process(block, frames: frames)
        correlation.process(block, frames: frames)
        truePeak.process(block, frames: frames)
        evidence.process(block, frames: frames, truePeak: truePeak.peak)
    }

    /// Frames taken so far.
    public var frames: Int64 { evidence.frames }

    /// Ends the programme. The fields that describe a file (`file`, `format`, `encoding`) are left empty.
    public consuming func finish() -> Analysis {
        truePeak.finish()
        spectrum.finish()
        evidence.finish()
        var out = Analysis()
        out.sampleRate = Int(sampleRate.rounded())
        out.channels = channels
        out.frames = evidence.frames
        out.seconds = Double(evidence.frames) / sampleRate
        out.integratedLUFS = loudness.integratedLUFS
        out.loudnessRangeLU = loudness.loudnessRangeLU
        out.maxMomentaryLUFS = loudness.maxMomentaryLUFS
        out.maxShortTermLUFS = loudness.maxShortTermLUFS
        out.truePeakDBTP = Self.decibels(truePeak.peak)
        out.samplePeakDBFS = Self.decibels(truePeak.samplePeak)
        if let peak = out.truePeakDBTP, let integrated = out.integratedLUFS { out.plrDB = peak - integrated }
        out.correlation = channels == 2 ? correlation.overall : nil
        out.dcOffset = evidence.dcOffset
        out.clippedSamples = evidence.clippedSamples
        out.bands = ThirdOctaveSpectrum.centres.indices.map { index in
            let power = spectrum.bandPower(index)
            return Analysis.Band(hz: ThirdOctaveSpectrum.centres[index], db: power > 1e-20 ? 10 * log10(power / 0.5) : nil)
        }
        let shape = SpectralShape(
            edgeHz: SpectralEdge.find(spectrum, sampleRate: sampleRate),
            oppositeBassHz: SpectralShape.oppositeBass(spectrum))
        out.findings = Findings.judge(out, evidence, shape)
        return out
    }

    /// Of an amplitude, full scale 0; nil for nothing.
    private static func decibels(_ amplitude: Double) -> Double? { amplitude > 0 ? 20 * log10(amplitude) : nil }
}
