import Mastering
import Rendering

/// What a key does: the overlay on top first, then the command table.
func press(_ key: KeyStroke, _ state: inout StudioState) -> [Effect] {
    state.message = nil
    // These three belong to the terminal as a whole, whatever is open.
    if let command = state.keymap.command(for: key, in: state.view), ["redraw", "suspend"].contains(command.id) { return command.attempt(&state) }
    return state.typedAhead.isEmpty ? act(on: key, &state) : state.wait(with: key)
}

/// What a key does whose turn it is.
func act(on key: KeyStroke, _ state: inout StudioState) -> [Effect] {
    // Ctrl-C leaves what is open, as Esc does.
    let key = state.overlay != nil && key == .control("c") ? KeyStroke(.escape) : key
    switch state.overlay {
    case .question(let question): return answer(question, key, &state)
    case .prompt(let prompt): return type(into: prompt, key, &state)
    case .palette(let palette): return choose(in: palette, key, &state)
    case .presets(let picker): return choose(in: picker, key, &state)
    case .outputs(let chooser): return state.choose(in: chooser, key)
    case .page: return state.takeWithPage(key)
    case .places(let cursor): return state.choosePlace(cursor, key)
    case .platforms(let cursor): return state.choosePlatform(cursor, key)
    case .help(let scroll): return read(key, &state) { .help(scroll: max(0, min($1.keymap.offered(in: $1.view).count - 1, scroll + $0))) }
    case .note(let title, let lines, let from):
        return read(key, &state) { step, state in
            let note = NoteLayout(lines, state.size)
            return .note(title: title, lines: lines, from: max(0, min(note.text.count - note.height, from + step)))
        }
    case .abx(let test): return state.take(key, in: test)
    case nil: break
    }
    if state.view == .generate, state.generate.isEditing { return state.typePrompt(key) }
    guard let command = state.keymap.command(for: key, in: state.view) else {
        state.say("\(key.label) does nothing here; \(state.keymap.name(of: "help")) lists the keys")
        return []
    }
    return command.waits(state) ? state.wait(with: key) : command.attempt(&state)
}

func paste(_ text: String, _ state: inout StudioState) -> [Effect] {
    switch state.overlay {
    case .prompt(var prompt):
        prompt.field.insert(text)
        state.overlay = .prompt(prompt)
        return prompt.purpose == .filter ? state.setFilter(prompt.field.text) : []
    case .palette(var palette):
        palette.field.insert(text)
        palette.cursor = Cursor()
        state.overlay = .palette(palette)
        return []
    case nil where state.view == .generate && state.generate.isEditing: return state.pastePrompt(text)
    default:
        state.say("there is nothing to paste into here")
        return []
    }
}

private func answer(_ question: Question, _ key: KeyStroke, _ state: inout StudioState) -> [Effect] {
    guard question.takesKeys else { return [] }
    state.overlay = nil
    if case .tier(let job, let isConsent) = question.action { return [.answerJob(job, reply(to: key, isConsent: isConsent))] }
    guard key.typed == "y" || key.typed == "Y" else {
        state.session.found = nil
        state.say(question.action == .session ? "the earlier session is forgotten" : "nothing was changed")
        return []
    }
    switch question.action {
    case .render(let orders): return state.start(orders)
    case .destroy(let id): return [.destroy(id: id)]
    case .destroyEverything: return [.destroyEverything]
    case .replacePreset(let preset): return [.savePreset(preset, replacing: true)]
    case .tier: return []
    case .session: return state.session.found.map { state.restore($0) } ?? []
    case .quit: return [.quit]
    }
}

/// Anything but a clear yes is a no.
private func reply(to key: KeyStroke, isConsent: Bool) -> ConsentReply {
    switch key.typed {
    case "y", "Y": .once
    case "a" where isConsent, "A" where isConsent: .always
    case "v" where isConsent, "V" where isConsent: .never
    default: .no
    }
}

private func type(into prompt: Prompt, _ key: KeyStroke, _ state: inout StudioState) -> [Effect] {
    var prompt = prompt
    switch key.base {
    case .escape:
        state.overlay = nil
        return prompt.purpose == .filter ? state.setFilter("") : []
    case .enter:
        state.overlay = nil
        return finish(prompt, &state)
    case .up where prompt.purpose == .filter: return state.moveSelection(by: -1)
    case .down where prompt.purpose == .filter: return state.moveSelection(by: 1)
    default:
        // No folder begins like this: whoever pressed x for A and B, which it is everywhere else, does not write into a path.
        if prompt.purpose == .exportFolder, prompt.field.isSelected, let c = key.typed, !"/~ ".contains(c) {
            state.overlay = nil
            state.say("nothing was exported: a folder's path begins with / or ~/, and A/B is not here", .warning)
            return []
        }
        guard prompt.field.take(key) else { return [] }
        prompt.problem = nil
        state.overlay = .prompt(prompt)
        return prompt.purpose == .filter ? state.setFilter(prompt.field.text) : []
    }
}

/// A number as people write it, in the form that presets have: a decimal comma is a point. Everything else stays as it is.
private func typedNumber(_ text: String) -> String {
    let text = String(text.trimmingPrefix { $0 == " " })
    guard text.count(where: { $0 == "," }) == 1, let comma = text.firstIndex(of: ","),
        comma > text.startIndex, text[text.index(before: comma)].isNumber, text[text.index(after: comma)...].first?.isNumber == true else { return text }
    return text.replacing(",", with: ".")
}

/// Takes what was typed, or keeps the prompt open with the reason why not.
private func finish(_ prompt: Prompt, _ state: inout StudioState) -> [Effect] {
    func refuse(_ why: String) -> [Effect] {
        var again = prompt
        again.problem = why
        state.overlay = .prompt(again)
        return []
    }
    switch prompt.purpose {
    case .filter: return []
    case .value(let key):
        guard let parameter = Preset.parameter(key) else { return [] }
        var trial = state.master.sound.preset
        let text = typedNumber(prompt.field.text)
        if text.lowercased().contains("0x") { return refuse("type a decimal number") }
        do throws(PresetError) {
            try trial.set(key, to: text)
        } catch {
            return refuse(parameter.named(error))
        }
        return state.change(parameter) { preset throws(PresetError) in preset = trial }
    case .brief:
        return state.amendBrief(prompt.field.text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    case .exportFolder:
        let folder = prompt.field.text.trimmingPrefix { $0 == " " }
        guard folder.hasPrefix("/") || folder.hasPrefix("~/") else { return refuse("type a folder's full path, from / or ~/ on") }
        return [.exportLedger(folder: String(folder))]
    case .reference:
        let path = String(prompt.field.text.trimmingPrefix { $0 == " " })
        guard path.hasPrefix("/") || path.hasPrefix("~/") else { return refuse("type a recording's full path, from / or ~/ on") }
        state.say("measuring " + Path.name(of: path))
        return [.keepReference(path: path)]
    case .blend:
        let words = prompt.field.text.split(whereSeparator: { $0.isWhitespace || $0 == "%" })
        guard words.count == 2, let share = Double(words[1]), (0...100).contains(share) else { return refuse("type a preset and a percentage, like: pop 50") }
        guard let other = state.master.presets.first(where: { $0.id == words[0].lowercased() })?.preset else {
            return refuse("no preset is called " + words[0])
        }
        var sound = state.master.sound
        let (id, name) = (sound.preset.id, sound.preset.name)
        sound.preset = sound.audible.morphed(to: other, share: share / 100)
        (sound.preset.id, sound.preset.name) = (id, name)
        sound.bypassed = []
        sound.soloed = nil
        state.say(Format.fixed(share, 0) + " % of the way to " + other.name)
        return state.perform("blend with " + other.name, sound: sound)
    case .presetName:
        let name = prompt.field.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        var preset = state.master.sound.audible
        preset.id = identifier(from: name)
        preset.name = name
        guard Preset.isIdentifier(preset.id) else { return refuse("a name needs letters or digits") }
        if state.master.presets.contains(where: { $0.id == preset.id && $0.isFactory }) {
            return refuse("that is the name of a factory preset; choose another")
        }
        return [.savePreset(preset, replacing: false)]
    }
}

/// `Loud & Clear` becomes `loud-clear`.
func identifier(from name: String) -> String {
    var out = ""
    for c in name.lowercased() {
        if c.isASCII, c.isLetter || c.isNumber || c == "_" { out.append(c) } else if out.last != "-", !out.isEmpty { out.append("-") }
    }
    while out.last == "-" { out.removeLast() }
    return out
}

private func choose(in palette: Palette, _ key: KeyStroke, _ state: inout StudioState) -> [Effect] {
    var palette = palette
    let shown = palette.shown(in: state.view, state.keymap)
    switch key.base {
    case .escape:
        state.overlay = nil
        return []
    case .enter:
        state.overlay = nil
        return shown.indices.contains(palette.cursor.index) ? shown[palette.cursor.index].attempt(&state) : []
    case .up: palette.cursor.move(by: -1, count: shown.count)
    case .down, .tab: palette.cursor.move(by: 1, count: shown.count)
    default:
        guard palette.field.take(key) else { return [] }
        palette.cursor = Cursor()
    }
    state.overlay = .palette(palette)
    return []
}

extension Palette {
    /// The view's commands that match, the best first.
    func shown(in view: ViewID, _ keymap: Keymap) -> [Command] {
        let pattern = FuzzyPattern(field.text)
        let all = keymap.offered(in: view).filter { $0.id != "palette" }
        guard !pattern.isEmpty else { return all }
        let scored = all.enumerated().compactMap { at, command in pattern.score(command.title).map { (at, command, $0) } }
        return scored.sorted { $0.2 != $1.2 ? $0.2 > $1.2 : $0.0 < $1.0 }.map(\.1)
    }
}

private func choose(in picker: PresetPicker, _ key: KeyStroke, _ state: inout StudioState) -> [Effect] {
    var picker = picker
    let shown = picker.shown(state.master.presets)
    switch key.base {
    case .escape:
        state.overlay = nil
        let changed = state.master.sound.audible != picker.before.audible
        state.master.sound = picker.before
        return changed ? state.soundChanged() : []
    case .enter:
        guard shown.indices.contains(picker.cursor.index), let preset = shown[picker.cursor.index].preset else {
            state.say(shown.indices.contains(picker.cursor.index) ? shown[picker.cursor.index].problem ?? "" : "no preset matches", .warning)
            return []
        }
        state.overlay = nil
        let heard = state.master.sound.audible
        var picked = picker.before
        (picked.preset, picked.base, picked.bypassed, picked.soloed) = (preset, preset, [], nil)
        state.history.record(Edit(what: "preset " + preset.name, change: .sound(from: picker.before, to: picked)))
        state.master.sound = picked
        state.say(preset.name + ": " + preset.intent)
        return picked.audible == heard ? [] : state.soundChanged()
    case .up: picker.cursor.move(by: -1, count: shown.count)
    case .down: picker.cursor.move(by: 1, count: shown.count)
    case .character("j") where !picker.filtering: picker.cursor.move(by: 1, count: shown.count)
    case .character("k") where !picker.filtering: picker.cursor.move(by: -1, count: shown.count)
    case .character("/") where !picker.filtering: picker.filtering = true
    case .character("q") where !picker.filtering: return choose(in: picker, KeyStroke(.escape), &state)
    case _ where !picker.filtering && state.isComparing(key):
        // Comparing goes on while choosing.
        return state.keymap.command(for: key, in: .master)?.attempt(&state) ?? []
    default:
        guard picker.filtering, picker.field.take(key) else {
            state.say("Enter takes the preset, Esc goes back to the one before, / filters")
            return []
        }
        picker.cursor = Cursor()
    }
    let now = picker.shown(state.master.presets)
    picker.cursor.clamp(count: now.count)
    state.overlay = .presets(picker)
    guard now.indices.contains(picker.cursor.index), let preset = now[picker.cursor.index].preset else { return [] }
    let heard = state.master.sound.audible
    (state.master.sound.preset, state.master.sound.base, state.master.sound.bypassed, state.master.sound.soloed) = (preset, preset, [], nil)
    return preset == heard ? [] : state.soundChanged()
}

extension StudioState {
    /// A key that plays, stops or switches voices.
    fileprivate func isComparing(_ key: KeyStroke) -> Bool {
        keymap.command(for: key, in: .master).map { ["transport.play", "transport.voice"].contains($0.id) } ?? false
    }
}

/// Text to read: arrows scroll, anything else closes.
private func read(_ key: KeyStroke, _ state: inout StudioState, scrolled: (Int, StudioState) -> Overlay?) -> [Effect] {
    switch key.base {
    case .down, .character("j"): state.overlay = scrolled(1, state)
    case .up, .character("k"): state.overlay = scrolled(-1, state)
    case .pageDown, .character(" "): state.overlay = scrolled(10, state)
    case .pageUp: state.overlay = scrolled(-10, state)
    case .home: state.overlay = scrolled(-1_000_000, state)
    case .end: state.overlay = scrolled(1_000_000, state)
    default: state.overlay = nil
    }
    return []
}
