/// The last step from ncurses' bytes to the line: puts real glyphs in place of stand-ins and says each change of style
/// once, in its shortest form, just before it matters.
///
/// Input is what ncurses writes with `TerminfoEntry`: UTF-8 text, CSI sequences, and nothing else.
struct FrameEncoder {
    /// The style the terminal is in after everything encoded so far; nil if unknown.
    private var current: Style?
    private var wanted = Style.plain

    mutating func forget() {
        current = nil
        wanted = .plain
    }

    mutating func encode(_ bytes: UnsafeRawBufferPointer, standIns: StandIns) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte == 0x1B, at + 1 < bytes.count, bytes[at + 1] == 0x5B {
                var end = at + 2
                while end < bytes.count, !(0x40...0x7E).contains(bytes[end]) { end += 1 }
                guard end < bytes.count else { break }
                let parameters = UnsafeRawBufferPointer(rebasing: bytes[at + 2..<end])
                if bytes[end] == 0x6D {
                    apply(parameters)
                } else {
                    // Erasing paints with the current background; moving does not care.
                    if bytes[end] == 0x4A || bytes[end] == 0x4B || bytes[end] == 0x58 { settle(&output) }
                    output.append(contentsOf: bytes[at...end])
                }
                at = end + 1
                continue
            }
            if byte < 0x20 {
                output.append(byte)
                at += 1
                continue
            }
            settle(&output)
            if byte == StandIns.narrowLead || byte == StandIns.wideLead, at + 3 < bytes.count,
                let text = standIns.text(UnsafeRawBufferPointer(rebasing: bytes[at..<at + 4])) {
                output.append(contentsOf: text)
                at += 4
            } else {
                output.append(byte)
                at += 1
            }
        }
        return output
    }

    private mutating func settle(_ output: inout [UInt8]) {
        guard current != wanted else { return }
        output.append(contentsOf: SGR.change(from: current, to: wanted))
        current = wanted
    }

    private mutating func apply(_ parameters: UnsafeRawBufferPointer) {
        var numbers: [Int] = [0]
        for byte in parameters {
            if byte == 0x3B { numbers.append(0) } else { numbers[numbers.count - 1] = numbers[numbers.count - 1] * 10 + Int(byte) - 0x30 }
        }
        SGR.apply(numbers, to: &wanted)
    }
}

/// Select Graphic Rendition, ECMA-48 8.3.117 with the 24-bit and 256-colour forms of ISO 8613-6 as terminals write them.
enum SGR {
    static func apply(_ numbers: [Int], to style: inout Style) {
        var rest = numbers[...]
        while let number = rest.popFirst() {
            switch number {
            case 0: style = .plain
            case 1: style.bold = true
            case 2: style.dim = true
            case 3: style.italic = true
            case 4: style.underline = true
            case 7: style.reverse = true
            case 30...37: style.foreground = .indexed(UInt8(number - 30))
            case 40...47: style.background = .indexed(UInt8(number - 40))
            case 90...97: style.foreground = .indexed(UInt8(number - 82))
            case 100...107: style.background = .indexed(UInt8(number - 92))
            case 39: style.foreground = .default
            case 49: style.background = .default
            case 38: if let color = extended(&rest) { style.foreground = color }
            case 48: if let color = extended(&rest) { style.background = color }
            default: break
            }
        }
    }

    private static func extended(_ rest: inout ArraySlice<Int>) -> Color? {
        switch rest.popFirst() {
        case 5: return rest.popFirst().map { .indexed(UInt8(truncatingIfNeeded: $0)) }
        case 2:
            guard let r = rest.popFirst(), let g = rest.popFirst(), let b = rest.popFirst() else { return nil }
            return .rgb(UInt8(truncatingIfNeeded: r), UInt8(truncatingIfNeeded: g), UInt8(truncatingIfNeeded: b))
        default: return nil
        }
    }

    /// The shorter of changing what differs and starting over from the reset.
    static func change(from old: Style?, to new: Style) -> [UInt8] {
        if new == .plain { return Array("\u{1B}[m".utf8) }
        var fresh = "0"
        for code in codes(.plain, new) { fresh += ";" + code }
        guard let old else { return sequence(fresh) }
        let removed = old.attributes.subtracting(new.attributes)
        var step: [String] = []
        var base = old
        if removed.contains(.bold) || removed.contains(.dim) {
            step.append("22")
            base.attributes.subtract([.bold, .dim])
        }
        if removed.contains(.italic) { step.append("23") }
        if removed.contains(.underline) { step.append("24") }
        if removed.contains(.reverse) { step.append("27") }
        step += codes(base, new)
        let change = step.joined(separator: ";")
        return sequence(change.utf8.count <= fresh.utf8.count ? change : fresh)
    }

    private static func codes(_ old: Style, _ new: Style) -> [String] {
        var result: [String] = []
        let added = new.attributes.subtracting(old.attributes)
        if added.contains(.bold) { result.append("1") }
        if added.contains(.dim) { result.append("2") }
        if added.contains(.italic) { result.append("3") }
        if added.contains(.underline) { result.append("4") }
        if added.contains(.reverse) { result.append("7") }
        if new.foreground != old.foreground { result.append(code(new.foreground, 30)) }
        if new.background != old.background { result.append(code(new.background, 40)) }
        return result
    }

    private static func code(_ color: Color, _ base: Int) -> String {
        switch color.kind {
        case .default: "\(base + 9)"
        case .indexed(let index) where index < 8: "\(base + Int(index))"
        case .indexed(let index) where index < 16: "\(base + 52 + Int(index))"
        case .indexed(let index): "\(base + 8);5;\(index)"
        case .rgb(let r, let g, let b): "\(base + 8);2;\(r);\(g);\(b)"
        }
    }

    private static func sequence(_ parameters: String) -> [UInt8] { Array("\u{1B}[\(parameters)m".utf8) }
}
