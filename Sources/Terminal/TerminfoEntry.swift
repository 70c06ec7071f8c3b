import CTerminal

/// The description of the terminal that ncurses is given: our own, with the movement and erasure of the user's
/// description and colours that ncurses cannot express through it.
///
/// Why own: a 256-colour description makes ncurses redefine the palette to show more colours, direct-colour
/// descriptions are rarely installed, and both leave out either RGB or the user's 16 colours. Here a colour number below 2^24 is
/// RGB and 2^24 + n is palette entry n; `RGB` without `initc` keeps ncurses from ever touching the palette, and which of them
/// are used is decided per cell by `ColorDepth`. Insertion, deletion, scrolling and repetition are left out:
/// terminals disagree about them around wide characters.
struct TerminfoEntry: Equatable {
    static let name = "lathe"
    /// The number of palette entry 0.
    static let indexedBase: Int32 = 1 << 24

    var flags: [String] = []
    var numbers: [String: Int32] = [:]
    var strings: [String: String] = [:]

    /// ECMA-48 as every emulator since the VT220 speaks it: for terminals known by name whose description is not installed here.
    static let ecma48: TerminfoEntry = {
        var entry = TerminfoEntry()
        // Not "am": the session switches automatic margins off, so the last corner can be drawn and nothing ever wraps.
        entry.flags = ["msgr"]
        entry.strings = [
            "clear": "\u{1B}[H\u{1B}[2J", "cup": "\u{1B}[%i%p1%d;%p2%dH", "home": "\u{1B}[H", "cr": "\r",
            "cuu": "\u{1B}[%p1%dA", "cud": "\u{1B}[%p1%dB", "cuf": "\u{1B}[%p1%dC", "cub": "\u{1B}[%p1%dD",
            "cuu1": "\u{1B}[A", "cud1": "\u{1B}[B", "cuf1": "\u{1B}[C", "cub1": "\u{8}",
            "hpa": "\u{1B}[%i%p1%dG", "vpa": "\u{1B}[%i%p1%dd",
            "el": "\u{1B}[K", "el1": "\u{1B}[1K", "ed": "\u{1B}[J", "ech": "\u{1B}[%p1%dX",
            "sgr0": "\u{1B}[m", "bold": "\u{1B}[1m", "dim": "\u{1B}[2m", "sitm": "\u{1B}[3m", "smul": "\u{1B}[4m",
            "rev": "\u{1B}[7m", "op": "\u{1B}[39;49m",
            "setaf": color(30, 38), "setab": color(40, 48),
        ]
        return entry
    }()

    /// `setaf`/`setab`: RGB below 2^24, then the 8 normal, 8 bright and remaining palette entries.
    private static func color(_ normal: Int, _ extended: Int) -> String {
        let index = "%p1%{16777216}%-"
        return "\u{1B}[%?%p1%{16777216}%<%t\(extended);2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d"
            + "%e\(index)%{8}%<%t\(index)%{\(normal)}%+%d"
            + "%e\(index)%{16}%<%t\(index)%{\(normal + 52)}%+%d"
            + "%e\(extended);5;\(index)%d%;m"
    }

    /// Emulators that are ECMA-48 and often missing from the host's database, the complaint of everybody who uses one over SSH.
    static func isKnownByName(_ term: String) -> Bool {
        let known = [
            "xterm", "tmux", "screen", "alacritty", "foot", "wezterm", "ghostty", "kitty", "rio", "contour", "konsole",
            "gnome", "vte", "st", "rxvt", "iterm", "iTerm.app", "mintty", "putty", "linux", "vscode", "eterm",
        ]
        return known.contains { term == $0 || term.hasPrefix($0 + "-") }
    }

    /// The description to use for the user's terminal and the colours its own one declares.
    /// - Throws: `unusable` if there is none, or if it cannot place the cursor the ECMA-48 way.
    static func forTerminal(_ term: String) throws(TerminalError) -> (entry: TerminfoEntry, colors: Int?) {
        if term.isEmpty || term == "dumb" { throw .unusable(term: term, reason: "cannot place the cursor") }
        let result: Result<(entry: TerminfoEntry, colors: Int?), TerminalError> = Ncurses.hasScreen.withLock { _ in
            do throws(TerminalError) { return .success(try read(term)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func read(_ term: String) throws(TerminalError) -> (entry: TerminfoEntry, colors: Int?) {
        guard lathe_terminfo_load(term) == 1 else {
            if isKnownByName(term) { return (ecma48, nil) }
            throw .unusable(term: term, reason: "is not a terminal this machine knows")
        }
        defer { lathe_terminfo_unload() }
        var entry = ecma48
        if lathe_terminfo_flag("bce") { entry.flags.append("bce") }
        // What the terminal lacks is left out; what it has is written our way, for those are the same sequences.
        for optional in ["cuu", "cud", "cuf", "cub", "hpa", "vpa", "el", "el1", "ed", "ech", "bold", "dim", "sitm", "smul", "rev"]
        where lathe_terminfo_string(optional) == nil {
            entry.strings[optional] = nil
        }
        guard let cup = lathe_terminfo_string("cup"), String(cString: cup).hasPrefix("\u{1B}["), lathe_terminfo_string("clear") != nil
        else { throw .unusable(term: term, reason: "cannot place the cursor") }
        return (entry, Int(lathe_terminfo_number("colors")))
    }

    /// The compiled form, term(5) "extended number format", with the extended flag `RGB`.
    func compiled(size: Size) -> [UInt8] {
        var numbers = numbers
        numbers["cols"] = Int32(clamping: size.columns)
        numbers["lines"] = Int32(clamping: size.rows)
        numbers["colors"] = Self.indexedBase + 256
        numbers["pairs"] = 0x7FFF
        var flagTable: [UInt8] = []
        for flag in flags { place(1, at: Int(lathe_terminfo_flag_index(flag)), in: &flagTable, empty: 0) }
        var numberTable: [Int32] = []
        for (name, value) in numbers { place(value, at: Int(lathe_terminfo_number_index(name)), in: &numberTable, empty: -1) }
        var offsets: [Int16] = []
        var texts: [UInt8] = []
        for (name, value) in strings.sorted(by: { $0.key < $1.key }) {
            place(Int16(texts.count), at: Int(lathe_terminfo_string_index(name)), in: &offsets, empty: -1)
            texts += Array(value.utf8) + [0]
        }
        let names = Array("\(Self.name)|Lathe's view of this terminal".utf8) + [0]
        var bytes: [UInt8] = []
        func short(_ value: Int) { bytes += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)] }
        for field in [0o1036, names.count, flagTable.count, numberTable.count, offsets.count, texts.count] { short(field) }
        bytes += names + flagTable
        if bytes.count % 2 == 1 { bytes.append(0) }
        for number in numberTable {
            short(Int(number))
            short(Int(number >> 16))
        }
        for offset in offsets { short(Int(offset)) }
        bytes += texts
        if bytes.count % 2 == 1 { bytes.append(0) }
        // One extended flag, its value, and its name as the only string.
        for field in [1, 0, 0, 1, 4] { short(field) }
        bytes += [1, 0]
        short(0)
        return bytes + Array("RGB".utf8) + [0]
    }

    private func place<T>(_ value: T, at index: Int, in table: inout [T], empty: T) {
        precondition(index >= 0, "only capabilities that terminfo names are used")
        while table.count <= index { table.append(empty) }
        table[index] = value
    }

    /// As an environment variable, the way ncurses takes a description without a file (terminfo(5), "hex:").
    func variable(size: Size) -> [CChar] {
        let digits = Array("0123456789ABCDEF".utf8)
        var text = Array("TERMINFO=hex:".utf8)
        for byte in compiled(size: size) { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return text.map { CChar(bitPattern: $0) } + [0]
    }
}
