import Terminal

/// A row of a folder.
struct DirectoryEntry: Sendable, Equatable {
    enum Kind: UInt8, Sendable { case folder, audio, other }

    enum Oddity: UInt8, Sendable {
        case pipe, socket, device, leadsNowhere

        var words: String {
            switch self {
            case .pipe: "is a named pipe, not a file"
            case .socket: "is a socket, not a file"
            case .device: "is a device, not a file"
            case .leadsNowhere: "is a link that leads nowhere"
            }
        }
    }

    /// The name as it stands on disk, as `FileName` writes it; not safe to print.
    var name: String
    var kind: Kind
    /// What it is when it is neither a folder nor a file.
    var oddity: Oddity?
    var bytes: Int64
    /// Seconds since 1970.
    var modified: Int64

    init(name: String, kind: Kind, bytes: Int64 = 0, modified: Int64 = 0) {
        self.name = name
        self.kind = kind
        self.bytes = bytes
        self.modified = modified
    }

    /// Names whose extension one of the readers knows.
    static func looksLikeAudio(_ name: String) -> Bool {
        guard let dot = name.utf8.lastIndex(of: 0x2E) else { return false }
        return audioExtensions.contains(name[name.utf8.index(after: dot)...].lowercased())
    }

    private static let audioExtensions = StudioFiles.audioExtensions
}

/// What the header of an audio file says.
struct AudioFacts: Sendable, Equatable {
    var format: String
    var encoding: String
    var sampleRate: Int
    var channels: Int
    /// nil when the header does not say.
    var seconds: Double?

    init(format: String, encoding: String, sampleRate: Int, channels: Int, seconds: Double?) {
        self.format = format
        self.encoding = encoding
        self.sampleRate = sampleRate
        self.channels = channels
        self.seconds = seconds
    }
}

enum FileSort: String, Sendable, CaseIterable {
    case name, newest, largest

    var next: FileSort {
        switch self {
        case .name: .newest
        case .newest: .largest
        case .largest: .name
        }
    }
}

/// What the Files view asks of a folder. Reading, sorting and filtering happen away from the screen; the answer carries `number`.
struct FileQuery: Sendable, Equatable {
    var folder: String
    var sort = FileSort.name
    var showsHidden = false
    var filter = ""
    /// Grows with every question, so that a late answer to an old one is known as such.
    var number = 0

    init(folder: String) { self.folder = folder }

    /// The rows to show of everything in the folder: folders first, then by `sort`; with a filter the best match first.
    func arrange(_ entries: [DirectoryEntry]) -> [DirectoryEntry] {
        var rows = showsHidden ? entries : entries.filter { !$0.name.utf8.starts(with: [0x2E]) }
        let pattern = FuzzyPattern(filter)
        if !pattern.isEmpty {
            let scored = rows.compactMap { entry in pattern.score(entry.name).map { (entry, $0) } }
            return scored.sorted { a, b in
                a.1 != b.1 ? a.1 > b.1 : FileQuery.precedes(a.0.name, b.0.name)
            }.map(\.0)
        }
        rows.sort { a, b in
            if (a.kind == .folder) != (b.kind == .folder) { return a.kind == .folder }
            switch sort {
            case .newest where a.modified != b.modified: return a.modified > b.modified
            case .largest where a.bytes != b.bytes: return a.bytes > b.bytes
            default: return FileQuery.precedes(a.name, b.name)
            }
        }
        return rows
    }

    /// Letter case ignored, and runs of digits by value: `take 9` stands before `take 10`.
    static func precedes(_ a: String, _ b: String) -> Bool {
        var x = a.utf8.makeIterator(), y = b.utf8.makeIterator()
        var p = x.next(), q = y.next()
        while let c = p, let d = q {
            if isDigit(c), isDigit(d) {
                let (m, afterM) = digits(c, &x), (n, afterN) = digits(d, &y)
                if m != n { return m < n }
                p = afterM; q = afterN
                continue
            }
            let e = folded(c), f = folded(d)
            if e != f { return e < f }
            p = x.next(); q = y.next()
        }
        if p == nil, q == nil { return a < b }
        return p == nil
    }

    private static func isDigit(_ c: UInt8) -> Bool { c >= 0x30 && c <= 0x39 }
    private static func folded(_ c: UInt8) -> UInt8 { c >= 0x41 && c <= 0x5A ? c | 0x20 : c }

    private static func digits(_ first: UInt8, _ rest: inout String.UTF8View.Iterator) -> (UInt64, UInt8?) {
        var value = UInt64(first - 0x30)
        while let c = rest.next() {
            guard isDigit(c) else { return (value, c) }
            value = value &* 10 &+ UInt64(c - 0x30)
        }
        return (value, nil)
    }
}

/// The Files view.
struct FilesState: Sendable, Equatable {
    var query: FileQuery
    /// In the order shown.
    var rows: [DirectoryEntry] = []
    var cursor = Cursor()
    /// All rows of the folder have arrived.
    var complete = false
    /// The folder has not answered for seconds: keys no longer wait for it.
    var isSilent = false
    /// The folder changed while its rows were being read.
    var isStale = false
    /// Everything in the folder, before hiding and filtering.
    var total = 0
    /// Why the folder cannot be read.
    var problem: String?
    /// Full paths, marked for rendering together.
    var marks: Set<String> = []
    /// By full path, of the rows looked at so far.
    var facts: [String: AudioFacts] = [:]
    var asked: Set<String> = []
    /// Selected again when the rows of a folder arrive.
    var wanted: String?

    init(folder: String) { query = FileQuery(folder: folder) }

    var selected: DirectoryEntry? { rows.indices.contains(cursor.index) ? rows[cursor.index] : nil }
    var selectedPath: String? { selected.map { path(of: $0) } }

    func path(of entry: DirectoryEntry) -> String {
        query.folder.hasSuffix("/") ? query.folder + entry.name : query.folder + "/" + entry.name
    }

    /// nil at the root.
    var parent: String? { Path.parent(of: query.folder) }
}

/// Paths as text, without asking the disk.
enum Path {
    /// Parts between slashes. By code units: a mark that follows a slash makes one `Character` with it.
    private static func parts(_ path: String) -> [Substring] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
    }

    static func name(of path: String) -> String { parts(path).last.map(String.init) ?? "/" }

    /// The name, cut in the middle where a line would not hold it together with what is said about it.
    static func brief(_ path: String) -> String { TextWidth.fit(name(of: path), 40, cut: .middle) }

    /// A message about a file says its name first; the way to it is on the screen already.
    static func shortened(_ message: String, _ path: String) -> String {
        message.replacing(Sanitise.line(path), with: Sanitise.line(name(of: path)))
    }

    static func parent(of path: String) -> String? {
        let parts = parts(path)
        return parts.isEmpty ? nil : "/" + parts.dropLast().joined(separator: "/")
    }

    /// The name without its last extension.
    static func stem(of path: String) -> String {
        let name = name(of: path)
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else { return name }
        return String(name[..<dot])
    }
}

/// What the studio takes for audio by its name.
public enum StudioFiles {
    public static let audioExtensions: Set<String> = [
        "wav", "wave", "rf64", "w64", "flac", "aif", "aiff", "aifc", "caf", "ogg", "oga", "opus", "mp3", "au", "snd",
    ]
}
