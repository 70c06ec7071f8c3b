import Foundation
import Mastering
import Playback
import Terminal
import Testing
@testable import Studio

/// Random text that attacks a terminal, in every place where text of others comes in, through every view: no control character in a
/// cell, and every row exactly as wide as the screen.
@Suite("Hostile text")
struct HostileTests {
    /// A million strings in the long form.
    private static let wanted = ProcessInfo.processInfo.environment["LATHE_LONG"] == "1" ? 1_000_000 : 20_000

    private struct Source {
        var random: SeededGenerator

        private static let pieces: [String] = [
            "\u{1B}[2J", "\u{1B}]0;x\u{7}", "\u{1B}]52;c;QUFB\u{7}", "\u{9B}31m", "\u{90}q\u{9C}", "\r\n", "\u{8}\u{7F}", "\u{0}", "\u{202E}", "\u{2066}\u{2069}", "\u{200B}\u{200F}", "\u{FEFF}", "\u{AD}",
            "日本語", "ｶﾅ", "👩‍👩‍👧‍👦", "🇩🇪🇯🇵", "👍🏽", "e\u{301}\u{302}\u{303}\u{304}", "ก็", "नि", "\u{1100}\u{1161}\u{11A8}", "한글", "…", "\u{E000}", "\u{10FFFD}", "ﷺ", "\u{2028}",
            "../../etc/passwd", "mix", " ", "\u{1F469}\u{200D}", "\u{FE0F}", "\u{20E3}",
        ]

        mutating func next() -> String {
            var text = ""
            for _ in 0..<Int.random(in: 0...7, using: &random) {
                switch Int.random(in: 0..<4, using: &random) {
                case 0: if let scalar = Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &random)) { text.unicodeScalars.append(scalar) }
                case 1: text.unicodeScalars.append(Unicode.Scalar(UInt8.random(in: 0...255, using: &random)))
                default: text += Self.pieces.randomElement(using: &random) ?? ""
                }
            }
            return text
        }
    }

    @Test func nothingUntrustedLeavesItsCells() {
        var source = Source(random: SeededGenerator(state: 2026))
        var count = 0, round = 0, controls = 0, widths = 0
        let sizes = [Size(columns: 80, rows: 24), Size(columns: 120, rows: 36), Size(columns: 200, rows: 60), Size(columns: 37, rows: 11)]
        var first = ""
        while count < Self.wanted {
            func text() -> String {
                count += 1
                return source.next()
            }
            let size = sizes[round % sizes.count]
            var state = playingState(size)
            state.view = ViewID.allCases[round % 5]
            state.deck.path = "/music/" + text()
            state.files.query.folder = "/music/" + text()
            state.files.query.filter = text()
            state.files.rows = (0..<60).map { _ in DirectoryEntry(name: text(), kind: .audio) }
            for row in state.files.rows.prefix(20) { state.files.facts[state.files.path(of: row)] = AudioFacts(format: text(), encoding: text(), sampleRate: 44_100, channels: 2, seconds: 3) }
            state.files.problem = round % 17 == 0 ? text() : nil
            state.places.marked = [text(), text()]
            state.master.sound.preset.name = text()
            state.master.presets = (0..<20).map { _ in PresetEntry(id: text(), name: text(), intent: text(), isFactory: false, preset: Preset(), problem: text()) }
            state.master.solveProblem = text()
            state.queue.jobs = (0..<12).map { _ in
                var job = testJob(.failed(text()))
                (job.output, job.preset, job.why) = (text(), text(), text())
                return job
            }
            state.ledger.snapshot = LedgerSnapshot(rows: (0..<20).map { _ in
                var item = testLedger[0]
                (item.name, item.kind, item.place) = (text(), text(), text())
                return item
            })
            state.deck.player.sinkDescription = text()
            state.deck.devices = [ALSADevice(name: text(), explanation: text())]
            state.deck.log = [text(), text()]
            state.page = PageInfo(url: text(), forward: text())
            state.generate.editor.insert(text())
            state.generate.amendment = text()
            state.message = Notice(text(), .error)
            let overlays: [Overlay?] = [
                nil, nil, nil, .question(Question(text(), .quit)), .prompt(Prompt(.presetName, label: text(), text: text())), .presets(PresetPicker(before: state.master.sound)),
                .outputs(OutputChooser(showsLog: true)), .note(title: text(), lines: [text(), text()]), .places(Cursor()), .page,
            ]
            state.overlay = overlays[round % overlays.count]
            let frame = screen(state, size)
            for line in frame.lines {
                let bad = line.unicodeScalars.contains { scalar in
                    scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .lineSeparator || (0x202A...0x202E).contains(scalar.value)
                        || (0x2066...0x2069).contains(scalar.value) || [0x200B, 0x200E, 0x200F, 0xFEFF].contains(scalar.value)
                }
                if bad { controls += 1 }
                if TextWidth.of(line) != size.columns { widths += 1 }
                if bad || TextWidth.of(line) != size.columns, first.isEmpty { first = "round \(round), \(state.view): " + line.debugDescription }
            }
            // In lines too.
            for line in state.rowsInWords() + state.statusInWords + state.overlayInWords().lines where Sanitise.line(line).unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) { controls += 1 }
            round += 1
        }
        #expect(controls == 0 && widths == 0, "\(count) strings: \(controls) rows with controls, \(widths) of a wrong width; \(first)")
    }
}
