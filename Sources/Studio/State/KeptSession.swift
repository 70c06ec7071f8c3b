import Mastering
import Playback

/// What the studio is about, as far as a later start can go on with it.
struct KeptSession: Sendable, Equatable {
    /// The folder on the screen, and the name under the cursor there.
    var folder: String
    var selected: String?
    var sort = FileSort.name
    var view: ViewID
    /// Full path of the open file; nil for none, and for a take, whose sound ends with the studio.
    var file: String?
    /// Seconds.
    var position = 0.0
    var voice = Voice.master
    var matched = true
    var sound: Sound
}

/// Whether and what is kept for the next start. Opt-in: see `[studio] session`.
struct SessionState: Sendable, Equatable {
    var isKept = false
    /// Before going on with what an earlier run kept.
    var asks = false
    /// As it was kept last, and when: seconds since 1970.
    var last: KeptSession?
    var lastAt = 0.0
    /// What an earlier run kept, while the user is being asked.
    var found: KeptSession?
    var foundAt = 0.0
    /// What was gone on with is not kept anew yet: its file has still to show that it can be measured.
    var isUnproven = false

    /// Seconds between two times: what a crash may cost. Below a minute, because the clock comes once in a minute.
    static let every = 50.0
}

extension StudioState {
    /// What to keep now; nil where nothing was begun that would be missed.
    var sessionNow: KeptSession? {
        guard session.isKept else { return nil }
        // Nobody has said no to it yet.
        if let found = session.found { return found }
        let file = deck.take == nil ? deck.path : nil
        guard file != nil || master.sound.isModified else { return nil }
        let player = deck.player
        var now = KeptSession(folder: files.query.folder, selected: files.selected?.name, sort: files.query.sort, view: view, file: file, sound: master.sound)
        if deck.hearsReference {
            // The player's place is the reference's.
            now.position = session.last.map { $0.file == file ? $0.position : 0 } ?? 0
        } else {
            now.position = deck.isLoaded ? (player.ended ? 0 : player.position) : deck.resumeAt ?? 0
        }
        (now.voice, now.matched) = deck.before.map { ($0.voice, $0.matched) } ?? (player.voice, deck.matched)
        return now
    }

    /// Keeps what has changed, not too often.
    mutating func keepSession() -> [Effect] {
        guard now - session.lastAt >= SessionState.every, let current = sessionNow, current != session.last else { return [] }
        (session.last, session.lastAt) = (current, now)
        return [.keepSession(current)]
    }

    /// What was gone on with has shown that it harms nobody: from here on a crash must not cost it.
    mutating func keepRestored() -> [Effect] {
        guard session.isUnproven else { return [] }
        session.isUnproven = false
        guard let current = sessionNow else { return [] }
        (session.last, session.lastAt) = (current, now)
        return [.keepSession(current)]
    }

    /// An earlier run kept it.
    mutating func take(_ found: KeptSession, keptAt: Double) -> [Effect] {
        // Whoever has begun something else is asked, too.
        guard session.asks || deck.path != nil || overlay != nil else { return restore(found) }
        session.found = found
        session.foundAt = keptAt
        askForSession()
        return []
    }

    /// The question, once nothing else is open.
    mutating func askForSession() {
        guard overlay == nil, !(view == .generate && generate.isEditing), let found = session.found else { return }
        let what = found.file.map { Path.brief($0) } ?? "the setting " + found.sound.preset.name
        overlay = .question(Question("Go on with \(what) as you left it \(Format.remaining(max(0, now - session.foundAt))) ago? No forgets it.", .session))
    }

    /// Everything as it was, and at rest: nothing sounds before a key is pressed.
    mutating func restore(_ kept: KeptSession) -> [Effect] {
        session.found = nil
        files.query.sort = kept.sort
        var effects = enter(kept.folder, selecting: kept.selected)
        view = kept.view
        graph = nil
        master.sound = kept.sound
        master.version += 1
        if let file = kept.file {
            deck.before = nil
            effects += open(file)
            deck.resumeAt = kept.position
            deck.opensAtRest = true
            (deck.player.voice, deck.matched) = (kept.voice, kept.matched)
            effects.append(.setVoice(kept.voice))
            session.isUnproven = true
            say(Path.brief(file) + ": as you left it; " + keymap.name(of: "transport.play") + " plays")
        } else {
            session.isUnproven = true
            effects += keepRestored()
            say("the setting " + master.title + " is as you left it")
        }
        return effects
    }
}
