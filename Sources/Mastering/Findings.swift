import AudioFiles
import DSP
import Glibc

/// Turns measurements into advice. Advisory throughout, and shy: a finding that is often wrong is soon not read.
enum Findings {
    /// - Parameter effectiveChannels: channels like the loudest one that would be as loud as all together.
    static func judge(
        _ analysis: Analysis, _ evidence: Evidence, _ shape: SpectralShape, effectiveChannels: Double = 2
    ) -> [Analysis.Finding] {
        if evidence.firstSound == nil {
            return [finding("silent", .warning, nil, "The whole file is silent (below −72 dBFS); check the export.")]
        }
        let found = level(analysis, evidence, shape, effectiveChannels) + edges(analysis, evidence) + stereo(evidence, shape)
            + source(analysis, evidence, shape)
        return found.sorted { rank($0.severity) > rank($1.severity) }
    }

    private static func rank(_ severity: Analysis.Severity) -> Int {
        switch severity {
        case .info: 0
        case .warning: 1
        case .error: 2
        }
    }

    private static func finding(_ code: String, _ severity: Analysis.Severity, _ at: Double?, _ message: String) -> Analysis.Finding {
        Analysis.Finding(code: code, severity: severity, atSeconds: at, message: message)
    }

    /// About a header that does not say how long the sound is.
    static func ending(_ ending: AudioFileInfo.Ending, seconds: Double) -> Analysis.Finding? {
        switch ending {
        case .stated: nil
        case .open:
            finding(
                "length_unknown", .info, nil,
                "The header does not say how long the sound is, as when it was written to a pipe: whether its end is missing cannot be told.")
        case .cut:
            finding(
                "cut_off", .warning, seconds,
                "It stops in the middle of a sample, and its header does not say how long it is: the end is missing; export it again.")
        }
    }

    private static func level(
        _ analysis: Analysis, _ evidence: Evidence, _ shape: SpectralShape, _ effectiveChannels: Double
    ) -> [Analysis.Finding] {
        var found: [Analysis.Finding] = []
        func seconds(_ frame: Int64?) -> Double? { frame.map { Double($0) / evidence.sampleRate } }

        if evidence.clippedRuns > 0 {
            found.append(finding(
                "clipped_samples", evidence.clippedRuns > 2 ? .warning : .info, seconds(evidence.firstClip),
                "\(evidence.clippedSamples) samples in \(evidence.clippedRuns) places are flat at full scale; export the mix with less level."))
        } else if let flat = evidence.flatTops.max(by: { $0.runs < $1.runs }), flat.runs >= 20, flat.level > 0.05, flat.level < 1 {
            found.append(finding(
                "flat_tops", .info, seconds(flat.firstFrame),
                "Peaks are flat at \(tenths(20 * log10(flat.level))) dBFS in \(flat.runs) places: it was clipped or hard-limited before."))
        }
        if evidence.overs > 0 {
            found.append(finding(
                "over_full_scale", .warning, seconds(evidence.firstOver),
                "\(evidence.overs) samples exceed full scale; they survive in floating point only, so turn the file down before converting it."))
        } else if let peak = analysis.truePeakDBTP, peak > 0.05 {
            found.append(finding(
                "true_peak_over", .warning, seconds(shape.firstTruePeakOver),
                "The true peak is +\(tenths(peak)) dBTP: converters and encoders will clip; leave 1 dB."))
        }
        // Loudness adds channels up, a peak is one channel's: the limit is that of stereo, 8 dB, whatever the number of channels.
        let crowd = 10 * log10(effectiveChannels / 2)
        if let plr = analysis.plrDB, let loudness = analysis.integratedLUFS, plr + crowd < 8, loudness - crowd > -16, analysis.seconds >= 3 {
            found.append(finding(
                "already_limited", .warning, nil,
                "Peaks stand only \(tenths(plr)) dB over the loudness (PLR): it is limited already; master from the unlimited mix if there is one."))
        }
        // −50 dBFS: a few heavy kicks reach −60 by themselves.
        if evidence.dcOffset.magnitude > 3e-3, analysis.seconds >= 1 {
            found.append(finding(
                "dc_offset", .warning, nil,
                "The waveform stands \(tenths(20 * log10(evidence.dcOffset.magnitude))) dBFS off centre (DC); it wastes headroom and can click at cuts."))
        }
        return found
    }

    private static func edges(_ analysis: Analysis, _ evidence: Evidence) -> [Analysis.Finding] {
        var found: [Analysis.Finding] = []
        let rate = evidence.sampleRate
        let lead = Double(evidence.firstSound ?? 0) / rate
        let tail = Double(evidence.frames - 1 - evidence.lastSound) / rate
        if lead > 1 {
            found.append(finding("silence_at_start", .info, 0, "It starts with \(tenths(lead)) s of silence."))
        }
        if tail > 3 {
            found.append(finding(
                "silence_at_end", .info, Double(evidence.lastSound + 1) / rate, "It ends with \(tenths(tail)) s of silence."))
        }
        let gap = Double(evidence.gap.frames) / rate
        if gap > 2 {
            found.append(finding("silence_inside", .info, Double(evidence.gap.start) / rate, "\(tenths(gap)) s of silence inside."))
        }
        let dropouts = evidence.dropouts
        if let first = dropouts.first {
            let places = dropouts.prefix(5).map { tenths(Double($0.frame) / rate) }.joined(separator: ", ")
            let longest = Double(dropouts.map(\.frames).max() ?? 0) / rate * 1000
            found.append(finding(
                "dropouts", .warning, Double(first.frame) / rate,
                "\(dropouts.count == 1 ? "A dropout" : "\(dropouts.count) dropouts") of up to \(tenths(longest)) ms, at \(places)"
                    + "\(dropouts.count > 5 ? ", …" : "") s: the sound is gone for a moment; export it again."))
        }
        // The edges of a dropout click; that is said already.
        let clicks = evidence.clicks.filter { click in
            !dropouts.contains { abs($0.frame - click) < 512 || abs($0.frame + Int64($0.frames) - click) < 512 }
        }
        if let first = clicks.first {
            let places = clicks.prefix(5).map { tenths(Double($0) / rate) }.joined(separator: ", ")
            found.append(finding(
                "clicks", .warning, Double(first) / rate,
                "\(clicks.count == 1 ? "A click" : "\(clicks.count) clicks"), at \(places)\(clicks.count > 5 ? ", …" : "") s; listen, and repair the mix."))
        }
        if analysis.integratedLUFS == nil, analysis.seconds < 0.4 {
            found.append(finding("too_short", .info, nil, "Shorter than the 400 ms that a loudness needs."))
        }
        return found
    }

    private static func stereo(_ evidence: Evidence, _ shape: SpectralShape) -> [Analysis.Finding] {
        guard evidence.channels == 2 else { return [] }
        let sums = evidence.wholeStereo
        let (quiet, loud) = (evidence.peaks.min() ?? 0, evidence.peaks.max() ?? 0)
        if quiet < 1e-4, loud > 3e-3 {
            let side = evidence.peaks[0] < evidence.peaks[1] ? "left" : "right"
            return [finding("silent_channel", .warning, nil, "The \(side) channel is silent.")]
        }
        let mid = sums.leftLeft + sums.rightRight + 2 * sums.leftRight
        let side = sums.leftLeft + sums.rightRight - 2 * sums.leftRight
        if side <= mid * 1e-7 {
            return [finding("mono_content", .info, nil, "Both channels are the same: mono in a stereo file.")]
        }
        var found: [Analysis.Finding] = []
        if mid <= side * 1e-7 {
            return [finding("polarity_inverted", .error, nil, "One channel is the other turned over: in mono nothing remains.")]
        }
        let isMuch = evidence.oppositeSeconds >= 2 && evidence.oppositeSeconds * 20 >= evidence.audibleSeconds
        if isMuch, let first = evidence.firstOpposite {
            found.append(finding(
                "negative_correlation", .warning, Double(first) / evidence.sampleRate,
                "The channels work against each other for \(evidence.oppositeSeconds) s: much of it vanishes in mono."))
        } else if let hz = shape.oppositeBassHz {
            found.append(finding(
                "bass_out_of_phase", .warning, nil, "The channels work against each other around \(Int(hz)) Hz: the bass thins out in mono."))
        }
        if !isMuch, let hz = shape.oppositeBandHz {
            found.append(finding(
                "band_out_of_phase", .info, nil, "The channels work against each other from about \(Int(hz)) Hz up: part of it vanishes in mono."))
        }
        let balance = 10 * log10(sums.leftLeft / sums.rightRight)
        if balance.magnitude > 6 {
            let louder = balance > 0 ? "left" : "right"
            found.append(finding("channel_imbalance", .info, nil, "The \(louder) channel is \(tenths(balance.magnitude)) dB louder."))
        }
        return found
    }

    private static func source(_ analysis: Analysis, _ evidence: Evidence, _ shape: SpectralShape) -> [Analysis.Finding] {
        var found: [Analysis.Finding] = []
        if let width = evidence.integerBits, let used = evidence.usedBits, width > used, width > 16, used <= 20 {
            found.append(finding("unused_bits", .info, nil, "The file has \(width) bits, but the sound uses only \(used)."))
        }
        if let edge = shape.edgeHz, analysis.seconds >= 3 {
            let kilohertz = tenths(edge / 1000)
            // Below 19 kHz nothing honest ends. Encoders at 320 kbit/s stop at 20 to 20.5 kHz, where converters to 44.1 kHz only begin to fall;
            // and at 48 kHz and above nothing has a reason to end where 44.1 kHz does.
            let isFast = evidence.sampleRate >= 80_000
            if edge <= 19_000 {
                found.append(finding(
                    "band_limited", .info, nil, "The spectrum ends abruptly at \(kilohertz) kHz, as after a lossy codec; use the original if there is one."))
            } else if evidence.sampleRate >= 47_000, edge < (isFast ? 25_000 : 22_100) {
                found.append(finding(
                    "upsampled", .info, nil,
                    "Nothing is above \(kilohertz) kHz: it was converted up from a lower sample rate\(isFast ? "" : ", or coded with loss")."))
            } else if edge <= 20_500 {
                found.append(finding(
                    "band_limited", .info, nil,
                    "The spectrum ends abruptly at \(kilohertz) kHz, as after a lossy codec at a high rate; use the original if there is one."))
            }
        }
        return found
    }

    /// `-3.14159` → `-3.1`.
    private static func tenths(_ value: Double) -> String {
        let rounded = (value * 10).rounded() / 10
        guard rounded.magnitude < 1e9 else { return "\(rounded)" }
        return "\(rounded == 0 ? 0 : rounded)"
    }
}
