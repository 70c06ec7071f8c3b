extension Command {
    static let generate: [Command] = [
        Command("generate.edit", "Edit the prompt", keys: [.character("i")], in: [.generate], footer: ("prompt", 1),
                help: "Writes the prompt, in lines if you like. Alt-Enter or Ctrl-G makes it, Esc ends; Alt-Up and Alt-Down bring back earlier prompts.",
                unavailable: withoutLedger) { $0.beginPrompt() },
        Command("generate.play", "Make or play", keys: [KeyStroke(.enter)], in: [.generate], footer: ("make/play", 2),
                help: "Makes a take when the prompt is new, else plays the selected one from its start.",
                unavailable: { state in
                    if state.generate.selected == nil, state.generate.editor.isBlank { return "there is no take; \(state.keymap.name(of: "generate.edit")) writes a prompt" }
                    return withoutLedger(state)
                }) { state in
            if state.generate.isNew { return state.makeTake() }
            guard let take = state.generate.selected else { return [] }
            return state.play(take)
        },
        Command("generate.make", "Make a take", keys: [.control("g"), KeyStroke(.enter, alt: true)], in: [.generate],
                help: "Makes a take from the prompt as it stands, with a new seed.",
                unavailable: { $0.generate.editor.isBlank ? "the prompt is empty; \($0.keymap.name(of: "generate.edit")) writes it" : withoutLedger($0) }) { $0.makeTake() },
        Command("generate.seed", "New seed", keys: [.character("v")], in: [.generate], footer: ("new seed", 3),
                help: "The same prompt with another seed: another piece.", unavailable: withoutTake) { state in
            guard let take = state.generate.selected else { return [] }
            var order = take.order
            order.seed = state.chance.seed()
            order.options.variations = []
            return state.add(order, parent: take.id, what: "seed \(order.seed)")
        },
        Command("generate.vary", "Vary the choice", keys: [.character("V")], in: [.generate], footer: ("vary", 4),
                help: "Draws the chosen part or section anew; every other note stays as it is.",
                unavailable: { state in
                    if let why = withoutTake(state) { return why }
                    return state.generate.choice == nil ? "choose a section (\(state.keymap.name(of: "generate.sectionNext"))) or a part (\(state.keymap.name(of: "generate.partNext"))) first" : nil
                }) { $0.varyChoice() },
        Command("generate.brief", "Edit the brief", keys: [.character("b")], in: [.generate], footer: ("brief", 5),
                help: "Changes tempo, key, metre, length, genre or instruments, in words; it wins over the prompt. Empty takes it back.",
                unavailable: withoutLedger) { state in
            state.overlay = .prompt(Prompt(.brief, label: "change", text: state.generate.amendment))
            return []
        },
        Command("generate.sectionNext", "Next section", keys: [.character("l"), KeyStroke(.right)], in: [.generate], help: "Chooses a section; past the last, all of them.",
                unavailable: withoutOutline) { $0.choose(section: 1) },
        Command("generate.sectionBefore", "Section before", keys: [.character("h"), KeyStroke(.left)], in: [.generate], help: "Chooses the section before.",
                unavailable: withoutOutline) { $0.choose(section: -1) },
        Command("generate.partNext", "Next part", keys: [.character("J")], in: [.generate], help: "Chooses a part; past the last, all of them.",
                unavailable: withoutOutline) { $0.choose(part: 1) },
        Command("generate.partBefore", "Part before", keys: [.character("K")], in: [.generate], help: "Chooses the part before.",
                unavailable: withoutOutline) { $0.choose(part: -1) },
        Command("generate.go", "Go to the section", keys: [.character("g")], in: [.generate], help: "Moves the play head to the start of the chosen section.",
                unavailable: { state in
                    if state.generate.heard == nil || state.generate.heard != state.generate.selected?.id { return "play the selected take first" }
                    return state.generate.section == nil ? "choose a section first" : Unavailable.withoutFile(state)
                }) { $0.goToSection() },
        Command("generate.compare", "A/B two takes", keys: [.character("x")], in: [.generate],
                help: "Changes between the take that is heard and the one heard before it, at the same place.",
                unavailable: { state in
                    guard let other = state.generate.comparison, state.generate.take(other) != nil else { return "play a second take to compare with" }
                    return Unavailable.withoutFile(state)
                }) { $0.compareTakes() },
        Command("generate.export", "Export", keys: [.character("e")], in: [.generate], footer: ("export", 6),
                help: "Writes the mastered track, its parts, MIDI, chords, brief and plan into the folder of the Files view.", unavailable: withoutTake) { state in
            guard let take = state.generate.selected else { return [] }
            state.say("exporting into " + Path.brief(state.files.query.folder) + "; the queue shows it")
            return [.exportTake(take.order, folder: state.files.query.folder)]
        },
        Command("generate.master", "Send to Master", keys: [.character("m")], in: [.generate], footer: ("master", 7),
                help: "Writes the unmastered mix into the folder of the Files view and opens it in Master.", unavailable: withoutTake) { state in
            guard let take = state.generate.selected else { return [] }
            state.say("writing the mix into " + Path.brief(state.files.query.folder))
            return [.sendTake(take.order, folder: state.files.query.folder)]
        },
        Command("generate.stop", "Stop making", keys: [.character("c")], in: [.generate], help: "Stops the selected take while it is being made.",
                unavailable: { state in
                    if case .making? = state.generate.selected?.stage { return nil }
                    return "the take is not being made"
                }) { state in
            guard let take = state.generate.selected else { return [] }
            return [.letGoTake(take.id)]
        },
        Command("generate.undo", "Undo", keys: [.character("u")], in: [.generate], help: "Takes the last change of the prompt or of the brief back.",
                unavailable: { $0.canUndoPrompt ? nil : "there is nothing to undo in the prompt" }) { state in
            return state.undoPrompt()
        },
        Command("generate.redo", "Redo", keys: [.control("r")], in: [.generate], help: "Does the undone change of the prompt again.",
                unavailable: { $0.generate.editor.canRedo ? nil : "there is nothing to redo in the prompt" }) { state in
            _ = state.generate.editor.redo()
            return state.textChanged()
        },
    ]

    private static let withoutLedger: @Sendable (StudioState) -> String? = { $0.ledger.problem }
    private static let withoutTake: @Sendable (StudioState) -> String? = { state in
        state.generate.selected == nil ? "there is no take; \(state.keymap.name(of: "generate.edit")) writes a prompt" : state.ledger.problem
    }
    private static let withoutOutline: @Sendable (StudioState) -> String? = { $0.generate.selected?.outline == nil ? "there is no take to choose from" : nil }
}
