import Mastering
import Terminal

/// What the views say in lines: for screen readers, for terminals that cannot be drawn on, for scripts. Nothing here is decoration.
extension StudioState {
    /// The rows of the view, numbered from 1 as `open N` takes them; at most `most`, around the selection when there are more.
    func rowsInWords(most: Int = 40) -> [String] {
        let all: [String] = switch view {
        case .files: files.rows.map { row(of: $0) }
        case .master: master.rows.compactMap { if case .parameter(let index) = $0 { row(of: Preset.parameters[index]) } else { nil } }
        case .generate: generate.shown.map { $0.take.what + ": " + words($0.take.stage) }
        case .queue: queue.shown.map { Path.name(of: $0.output) + ": " + words($0.stage) }
        case .ledger: ledger.shown.map { "\($0.kind) of \(Path.brief($0.name)), \(Format.bytes($0.bytes)) in \($0.place), \($0.erasureClass), ends in " + Format.remaining($0.expires - now) }
        }
        guard !all.isEmpty else { return [files.problem.flatMap { view == .files ? $0 : nil } ?? "nothing here"] }
        let selected = selectedRow
        let first = max(0, min(all.count - most, selected - most / 2))
        var lines = all.enumerated().dropFirst(first).prefix(most).map { "\($0.offset + 1)\($0.offset == selected ? "*" : "") \($0.element)" }
        if all.count > most { lines.append("\(first + 1) to \(min(all.count, first + most)) of \(all.count); goto N moves, filter TEXT narrows") }
        return lines
    }

    /// The row that is chosen now.
    mutating func sayRow() {
        guard let row = rowsInWords(most: 1).first else { return }
        say(row)
    }

    var selectedRow: Int {
        switch view {
        case .files: files.cursor.index
        case .master: parameterRows.firstIndex { $0 == master.selected?.key } ?? 0
        case .generate: generate.cursor.index
        case .queue: queue.cursor.index
        case .ledger: ledger.cursor.index
        }
    }

    /// Keys of the parameters shown, in their order.
    var parameterRows: [String] { master.rows.compactMap { if case .parameter(let index) = $0 { Preset.parameters[index].key } else { nil } } }

    private func row(of entry: DirectoryEntry) -> String {
        var text = entry.name + (entry.kind == .folder ? "/" : "")
        let path = files.path(of: entry)
        if let facts = files.facts[path] { text += ", " + facts.summary + (facts.seconds.map { ", " + Format.duration($0) } ?? "") }
        if files.marks.contains(path) { text += ", marked" }
        if deck.path == path { text += ", loaded" }
        return text
    }

    func row(of parameter: PresetParameter) -> String {
        let value = master.sound.preset.value(of: parameter.key).map(parameter.text) ?? "-"
        let base = master.sound.base.value(of: parameter.key).map(parameter.text) ?? "-"
        return parameter.block.label + ", " + parameter.label + " (" + parameter.key + "): " + value
            + (value == base ? "" : ", preset " + base) + (master.sound.silent.contains(parameter.block) ? ", not in the path" : "")
    }

    private func words(_ stage: JobRow.Stage) -> String {
        switch stage {
        case .waiting: "waiting"
        case .running(let what, let fraction): what + " \(Format.fixed(fraction * 100, 0)) %"
        case .done(let lufs, let dbtp, let note): "done" + (lufs.map { ", " + Format.fixed($0, 1) + " LUFS" } ?? "") + (dbtp.map { ", " + Format.fixed($0, 1) + " dBTP" } ?? "") + (note.map { ", " + $0 } ?? "")
        case .failed(let why): "failed: " + why
        case .cancelled: "cancelled"
        }
    }

    private func words(_ stage: TakeRow.Stage) -> String {
        switch stage {
        case .making(let fraction): "being made, \(Format.fixed(fraction * 100, 0)) %"
        case .ready: "ready"
        case .resting: "let go; playing makes it again"
        case .failed(let why): "failed: " + why
        }
    }

    /// File, place, voice and numbers: what top line and transport show.
    var statusInWords: [String] {
        var lines = [view.title + (view == .files ? ": " + homely(files.query.folder) : "")]
        guard let path = deck.path else { return lines + ["no file is open"] }
        let name = deck.label ?? Path.name(of: path)
        switch deck.stage {
        case .failed(let why): lines.append(why)
        case .opening: lines.append(name + ": being opened")
        case .resting: lines.append(name + ": let go; play loads it again")
        case .empty: break
        case .ready:
            lines.append((deck.player.playing ? "playing " : "paused ") + name + " at " + Format.duration(deck.shownPosition, tenths: true) + (deck.duration.map { " of " + Format.duration($0) } ?? "")
                + ", " + (deck.hearsReference ? "C reference" : deck.voice.title) + (deck.matched ? ", matched" : "") + (deck.region?.range == nil ? "" : ", looping"))
            if !deck.player.sinkDescription.isEmpty { lines.append(deck.player.sinkDescription) }
        }
        if let fraction = deck.measuring { lines.append("measuring, \(Format.fixed(fraction * 100, 0)) %") }
        if let analysis = deck.profile?.analysis { lines.append("A: " + Format.reading(analysis.integratedLUFS) + " LUFS, " + Format.reading(analysis.truePeakDBTP) + " dBTP") }
        if let solved = master.solved {
            lines.append("B, " + master.title + ": " + Format.reading(solved.integratedLUFS) + " LUFS, " + Format.reading(solved.truePeakDBTP) + " dBTP, limiter at most " + Format.fixed(solved.limiterMaxReductionDB, 1) + " dB"
                + (solved.note.map { "; " + $0 } ?? ""))
        } else if deck.profile != nil { lines.append("B, " + master.title + ": being solved") }
        if let heard = deck.heardNumbers {
            lines.append("heard: M " + Format.reading(heard.momentary) + ", S " + Format.reading(heard.shortTerm) + ", I " + Format.reading(heard.integrated) + " LUFS, true peak " + Format.reading(heard.truePeak)
                + ", correlation " + (heard.correlation.map { Format.signed($0, 2) } ?? "-"))
        }
        if queue.active > 0 { lines.append("\(queue.active) of \(queue.jobs.count) jobs run") }
        return lines
    }

    /// What lies over the panels, as text; and whether it only wanted to be read.
    func overlayInWords() -> (lines: [String], isRead: Bool) {
        switch overlay {
        case nil: ([], true)
        case .note(let title, let lines, _): ([title + "."] + lines.filter { !$0.isEmpty }, true)
        case .question(let question): ([question.text + " Type y or n."], false)
        case .prompt(let prompt):
            ([prompt.label + (prompt.field.text.isEmpty ? "" : ", now: " + prompt.field.text) + ". Type it; . leaves it as it is."] + (prompt.problem.map { [$0] } ?? []), false)
        case .presets(let picker):
            (picker.shown(master.presets).enumerated().map { "\($0.offset + 1) \($0.element.name): \($0.element.problem ?? $0.element.intent)" } + ["Type a number or a name; . leaves it as it is."], false)
        case .outputs: (deck.outputRows.enumerated().map { "\($0.offset + 1)\($0.element.choice == deck.output ? "*" : "") \($0.element.title): \($0.element.explanation)" } + ["Type a number; . leaves it as it is."], false)
        case .platforms:
            (platforms.map { platform in
                let (a, b) = platformPreviews(platform)
                func words(_ p: Platform.Preview?) -> String { p.map { Format.signed($0.gainDB, 1) + " dB, " + Format.fixed($0.playsAt, 1) + " LUFS" } ?? "-" }
                return platform.name + ": A " + words(a) + "; B " + words(b)
            }, true)
        case .places(let cursor): (places.rows.enumerated().map { "\($0.offset + 1)\($0.offset == cursor.index ? "*" : "") " + $0.element.path } + ["Type a number; . leaves it as it is."], false)
        case .page: (page.map { [$0.forward.map { "At your end: " + $0 }, "Then open " + $0.url].compactMap { $0 } } ?? [], true)
        case .abx(let test): (["Blind test, trial \(test.trials.count + 1). a, b, x: hear A, B or X. A, B: say what X is. . ends it."], false)
        case .help, .palette: (keymap.offered(in: view).map { $0.title.lowercased() + " (" + $0.id + "): " + $0.help }, true)
        }
    }
}
