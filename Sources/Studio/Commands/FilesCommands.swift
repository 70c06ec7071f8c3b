extension Command {
    static let files: [Command] = [
        Command("files.open", "Open", keys: [KeyStroke(.enter), .character("l"), KeyStroke(.right)], in: [.files], footer: ("open", 3),
                help: "Enters a folder; loads a file, plays it and measures it.", waits: \.areRowsComing,
                unavailable: { state in
                    guard let entry = state.files.selected else { return "there is no file here" }
                    return entry.kind == .other ? entry.whyNoAudio : nil
                }) { state in
            guard let entry = state.files.selected else { return [] }
            let path = state.files.path(of: entry)
            if entry.kind == .folder { return state.enter(path, selecting: nil) }
            return state.open(path)
        },
        Command("files.parent", "Parent folder", keys: [.character("h"), KeyStroke(.backspace), KeyStroke(.left)], in: [.files],
                help: "Goes up, with the folder that was left selected.",
                unavailable: { $0.files.parent == nil ? "this is the top folder" : nil }) { state in
            guard let parent = state.files.parent else { return [] }
            return state.enter(parent, selecting: Path.name(of: state.files.query.folder))
        },
        Command("files.sort", "Sort", keys: [.character("s")], in: [.files], footer: ("sort", 6),
                help: "By name, by age, by size, in turn; folders stay first.") { state in
            state.files.query.sort = state.files.query.sort.next
            state.files.wanted = state.files.selected?.name
            state.say("sorted by " + (state.files.query.sort == .name ? "name" : state.files.query.sort.rawValue + " first"))
            return state.listAgain()
        },
        Command("files.hidden", "Hidden files", keys: [.character(".")], in: [.files], help: "Shows or hides names that begin with a dot.") { state in
            state.files.query.showsHidden.toggle()
            state.files.wanted = state.files.selected?.name
            state.say(state.files.query.showsHidden ? "hidden files are shown" : "hidden files are not shown")
            return state.listAgain()
        },
        Command("files.bookmark", "Mark the folder", keys: [.character("m")], in: [.files], help: "Keeps this folder among your places; again forgets it.") { state in
            let folder = state.files.query.folder
            var marked = state.places.marked
            let name = Path.brief(folder)
            if let index = marked.firstIndex(of: folder) {
                marked.remove(at: index)
                state.say(name + ": no longer among your places")
            } else {
                marked.append(folder)
                state.say(name + ": among your places; " + state.keymap.name(of: "files.places") + " goes there")
            }
            return state.perform("place " + name, places: marked)
        },
        Command("files.places", "Places", keys: [.character("'")], in: [.files], help: "The folders you marked, and the files you opened since the studio began.") { state in
            state.overlay = .places(Cursor())
            return []
        },
        Command("files.mark", "Mark", keys: [.character("v")], in: [.files], footer: ("mark", 5),
                help: "Marks the file for rendering together with the others (r), and moves on.", waits: \.areRowsComing,
                unavailable: { state in
                    guard let entry = state.files.selected else { return "there is no file here" }
                    return entry.kind == .audio ? nil : entry.kind == .folder ? "only audio files can be marked" : entry.whyNoAudio
                }) { state in
            guard let path = state.files.selectedPath else { return [] }
            var marks = state.files.marks
            let marked = marks.insert(path).inserted
            if !marked { marks.remove(path) }
            let effects = state.perform((marked ? "mark " : "unmark ") + Path.name(of: path), marks: marks)
            return effects + state.moveSelection(by: 1)
        },
    ]
}

extension DirectoryEntry {
    /// With its name: the message line is read apart from the list.
    var whyNoAudio: String { name + ": " + (oddity?.words ?? "not an audio file by its name") }
}

extension StudioState {
    mutating func enter(_ folder: String, selecting name: String?) -> [Effect] {
        var query = FileQuery(folder: folder)
        query.sort = files.query.sort
        query.showsHidden = files.query.showsHidden
        query.number = files.query.number
        files.query = query
        files.rows = []
        files.total = 0
        files.problem = nil
        files.cursor = Cursor()
        files.wanted = name
        return listAgain()
    }
}
