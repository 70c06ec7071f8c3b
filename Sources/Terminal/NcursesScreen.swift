import CTerminal
import Glibc
import Synchronization

/// ncurses keeps its screen and terminal in globals, and 6.4 mixes two screens up even if they take turns: a process has one at
/// a time. The lock also covers reading descriptions, which goes through the same globals.
enum Ncurses {
    static let hasScreen = Mutex(false)
}

/// Frames through ncursesw as a diffing engine: `newterm` draws into a memory file, the bytes are taken from there and
/// handed to whoever owns the line. ncurses sees neither the terminal, nor its input, nor the process's signals.
///
/// Cost of a frame: O(cells) to compare, then the rows that changed.
public final class NcursesScreen: Screen {
    public private(set) var size: Size
    private var capabilities: Capabilities
    private let screen: OpaquePointer
    private let output: UnsafeMutablePointer<FILE>
    private let input: UnsafeMutablePointer<FILE>
    private let descriptor: Int32
    private var shown: Frame?
    private var encoder = FrameEncoder()
    private var standIns = StandIns()
    private var pairs: [UInt64: Int32] = [:]
    private var row: [cchar_t] = []
    private var buffer: [UInt8] = []
    private var cursorIsVisible: Bool?
    private var title: String?
    private var isOpen = true

    /// Reads the description of `term` and opens ncurses on it; `busy` while another screen is open. Nothing is written to the terminal.
    public convenience init(term: String, size: Size, capabilities: Capabilities) throws(TerminalError) {
        try self.init(term: term, entry: TerminfoEntry.forTerminal(term).entry, size: size, capabilities: capabilities)
    }

    init(term: String, entry: TerminfoEntry, size: Size, capabilities: Capabilities) throws(TerminalError) {
        let opened: Result<Opened, TerminalError> = Ncurses.hasScreen.withLock { hasScreen in
            if hasScreen { return .failure(.busy) }
            do throws(TerminalError) {
                let opened = try Self.open(term, entry, size)
                hasScreen = true
                return .success(opened)
            } catch { return .failure(error) }
        }
        let parts = try opened.get()
        screen = parts.screen
        output = parts.output
        input = parts.input
        descriptor = parts.descriptor
        self.size = size
        self.capabilities = capabilities
    }

    deinit { close() }

    private struct Opened: @unchecked Sendable {
        // Unchecked: built and handed over inside one lock; the pointers have one owner.
        let screen: OpaquePointer
        let output: UnsafeMutablePointer<FILE>
        let input: UnsafeMutablePointer<FILE>
        let descriptor: Int32
    }

    private static func open(_ term: String, _ entry: TerminfoEntry, _ size: Size) throws(TerminalError) -> Opened {
        // ncurses asks the locale how to write wide characters. glibc always has C.UTF-8 since 2.35.
        if setlocale(LC_CTYPE, "C.UTF-8") == nil, setlocale(LC_CTYPE, "en_US.UTF-8") == nil {
            throw .unusable(term: term, reason: "cannot be used: this machine has no UTF-8 locale")
        }
        let descriptor = lathe_memory_file()
        if descriptor < 0 { throw .system(call: "memfd_create", code: errno) }
        guard let output = fdopen(descriptor, "w") else {
            let code = errno
            Glibc.close(descriptor)
            throw .system(call: "fdopen", code: code)
        }
        guard let input = fopen("/dev/null", "re") else {
            let code = errno
            fclose(output)
            throw .system(call: "open /dev/null", code: code)
        }
        let least = Size(columns: max(1, size.columns), rows: max(1, size.rows))
        var variable = entry.variable(size: least)
        guard let screen = lathe_newterm(&variable, TerminfoEntry.name, output, input) else {
            fclose(output)
            fclose(input)
            throw .unusable(term: term, reason: "is refused by ncurses")
        }
        start_color()
        use_default_colors()
        typeahead(-1)
        nonl()
        return Opened(screen: screen, output: output, input: input, descriptor: descriptor)
    }

    public func close() {
        guard isOpen else { return }
        isOpen = false
        Ncurses.hasScreen.withLock { hasScreen in
            endwin()
            delscreen(screen)
            hasScreen = false
        }
        fclose(output)
        fclose(input)
    }

    public func resize(to size: Size) {
        self.size = size
        Ncurses.hasScreen.withLock { _ in
            _ = resize_term(Int32(clamping: max(1, size.rows)), Int32(clamping: max(1, size.columns)))
        }
        invalidate()
    }

    public func invalidate() {
        shown = nil
        cursorIsVisible = nil
        title = nil
        encoder.forget()
        standIns.forget()
    }

    public func setCapabilities(_ capabilities: Capabilities) {
        guard capabilities != self.capabilities else { return }
        self.capabilities = capabilities
        pairs.removeAll()
        invalidate()
    }

    public func render(_ frame: Frame) -> [UInt8] {
        guard isOpen, size.columns > 0, size.rows > 0 else { return [] }
        var fitted = frame
        if frame.size != size {
            fitted = Frame(size: size)
            fitted.draw(frame, x: 0, y: 0)
            fitted.cursor = frame.cursor
            fitted.title = frame.title
        }
        return Ncurses.hasScreen.withLock { _ in draw(fitted) }
    }

    private func draw(_ frame: Frame) -> [UInt8] {
        let isWhole = shown == nil
        if isWhole {
            lathe_repaint()
            reset_color_pairs()
            pairs.removeAll(keepingCapacity: true)
        }
        for y in 0..<size.rows where isWhole || !isRowShown(y, frame) {
            guard putRow(y, frame) else {
                // Out of stand-ins or colour pairs: all of them are freed by painting anew.
                invalidate()
                return isWhole ? [] : draw(frame)
            }
        }
        let cursor = frame.cursor.flatMap { frame.bounds.contains($0) ? $0 : nil }
        if let cursor { lathe_cursor(Int32(cursor.y), Int32(cursor.x)) } else { lathe_no_cursor() }
        lathe_update()
        shown = frame
        var bytes: [UInt8] = []
        if (cursor != nil) != cursorIsVisible {
            if cursor == nil { bytes += Array("\u{1B}[?25l".utf8) }
        }
        bytes += takeOutput()
        if (cursor != nil) != cursorIsVisible {
            if cursor != nil { bytes += Array("\u{1B}[?25h".utf8) }
            cursorIsVisible = cursor != nil
        }
        if let text = frame.title, text != title {
            let inert = Sanitise.line(text)
            let shown = capabilities.utf8 ? inert : String(inert.unicodeScalars.map { $0.isASCII ? Character($0) : "?" })
            bytes += Array("\u{1B}]2;\(shown)\u{1B}\\".utf8)
            title = text
        }
        return bytes
    }

    private func isRowShown(_ y: Int, _ frame: Frame) -> Bool {
        guard let shown else { return false }
        let range = y * size.columns..<(y + 1) * size.columns
        return frame.cells.withUnsafeBufferPointer { new in
            shown.cells.withUnsafeBufferPointer { old in
                for index in range where new[index] != old[index] { return false }
                return true
            }
        }
    }

    private func putRow(_ y: Int, _ frame: Frame) -> Bool {
        row.removeAll(keepingCapacity: true)
        var previousStyle: Style?
        var pair: Int32 = 0, attributes: attr_t = 0
        for x in 0..<size.columns {
            let cell = frame.cells[y * size.columns + x]
            if cell.isContinuation { continue }
            if cell.style != previousStyle {
                guard let known = pairNumber(cell.style) else { return false }
                pair = known
                attributes = Self.attributes(cell.style.attributes)
                previousStyle = cell.style
            }
            guard append(cell, x: x, attributes, pair) else { return false }
        }
        return lathe_put_row(Int32(y), row, Int32(row.count))
    }

    private func append(_ cell: Cell, x: Int, _ attributes: attr_t, _ pair: Int32) -> Bool {
        var text: (wchar_t, wchar_t, wchar_t, wchar_t, wchar_t, wchar_t) = (0, 0, 0, 0, 0, 0)
        var result = cchar_t()
        return withUnsafeMutablePointer(to: &text) { tuple in
            tuple.withMemoryRebound(to: wchar_t.self, capacity: 6) { wide in
                if let ascii = cell.glyph.ascii {
                    wide[0] = wchar_t(ascii)
                } else if !capabilities.utf8 {
                    wide[0] = wchar_t(ASCIIForm.of(cell.glyph))
                } else {
                    var count = 0
                    var agreed = true
                    cell.glyph.forEachScalar { value in
                        if count < 5 { wide[count] = wchar_t(value) }
                        agreed = agreed && (count == 0 ? StandIns.isAgreedBase(value) : count < 5 && StandIns.isAgreedMark(value))
                        count += 1
                    }
                    if !agreed || lathe_columns(wide[0]) != Int32(cell.columns) {
                        guard let scalar = standIns.scalar(cell.glyph, x: x, columns: cell.columns) else { return false }
                        wide[0] = wchar_t(scalar)
                        wide[1] = 0
                    }
                }
                guard lathe_cell(&result, wide, attributes, pair) else { return false }
                row.append(result)
                // ASCII stands for both columns of a wide glyph.
                if !capabilities.utf8, cell.columns == 2 { row.append(result) }
                return true
            }
        }
    }

    private func pairNumber(_ style: Style) -> Int32? {
        let foreground = style.foreground.reduced(to: capabilities.colorDepth)
        let background = style.background.reduced(to: capabilities.colorDepth)
        if foreground == .default && background == .default { return 0 }
        let key = UInt64(foreground.bits) << 32 | UInt64(background.bits)
        if let known = pairs[key] { return known }
        let number = Int32(pairs.count) + 1
        guard number < lathe_pair_limit(),
            init_extended_pair(number, Self.number(foreground), Self.number(background)) == OK else { return nil }
        pairs[key] = number
        return number
    }

    private static func number(_ color: Color) -> Int32 {
        switch color.kind {
        case .default: -1
        case .indexed(let index): TerminfoEntry.indexedBase + Int32(index)
        case .rgb: Int32(color.bits & 0xFF_FFFF)
        }
    }

    private static func attributes(_ attributes: Style.Attributes) -> attr_t {
        var result: attr_t = 0
        if attributes.contains(.bold) { result |= lathe_bold() }
        if attributes.contains(.dim) { result |= lathe_dim() }
        if attributes.contains(.italic) { result |= lathe_italic() }
        if attributes.contains(.underline) { result |= lathe_underline() }
        if attributes.contains(.reverse) { result |= lathe_reverse() }
        return result
    }

    /// What ncurses has written since the last time, encoded for the line.
    private func takeOutput() -> [UInt8] {
        fflush(output)
        let count = Int(lseek(descriptor, 0, SEEK_CUR))
        if count <= 0 { return [] }
        if buffer.count < count { buffer = Array(repeating: 0, count: max(count, 2 * buffer.count)) }
        let taken = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, 0) }
        lseek(descriptor, 0, SEEK_SET)
        return buffer.withUnsafeBytes { bytes in
            encoder.encode(UnsafeRawBufferPointer(rebasing: bytes[0..<max(0, taken)]), standIns: standIns)
        }
    }
}
