/// The open file: loading, measuring, and what of it is gone again.
func updateDeck(_ state: inout StudioState, _ event: StudioEvent) -> [Effect] {
    switch event {
    case .opened(let opening, let facts):
        guard opening == state.deck.opening else { return [] }
        state.deck.stage = .ready
        state.deck.facts = facts
        // It plays at once; the player's own word comes with the next frame.
        let play: [Effect] = state.deck.opensAtRest ? [] : [.play]
        state.deck.player.playing = !state.deck.opensAtRest
        state.deck.opensAtRest = false
        let watch = state.deck.take == nil ? state.deck.path.map { [Effect.watch(path: $0)] } ?? [] : []
        guard let resume = state.deck.resumeAt else { return play + watch }
        state.deck.resumeAt = nil
        // At rest no reading follows by itself.
        (state.deck.player.position, state.deck.shownPosition) = (resume, (resume * 10).rounded(.down) / 10)
        return [.seek(resume)] + play + watch
    case .openFailed(let opening, let problem):
        guard opening == state.deck.opening else { return [] }
        state.deck.stage = .failed(problem)
        state.deck.measuring = nil
        state.say(problem, .error)
        return []
    case .measuring(let opening, let fraction):
        guard opening == state.deck.opening else { return [] }
        // A percent at a time: the screen shows no more, and each change costs bytes.
        state.deck.measuring = (fraction * 100).rounded(.down) / 100
        return []
    case .picture(let opening, let fraction, let wave):
        guard opening == state.deck.opening, state.deck.measuring != nil else { return [] }
        state.deck.growing = (wave, Graph.share(fraction, from: 0, to: 1))
        return []
    case .measured(let opening, let profile):
        guard opening == state.deck.opening else { return [] }
        state.deck.measuring = nil
        state.deck.growing = nil
        state.deck.measureProblem = nil
        state.deck.isMeasurementGone = false
        state.deck.profile = profile
        return state.soundChanged() + state.keepRestored()
    case .measureFailed(let opening, let problem):
        guard opening == state.deck.opening else { return [] }
        state.deck.measuring = nil
        state.deck.growing = nil
        state.deck.measureProblem = problem
        state.say(problem, .error)
        return []
    case .measurementGone(let opening):
        guard opening == state.deck.opening, state.deck.profile != nil || state.deck.measuring != nil else { return [] }
        // What was derived from the measurement goes with it.
        state.deck.profile = nil
        state.deck.growing = nil
        state.deck.measuring = nil
        state.deck.masterHistory.clear()
        state.deck.originalHistory.clear()
        state.deck.spectrogram.clear()
        state.master.solved = nil
        state.master.balance = nil
        state.master.solving = false
        state.master.solveProblem = nil
        state.deck.isMeasurementGone = true
        return []
    case .unloaded(let opening):
        guard opening == state.deck.opening, state.deck.isLoaded else { return [] }
        state.deck.stage = .resting
        state.deck.resumeAt = state.deck.player.position
        state.deck.player.playing = false
        state.deck.meters = nil
        state.deck.numbers = nil
        // What is drawn of the sound goes with it.
        state.deck.masterHistory.clear()
        state.deck.originalHistory.clear()
        state.deck.spectrogram.clear()
        return []
    case .outputChanged:
        state.deck.meters = nil
        // The mix is loaded again, whatever was heard.
        state.deck.hearsReference = false
        return [state.trimsEffect, .loop(state.deck.region?.range)]
    case .outputs(let devices, let log):
        // The selection stays on its output, not on its number.
        if case .outputs(var chooser) = state.overlay, state.deck.outputRows.indices.contains(chooser.cursor.index) {
            let selected = state.deck.outputRows[chooser.cursor.index].choice
            state.deck.devices = devices
            chooser.cursor.index = state.deck.outputRows.firstIndex { $0.choice == selected } ?? 0
            state.overlay = .outputs(chooser)
        }
        (state.deck.devices, state.deck.log) = (devices, log)
        return []
    case .referenceLeft:
        state.deck.hearsReference = false
        return [state.trimsEffect, .loop(state.deck.region?.range)]
    case .pageOpened(let page): return state.show(page)
    case .pageGone:
        if case .page = state.overlay { state.overlay = nil }
        state.page = nil
        state.deck.output = .automatic
        state.say("the listener's page is closed", .warning)
        return [.chooseOutput(.automatic)]
    case .soundEnded:
        state.deck.output = .silent
        state.say("the sound goes nowhere any more; " + state.keymap.name(of: "transport.output") + " chooses an output", .warning)
        return []
    case .ordered(let order):
        state.wasUsed = true
        return state.obey(order)
    case .player(let snapshot, let meters, let milliseconds):
        state.take(snapshot, meters, at: milliseconds)
        return []
    default: return []
    }
}

extension StudioState {
    /// Loads a file: heard as soon as the player has it, measured meanwhile.
    mutating func open(_ path: String) -> [Effect] {
        let opening = deck.opening + 1
        let player = deck.player
        let kept = (deck.matched, deck.output, deck.devices, deck.log, deck.reference), before = deck.before
        deck = DeckState()
        (deck.matched, deck.output, deck.devices, deck.log, deck.reference) = kept
        // The sound card and the voice stay as they are until the player says otherwise.
        deck.player.voice = player.voice
        deck.player.sinkDescription = player.sinkDescription
        deck.player.hasSound = player.hasSound
        deck.opening = opening
        deck.path = path
        if !path.hasPrefix("/proc/self/fd/") { places.opened(path) }
        deck.stage = .opening
        deck.measuring = 0
        deck.facts = files.facts[path]
        master.version += 1
        master.solved = nil
        master.balance = nil
        master.solving = false
        master.solveProblem = nil
        var effects: [Effect] = [.setTrims(master: 0, original: 0), .open(path: path, opening: opening, preset: master.sound.audible)]
        if let before {
            (deck.player.voice, deck.matched) = (before.voice, before.matched)
            effects.append(.setVoice(before.voice))
        }
        return effects
    }

    /// Loads a finished master to hear it as it is: what is in the file, at its own level.
    mutating func openResult(_ path: String) -> [Effect] {
        let listening = deck.before ?? DeckState.Listening(voice: deck.player.voice, matched: deck.matched)
        deck.before = nil
        let effects = open(path)
        deck.before = listening
        (deck.player.voice, deck.matched) = (.original, false)
        return effects + [.setVoice(.original)]
    }
}
