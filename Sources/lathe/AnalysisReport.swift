import AudioFiles
import Mastering

/// What `lathe analyze` says of a file, for people.
extension Analysis {
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
