import Rendering

/// Prompts and takes: what was read, what is being made, and what of it is gone again.
func updateGenerate(_ state: inout StudioState, _ event: StudioEvent) -> [Effect] {
    switch event {
    case .promptRead(let version, let understanding):
        guard version == state.generate.version else { return [] }
        state.generate.understanding = understanding
        if understanding.isChangeIdle {
            let why = understanding.ignored.last.map { ": " + $0.text + ": " + $0.why } ?? ""
            state.say("the change makes no difference" + why, .warning)
        }
        return []
    case .promptGone(let id): return state.forgetPrompt(id)
    case .takeOutlined(let id, let outline):
        state.generate.change(id) { $0.outline = outline }
        return []
    case .takePlayable(let id, let path):
        state.generate.change(id) { $0.path = path }
        guard state.generate.wanted == id, let take = state.generate.take(id) else { return [] }
        state.generate.wanted = nil
        return state.hear(take, path: path, from: 0)
    case .takeProgress(let id, let fraction):
        state.generate.change(id) { if case .making = $0.stage { $0.stage = .making(fraction) } }
        return []
    case .takeReady(let id):
        state.generate.change(id) { $0.stage = .ready }
        let measure = state.generate.heard == id && state.deck.take == id ? state.measureTake() : []
        return measure + state.letOldestGo()
    case .takeGone(let id):
        state.generate.change(id) { take in
            take.path = nil
            if case .failed = take.stage { return }
            take.stage = .resting
        }
        return []
    case .takeFailed(let id, let problem):
        state.generate.change(id) { ($0.stage, $0.path) = (.failed(problem), nil) }
        if state.generate.wanted == id { state.generate.wanted = nil }
        state.say(problem, .error)
        return []
    case .takeSaved(let path):
        state.view = .master
        state.graph = nil
        state.say(Path.name(of: path) + ": written; shape it here, " + state.keymap.name(of: "master.render") + " renders")
        return state.open(path)
    default: return []
    }
}

extension GenerateState {
    /// The prompt, or what was changed about it, is not what the selected take was made from.
    var isNew: Bool {
        guard !editor.isBlank else { return false }
        guard let last = takes.last(where: { $0.order.prompt == draft }) else { return true }
        return last.order.text != editor.text || (last.order.options.amendment ?? "") != amendment
    }
}

extension StudioState {
    mutating func beginPrompt() -> [Effect] {
        generate.isEditing = true
        graph = nil
        return draftEffects()
    }

    /// A prompt has its row before its first character: one for each that is written.
    private mutating func draftEffects() -> [Effect] {
        guard generate.draft == nil else { return [] }
        generate.lastPrompt += 1
        generate.draft = generate.lastPrompt
        return [.holdPrompt(generate.lastPrompt)]
    }

    mutating func promptChanged() -> [Effect] {
        generate.version += 1
        guard !generate.editor.isBlank else {
            generate.understanding = nil
            dropAmendment()
            return []
        }
        return [.readPrompt(generate.editor.text, amendment: generate.amendment, version: generate.version)]
    }

    /// The change of a brief goes with its prompt.
    private mutating func dropAmendment() {
        guard !generate.amendment.isEmpty else { return }
        (generate.amendment, generate.amendmentsBefore) = ("", [])
        say("the change of the brief went with its prompt")
    }

    mutating func amendBrief(_ text: String) -> [Effect] {
        guard text != generate.amendment else { return [] }
        generate.amendmentsBefore.append((generate.amendment, generate.version + 1))
        generate.amendment = text
        say(text.isEmpty ? "the prompt counts as it is" : "changed; \(keymap.name(of: "generate.make")) makes it")
        return promptChanged()
    }

    var canUndoPrompt: Bool { generate.editor.canUndo || !generate.amendmentsBefore.isEmpty }

    /// Takes back what was changed last: the brief or the text.
    mutating func undoPrompt() -> [Effect] {
        if let last = generate.amendmentsBefore.last, last.version > generate.textVersion || !generate.editor.canUndo {
            generate.amendmentsBefore.removeLast()
            generate.amendment = last.text
            say(last.text.isEmpty ? "the change of the brief is taken back" : "the brief is changed as before: " + last.text)
            return promptChanged()
        }
        return generate.editor.undo() ? textChanged() : []
    }

    mutating func textChanged() -> [Effect] {
        let effects = promptChanged()
        generate.textVersion = generate.version
        return effects
    }

    /// A key while the prompt is being edited.
    mutating func typePrompt(_ key: KeyStroke) -> [Effect] {
        switch key {
        case KeyStroke(.escape):
            generate.isEditing = false
            return []
        case .control("g"), KeyStroke(.enter, alt: true):
            generate.isEditing = false
            guard !generate.editor.isBlank else {
                say("the prompt is empty", .warning)
                return []
            }
            return makeTake()
        case KeyStroke(.up, alt: true): return recall(-1)
        case KeyStroke(.down, alt: true): return recall(1)
        case KeyStroke(.character("u"), alt: true), .control("_"): return undoPrompt()
        case KeyStroke(.character("r"), alt: true), .control("r"): return generate.editor.redo() ? textChanged() : []
        default:
            let before = generate.editor.characters
            guard generate.editor.take(key) else {
                say("\(key.label) does nothing while you write; Esc ends")
                return []
            }
            return before == generate.editor.characters ? [] : textChanged()
        }
    }

    mutating func pastePrompt(_ text: String) -> [Effect] {
        generate.editor.insert(text)
        return textChanged()
    }

    /// An earlier prompt in place of this one, or a later one.
    private mutating func recall(_ step: Int) -> [Effect] {
        let written = generate.written
        let to = (generate.recalled ?? written.count) + step
        guard written.indices.contains(to) else {
            say(step < 0 ? "there is no earlier prompt" : "there is no later prompt")
            return []
        }
        generate.recalled = to
        generate.editor.replace(with: written[to].text)
        dropAmendment()
        return textChanged()
    }

    mutating func makeTake() -> [Effect] {
        generate.isEditing = false
        var effects = draftEffects()
        // A text that was changed is another prompt, with a row of its own.
        if let last = generate.written.last(where: { $0.id == generate.draft }), last.text != generate.editor.text {
            generate.draft = nil
            effects += draftEffects()
        }
        let id = generate.draft ?? generate.lastPrompt
        if !generate.written.contains(where: { $0.id == id }) { generate.written.append(.init(id: id, text: generate.editor.text)) }
        generate.recalled = nil
        var order = TakeOrder(id: 0, prompt: id, text: generate.editor.text, seed: chance.seed())
        if !generate.amendment.isEmpty { order.options.amendment = generate.amendment }
        return effects + add(order, parent: nil, what: "seed \(order.seed)")
    }

    /// A new take: made, and heard as soon as its first seconds are there.
    mutating func add(_ order: TakeOrder, parent: Int?, what: String) -> [Effect] {
        generate.lastTake += 1
        var order = order
        order.id = generate.lastTake
        generate.takes.append(TakeRow(order: order, parent: parent, what: what))
        generate.select(order.id)
        generate.wanted = order.id
        return [.makeTake(order)]
    }

    mutating func varyChoice() -> [Effect] {
        guard let take = generate.selected, let outline = take.outline, let choice = generate.choice else { return [] }
        guard !outline.rests(part: generate.part, in: generate.section) else {
            say(choice + " rests: another take would sound the same; choose a section where it plays", .warning)
            return []
        }
        var order = take.order
        order.options.variations.append(.init(part: generate.part.map { outline.parts[$0].name }, section: generate.section, seed: chance.seed()))
        let (part, section) = (generate.part, generate.section)
        let effects = add(order, parent: take.id, what: choice + " anew")
        // What was chosen stays chosen: another try is one key away.
        (generate.part, generate.section) = (part, section)
        generate.change(generate.lastTake) { $0.outline = outline }
        return effects
    }

    mutating func play(_ take: TakeRow) -> [Effect] {
        if let path = take.path { return hear(take, path: path, from: 0) }
        generate.wanted = take.id
        if case .making = take.stage { return [] }
        generate.change(take.id) { $0.stage = .making(0) }
        return [.makeTake(take.order)]
    }

    /// Loads the sound of a take, as much of it as there is, and plays it as it is: the mix before mastering.
    mutating func hear(_ take: TakeRow, path: String, from seconds: Double) -> [Effect] {
        if generate.heard != take.id {
            generate.comparison = generate.heard
            generate.heard = take.id
        }
        let effects = openResult(path)
        deck.take = take.id
        deck.label = "take \(take.id)" + (take.outline.map { " " + $0.title } ?? "")
        deck.measuring = nil
        if seconds > 0 { deck.resumeAt = seconds }
        var out = effects.map { (effect: Effect) -> Effect in
            // What is not all there yet cannot be measured.
            guard case .open(let path, let opening, let preset) = effect else { return effect }
            return .openTake(path: path, opening: opening, preset: preset)
        }
        if take.stage == .ready { out += measureTake() }
        return out
    }

    fileprivate mutating func measureTake() -> [Effect] {
        guard let path = deck.path else { return [] }
        deck.measuring = 0
        return [.measure(path: path, opening: deck.opening)]
    }

    mutating func compareTakes() -> [Effect] {
        guard let other = generate.take(generate.comparison) else { return [] }
        let place = deck.player.position
        generate.select(other.id)
        say("take \(other.id)")
        guard let path = other.path else { return play(other) }
        return hear(other, path: path, from: place < (other.outline?.seconds ?? 0) ? place : 0)
    }

    /// No more sounds than the limit: the oldest that is neither heard nor about to be.
    fileprivate mutating func letOldestGo() -> [Effect] {
        let kept = generate.takes.filter { $0.path != nil && $0.stage == .ready }
        guard kept.count > GenerateState.soundLimit else { return [] }
        let spared = [generate.heard, generate.comparison, generate.wanted]
        return kept.filter { !spared.contains($0.id) }.prefix(kept.count - GenerateState.soundLimit).map { .letGoTake($0.id) }
    }

    mutating func choose(section step: Int) -> [Effect] {
        generate.section = Self.stepped(generate.section, step, generate.selected?.outline?.sections.count ?? 0)
        return []
    }

    mutating func choose(part step: Int) -> [Effect] {
        generate.part = Self.stepped(generate.part, step, generate.selected?.outline?.parts.count ?? 0)
        return []
    }

    /// Through all of them and, between the last and the first, none.
    private static func stepped(_ now: Int?, _ step: Int, _ count: Int) -> Int? {
        let next = (now ?? (step > 0 ? -1 : count)) + step
        return (0..<count).contains(next) ? next : nil
    }

    mutating func goToSection() -> [Effect] {
        guard let outline = generate.selected?.outline, let index = generate.section, outline.sections.indices.contains(index), outline.bars > 0 else { return [] }
        let target = outline.seconds * Double(outline.sections[index].bar) / Double(outline.bars)
        deck.player.position = target
        deck.shownPosition = (target * 10).rounded(.down) / 10
        return [.seek(target)]
    }

    /// A prompt's row has ended: its text and what was made from it go with it.
    fileprivate mutating func forgetPrompt(_ id: Int) -> [Effect] {
        let gone = generate.takes.filter { $0.order.prompt == id }
        generate.written.removeAll { $0.id == id }
        generate.takes.removeAll { $0.order.prompt == id }
        generate.recalled = nil
        generate.part = nil
        generate.section = nil
        // Steps of undo may hold any prompt's text.
        generate.editor.forget()
        (generate.amendment, generate.amendmentsBefore) = ("", [])
        generate.understanding = nil
        generate.version += 1
        generate.isEditing = false
        generate.draft = nil
        generate.cursor.clamp(count: generate.takes.count)
        if gone.contains(where: { $0.id == generate.heard }) { generate.heard = nil }
        if gone.contains(where: { $0.id == generate.comparison }) { generate.comparison = nil }
        return gone.map { .letGoTake($0.id) }
    }
}

extension Chance {
    /// 1…999 999: short enough to be written down.
    mutating func seed() -> UInt64 {
        var value: UInt64 = 0
        for _ in 0..<32 { value = value << 1 | (coin() ? 1 : 0) }
        return value % 999_999 + 1
    }
}
