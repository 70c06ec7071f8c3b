/// Keys that were typed before what they act on was there, in their order: a folder's rows, the presets. They act when it is.
///
/// While any key waits the later ones wait behind it, so that typing blind gives what typing with patience would have given.
/// Only the keys for the terminal and for quitting never wait, and `Esc`, or three seconds of silence, forget what waits: a folder that never answers holds nobody.
struct TypedAhead: Sendable, Equatable {
    static let limit = 64
    private(set) var keys: [KeyStroke] = []

    var isEmpty: Bool { keys.isEmpty }

    /// False when there are too many already.
    mutating func add(_ key: KeyStroke) -> Bool {
        guard keys.count < Self.limit else { return false }
        keys.append(key)
        return true
    }

    mutating func next() -> KeyStroke? { keys.isEmpty ? nil : keys.removeFirst() }
    mutating func putBack(_ key: KeyStroke) { keys.insert(key, at: 0) }
    mutating func forget() { keys = [] }
}

extension StudioState {
    /// The Files view has not been given the folder's rows: none yet or, while keys wait for them, not all.
    var areRowsComing: Bool { view == .files && !files.complete && (files.rows.isEmpty || !typedAhead.isEmpty) }

    /// Keeps a key, and says so. Quitting and what concerns the terminal as a whole are done at once.
    mutating func wait(with key: KeyStroke) -> [Effect] {
        if key.base == .escape {
            typedAhead.forget()
            say("the keys that waited are forgotten")
        } else if let command = keymap.command(for: key, in: view), command.id == "quit" {
            return command.attempt(&self)
        } else if files.isSilent, areRowsComing {
            say("the folder still does not answer; " + keymap.name(of: "files.parent") + " goes back up", .warning)
        } else if typedAhead.add(key) {
            say(areRowsComing ? "still reading the folder; your keys wait for it, Esc forgets them" : "still reading the presets; your keys wait for them")
        } else {
            say("too many keys wait already; Esc forgets them", .warning)
        }
        return []
    }

    /// What the keys wait for does not come: they are forgotten, so that the next ones act.
    mutating func loseAheadPatience() {
        guard !typedAhead.isEmpty else { return }
        files.isSilent = areRowsComing
        typedAhead.forget()
        say("the folder does not answer; the keys that waited for it are forgotten", .warning)
    }

    /// After something has arrived: the keys that waited for it.
    mutating func actOnTypedAhead() -> [Effect] {
        var effects: [Effect] = []
        while let key = typedAhead.next() {
            if overlay == nil, let command = keymap.command(for: key, in: view), command.waits(self) {
                typedAhead.putBack(key)
                break
            }
            // What was said about the waiting goes with it.
            message = nil
            effects += act(on: key, &self)
        }
        return effects
    }
}
