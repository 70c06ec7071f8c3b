import Mastering
import Playback

/// The studio's one transition: an event changes the state and asks for effects. Pure.
func update(_ state: inout StudioState, _ event: StudioEvent) -> [Effect] {
    switch event {
    case .key(let key):
        state.wasUsed = true
        return press(key, &state)
    case .paste(let text): return paste(text, &state)
    case .resize(let size):
        state.size = size
        return []
    case .clock(let now, let wall):
        state.now = now
        state.clock = wall
        guard let path = state.deck.path, state.wasUsed || state.deck.player.playing else { return [] }
        state.wasUsed = false
        return [.keep(path: path)]

    case .listing, .listingFailed, .folderChanged, .facts: return updateFiles(&state, event)
    case .opened, .openFailed, .measuring, .measured, .measureFailed, .measurementGone, .unloaded, .outputChanged, .player:
        return updateDeck(&state, event)
    case .settled, .solved, .solveFailed, .presets, .presetSaved, .presetExists, .presetFailed: return updateMaster(&state, event)

    case .planned(let orders): return ask(orders, &state)
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

private func updateFiles(_ state: inout StudioState, _ event: StudioEvent) -> [Effect] {
    switch event {
    case .listing(let number, let rows, let total, let complete):
        guard number == state.files.query.number else { return [] }
        // Rows arrive before, too: the selection stays on its name, not on its number.
        let wanted = state.files.wanted ?? (state.files.cursor.index > 0 ? state.files.selected?.name : nil)
        state.files.rows = rows
        state.files.total = total
        state.files.complete = complete
        state.files.problem = nil
        if let wanted, let index = rows.firstIndex(where: { $0.name == wanted }) { state.files.cursor.index = index }
        if complete { state.files.wanted = nil }
        state.files.cursor.clamp(count: rows.count)
        return state.askFacts()
    case .listingFailed(let number, let problem):
        guard number == state.files.query.number else { return [] }
        state.files.rows = []
        state.files.total = 0
        state.files.complete = true
        state.files.problem = problem
        return []
    case .folderChanged(let folder):
        guard folder == state.files.query.folder, state.files.complete else { return [] }
        state.files.wanted = state.files.selected?.name
        // Headers are read again: a file may have been exported anew under its old name.
        state.files.asked = []
        return state.listAgain()
    case .facts(let path, let facts):
        state.files.facts[path] = facts
        return []
    default: return []
    }
}

private func updateDeck(_ state: inout StudioState, _ event: StudioEvent) -> [Effect] {
    switch event {
    case .opened(let opening, let facts):
        guard opening == state.deck.opening else { return [] }
        state.deck.stage = .ready
        state.deck.facts = facts
        // It plays at once; the player's own word comes with the next frame.
        state.deck.player.playing = true
        guard let resume = state.deck.resumeAt else { return [.play] }
        state.deck.resumeAt = nil
        return [.seek(resume), .play]
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
    case .measured(let opening, let profile):
        guard opening == state.deck.opening else { return [] }
        state.deck.measuring = nil
        state.deck.measureProblem = nil
        state.deck.isMeasurementGone = false
        state.deck.profile = profile
        return state.soundChanged()
    case .measureFailed(let opening, let problem):
        guard opening == state.deck.opening else { return [] }
        state.deck.measuring = nil
        state.deck.measureProblem = problem
        state.say(problem, .error)
        return []
    case .measurementGone(let opening):
        guard opening == state.deck.opening, state.deck.profile != nil || state.deck.measuring != nil else { return [] }
        // What was derived from the measurement goes with it.
        state.deck.profile = nil
        state.deck.measuring = nil
        state.deck.masterHistory.clear()
        state.deck.originalHistory.clear()
        state.master.solved = nil
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
        return []
    case .outputChanged:
        state.deck.meters = nil
        return [state.trimsEffect]
    case .player(let snapshot, let meters, let milliseconds):
        state.take(snapshot, meters, at: milliseconds)
        return []
    default: return []
    }
}

private func updateMaster(_ state: inout StudioState, _ event: StudioEvent) -> [Effect] {
    switch event {
    case .settled(let version):
        guard version == state.master.version, state.deck.profile != nil else { return [] }
        state.master.solving = true
        return [.solve(state.master.sound.audible, version: version)]
    case .solved(let version, let solved):
        guard version == state.master.version else { return [] }
        state.master.solving = false
        state.master.solved = solved
        state.master.solveProblem = nil
        return [.use(solved.parameters), state.trimsEffect]
    case .solveFailed(let version, let problem):
        guard version == state.master.version else { return [] }
        state.master.solving = false
        state.master.solveProblem = problem
        state.say(problem, .error)
        return []
    case .presets(let entries):
        state.master.presets = entries
        return []
    case .presetSaved(let preset, let path):
        // Saving is not an edit of the sound: it is not undone, and the preset counts as unmodified from here on.
        var sound = state.master.sound
        sound.preset = sound.audible
        (sound.preset.id, sound.preset.name, sound.preset.intent) = (preset.id, preset.name, preset.intent)
        sound.bypassed = []
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

extension StudioState {
    /// What the first screen still lacks.
    mutating func start() -> [Effect] { [.listPresets] + listAgain() }

    var trimsEffect: Effect {
        let trims = trims
        return .setTrims(master: trims.master, original: trims.original)
    }

    /// After any change of what is heard: hear it at once, and solve it exactly once the hand rests.
    mutating func soundChanged() -> [Effect] {
        master.version += 1
        master.solved = nil
        master.solving = false
        guard deck.path != nil else { return [] }
        let audition = Effect.audition(master.sound.audible)
        return deck.profile == nil ? [audition] + measureAgain() : [audition, trimsEffect, .settle(version: master.version)]
    }

    /// Measures the open file when what was known of it has been destroyed: what is heard must be what is rendered.
    mutating func measureAgain() -> [Effect] {
        guard let path = deck.path, deck.isMeasurementGone, deck.measuring == nil else { return [] }
        deck.isMeasurementGone = false
        deck.measuring = 0
        return [.measure(path: path, opening: deck.opening)]
    }

    /// Applies an edit and remembers it.
    mutating func perform(_ what: String, sound: Sound) -> [Effect] {
        guard sound != master.sound else { return [] }
        let edit = Edit(what: what, change: .sound(from: master.sound, to: sound))
        history.record(edit)
        return apply(edit)
    }

    mutating func perform(_ what: String, marks: Set<String>) -> [Effect] {
        guard marks != files.marks else { return [] }
        let edit = Edit(what: what, change: .marks(from: files.marks, to: marks))
        history.record(edit)
        return apply(edit)
    }

    mutating func apply(_ edit: Edit) -> [Effect] {
        switch edit.change {
        case .sound(_, let sound):
            let audible = master.sound.audible
            master.sound = sound
            return sound.audible == audible ? [] : soundChanged()
        case .marks(_, let marks):
            files.marks = marks
            return []
        }
    }

    /// Asks for the folder's rows as the query now stands.
    mutating func listAgain() -> [Effect] {
        files.query.number += 1
        files.complete = false
        return [.list(files.query)]
    }

    /// Facts of the audio files around the selection that were not asked for yet.
    mutating func askFacts() -> [Effect] {
        let reach = max(8, size.rows)
        let from = max(0, files.cursor.index - reach), to = min(files.rows.count, files.cursor.index + reach)
        guard from < to else { return [] }
        var wanted: [String] = []
        for entry in files.rows[from..<to] where entry.kind == .audio && !entry.isUnreachable {
            let path = files.path(of: entry)
            if files.asked.insert(path).inserted { wanted.append(path) }
        }
        return wanted.isEmpty ? [] : [.readFacts(wanted)]
    }

    /// Loads a file: heard as soon as the player has it, measured meanwhile.
    mutating func open(_ path: String) -> [Effect] {
        let opening = deck.opening + 1
        let player = deck.player
        let kept = (deck.matched, deck.output), before = deck.before
        deck = DeckState()
        (deck.matched, deck.output) = kept
        // The sound card and the voice stay as they are until the player says otherwise.
        deck.player.voice = player.voice
        deck.player.sinkDescription = player.sinkDescription
        deck.player.hasSound = player.hasSound
        deck.opening = opening
        deck.path = path
        deck.stage = .opening
        deck.measuring = 0
        deck.facts = files.facts[path]
        master.version += 1
        master.solved = nil
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

    /// Milliseconds between changes of the numbers, so that they can be read.
    private static let numberInterval: Int64 = 250

    mutating func take(_ snapshot: PlayerSnapshot, _ meters: MeterFrame?, at milliseconds: Int64) {
        if let problem = snapshot.problem, problem != deck.player.problem { say(problem, .error) }
        deck.player = snapshot
        if snapshot.hasSound {
            toldNoSound = nil
        } else if snapshot.playing, deck.output != .silent, !snapshot.sinkDescription.isEmpty, toldNoSound != snapshot.sinkDescription {
            toldNoSound = snapshot.sinkDescription
            // One line at 80 columns: the play head must stay in sight. The panel behind `o` has the reason in full.
            say("no sound, running on a clock; o says why", .warning)
        }
        deck.shownPosition = (snapshot.position * 10).rounded(.down) / 10
        guard deck.isLoaded, var meters else { return }
        if !snapshot.playing {
            // The last readings stay as numbers; what moves comes to rest.
            let quiet = MeterFrame()
            (meters.master.spectrum, meters.original.spectrum) = (quiet.master.spectrum, quiet.original.spectrum)
            (meters.compressorReduction, meters.limiterReduction) = (0, 0)
            (meters.master.peakLeft, meters.master.peakRight) = (MeterFrame.floorDB, MeterFrame.floorDB)
            (meters.original.peakLeft, meters.original.peakRight) = (MeterFrame.floorDB, MeterFrame.floorDB)
        }
        let elapsed = Double(milliseconds - lastMeters) / 1000
        deck.meters = deck.meters.map { Ballistics.settle(meters, after: $0, seconds: elapsed) } ?? meters
        lastMeters = milliseconds
        guard snapshot.playing else { return }
        if deck.numbers == nil || milliseconds - deck.numbersAt >= Self.numberInterval {
            deck.numbers = deck.meters
            deck.numbersAt = milliseconds
        }
        if let duration = deck.duration {
            deck.masterHistory.record(momentary: meters.master.momentary, shortTerm: meters.master.shortTerm,
                                      position: meters.position, duration: duration)
            deck.originalHistory.record(momentary: meters.original.momentary, shortTerm: meters.original.shortTerm,
                                        position: meters.position, duration: duration)
        }
    }
}
