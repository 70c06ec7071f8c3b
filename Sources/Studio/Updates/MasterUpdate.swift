/// The setting: solved, kept as a preset.
func updateMaster(_ state: inout StudioState, _ event: StudioEvent) -> [Effect] {
    switch event {
    case .settled(let version):
        guard version == state.master.version, state.deck.profile != nil else { return [] }
        state.master.solving = true
        return [.solve(state.master.sound.audible, version: version)]
    case .solved(let version, let solved):
        guard version == state.master.version else { return [] }
        state.master.solving = false
        state.master.solved = solved
        state.master.balance = solved.balance
        state.master.solveProblem = nil
        return [.use(solved.parameters), state.trimsEffect]
    case .solveFailed(let version, let problem):
        guard version == state.master.version else { return [] }
        state.master.solving = false
        state.master.solveProblem = problem
        state.say(problem, .error)
        return []
    case .referenceKept(let curve, let track):
        state.deck.reference = track
        var sound = state.master.sound
        sound.preset.tone.mode = .curve
        sound.preset.tone.curve = curve.id
        // As far as the preset Reference Match goes.
        (sound.preset.tone.settings.amountPct, sound.preset.tone.settings.maxDB, sound.preset.tone.settings.sideAmountPct) = (70, 4, 40)
        sound.bypassed.remove(.tone)
        if sound.soloed != .tone { sound.soloed = nil }
        state.say("toward " + curve.name + ", kept as the curve " + curve.id + "; " + state.keymap.name(of: "transport.reference") + " hears it")
        return state.perform("reference " + curve.name, sound: sound)
    case .platforms(let platforms):
        state.platforms = platforms
        return []
    case .presets(let entries):
        state.master.presets = entries
        return state.actOnTypedAhead()
    case .presetSaved(let preset, let path):
        // Saving is not an edit of the sound: it is not undone, and the preset counts as unmodified from here on.
        var sound = state.master.sound
        sound.preset = sound.audible
        (sound.preset.id, sound.preset.name, sound.preset.intent) = (preset.id, preset.name, preset.intent)
        sound.bypassed = []
        sound.soloed = nil
        if sound.preset == preset { state.master.sound = sound }
        state.master.sound.base = preset
        state.say(Path.name(of: path) + ": saved in " + (Path.parent(of: path) ?? "/"))
        return [.listPresets]
    case .presetExists(let preset):
        state.overlay = .question(Question("Replace your preset '\(preset.id)'?", .replacePreset(preset)))
        return []
    case .presetFailed(let problem):
        state.say(problem, .error)
        return []
    default: return []
    }
}
