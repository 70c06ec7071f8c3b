import Mastering
import Playback

/// The studio's one transition: an event changes the state and asks for effects. Pure.
func update(_ state: inout StudioState, _ event: StudioEvent) -> [Effect] {
    switch event {
    case .key(let key):
        state.wasUsed = true
        return press(key, &state)
    case .paste(let text): return paste(text, &state)
    case .mouse(let mouse):
        state.wasUsed = true
        return state.take(mouse)
    case .themeRead(let theme):
        state.theme = theme
        state.say(theme.name + " was changed and is in use")
        return []
    case .focus(let hasFocus):
        state.hasFocus = hasFocus
        return []
    case .placesRead(let folders):
        state.places.marked = folders
        return []
    case .resize(let size):
        state.size = size
        return []
    case .clock(let now, let wall):
        state.now = now
        // One that came while something else was open.
        state.askForTiers()
        state.askForSession()
        state.clock = wall
        let kept = state.keepSession()
        guard let path = state.deck.path, state.wasUsed || state.deck.player.playing else { return kept }
        state.wasUsed = false
        return kept + [.keep(path: path)]

    case .listing, .listingFailed, .folderChanged, .fileChanged, .facts: return updateFiles(&state, event)
    case .opened, .openFailed, .measuring, .picture, .measured, .measureFailed, .measurementGone, .unloaded, .outputChanged, .player, .outputs, .referenceLeft, .pageOpened, .pageGone, .soundEnded, .ordered:
        return updateDeck(&state, event)
    case .settled, .solved, .solveFailed, .referenceKept, .platforms, .presets, .presetSaved, .presetExists, .presetFailed: return updateMaster(&state, event)

    case .promptRead, .promptGone, .takeOutlined, .takePlayable, .takeProgress, .takeReady, .takeGone, .takeFailed, .takeSaved:
        return updateGenerate(&state, event)

    case .patienceLost:
        state.loseAheadPatience()
        return []
    case .planned(let orders): return ask(orders, &state)
    // The app's.
    case .queued: return []
    case .jobs(let jobs):
        let selected = state.queue.selected?.id
        var refresh = false
        for job in jobs where !job.isActive && state.queue.jobs.contains(where: { $0.id == job.id && $0.isActive }) {
            state.message = job.ending
            // The new file shows in the folder it was made in.
            if case .done = job.stage, Path.parent(of: job.output) == state.files.query.folder { refresh = true }
        }
        state.queue.jobs = jobs
        state.queue.cursor.index = state.queue.shown.firstIndex { $0.id == selected } ?? state.queue.cursor.index
        state.queue.cursor.clamp(count: state.queue.shown.count)
        state.askForTiers()
        guard refresh else { return [] }
        state.files.wanted = state.files.selected?.name
        return state.listAgain()
    case .ledger(let snapshot):
        let selected = state.ledger.selected?.id
        state.ledger.snapshot = snapshot
        state.ledger.problem = nil
        state.ledger.cursor.index = state.ledger.shown.firstIndex { $0.id == selected } ?? state.ledger.cursor.index
        state.ledger.cursor.clamp(count: state.ledger.shown.count)
        return []
    case .ledgerFailed(let problem):
        state.ledger.problem = problem
        state.history.letGo(keeping: false)
        if state.ledger.snapshot == nil, state.overlay == nil {
            state.overlay = .note(title: "There is no privacy ledger", lines: [
                problem + ".", "",
                "Nothing temporary may exist without a row in it, so no file is opened, measured or rendered until Lathe is started with one. "
                    + "Folders can be looked at.",
                "", "Esc closes this."])
        } else {
            state.say(problem, .error)
        }
        return []

    case .sessionFound(let found, let keptAt): return state.take(found, keptAt: keptAt)
    case .sessionUnwanted:
        state.session.isKept = false
        state.say("this session is not kept for the next start any more")
        return []
    case .undoGone(let again):
        // What is done from here on has a row of its own, or is not remembered.
        state.history.letGo(keeping: again)
        return again ? [.holdUndo] : []
    case .questionShown:
        if case .question(var question)? = state.overlay {
            question.wasShown()
            state.overlay = .question(question)
        }
        return []
    case .explained(let title, let lines):
        state.overlay = .note(title: title, lines: lines)
        return []
    case .notice(let message):
        state.message = message
        return []
    }
}

extension JobRow {
    /// What to tell when it has ended.
    var ending: Notice {
        let name = Path.name(of: output)
        switch stage {
        case .waiting, .running: return Notice(name)
        case .done(let lufs, let dbtp, let note):
            let numbers = [lufs.map { Format.fixed($0, 1) + " LUFS" }, dbtp.map { Format.fixed($0, 1) + " dBTP" }].compactMap { $0 }
            let text = ([name + " is ready"] + numbers).joined(separator: " · ")
            return note.map { Notice(text + " · " + $0, .warning) } ?? Notice(text)
        case .failed(let why): return Notice(why, .error)
        case .cancelled: return Notice(name + ": cancelled; nothing was written")
        }
    }
}
