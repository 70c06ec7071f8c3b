import Terminal

/// Where the user goes often: marked folders, and files opened in this session (which nothing remembers beyond it).
struct PlacesState: Sendable, Equatable {
    /// Full paths.
    var marked: [String] = []
    /// The newest first.
    var recent: [String] = []

    static let recentLimit = 20

    mutating func opened(_ path: String) {
        recent.removeAll { $0 == path }
        recent.insert(path, at: 0)
        if recent.count > Self.recentLimit { recent.removeLast() }
    }

    struct Row: Equatable {
        var path: String
        var isFolder: Bool
    }

    var rows: [Row] { marked.map { Row(path: $0, isFolder: true) } + recent.map { Row(path: $0, isFolder: false) } }
}

extension StudioState {
    /// A key in the list of places.
    mutating func choosePlace(_ cursor: Cursor, _ key: KeyStroke) -> [Effect] {
        var cursor = cursor
        let rows = places.rows
        switch key.base {
        case .up, .character("k"): cursor.move(by: -1, count: rows.count)
        case .down, .character("j"): cursor.move(by: 1, count: rows.count)
        case .character("d") where rows.indices.contains(cursor.index) && rows[cursor.index].isFolder:
            var marked = places.marked
            let forgotten = marked.remove(at: cursor.index)
            let effects = perform("forget " + Path.brief(forgotten), places: marked)
            cursor.clamp(count: places.rows.count)
            overlay = .places(cursor)
            return effects
        case .enter where rows.indices.contains(cursor.index):
            overlay = nil
            view = .files
            let row = rows[cursor.index]
            if row.isFolder { return enter(row.path, selecting: nil) }
            let into = Path.parent(of: row.path).map { $0 == files.query.folder ? [] : enter($0, selecting: Path.name(of: row.path)) } ?? []
            return into + open(row.path)
        default:
            overlay = nil
            return []
        }
        overlay = .places(cursor)
        return []
    }
}
