/// The folder's rows and what is known of its files.
func updateFiles(_ state: inout StudioState, _ event: StudioEvent) -> [Effect] {
    switch event {
    case .listing(let number, let rows, let total, let complete):
        guard number == state.files.query.number else { return [] }
        // Rows arrive before, too: the selection stays on its name, not on its number.
        let wanted = state.files.wanted ?? (state.files.cursor.index > 0 ? state.files.selected?.name : nil)
        state.files.rows = rows
        state.files.isSilent = false
        state.files.total = total
        state.files.complete = complete
        state.files.problem = nil
        if let wanted, let index = rows.firstIndex(where: { $0.name == wanted }) { state.files.cursor.index = index }
        if complete { state.files.wanted = nil }
        state.files.cursor.clamp(count: rows.count)
        guard complete else { return state.askFacts() }
        var effects = state.askFacts() + state.actOnTypedAhead()
        // A key may have led into another folder by now.
        if state.files.isStale, state.files.complete { effects += updateFiles(&state, .folderChanged(state.files.query.folder)) }
        return effects
    case .listingFailed(let number, let problem):
        guard number == state.files.query.number else { return [] }
        state.files.rows = []
        state.files.total = 0
        state.files.complete = true
        state.files.problem = problem
        return state.actOnTypedAhead()
    case .folderChanged(let folder):
        guard folder == state.files.query.folder else { return [] }
        guard state.files.complete else {
            // What has been read of it may lack the change.
            state.files.isStale = true
            return []
        }
        state.files.wanted = state.files.selected?.name
        // Headers are read again: a file may have been exported anew under its old name.
        state.files.asked = []
        return state.listAgain()
    case .facts(let path, let facts):
        state.files.facts[path] = facts
        return []
    case .fileChanged(let path, let isGone):
        guard path == state.deck.path else { return [] }
        let name = Path.name(of: path)
        state.deck.isChanged = !isGone
        state.say(isGone ? name + ": is gone from its folder" : name + ": was changed on disk; open it again to hear what it is now", .warning)
        return []
    default: return []
    }
}

extension StudioState {
    /// Asks for the folder's rows as the query now stands.
    mutating func listAgain() -> [Effect] {
        files.query.number += 1
        files.complete = false
        files.isStale = false
        files.isSilent = false
        return [.list(files.query)]
    }

    /// Facts of the audio files around the selection that were not asked for yet.
    mutating func askFacts() -> [Effect] {
        let reach = max(8, size.rows)
        let from = max(0, files.cursor.index - reach), to = min(files.rows.count, files.cursor.index + reach)
        guard from < to else { return [] }
        var wanted: [String] = []
        for entry in files.rows[from..<to] where entry.kind == .audio {
            let path = files.path(of: entry)
            if files.asked.insert(path).inserted { wanted.append(path) }
        }
        return wanted.isEmpty ? [] : [.readFacts(wanted)]
    }
}
