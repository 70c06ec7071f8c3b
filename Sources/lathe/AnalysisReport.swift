import AudioFiles
import Mastering

/// What `lathe analyze` says of a file, for people.
extension Analysis {
    func report(services: [Platform.Preview]) -> String {
        let layout = channels == 1 ? "mono" : channels == 2 ? "stereo" : self.layout.name.map { "\(channels) channels (\($0))" } ?? "\(channels) channels"
        var lines = [
            "\(file.printable)  \(format) \(encoding), \(sampleRate) Hz, \(layout), \(Text.clock(seconds))",
            "  loudness     \(Text.number(integratedLUFS, "LUFS"))   range \(Text.number(loudnessRangeLU, "LU"))   "
                + "loudest short-term \(Text.number(maxShortTermLUFS, "LUFS"))   momentary \(Text.number(maxMomentaryLUFS, "LUFS"))",
            "  peaks        true \(Text.number(truePeakDBTP, "dBTP", places: 2))   ITU 4x \(Text.number(ituTruePeakDBTP, places: 2))   sample \(Text.number(samplePeakDBFS, "dBFS", places: 2))   "
                + "peak to loudness \(Text.number(plrDB, "dB"))   clipped \(clippedSamples)",
        ]
        if channels == 2 { lines.append("  stereo       correlation \(Text.number(correlation, places: 2, plus: true))") }
        if bands.contains(where: { $0.db != nil }) { lines.append("  spectrum     \(spectrum)  20 Hz to 20 kHz, third octaves") }
        let music = [tempoBPM.map { Text.number($0, "BPM") }, key].compactMap(\.self)
        if !music.isEmpty { lines.append("  music        \(music.joined(separator: ", ").printable)") }
        if !services.isEmpty {
            lines.append("  services     " + services.map(\.words).joined(separator: ", "))
            let strict = services.filter { !$0.isPeakSafe }
            if !strict.isEmpty { lines.append("               peaks are above what \(strict.map(\.platform.name.printable).joined(separator: ", ")) ask for") }
        }
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

extension Platform.Preview {
    /// `Spotify -4.2 dB`, `YouTube as it is`, `Apple Music +2.0 dB, 1.5 short`.
    fileprivate var words: String {
        if abs(gainDB) < 0.05 { return "\(platform.name.printable) as it is" + (shortByLU > 0.05 ? " (\(Text.number(shortByLU, "LU")) quieter than its target)" : "") }
        return "\(platform.name.printable) \(Text.number(gainDB, "dB", plus: true))" + (shortByLU > 0.05 ? " (\(Text.number(shortByLU, "LU")) short)" : "")
            + (limitedDB > 0.05 ? " (\(Text.number(limitedDB, "dB")) into its limiter)" : "")
    }
}
