/// Makes text that did not come from our own source inert: every scalar that could steer a terminal, reorder a
/// line or hide itself becomes a visible mark. The result contains none of them, so doing it twice changes nothing.
///
/// Marks: `␛` (control pictures) for C0 and DEL, `‹9B›` for C1, bidi, invisible format and noncharacters, `‹xFF›` for
/// bytes that are not UTF-8; also where a path writes such a byte as a character of U+10FE80…U+10FEFF.
public enum Sanitise {
    /// One line: line feed and tab are marked too.
    public static func line(_ text: String) -> String { marked(text, keeping: { _ in false }) }

    /// Several lines: line feed and tab stay, CR LF and CR become a line feed.
    public static func text(_ text: String) -> String {
        var unified = String.UnicodeScalarView()
        var afterReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                unified.append("\n")
            } else if !(scalar == "\n" && afterReturn) {
                unified.append(scalar)
            }
            afterReturn = scalar == "\r"
        }
        return marked(String(unified), keeping: { $0 == "\n" || $0 == "\t" })
    }

    /// One line from bytes of unknown encoding, such as a file name. Different bytes stay different to the eye.
    public static func line(bytes: some Sequence<UInt8>) -> String { line(decode(bytes)) }

    /// UTF-8 with each byte of an invalid sequence written as `‹xFF›`; controls are left in place.
    static func decode(_ bytes: some Sequence<UInt8>) -> String {
        var result = String.UnicodeScalarView()
        var decoder = ScalarDecoder()
        func emit(_ step: ScalarDecoder.Step) {
            switch step {
            case .pending: break
            case .scalar(let scalar): result.append(scalar)
            case .invalid(let bad, let then):
                for byte in bad { result.append(contentsOf: "‹x\(hex(UInt32(byte)))›".unicodeScalars) }
                if let then { emit(then) }
            }
        }
        for byte in bytes { emit(decoder.feed(byte)) }
        emit(decoder.finish())
        return String(result)
    }

    private static func marked(_ text: String, keeping: (Unicode.Scalar) -> Bool) -> String {
        if !text.unicodeScalars.contains(where: { isMarked($0) && !keeping($0) }) { return text }
        var result = String.UnicodeScalarView()
        var inFlag = false
        for scalar in text.unicodeScalars {
            inFlag = scalar == blackFlag || inFlag && isTag(scalar)
            if !keeping(scalar), !(inFlag && isTag(scalar)), let mark = mark(for: scalar) {
                result.append(contentsOf: mark.unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// Subdivision flags are this emoji followed by tag characters; only there tags are legitimate.
    static let blackFlag: Unicode.Scalar = "\u{1F3F4}"
    static func isTag(_ scalar: Unicode.Scalar) -> Bool { (0xE0020...0xE007F).contains(scalar.value) }

    /// What is drawn instead of a scalar that must not reach the terminal; nil for all others.
    static func mark(for scalar: Unicode.Scalar) -> String? {
        guard isMarked(scalar) else { return nil }
        let value = scalar.value
        if value < 0x20, let picture = Unicode.Scalar(0x2400 + value) { return String(picture) }
        if value == 0x7F { return "\u{2421}" }
        if (0x10FE80...0x10FEFF).contains(value) { return "‹x\(hex(value & 0xFF))›" }
        return "‹\(hex(value))›"
    }

    static func isMarked(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        if value < 0x7F { return value < 0x20 }
        if value < 0x300 { return value <= 0x9F || value == 0xAD }
        switch value {
        case 0x061C, 0x115F, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F, 0x3164,
            0xFDD0...0xFDEF, 0xFEFF, 0xFFA0, 0xFFF0...0xFFFB, 0x1D173...0x1D17A, 0xE0000...0xE00FF, 0xE01F0...0xE0FFF,
            0x10FE80...0x10FEFF:
            return true
        default:
            return value & 0xFFFE == 0xFFFE
        }
    }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return digits.count < 2 ? "0" + digits : digits
    }
}
