/// The harmony of a score as a chart in ChordPro 6, whose grids hold a cell for each beat: what a session player reads, and most chart programs open.
public enum ChordChart {
    /// Bars in a line.
    private static let barsPerLine = 4

    public static func text(_ score: Score) -> String {
        let brief = score.brief
        let beats = brief.meter.beats.count
        var lines = [
            "{title: \(brief.genre.name) \(brief.seed)}", "{key: \(brief.key.tonic.name)\(brief.key.mode.isMinor ? "m" : "")}",
            "{tempo: \(tempo(brief.bpm))}", "{time: \(brief.meter.name)}", "{comment: \(brief.key.name), \(brief.bars) bars\(brief.meter.tempoUnit == "quarter" ? "" : ", the tempo counts the " + brief.meter.tempoUnit)}",
        ]
        var counts: [String: Int] = [:]
        for section in score.sections {
            counts[section.name, default: 0] += 1
            let number = score.sections.count { $0.name == section.name } > 1 ? " \(counts[section.name] ?? 1)" : ""
            lines += ["", "{start_of_grid: label=\"\(section.name.capitalized)\(number)\" shape=\"\(barsPerLine)x\(beats)\"}"]
            var line = ""
            for bar in section.bar..<section.end {
                line += (line.isEmpty ? "| " : " | ") + cells(score, bar: bar).joined(separator: " ")
                if (bar - section.bar) % barsPerLine == barsPerLine - 1 || bar == section.end - 1 {
                    lines.append(line + (bar == score.brief.bars - 1 ? brief.isLoop ? " :|" : " |." : " |"))
                    line = ""
                }
            }
            lines.append("{end_of_grid}")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A cell for each beat of a bar: the chord that begins there, or a dot.
    private static func cells(_ score: Score, bar: Int) -> [String] {
        let start = bar * score.brief.meter.ticksPerBar
        return zip(score.brief.meter.beatStarts, score.brief.meter.beats).enumerated().map { index, beat in
            let from = start + beat.0
            if let begins = score.chords.last(where: { $0.start >= from && $0.start < from + beat.1 }) { return begins.chord.symbol }
            // A bar says its chord even where it goes on from the last.
            return index == 0 ? score.chords.last { $0.start <= from }?.chord.symbol ?? "." : "."
        }
    }

    private static func tempo(_ bpm: Double) -> String { bpm == bpm.rounded() ? String(Int(bpm)) : String((bpm * 100).rounded() / 100) }
}

extension String {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
