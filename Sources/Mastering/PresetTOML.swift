import AudioFiles
import Crypto
import TOMLKit

/// The file form of a preset. A file is untrusted: size, nesting, keys, types and numbers are checked, and each refusal says where.
extension Preset {
    /// Largest file that is read, bytes.
    public static let fileSizeLimit = 64 * 1024

    /// Reads a preset. Keys that the text leaves out keep the values of the preset it is based on, or the defaults of the schema; an
    /// `[[eq.band]]` or `[[dyneq.band]]` is on unless it says otherwise.
    ///
    /// - Parameters:
    ///   - file: the path, for errors and for the id of a preset that gives none.
    ///   - parent: finds the preset that `based_on` names.
    /// - Throws: `.unusable` with line and column at the first thing wrong, in the order of the text.
    public static func parse(
        toml text: String, file: String, parent: (String) throws(PresetError) -> Preset = Preset.standsAlone
    ) throws(PresetError) -> Preset {
        guard text.utf8.count <= fileSizeLimit else {
            throw PresetError(file: file, problem: "is larger than 64 KiB", remedy: "a preset is a short TOML file")
        }
        if let place = TOMLPositions.firstNUL(in: text) {
            throw PresetError(file: file, line: place.line, column: place.column, problem: "holds a NUL character",
                              remedy: "a preset is a TOML text file")
        }
        let positions = TOMLPositions(text)
        if let place = positions.tooDeepAt {
            throw PresetError(file: file, line: place.line, column: place.column, problem: "nesting deeper than \(TOMLPositions.depthLimit)",
                              remedy: "presets need three levels at most")
        }
        let root: TOMLTable
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw PresetError(file: file, line: error.source.begin.line, column: error.source.begin.column,
                              problem: "not valid TOML: \(error.description)", remedy: "correct the line")
        } catch {
            throw PresetError(file: file, problem: "not valid TOML", remedy: "see toml.io for the format")
        }
        var reader = PresetReader(file: file, positions: positions)
        reader.collect(root, at: [])
        guard !reader.isEmpty else {
            throw PresetError(file: file, problem: "says nothing: it is empty", remedy: "write at least schema = \(Preset.schema); `lathe presets show streaming` is an example")
        }
        return try reader.preset(parent)
    }

    /// Text from elsewhere, a request's for one, is never based on a preset of this machine.
    public static func standsAlone(_ id: String) throws(PresetError) -> Preset {
        throw PresetError(file: id, problem: "stands alone here", remedy: "write out every value that differs from the defaults")
    }

    /// The canonical form: every key in the order of the table, fixed decimals, bands up to the last one that differs from its default.
    /// Equal sounds give equal text, and `parse` gives the preset back. What it was based on is not part of it.
    public func toml() -> String { text(relativeTo: nil) }

    /// The form for files: what differs from the preset that this one is based on.
    public func toml(relativeTo parent: Preset) -> String { text(relativeTo: parent) }

    private func text(relativeTo parent: Preset?) -> String {
        var lines = ["schema = \(Preset.schema)", "id = \(tomlQuoted(id))"]
        if let parent { lines.append("based_on = \(tomlQuoted(parent.id))") }
        lines += ["name = \(tomlQuoted(name))", "intent = \(tomlQuoted(intent))", "tags = [" + tags.map(tomlQuoted).joined(separator: ", ") + "]"]
        func differs(_ row: PresetParameter) -> Bool { row.read(self) != (parent.map(row.read) ?? row.defaultValue) }
        // Bands stand in a list: those before one that is written are written too.
        var bandsWritten: [PresetParameter.Block: Int] = [:]
        for row in Preset.parameters where row.band != nil && differs(row) { bandsWritten[row.block] = max(bandsWritten[row.block] ?? 0, row.band ?? 0) }
        var header = ""
        for row in Preset.parameters {
            if let band = row.band, band > bandsWritten[row.block] ?? 0 { continue }
            // A band is on by being there: one that is based on another says what it is.
            if parent != nil, !differs(row), row.band == nil || !row.isSwitch { continue }
            let (table, leaf) = row.place
            if table + "\(row.band ?? 0)" != header {
                header = table + "\(row.band ?? 0)"
                lines += ["", row.band == nil ? "[\(table)]" : "[[\(table)]]"]
            }
            lines.append("\(leaf) = \(tomlValue(row.read(self), of: row))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// SHA-256 of the canonical form, 64 lower-case hex digits.
    public var hash: String {
        SHA256.hash(data: Array(toml().utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }

    private func tomlValue(_ value: PresetValue, of row: PresetParameter) -> String {
        switch value {
        case .automatic: return tomlQuoted("auto")
        case .toggle(let on): return on ? "true" : "false"
        case .choice(let word): return tomlQuoted(word)
        case .number(let x):
            guard case .number(let range) = row.kind else { return String(x) }
            return fixedDecimal(x, places: range.decimals)
        }
    }
}

/// Turns the parsed tables into a preset, refusing everything the parameter table does not know.
private struct PresetReader {
    typealias Step = TOMLPositions.Step

    let file: String
    let positions: TOMLPositions
    private var entries: [(path: [Step], value: TOMLValue, position: TOMLPositions.Position?)] = []

    init(file: String, positions: TOMLPositions) {
        self.file = file
        self.positions = positions
    }

    var isEmpty: Bool { entries.isEmpty }

    private static let lists = ["eq": Preset.bandCount, "dyneq": Preset.dynamicBandCount, "multiband": Preset().multiband.bands.count]
    private static let tables = Set(Preset.parameters.filter { $0.band == nil }.map(\.place.table))
    private static let leaves = Dictionary(grouping: Preset.parameters) { $0.place.table }
        .mapValues { rows in Array(Set(rows.map(\.place.leaf))).sorted() }
    /// Numbers that a file may also give as a list, one for each of these.
    private static let spread = ["stereo.width_pct": ["stereo.low_width_pct", "stereo.mid_width_pct", "stereo.high_width_pct"]]
    private static let heads = ["schema", "id", "based_on", "name", "intent", "tags"]

    /// Every key and array element below `table`, tables before what they hold.
    mutating func collect(_ table: TOMLTable, at path: [Step]) {
        for name in table.keys {
            guard let value = table[name]?.tomlValue else { continue }
            add(value, at: path + [.key(name)])
        }
    }

    private mutating func add(_ value: TOMLValue, at path: [Step]) {
        entries.append((path, value, positions[path]))
        if let table = value.table { collect(table, at: path) }
        if let array = value.array {
            for i in 0..<array.count { add(array[i].tomlValue, at: path + [.index(i)]) }
        }
    }

    mutating func preset(_ parent: (String) throws(PresetError) -> Preset) throws(PresetError) -> Preset {
        var preset = Preset()
        if let entry = entries.first(where: { $0.path == [.key("based_on")] }) {
            let id = try identifier(entry.path, entry.value)
            do throws(PresetError) {
                preset = try parent(id)
            } catch let problem {
                throw error(entry.path, "cannot be based on '\(id)': \(problem.problem)", problem.remedy)
            }
            preset.basedOn = id
        }
        preset.tags = []
        preset.id = idFromFile
        preset.name = ""
        preset.intent = ""
        for entry in entries.sorted(by: Self.inTextOrder) { try read(entry.path, entry.value, into: &preset) }
        if preset.name.isEmpty { preset.name = preset.id }
        return preset
    }

    private static func inTextOrder(
        _ a: (path: [Step], value: TOMLValue, position: TOMLPositions.Position?),
        _ b: (path: [Step], value: TOMLValue, position: TOMLPositions.Position?)
    ) -> Bool {
        switch (a.position, b.position) {
        case (let x?, let y?): x != y ? x < y : a.path.count < b.path.count
        case (nil, nil): a.path.count < b.path.count
        case (let x, _): x != nil
        }
    }

    private func read(_ path: [Step], _ value: TOMLValue, into preset: inout Preset) throws(PresetError) {
        guard case .key(let first) = path[0] else { return }
        switch (first, path.count) {
        case ("schema", 1):
            guard value.int == Preset.schema else {
                throw error(path, "schema must be \(Preset.schema)", "this version of Lathe reads schema \(Preset.schema) only")
            }
        case ("based_on", 1): break
        case ("id", 1): preset.id = try identifier(path, value)
        case ("name", 1): preset.name = try line(path, value, limit: 64)
        case ("intent", 1): preset.intent = try line(path, value, limit: 280)
        case ("tags", 1):
            guard let array = value.array, array.count <= 16 else { throw error(path, "tags must be a list of up to 16 words", "write tags = [\"rock\"]") }
            preset.tags = []
        case ("tags", 2): preset.tags.append(try line(path, value, limit: 32))
        case (_, let depth) where Self.lists[first] != nil && (depth > 1 && path[1] == .key("band") || !Self.tables.contains(first)):
            try readBand(first, path, value, into: &preset)
        case (_, 1) where Self.tables.contains(first):
            guard value.type == .table else { throw error(path, "'\(first)' is a table", "write [\(first)] and its keys below") }
        case (_, 2) where Self.tables.contains(first):
            guard case .key(let leaf) = path[1] else { throw error(path, "'\(first)' is one table", "write [\(first)], not [[\(first)]]") }
            guard let row = Preset.parameters.first(where: { $0.key == "\(first).\(leaf)" }) else {
                throw unknown(path, leaf, among: (Self.leaves[first] ?? []) + (Self.lists[first] == nil ? [] : ["band"]), where: " in [\(first)]")
            }
            if let array = value.array, let parts = Self.spread[row.key] {
                guard array.count == parts.count else {
                    throw error(path, "\(leaf) has \(array.count) values", "give one number, or \(parts.count): for lows, mids and highs")
                }
                row.write(&preset, row.defaultValue)
            } else {
                row.write(&preset, try parameter(row, path, value))
            }
        case (_, 3) where Self.tables.contains(first):
            // The values of a list; whether they are as many as they should was seen with the list.
            guard case .key(let leaf) = path[1], case .index(let i) = path[2], let parts = Self.spread["\(first).\(leaf)"], i < parts.count,
                let row = Preset.parameter(parts[i])
            else { throw unknown(path, first, among: Self.heads + Self.tables.sorted(), where: "") }
            row.write(&preset, try parameter(row, path, value))
        default: throw unknown(path, first, among: Self.heads + Self.tables.union(Self.lists.keys).sorted(), where: "")
        }
    }

    private func readBand(_ list: String, _ path: [Step], _ value: TOMLValue, into preset: inout Preset) throws(PresetError) {
        guard path.count > 1 else {
            guard value.type == .table else { throw error(path, "'\(list)' is a table", "write [[\(list).band]] for each band") }
            return
        }
        guard path[1] == .key("band") else {
            if case .key(let leaf) = path[1] { throw unknown(path, leaf, among: ["band"], where: " in [\(list)]") }
            throw error(path, "'\(list)' is one table", "write [[\(list).band]] for each band")
        }
        let most = Self.lists[list] ?? 0
        switch path.count {
        case 2:
            guard let bands = value.array else {
                throw error(path, "'\(list).band' is a list of tables", "write [[\(list).band]], with two brackets")
            }
            guard bands.count <= most else { throw error(path + [.index(most)], "more than \(most) bands", "remove or join bands") }
        case 3:
            guard case .index(let i) = path[2], value.type == .table else {
                throw error(path, "a band is a table", "write [[\(list).band]] and its keys below")
            }
            Preset.parameter("\(list).\(i + 1).on")?.write(&preset, .toggle(true))
        default:
            guard case .index(let i) = path[2], case .key(let leaf) = path[3],
                  let row = Preset.parameters.first(where: { $0.key == "\(list).\(i + 1).\(leaf)" }), path.count == 4
            else {
                if case .key(let leaf) = path[3] {
                    throw unknown(path, leaf, among: Self.leaves["\(list).band"] ?? [], where: " in [[\(list).band]]")
                }
                throw error(path, "not a key of a band", "see `lathe presets show streaming`")
            }
            row.write(&preset, try parameter(row, path, value))
        }
    }

    private func parameter(_ row: PresetParameter, _ path: [Step], _ value: TOMLValue) throws(PresetError) -> PresetValue {
        let leaf = row.place.leaf
        switch row.kind {
        case .toggle:
            guard let on = value.bool else { throw error(path, "\(leaf) must be true or false", "write \(leaf) = true") }
            return .toggle(on)
        case .choice(let choices):
            // A bit depth reads as naturally without quotes.
            let word = value.string ?? value.int.map(String.init)
            guard let word, choices.contains(where: { $0.value == word }) else {
                throw error(path, "\(leaf) cannot be \(shown(value))", "use one of \(row.rangeText)")
            }
            return .choice(word)
        case .name:
            guard let word = value.string, Preset.isIdentifier(word) else {
                throw error(path, "\(leaf) cannot be \(shown(value))", "use \(row.rangeText)")
            }
            return .choice(word)
        case .number(let range):
            if range.bottom == .automatic, value.string == "auto" { return .automatic }
            guard let x = value.double ?? value.int.map(Double.init) else {
                throw error(path, "\(leaf) must be a number, not \(shown(value))", "use \(row.rangeText)")
            }
            guard let admitted = row.admit(x) else { throw error(path, "\(leaf) = \(x) is outside its range", "use \(row.rangeText)") }
            return admitted
        }
    }

    private func shown(_ value: TOMLValue) -> String {
        switch value.type {
        case .string: "\"\((value.string ?? "").prefix(40))\""
        case .int: value.int.map(String.init) ?? "a number"
        case .double: value.double.map { "\($0)" } ?? "a number"
        case .bool: value.bool == true ? "true" : "false"
        case .table: "a table"
        case .array: "a list"
        case .date, .time, .dateTime: "a date"
        }
    }

    private func line(_ path: [Step], _ value: TOMLValue, limit: Int) throws(PresetError) -> String {
        guard let text = value.string else { throw error(path, "must be text, not \(shown(value))", "put it in quotes") }
        guard text.count <= limit else { throw error(path, "longer than \(limit) characters", "shorten it") }
        guard text.printable == text else { throw error(path, "holds control or invisible characters", "use plain text on one line") }
        return text
    }

    private func identifier(_ path: [Step], _ value: TOMLValue) throws(PresetError) -> String {
        guard let id = value.string, Preset.isIdentifier(id) else {
            throw error(path, "id cannot be \(shown(value))", "use lower-case letters, digits, - and _, up to 64")
        }
        return id
    }

    /// `My Mix.toml` gives `my-mix`.
    private var idFromFile: String {
        let stem = file.split(separator: "/").last.map { $0.hasSuffix(".toml") ? $0.dropLast(5) : $0 } ?? ""
        let id = String(stem.lowercased().map { $0 == " " ? "-" : $0 }.prefix(64))
        return Preset.isIdentifier(id) ? id : "custom"
    }

    private func unknown(_ path: [Step], _ name: String, among known: [String], where place: String) -> PresetError {
        let remedy = nearest(name, among: known).map { "did you mean '\($0)'?" } ?? "known here: \(known.joined(separator: ", "))"
        return error(path, "unknown key '\(name.prefix(64))'\(place)", remedy)
    }

    private func error(_ path: [Step], _ problem: String, _ remedy: String) -> PresetError {
        let position = positions[path]
        return PresetError(file: file, line: position?.line, column: position?.column, problem: problem, remedy: remedy)
    }
}

extension Preset {
    /// 1 to 64 lower-case ASCII letters, digits, `-` and `_`, not starting with a sign: safe as a file name.
    public static func isIdentifier(_ text: String) -> Bool {
        let letters = text.utf8
        return (1...64).contains(letters.count) && letters.first != UInt8(ascii: "-") && letters.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }
}
