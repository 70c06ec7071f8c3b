import AudioFiles
import Mastering

/// What `lathe analyze` says of a file, for scripts and for people.
extension Analysis {
    /// The fields of the command's contract, in its order.
    var json: JSON {
        .object([
            ("file", .string(file)), ("format", .string(format)), ("encoding", .string(encoding)), ("sample_rate", .int(sampleRate)),
            ("channels", .int(channels)), ("frames", .int(Int(frames))), ("seconds", .measured(seconds)),
            ("integrated_lufs", .measured(integratedLUFS)), ("loudness_range_lu", .measured(loudnessRangeLU)),
            ("max_momentary_lufs", .measured(maxMomentaryLUFS)), ("max_short_term_lufs", .measured(maxShortTermLUFS)),
            ("true_peak_dbtp", .measured(truePeakDBTP)),
            ("true_peak_itu_dbtp", .measured(ituTruePeakDBTP)), ("sample_peak_dbfs", .measured(samplePeakDBFS)), ("plr_db", .measured(plrDB)),
            ("correlation", .measured(correlation)), ("dc_offset", .number(dcOffset)), ("clipped_samples", .int(clippedSamples)),
            ("bands", .array(bands.map { .object([("hz", .number($0.hz)), ("db", .measured($0.db))]) })),
            ("tempo_bpm", .measured(tempoBPM)), ("key", .optional(key)),
            ("findings", .array(findings.map { finding in
                .object([
                    ("code", .string(finding.code)), ("severity", .string(finding.severity.rawValue)),
                    ("at_seconds", .measured(finding.atSeconds)), ("message", .string(finding.message)),
                ])
            })),
        ])
    }

    var report: String {
        let layout = channels == 1 ? "mono" : channels == 2 ? "stereo" : "\(channels) channels"
        var lines = [
            "\(file.printable)  \(format) \(encoding), \(sampleRate) Hz, \(layout), \(Text.clock(seconds))",
            "  loudness     \(Text.number(integratedLUFS, "LUFS"))   range \(Text.number(loudnessRangeLU, "LU"))   "
                + "loudest short-term \(Text.number(maxShortTermLUFS, "LUFS"))   momentary \(Text.number(maxMomentaryLUFS, "LUFS"))",
            "  peaks        true \(Text.number(truePeakDBTP, "dBTP", places: 2))   ITU 4x \(Text.number(ituTruePeakDBTP, places: 2))   sample \(Text.number(samplePeakDBFS, "dBFS", places: 2))   "
                + "peak to loudness \(Text.number(plrDB, "dB"))   clipped \(clippedSamples)",
        ]
        if channels == 2 { lines.append("  stereo       correlation \(Text.number(correlation, places: 2, plus: true))") }
        if bands.contains(where: { $0.db != nil }) { lines.append("  spectrum     \(spectrum)  20 Hz to 20 kHz, third octaves") }
        for finding in findings {
            let place = finding.atSeconds.map { " at " + Text.clock($0) } ?? ""
            lines.append("  \(finding.severity.rawValue.padding(to: 12)) \(finding.message.printable)\(place)")
        }
        return lines.joined(separator: "\n")
    }

    /// A bar per band, 48 dB from the loudest down.
    private var spectrum: String {
        let bars = Array("▁▂▃▄▅▆▇█")
        let loudest = bands.compactMap(\.db).max() ?? 0
        return String(bands.map { band in
            guard let db = band.db else { return " " }
            return bars[max(0, min(7, Int((db - loudest + 48) / 6)))]
        })
    }
}

extension String {
    /// With spaces at its end up to `width` characters.
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
