import AudioFiles
import DSP
import Glibc

/// Measures a programme in one streaming pass: loudness, true peak, spectrum, correlation, and what the findings rest on.
///
/// Memory is fixed by sample rate and channel count, not by length. Results do not depend on how the frames are cut into calls,
/// but for the last digits of correlation and DC, and for the time stamp of a true-peak finding, which is that of the call.
/// Some 40 ns per stereo frame.
public struct Analyzer: ~Copyable {
    private var levels: LevelMeters
    private var spectra: SpectralMeters

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000.
    ///   - layout: of 1…32 channels.
    ///   - integerBits: width of the samples when they come from integers; lets the unused bits be found.
    public init(sampleRate: Double, layout: ChannelLayout, integerBits: Int? = nil) {
        levels = LevelMeters(sampleRate: sampleRate, layout: layout)
        spectra = SpectralMeters(sampleRate: sampleRate, channels: layout.channels, integerBits: integerBits)
    }

    /// Takes the next `frames` frames.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        guard frames > 0 else { return }
        levels.process(block, frames)
        spectra.process(block, frames)
    }

    /// Takes the next `frames` frames for loudness and true peak alone; `processSamples` has to follow with the same frames.
    mutating func processSignal(_ block: AudioBlock, frames: Int) {
        guard frames > 0 else { return }
        levels.processLoudness(block, frames)
        spectra.processTruePeak(block, frames)
    }

    /// The other half of `processSignal`: spectrum and the evidence in the samples, which may have been shortened since. Leaves out what
    /// only an input is judged by (speech, piled peaks, tempo).
    mutating func processSamples(_ block: AudioBlock, frames: Int) {
        guard frames > 0 else { return }
        spectra.processEvidence(block, frames)
    }

    /// Largest |sample| so far.
    var highestSample: Double { spectra.truePeak.highestInput }

    /// Ends the programme; nothing may be processed any more.
    mutating func settle() {
        spectra.finish()
    }

    /// LUFS, and linear; of a programme that has ended.
    var loudnessAndPeak: (integratedLUFS: Double?, truePeak: Double) { (levels.loudness.integratedLUFS, spectra.truePeak.peak) }

    /// Ends the programme. The fields that describe a file (`file`, `format`, `encoding`) are left empty.
    public consuming func finish() -> Analysis {
        settle()
        return Self.result(levels, spectra)
    }

    fileprivate static func result(_ levels: borrowing LevelMeters, _ spectra: borrowing SpectralMeters) -> Analysis {
        var out = Analysis()
        let evidence = spectra.evidence
        out.sampleRate = Int(evidence.sampleRate.rounded())
        out.channels = evidence.channels
        out.channelMask = levels.layout.mask == 0 ? nil : levels.layout.mask
        out.frames = evidence.frames
        out.seconds = Double(evidence.frames) / evidence.sampleRate
        out.integratedLUFS = levels.loudness.integratedLUFS
        out.loudnessRangeLU = levels.loudness.loudnessRangeLU
        out.maxMomentaryLUFS = levels.loudness.maxMomentaryLUFS
        out.maxShortTermLUFS = levels.loudness.maxShortTermLUFS
        out.truePeakDBTP = decibels(spectra.truePeak.peak)
        out.ituTruePeakDBTP = decibels(spectra.truePeak.ituPeak)
        out.samplePeakDBFS = decibels(spectra.truePeak.samplePeak)
        if let peak = out.truePeakDBTP, let integrated = out.integratedLUFS { out.plrDB = peak - integrated }
        out.correlation = evidence.channels == 2 ? evidence.wholeStereo.correlation : nil
        out.dcOffset = evidence.dcOffset
        out.clippedSamples = evidence.clippedSamples
        out.bands = spectra.bands
        if evidence.channels == 2 { out.bandCorrelations = spectra.bandCorrelations }
        let shape = spectra.shape
        out.vinyl.bassSideDB = shape.bassSideDB
        out.vinyl.samplePeakDBFS = out.samplePeakDBFS
        out.vinyl.loudness = out.integratedLUFS
        if let burst = levels.tempo.trebleBurst {
            out.vinyl.trebleBurstDBFS = 10 * log10(burst.meanSquare)
            out.vinyl.trebleBurstSeconds = burst.seconds
        }
        out.findings = Findings.judge(out, evidence, shape, effectiveChannels: levels.loudness.effectiveChannels)
        // What has no loudness has nothing to be judged by.
        if out.integratedLUFS != nil {
            out.tempoBPM = levels.tempo.bpm
            out.key = spectra.key
            out.traits = ProgrammeTraits(
                spectrum: spectra.spectrum.longTerm, speech: levels.speech.reading, clippedRuns: evidence.clippedRuns,
                edgeHz: shape.edgeHz, peaks: levels.peaks.cells(within: ProgrammeTraits.peakSpanDB),
                effectiveChannels: levels.loudness.effectiveChannels)
            out.traits.channelMeans = evidence.channelMeans.map(Offset.onGrid)
            out.traits.offsetsStand = evidence.offsetsStand
            out.traits.offsetWanders = Offset.wanders(out.traits.channelMeans, stands: out.traits.offsetsStand)
        }
        return out
    }

    /// Of an amplitude, full scale 0; nil for nothing, and for what no format of integers and no converter holds (under −200 dB).
    private static func decibels(_ amplitude: Double) -> Double? { amplitude > 1e-10 ? 20 * log10(amplitude) : nil }
}

/// The first half of an analysis: loudness, and what an input is judged by.
struct LevelMeters: ~Copyable {
    fileprivate var loudness: LoudnessMeter
    fileprivate var speech: SpeechMeter
    fileprivate var peaks: PeakDistribution
    fileprivate var tempo: TempoMeter

    fileprivate let layout: ChannelLayout

    init(sampleRate: Double, layout: ChannelLayout) {
        let channels = layout.channels
        self.layout = layout
        loudness = LoudnessMeter(sampleRate: sampleRate, layout: layout)
        speech = SpeechMeter(sampleRate: sampleRate, channels: channels)
        peaks = PeakDistribution(sampleRate: sampleRate, channels: channels)
        tempo = TempoMeter(sampleRate: sampleRate, channels: channels)
    }

    mutating func process(_ block: AudioBlock, _ frames: Int) {
        processLoudness(block, frames)
        speech.process(block, frames: frames)
        peaks.process(block, frames: frames)
        tempo.process(block, frames: frames)
    }

    mutating func processLoudness(_ block: AudioBlock, _ frames: Int) { loudness.process(block, frames: frames) }
}

/// The second half, about as much work: true peak, spectrum and the evidence in the samples.
struct SpectralMeters: ~Copyable {
    fileprivate var truePeak: TruePeakProof
    fileprivate var spectrum: ThirdOctaveSpectrum
    fileprivate var evidence: Evidence
    private let sampleRate: Double
    private var frames: Int64 = 0
    /// Start of the call in which the true peak first passed 0 dBTP.
    private var firstOver: Int64?

    init(sampleRate: Double, channels: Int, integerBits: Int?) {
        self.sampleRate = sampleRate
        evidence = Evidence(sampleRate: sampleRate, channels: channels, integerBits: integerBits)
        truePeak = TruePeakProof(channels: channels)
        spectrum = ThirdOctaveSpectrum(sampleRate: sampleRate, channels: channels)
    }

    mutating func process(_ block: AudioBlock, _ count: Int) {
        processTruePeak(block, count)
        processEvidence(block, count)
    }

    mutating func processTruePeak(_ block: AudioBlock, _ count: Int) {
        truePeak.process(block, frames: count)
        if firstOver == nil, truePeak.peak > 1 { firstOver = frames }
        frames += Int64(count)
    }

    mutating func processEvidence(_ block: AudioBlock, _ count: Int) {
        spectrum.process(block, frames: count)
        evidence.process(block, frames: count)
    }

    mutating func finish() {
        evidence.finish()
        truePeak.finish()
        spectrum.finish()
    }

    fileprivate var bands: [Analysis.Band] {
        ThirdOctaveSpectrum.centres.indices.map { index in
            let power = spectrum.bandPower(index)
            return Analysis.Band(hz: ThirdOctaveSpectrum.centres[index], db: power > 1e-20 ? 10 * log10(power / 0.5) : nil)
        }
    }

    fileprivate var bandCorrelations: [Double?] { ThirdOctaveSpectrum.centres.indices.map { spectrum.correlation($0) } }

    /// Of sound that is long enough for its notes to tell.
    fileprivate var key: String? { Double(frames) >= 10 * sampleRate ? KeyEstimate.find(spectrum) : nil }

    fileprivate var shape: SpectralShape {
        SpectralShape(
            edgeHz: SpectralEdge.find(spectrum, sampleRate: sampleRate), oppositeBassHz: SpectralShape.oppositeBass(spectrum),
            oppositeBandHz: SpectralShape.oppositeBand(spectrum), bassSideDB: SpectralShape.bassSide(spectrum), firstTruePeakOver: firstOver)
    }
}

/// An analysis whose parts run on three threads, over the same blocks in the same order.
final class SplitAnalyzer: @unchecked Sendable {
    // Unchecked: each `process…` belongs to one thread, and they share no memory; `finish` comes after all.
    private let info: AudioFileInfo
    private var levels: LevelMeters
    private var spectra: SpectralMeters
    private var overview: WaveformOverview.Builder

    init(_ info: AudioFileInfo) {
        self.info = info
        levels = LevelMeters(sampleRate: Double(info.sampleRate), layout: info.layout)
        spectra = SpectralMeters(sampleRate: Double(info.sampleRate), channels: info.channels, integerBits: info.integerBits)
        overview = WaveformOverview.Builder(channels: info.channels)
    }

    func processOverview(_ block: AudioBlock, _ frames: Int) { overview.process(block, frames: frames) }

    /// The picture so far, for the thread that `processOverview` belongs to.
    var overviewSoFar: WaveformOverview { overview.overview }

    func processLevels(_ block: AudioBlock, _ frames: Int) { levels.process(block, frames) }

    func processSpectra(_ block: AudioBlock, _ frames: Int) { spectra.process(block, frames) }

    /// Call once, with all frames seen by every part.
    func finish() -> (Analysis, WaveformOverview) {
        spectra.finish()
        var analysis = Analyzer.result(levels, spectra)
        analysis.file = info.path
        analysis.format = info.format
        analysis.encoding = info.encoding
        analysis.traits.software = info.tags["software"]
        if let ending = Findings.ending(info.ending, seconds: analysis.seconds) { analysis.findings.append(ending) }
        return (analysis, overview.overview)
    }
}
