import Mastering
import Terminal

/// What a typed line means. Pure: the same commands as the keys, by their names, keys or words of their own.
struct LineReader {
    enum Answer: Equatable {
        case done([Effect])
        /// To be said, and nothing else.
        case said([String])
        /// Read on when measuring, solving, making and rendering are over.
        case wait
    }

    static let help = [
        "Words: files, master, generate, queue, ledger (views); list; goto N; open N or NAME; play; pause; seek 1:12.5; a, b, difference; set KEY VALUE; get KEY; preset NAME;",
        "prompt TEXT (Generate); filter TEXT; status; wait; help WORD; quit. Every command of the studio works by its name, its title or its key: type commands for all of them.",
    ]

    /// Words that are no commands of the studio's table.
    private static let words = [
        "seek": "seek TIME: moves the play head, to 72, 1:12 or 1:12.5", "goto": "goto N: chooses the row with that number", "open": "open N or NAME or PATH: opens a row, a file of this folder or any file",
        "set": "set KEY VALUE: changes a parameter, such as set limiter.ceiling -1.5", "get": "get KEY: says a parameter's value, what it does and its range", "preset": "preset NAME: takes a preset",
        "prompt": "prompt TEXT: writes the prompt in Generate", "wait": "wait: reads on when measuring, solving, making and rendering are over", "status": "status: says what is loaded, heard and under way",
        "list": "list: names the rows of this view", "a": "a: hears the original", "b": "b: hears the master", "commands": "commands: names every command that works here",
    ]

    /// - Parameter line: without its end; already valid text.
    static func read(_ line: String, _ state: inout StudioState) -> Answer {
        let line = line.trimmingBlanks
        if state.overlay != nil { return .done(answer(line, &state)) }
        guard let first = line.split(separator: " ").first else { return .said(state.statusInWords) }
        let rest = String(line.dropFirst(first.count)).trimmingBlanks
        switch (first.lowercased(), rest.isEmpty) {
        case ("help", true), ("?", true): return .said(help)
        case ("help", false): return .said(explain(rest, state))
        case ("commands", true): return .said(state.keymap.offered(in: state.view).map { $0.title.lowercased() + " (" + $0.id + "): " + $0.help })
        case ("status", true): return .said(state.statusInWords)
        case ("list", true): return .said(state.rowsInWords())
        case ("wait", true): return .wait
        case ("exit", true): return run("quit", &state)
        case ("play", true): return state.deck.player.playing ? .said(["it plays already"]) : run("transport.play", &state)
        case ("pause", true), ("stop", true): return state.deck.player.playing ? run("transport.play", &state) : .said(["it rests already"])
        case ("a", true), ("b", true):
            let voice: PageOrderVoice = first.lowercased() == "a" ? .original : .master
            return attempt(Unavailable.withoutFile(state)) {
                state.say(voice == .original ? "A, the original" : "B, the master")
                return .done(state.obey(.voice(voice == .original ? .original : .master)))
            }
        case ("seek", false):
            guard let seconds = seconds(rest) else { return .said(["seek takes a time such as 72, 1:12 or 1:12.5"]) }
            return attempt(Unavailable.withoutFile(state)) {
                let effects = state.seek(to: seconds)
                state.say("at " + Format.duration(state.deck.shownPosition, tenths: true) + (state.deck.duration.map { $0 < seconds ? ", its end" : "" } ?? ""))
                return .done(effects)
            }
        case ("goto", false):
            guard let number = Int(rest), number > 0 else { return .said(["goto takes the number of a row"]) }
            let effects = state.moveSelection(by: number - 1 - state.selectedRow)
            state.sayRow()
            return .done(effects)
        case ("open", false): return open(rest, &state)
        case ("filter", _):
            let effects = state.setFilter(rest)
            // The rows of a folder are on their way; who asks for them waits.
            state.say(rest.isEmpty ? "all rows" : "rows with " + rest + "; list names them")
            return .done(effects)
        case ("set", false): return set(rest, &state)
        case ("get", false):
            guard let parameter = parameter(rest, state) else { return .said(["no parameter is called " + rest]) }
            return .said([state.row(of: parameter), parameter.effect, parameter.rangeText])
        case ("preset", false): return preset(rest, &state)
        case ("prompt", false):
            state.view = .generate
            state.generate.editor = TextEditor()
            var effects = state.beginPrompt() + state.pastePrompt(rest)
            effects += state.typePrompt(KeyStroke(.escape))
            return .done(effects)
        default: return command(line, &state)
        }
    }

    private enum PageOrderVoice { case original, master }

    private static func attempt(_ why: String?, _ body: () -> Answer) -> Answer { why.map { .said([$0]) } ?? body() }

    private static func run(_ id: String, _ state: inout StudioState) -> Answer { .done(Command.named(id)?.attempt(&state) ?? []) }

    /// The command that a line names: its name, its title or the beginning of one, or one of its keys.
    static func named(_ text: String, _ state: StudioState) -> [Command] {
        let offered = state.keymap.offered(in: state.view), typed = text.lowercased()
        if let exact = Command.table.first(where: { $0.id.lowercased() == typed }) { return [exact] }
        if let exact = offered.first(where: { $0.title.lowercased() == typed }) { return [exact] }
        if let view = ViewID.allCases.first(where: { $0.title.lowercased() == typed }), let command = Command.named("view.\(view)") { return [command] }
        if let key = KeyStroke(label: text), let command = state.keymap.command(for: key, in: state.view) { return [command] }
        let begun = offered.filter { $0.title.lowercased().hasPrefix(typed) || $0.id.hasSuffix("." + typed) }
        return begun
    }

    /// Commands of other views that a line names.
    private static func elsewhere(_ text: String) -> [Command] {
        let typed = text.lowercased()
        return Command.table.filter { $0.title.lowercased().hasPrefix(typed) || $0.id.hasSuffix("." + typed) }
    }

    private static func command(_ text: String, _ state: inout StudioState) -> Answer {
        let found = named(text, state)
        guard let command = found.first else {
            let views = elsewhere(text).flatMap { command in ViewID.allCases.filter { command.views?.contains($0) ?? true } }
            guard !views.isEmpty else { return .said(["'" + text + "' is no command; help lists the words"]) }
            return .said(["'" + text + "' works in " + ViewID.allCases.filter(views.contains).map(\.title).joined(separator: " and ") + ", not here"])
        }
        guard found.count == 1 else { return .said(["'" + text + "' may be " + found.map { $0.title.lowercased() }.joined(separator: ", ") + "; type more of it"]) }
        let view = state.view, chosen = command.id == "files.mark" ? state.files.selectedPath : nil
        let effects = command.waits(state) ? state.wait(with: command.keys.first ?? KeyStroke(.escape)) : command.attempt(&state)
        if state.view != view { state.say(state.view.title + ", \(state.rowCount) row\(state.rowCount == 1 ? "" : "s")") }
        // What a screen would show without a word.
        if state.message == nil, let chosen { state.say(Path.name(of: chosen) + (state.files.marks.contains(chosen) ? ": marked" : ": not marked")) }
        if state.message == nil, state.overlay == nil, command.id.hasPrefix("list.") || command.id.hasPrefix("generate.section") || command.id.hasPrefix("generate.part") { state.sayRow() }
        if state.message == nil, command.id == "transport.voice" { state.say(state.deck.voice.title) }
        if state.message == nil, command.id.hasPrefix("transport.back") || command.id.hasPrefix("transport.forward") { state.say("at " + Format.duration(state.deck.shownPosition, tenths: true)) }
        return .done(effects)
    }

    private static func explain(_ text: String, _ state: StudioState) -> [String] {
        if let word = words[text.lowercased()] { return [word] }
        let here = named(text, state), found = here.isEmpty ? elsewhere(text) : here
        if let parameter = parameter(text, state) { return [state.row(of: parameter), parameter.effect, parameter.rangeText] }
        if found.isEmpty { return ["'" + text + "' is no command"] }
        return found.map { command in
            command.title + " (" + command.id + "), key " + state.keymap.keys(of: command).map(\.label).joined(separator: " or ") + ": " + command.help
                + (command.unavailable(state).map { " Not now: " + $0 + "." } ?? "")
        }
    }

    private static func open(_ text: String, _ state: inout StudioState) -> Answer {
        if let number = Int(text), number > 0 {
            guard number <= state.rowCount || state.view == .master else { return .said(["there are \(state.rowCount) rows"]) }
            let effects = state.moveSelection(by: number - 1 - state.selectedRow)
            return .done(effects + (state.keymap.command(for: KeyStroke(.enter), in: state.view)?.attempt(&state) ?? []))
        }
        if text.hasPrefix("/") || text.hasPrefix("~/") {
            state.view = .files
            return .done(state.open(homeExpanded(text)))
        }
        state.view = .files
        guard let index = state.files.rows.firstIndex(where: { $0.name == text }) ?? state.files.rows.firstIndex(where: { $0.name.hasPrefix(text) }) else {
            return .said(["nothing here is called " + text])
        }
        state.files.cursor.index = index
        return run("files.open", &state)
    }

    private static func parameter(_ text: String, _ state: StudioState) -> PresetParameter? {
        let typed = text.lowercased()
        return Preset.parameter(typed) ?? Preset.parameters.first { ($0.block.label + " " + $0.label).lowercased() == typed }
    }

    private static func set(_ text: String, _ state: inout StudioState) -> Answer {
        let halves = text.split(maxSplits: 1, whereSeparator: { $0 == "=" || $0 == " " })
        guard halves.count == 2, let parameter = Preset.parameter(String(halves[0])) else { return .said(["set takes a key and a value, such as: set limiter.ceiling -1.5"]) }
        let value = String(halves[1]).trimmingBlanks
        let effects = state.change(parameter) { preset throws(PresetError) in try preset.set(parameter.key, to: value) }
        if state.message == nil { state.say(state.row(of: parameter)) }
        return .done(effects)
    }

    private static func preset(_ text: String, _ state: inout StudioState) -> Answer {
        let typed = text.lowercased()
        guard let entry = state.master.presets.first(where: { $0.id == typed || $0.name.lowercased() == typed }) else { return .said(["no preset is called " + text]) }
        return .done(pick(entry, &state))
    }

    private static func pick(_ entry: PresetEntry, _ state: inout StudioState) -> [Effect] {
        var picker = PresetPicker(before: state.master.sound)
        picker.cursor.index = state.master.presets.firstIndex { $0.id == entry.id } ?? 0
        state.overlay = .presets(picker)
        return press(KeyStroke(.enter), &state)
    }

    /// A line while something is asked.
    private static func answer(_ line: String, _ state: inout StudioState) -> [Effect] {
        func key(_ key: KeyStroke) -> [Effect] { press(key, &state) }
        if line == "." { return key(KeyStroke(.escape)) }
        switch state.overlay {
        case .prompt(var prompt):
            if !line.isEmpty { prompt.field = TextField(line) }
            state.overlay = .prompt(prompt)
            return (prompt.purpose == .filter ? state.setFilter(prompt.field.text) : []) + key(KeyStroke(.enter))
        // A line is written and sent: that is no key that was meant for something else.
        case .question:
            _ = update(&state, .questionShown)
            return key(.character(line.lowercased().hasPrefix("y") ? "y" : "n"))
        case .presets(let picker):
            let shown = picker.shown(state.master.presets)
            if let number = Int(line), shown.indices.contains(number - 1) { return pick(shown[number - 1], &state) }
            if let entry = shown.first(where: { $0.name.lowercased() == line.lowercased() || $0.id == line.lowercased() }) { return pick(entry, &state) }
            return key(KeyStroke(.escape))
        case .outputs(var chooser):
            guard let number = Int(line), state.deck.outputRows.indices.contains(number - 1) else { return key(KeyStroke(.escape)) }
            chooser.cursor.index = number - 1
            state.overlay = .outputs(chooser)
            return key(KeyStroke(.enter))
        case .places(var cursor):
            guard let number = Int(line), state.places.rows.indices.contains(number - 1) else { return key(KeyStroke(.escape)) }
            cursor.index = number - 1
            state.overlay = .places(cursor)
            return key(KeyStroke(.enter))
        case .abx:
            guard let c = line.first, line.count == 1, "abxAB []".contains(c) else {
                // What was meant for the studio ends the test rather than being lost.
                if ["quit", "exit"].contains(line.lowercased()) {
                    let effects = key(KeyStroke(.escape))
                    state.overlay = nil
                    return effects + (Command.named("quit")?.attempt(&state) ?? [])
                }
                state.say("a blind test is on: a, b, x to hear, A or B to say what X is, . to end it")
                return []
            }
            let effects = key(.character(c))
            if case .abx(let test) = state.overlay, "abx".contains(c) { state.say("hearing " + test.heard.rawValue) }
            return effects
        default:
            state.overlay = nil
            return []
        }
    }

    /// `72`, `1:12.5`, `1:02:03`.
    static func seconds(_ text: String) -> Double? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
        guard (1...3).contains(parts.count), parts.allSatisfy({ $0.map { $0.isFinite && $0 >= 0 } ?? false }) else { return nil }
        return parts.reduce(0) { $0 * 60 + ($1 ?? 0) }
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
