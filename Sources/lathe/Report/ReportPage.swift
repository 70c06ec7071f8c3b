import AudioFiles
import Mastering

/// `lathe analyze --report`: one page without scripts, fonts or pictures from elsewhere.
struct ReportPage {
    /// A file and all that the page shows of it.
    struct Subject {
        let analysis: Analysis
        let services: [Platform.Preview]
        let history: ProgrammeHistory
        let spectrum: SpectrumComparison?

        /// - Throws: `AudioFileError` when the file cannot be read again; `PresetError` when the tone curves are missing.
        init(_ analysis: Analysis, services: [Platform.Preview]) throws {
            self.analysis = analysis
            self.services = services
            history = try ProgrammeHistory.measure(analysis.file, isCancelled: { Interruption.shared.isRequested })
            let curve = analysis.traits.isSpeech ? "speech" : "commercial"
            spectrum = SpectrumComparison(analysis, target: try ToneLibrary.load(curve))
        }
    }

    let subjects: [Subject]

    var html: String {
        let title = subjects.count == 1 ? name(subjects[0]) : "\(subjects.count) files"
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(HTML.escape(title)) · Lathe</title><style>\(Self.style)</style></head><body><main>
            \(subjects.map(section).joined(separator: "\n"))
            \(EnginePlots.section)
            <footer>Measured by \(HTML.escape(Engine.name)). Loudness and true peak: ITU-R BS.1770-5. Loudness range: EBU Tech 3342. Third octaves: IEC 61260-1. \
            The findings are advice.</footer>
            </main></body></html>

            """
    }

    private func name(_ subject: Subject) -> String { String(subject.analysis.file.split(separator: "/").last ?? "") }

    private func section(_ subject: Subject) -> String {
        let analysis = subject.analysis
        let layout = analysis.channels == 1 ? "mono" : analysis.channels == 2 ? "stereo" : "\(analysis.channels) channels"
        return """
            <section><header><h1>\(HTML.escape(name(subject)))</h1>
            <p>\(HTML.escape("\(analysis.format) · \(Self.words(analysis.encoding)) · \(Self.kilohertz(analysis.sampleRate)) · \(layout) · \(Text.clock(analysis.seconds))"))</p></header>
            \(tiles(analysis))
            \(findings(analysis))
            <figure>\(ProgrammePlots.loudness(subject.history, analysis).svg)</figure>
            \(subject.spectrum.map { "<figure>\(ProgrammePlots.spectrum($0).svg)</figure>" } ?? "")
            <figure>\(ProgrammePlots.peaks(subject.history).svg)</figure>
            \(services(subject.services))
            \(vinyl(analysis.vinyl))
            \(numbers(analysis))
            </section>
            """
    }

    private func tiles(_ analysis: Analysis) -> String {
        func tile(_ value: String, _ unit: String, _ name: String) -> String {
            "<div class=\"tile\"><span>\(HTML.escape(name))</span><b>\(HTML.escape(HTML.value(value)))</b><i>\(HTML.escape(unit))</i></div>"
        }
        return "<div class=\"tiles\">"
            + tile(Text.number(analysis.integratedLUFS), "LUFS", "Loudness")
            + tile(Text.number(analysis.truePeakDBTP), "dBTP", "True peak")
            + tile(Text.number(analysis.loudnessRangeLU), "LU", "Loudness range")
            + tile(Text.number(analysis.plrDB), "dB", "Peak to loudness") + "</div>"
    }

    private func findings(_ analysis: Analysis) -> String {
        guard !analysis.findings.isEmpty else { return "<p class=\"fine\">Nothing stands out: no clipping, clicks, offset, gaps or phase trouble was found.</p>" }
        return "<h2>Findings</h2><ul class=\"findings\">" + analysis.findings.map { finding in
            let place = finding.atSeconds.map { "<time>\(HTML.escape(Text.clock($0)))</time> " } ?? ""
            return "<li class=\"\(finding.severity.rawValue)\"><em>\(HTML.escape(Self.severity(finding.severity)))</em> \(place)\(HTML.escape(finding.message))</li>"
        }.joined() + "</ul>"
    }

    private func services(_ services: [Platform.Preview]) -> String {
        guard !services.isEmpty else { return "" }
        let rows = services.map { service in
            [service.platform.name, Text.number(service.platform.targetLUFS, "LUFS"),
             abs(service.gainDB) < 0.05 ? "as it is" : Text.number(service.gainDB, "dB", plus: true), Text.number(service.playsAt, "LUFS"),
             (service.shortByLU > 0.05 ? "Its peaks stop the rise \(Text.number(service.shortByLU, "LU")) short. " : "")
                + (service.limitedDB > 0.05 ? "The service's limiter takes \(Text.number(service.limitedDB, "dB")). " : "")
                + (service.isPeakSafe ? "" : "Peaks are above the \(Text.number(service.platform.advisedPeakDBTP)) dBTP it asks for."),
             service.platform.isFirstHand ? "the service, \(service.platform.verified ?? "unchecked")" : "third parties"]
        }
        return "<h2>What services do to the level</h2>" + HTML.table(["Service", "Target", "Gain", "Plays at", "What happens", "Known from"], rows)
    }

    private func vinyl(_ check: VinylCheck) -> String {
        let place = check.trebleBurstSeconds.map { " at " + Text.clock($0) } ?? ""
        let rows = [
            ["Side against mid below 150 Hz", Text.number(check.bassSideDB, "dB")],
            ["Loudest 50 ms above 5 kHz", Text.number(check.trebleBurstDBFS, "dBFS") + place],
            ["Sample peak", Text.number(check.samplePeakDBFS, "dBFS")],
        ]
        return "<h2>Before cutting vinyl</h2>" + HTML.table([], rows)
            + (check.advice.isEmpty ? "" : "<ul class=\"findings\">" + check.advice.map { "<li class=\"info\">\(HTML.escape($0.prefix(1).uppercased() + $0.dropFirst()))</li>" }.joined() + "</ul>")
    }

    private func numbers(_ analysis: Analysis) -> String {
        var rows = [
            ["Integrated loudness", Text.number(analysis.integratedLUFS, "LUFS", places: 2)],
            ["Loudness range", Text.number(analysis.loudnessRangeLU, "LU", places: 2)],
            ["Loudest short-term (3 s)", Text.number(analysis.maxShortTermLUFS, "LUFS", places: 2)],
            ["Loudest momentary (0.4 s)", Text.number(analysis.maxMomentaryLUFS, "LUFS", places: 2)],
            ["True peak, 16 × oversampled", Text.number(analysis.truePeakDBTP, "dBTP", places: 2)],
            ["True peak as a plain 4 × meter shows it", Text.number(analysis.ituTruePeakDBTP, "dBTP", places: 2)],
            ["Sample peak", Text.number(analysis.samplePeakDBFS, "dBFS", places: 2)],
            ["Peak to loudness (PLR)", Text.number(analysis.plrDB, "dB", places: 2)],
            ["Clipped samples", "\(analysis.clippedSamples)"],
        ]
        if analysis.channels == 2 { rows.append(["Correlation of the channels", Text.number(analysis.correlation, places: 2, plus: true)]) }
        if let tempo = analysis.tempoBPM { rows.append(["Tempo", Text.number(tempo, "BPM")]) }
        if let key = analysis.key { rows.append(["Key", key]) }
        return "<h2>Measured</h2>" + HTML.table([], rows)
    }

    private static func severity(_ severity: Analysis.Severity) -> String {
        switch severity {
        case .info: "note"
        case .warning: "warning"
        case .error: "fault"
        }
    }

    /// `pcm_24` → `24 bit`.
    private static func words(_ encoding: String) -> String {
        if encoding.hasPrefix("pcm_"), let bits = Int(encoding.dropFirst(4)) { return "\(bits) bit" }
        if encoding.hasPrefix("float_"), let bits = Int(encoding.dropFirst(6)) { return "\(bits) bit floating point" }
        return encoding.uppercased()
    }

    private static func kilohertz(_ rate: Int) -> String { Text.number(Double(rate) / 1000, "kHz", places: rate % 1000 == 0 ? 0 : 1) }

    private static let style = """
        :root{--ink:#1d2433;--soft:#667085;--line:#e4e7ec;--paper:#fff;--back:#f5f6f8;--teal:#0e8a7d;--red:#c4320a}
        *{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        main{max-width:820px;margin:0 auto;padding:32px 16px 48px}section{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:28px 32px;margin-bottom:24px}
        h1{font-size:26px;line-height:1.2;margin:0;overflow-wrap:anywhere}h2{font-size:17px;margin:28px 0 8px}header p{margin:4px 0 20px;color:var(--soft)}
        .tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:12px}.tile{border:1px solid var(--line);border-radius:8px;padding:12px 14px}
        .tile span{display:block;font-size:13px;color:var(--soft)}.tile b{font-size:26px;font-variant-numeric:tabular-nums;font-weight:600}.tile i{font-style:normal;color:var(--soft);margin-left:5px;font-size:13px}
        figure{margin:22px 0 0}svg{width:100%;height:auto;display:block}
        table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}th,td{text-align:left;padding:6px 10px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}td.value{white-space:nowrap}thead th{white-space:nowrap;color:var(--soft);font-weight:500}tbody th{font-weight:400}
        .findings{list-style:none;margin:0;padding:0}.findings li{border-left:4px solid var(--line);padding:6px 12px;margin:6px 0;background:var(--back)}.findings em{font-style:normal;font-weight:600;margin-right:6px}
        .findings time{color:var(--soft)}.findings .warning{border-color:#f79009}.findings .error{border-color:var(--red)}.fine{border-left:4px solid var(--teal);padding:6px 12px;background:var(--back)}
        footer{color:var(--soft);font-size:13px}@media(max-width:620px){.tiles{grid-template-columns:repeat(2,1fr)}section{padding:20px 16px}}
        @media print{body{background:#fff}section{border:none;padding:0;break-inside:auto}figure{break-inside:avoid}main{max-width:none;padding:0}}
        """
}
