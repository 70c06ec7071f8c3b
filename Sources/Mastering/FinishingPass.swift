import AudioFiles
import DSP

/// Converts the sample rate, measures, shortens words, cuts and writes, on the second thread of a pass.
///
/// Loudness and true peak are read before the word length is reduced, as in a solve that writes nothing, so that preview and render
/// settle on the same parameters. Above `faintLUFS` the dither moves them by less than 0.001 dB, even of 16 bits (noise at −98 dBFS).
final class FinishingPass: @unchecked Sendable {
    // Unchecked: used by the consuming thread of a pass, then, after it has ended, by its caller.
    static let faintLUFS = -55.0

    /// What is known of a track at its end.
    struct End {
        var analysis: Analysis
        var integratedLUFS: Double?
        /// Linear.
        var truePeak: Double
        /// At or beyond full scale before the word was shortened.
        var clampedSamples: Int
    }

    private let writers: [any SoundWriter]
    /// Of the files of tracks that have one each.
    let digests: [RunningDigest]
    private let notes: [FileNotes]
    private let boundaries: [Int64]
    private let format: OutputFormat
    private let dither: Preset.Dither
    /// 16 bits with shaped noise; 24 bits have no need of it.
    private var shaped: ShapedDither?
    private var converter: SampleRateConverter?
    private var analyzer: Analyzer?
    private var ends: [End] = []
    private var framesOut: Int64 = 0
    /// In the open track.
    private var clampedSamples = 0

    /// - Parameters:
    ///   - writers: one for each track, of one format; the same one again where tracks share a file.
    ///   - boundaries: first frame of each track at the output's rate, and the end of the last.
    ///   - notes: for each writer that has tags.
    init(
        writers: [any SoundWriter], digests: [RunningDigest] = [], boundaries: [Int64], inputRate: Int, dither: Preset.Dither, notes: [FileNotes] = []
    ) {
        self.notes = notes
        self.writers = writers
        self.digests = digests
        self.boundaries = boundaries
        self.dither = dither
        format = writers[0].format
        if inputRate != format.sampleRate {
            converter = SampleRateConverter(from: inputRate, to: format.sampleRate, channels: format.channels)
        }
        analyzer = Analyzer(sampleRate: Double(format.sampleRate), layout: format.layout)
        if dither == .shaped, format.isInteger, format.bits == .int16 {
            shaped = ShapedDither(
                sampleRate: Double(format.sampleRate), channels: format.channels, bits: 16, shape: .modifiedE, seed: Master.ditherSeed)
        }
    }

    func process(_ block: AudioBlock, _ frames: Int) throws {
        if converter == nil {
            try put(block, frames)
        } else {
            try converter?.process(block, frames: frames) { try put($0, $1) }
        }
    }

    private func put(_ block: AudioBlock, _ frames: Int) throws {
        try cut(block, frames, at: framesOut, by: boundaries) { part, count, track in
            while ends.count < track { closeTrack() }
            analyzer?.processSignal(part, frames: count)
            if (analyzer?.highestSample ?? 0) >= 1 { noteClamped(part, count) }
            if format.isInteger {
                // Counted from the track's own first frame: a track's bytes do not depend on the length of those before it.
                let first = framesOut - boundaries[track]
                if shaped != nil {
                    shaped?.quantise(part, frames: count, firstFrame: first)
                } else {
                    Dither.quantise(
                        part, frames: count, firstFrame: first, bits: format.bits == .int16 ? 16 : 24, tpdf: dither != .none,
                        seed: Master.ditherSeed)
                }
            }
            analyzer?.processSamples(part, frames: count)
            try writers[track].write(part, frames: count)
            framesOut += Int64(count)
        }
    }

    private func noteClamped(_ block: AudioBlock, _ count: Int) {
        for c in 0..<format.channels { clampedSamples += block.count(atOrBeyond: 1, channel: c, frames: count) }
    }

    private func closeTrack() {
        guard var last = analyzer.take() else { return }
        last.settle()
        let (loudness, peak) = last.loudnessAndPeak
        ends.append(End(analysis: last.finish(), integratedLUFS: loudness, truePeak: peak, clampedSamples: clampedSamples))
        clampedSamples = 0
        if ends.count < writers.count { analyzer = Analyzer(sampleRate: Double(format.sampleRate), layout: format.layout) }
    }

    /// Completes the files. Call once, after the pass.
    func end() throws -> [End] {
        try converter?.finish { try put($0, $1) }
        while ends.count < writers.count { closeTrack() }
        for (index, (writer, end)) in zip(writers, ends).enumerated() {
            // What an encoder makes of it is not known yet.
            let software = notes.isEmpty || format.container.isLossy ? nil : notes[index].software(end.analysis)
            try writer.finish(loudness: BroadcastExtension.Loudness(end.analysis), software: software)
        }
        return ends
    }

    /// Of a file that is complete.
    func setSoftware(_ text: String, ofTrack index: Int) throws {
        try (writers[index] as? AudioWriter)?.setSoftware(text)
    }
}

extension BroadcastExtension.Loudness {
    /// What was measured, as Tech 3285 stores it.
    init(_ analysis: Analysis) {
        self.init(
            integrated: analysis.integratedLUFS, range: analysis.loudnessRangeLU, maxTruePeak: analysis.truePeakDBTP,
            maxMomentary: analysis.maxMomentaryLUFS, maxShortTerm: analysis.maxShortTermLUFS)
    }
}
