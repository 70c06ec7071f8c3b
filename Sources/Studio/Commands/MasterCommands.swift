import Mastering

extension Command {
    static let master: [Command] = [
        step("master.less", "Less", [.character("h"), KeyStroke(.left)], -1, fine: false, footer: ("less", 4)),
        step("master.more", "More", [.character("l"), KeyStroke(.right)], 1, fine: false, footer: ("more", 5)),
        step("master.lessFine", "A little less", [.character("H")], -1, fine: true, footer: nil),
        step("master.moreFine", "A little more", [.character("L")], 1, fine: true, footer: nil),
        Command("master.type", "Type a value", keys: [KeyStroke(.enter)], in: [.master], footer: ("type", 6),
                help: "Takes a number with or without its unit, or a word.", unavailable: withoutParameter) { state in
            guard let parameter = state.master.selected, let value = state.master.sound.preset.value(of: parameter.key) else { return [] }
            state.overlay = .prompt(Prompt(.value(key: parameter.key), label: parameter.label + " (" + parameter.rangeText + ")",
                                           text: parameter.editText(value)))
            return []
        },
        Command("master.reset", "Back to preset", keys: [.character("0")], in: [.master], help: "Gives the parameter the preset's value again.",
                unavailable: { state in
                    guard let parameter = state.master.selected else { return withoutParameter(state) }
                    let sound = state.master.sound
                    return sound.preset.value(of: parameter.key) == sound.base.value(of: parameter.key) ? "it is the preset's value" : nil
                }) { state in
            guard let parameter = state.master.selected, let value = state.master.sound.base.value(of: parameter.key) else { return [] }
            return state.change(parameter) { preset throws(PresetError) in
                // Setting a value of a band switches the band on; going back must not.
                let row = parameter.isSwitch ? nil : parameter.switchKey
                let state = row.flatMap { preset.value(of: $0) }
                try preset.set(parameter.key, to: value)
                if let row, let state { try preset.set(row, to: state) }
            }
        },
        Command("master.bypass", "Bypass the block", keys: [.character("b")], in: [.master], footer: ("bypass", 8),
                help: "Takes the parameter's block out of the path, and back.",
                unavailable: { state in
                    guard let block = state.master.selected?.block else { return withoutParameter(state) }
                    if Sound.bypassable.contains(block) { return nil }
                    return block == .output ? "the output format cannot be bypassed" : "the limiter always stays in the path: it guards the ceiling"
                }) { state in
            guard let block = state.master.selected?.block else { return [] }
            var sound = state.master.sound
            sound.soloed = nil
            let bypasses = sound.bypassed.insert(block).inserted
            if !bypasses { sound.bypassed.remove(block) }
            state.say(block.label + (bypasses ? " bypassed" : " in the path"))
            return state.perform("bypass " + block.label, sound: sound)
        },
        Command("master.solo", "Solo the block", keys: [.character("s")], in: [.master],
                help: "Hears the parameter's block alone: all others that can be bypassed leave the path; again brings them back.",
                unavailable: { state in
                    guard let block = state.master.selected?.block else { return withoutParameter(state) }
                    if Sound.bypassable.contains(block) || state.master.sound.soloed != nil { return nil }
                    return "loudness, limiter and output always stay in the path; choose a block before them"
                }) { state in
            guard let block = state.master.selected?.block else { return [] }
            var sound = state.master.sound
            sound.soloed = sound.soloed == block || !Sound.bypassable.contains(block) ? nil : block
            state.say(sound.soloed.map { $0.label + " alone, with loudness and limiter" } ?? "all blocks in the path")
            return state.perform("solo " + block.label, sound: sound)
        },
        Command("master.platforms", "What services will do", keys: [.character("v")], in: [.master],
                help: "What streaming services will turn the original and the master to; each is heard at its level while you move.",
                unavailable: { state in state.platforms.isEmpty ? "the list of services could not be read" : Unavailable.withoutProfile(state) }) { state in
            state.overlay = .platforms(Cursor())
            return state.platformTrims(0)
        },
        Command("master.presets", "Presets", keys: [.character("p")], in: [.files, .master], footer: ("preset", 7),
                help: "Chooses a preset; each is heard while you move.", waits: { $0.master.presets.isEmpty }) { state in
            var picker = PresetPicker(before: state.master.sound)
            picker.cursor.index = state.master.presets.firstIndex { $0.id == state.master.sound.base.id } ?? 0
            state.overlay = .presets(picker)
            return []
        },
        Command("master.assist", "Suggest, and say why", keys: [.character("g")], in: [.master],
                help: "Lets the assistant decide; when it does already, says what it does and leaves, with reasons.",
                unavailable: Unavailable.withoutProfile) { state in
            var sound = state.master.sound
            if !sound.audible.assistant.on || sound.preset.assistant.amountPct == 0 {
                sound.bypassed.remove(.assistant)
                sound.preset.assistant.on = true
                if sound.preset.assistant.amountPct == 0 { sound.preset.assistant.amountPct = 100 }
                state.say("the assistant decides; " + state.keymap.name(of: "master.assist") + " again says why")
                return state.perform("assistant on", sound: sound)
            }
            let reasons = state.master.solved?.moves ?? ["It is still listening."]
            state.overlay = .note(title: "What is done, and why", lines: reasons.isEmpty ? ["Nothing but level: the balance is as usual."] : reasons)
            return []
        },
        Command("master.reference", "Match a reference", keys: [.character("f")], in: [.master],
                help: "Measures a recording, keeps its balance as a curve of yours, and goes toward it.") { state in
            let path = state.files.selected.flatMap { $0.kind == .audio ? state.files.selectedPath : nil } ?? ""
            state.overlay = .prompt(Prompt(.reference, label: "reference", text: path))
            return []
        },
        Command("master.blend", "Blend with a preset", keys: [.character("B")], in: [.master],
                help: "Takes the sound part of the way to another preset; u takes it back.", waits: { $0.master.presets.isEmpty }) { state in
            state.overlay = .prompt(Prompt(.blend, label: "blend with (preset, %)", text: ""))
            return []
        },
        Command("master.keep", "Keep a snapshot", keys: [.character("a")], in: [.master], help: "Remembers the present setting for A.",
                unavailable: { $0.master.sound.snapshots.last == $0.master.sound.preset ? "this setting is kept already" : nil }) { state in
            var sound = state.master.sound
            sound.snapshots.append(sound.preset)
            if sound.snapshots.count > Sound.snapshotLimit { sound.snapshots.removeFirst() }
            state.master.recalled = nil
            state.say("kept as snapshot \(sound.snapshots.count); " + state.keymap.name(of: "master.recall") + " recalls it")
            return state.perform("snapshot", sound: sound)
        },
        Command("master.recall", "Recall a snapshot", keys: [.character("A")], in: [.master],
                help: "Goes back to the newest kept setting, then to the ones before it.",
                unavailable: { $0.master.sound.snapshots.isEmpty ? "no snapshot was kept; " + $0.keymap.name(of: "master.keep") + " keeps one" : nil }) { state in
            var sound = state.master.sound
            let count = sound.snapshots.count
            var back = state.master.recalled.map { ($0 + 1) % count } ?? 0
            if sound.snapshots[count - 1 - back] == sound.preset { back = (back + 1) % count }
            state.master.recalled = back
            sound.preset = sound.snapshots[count - 1 - back]
            state.say("snapshot \(count - back) of \(count)")
            return state.perform("recall snapshot \(count - back)", sound: sound)
        },
        Command("master.save", "Save as preset", keys: [.character("w")], in: [.master], help: "Writes what you hear as a preset of your own.") { state in
            let own = state.master.presets.first { $0.id == state.master.sound.base.id && !$0.isFactory }
            state.overlay = .prompt(Prompt(.presetName, label: "save as preset", text: own?.name ?? ""))
            return []
        },
        Command("master.render", "Render", keys: [.character("r")], in: [.files, .master], footer: ("render", 2),
                help: "Makes the master, or those of all marked files, beside the originals.",
                unavailable: { state in
                    if state.files.marks.isEmpty, state.deck.take != nil { return "a take becomes a file first: \(state.keymap.name(of: "generate.master")) in Generate sends it here" }
                    // What would be rendered was never heard.
                    if state.files.marks.isEmpty, state.deck.isChanged, let path = state.deck.path {
                        return Path.name(of: path) + " was changed on disk; open it again to hear, and then render, what it is now"
                    }
                    // A render reads the file itself: it needs no sound.
                    return state.files.marks.isEmpty && state.deck.stage != .resting ? Unavailable.withoutFile(state) : nil
                }) { state in
            let inputs = state.files.marks.isEmpty ? state.deck.path.map { [$0] } ?? [] : state.files.marks.sorted()
            return [.plan(inputs: inputs)] + (state.files.marks.isEmpty ? state.measureAgain() : [])
        },
    ]

    private static let withoutParameter: @Sendable (StudioState) -> String? = { state in
        state.master.selected == nil ? "no parameter matches the filter" : nil
    }

    private static func step(_ id: String, _ title: String, _ keys: [KeyStroke], _ steps: Int, fine: Bool, footer: (String, Int)?) -> Command {
        Command(id, title, keys: keys, in: [.master], footer: footer, help: fine ? "A fine step; heard at once." : "One step; heard at once.",
                unavailable: withoutParameter) { state in
            guard let parameter = state.master.selected else { return [] }
            let before = state.master.sound.preset.value(of: parameter.key)
            let effects = state.change(parameter) { preset throws(PresetError) in preset.step(parameter.key, by: steps, fine: fine) }
            if state.master.sound.preset.value(of: parameter.key) == before { state.say(parameter.label + ": " + parameter.rangeText) }
            return effects
        }
    }
}

extension StudioState {
    /// Edits the preset at one parameter. What is turned is heard: its block leaves bypass.
    mutating func change(_ parameter: PresetParameter, _ body: (inout Preset) throws(PresetError) -> Void) -> [Effect] {
        var sound = master.sound
        do throws(PresetError) {
            try body(&sound.preset)
        } catch {
            say(parameter.named(error), .error)
            return []
        }
        guard sound != master.sound else { return [] }
        sound.bypassed.remove(parameter.block)
        if sound.soloed != parameter.block, Sound.bypassable.contains(parameter.block) { sound.soloed = nil }
        let value = sound.preset.value(of: parameter.key).map(parameter.text) ?? ""
        return perform(parameter.label + " " + value, sound: sound)
    }

    /// Starts the renders, or asks first where something would be replaced.
    mutating func start(_ orders: [RenderOrder]) -> [Effect] {
        say(orders.count == 1 ? "rendering " + Path.name(of: orders[0].output) : "rendering \(orders.count) masters")
        return [.render(orders, preset: master.sound.audible)]
    }
}

func ask(_ orders: [RenderOrder], _ state: inout StudioState) -> [Effect] {
    let existing = orders.filter(\.exists)
    guard let first = existing.first else { return orders.isEmpty ? [] : state.start(orders) }
    let text = existing.count == 1
        ? "Replace \(Path.brief(first.output))?" : "Replace \(existing.count) masters, among them \(Path.brief(first.output))?"
    state.overlay = .question(Question(text, .render(orders)))
    return []
}

extension PresetParameter {
    /// Why a value was refused, with the name that is on the screen.
    func named(_ error: PresetError) -> String {
        error.problem.replacing(key, with: label) + "; " + error.remedy.replacing(key, with: label)
    }
}
