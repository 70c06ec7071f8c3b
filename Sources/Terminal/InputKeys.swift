/// The tables that say which key sends what.
enum InputKeys {
    /// xterm's parameter: 1 + (Shift 1, Alt 2, Control 4, Meta 8); 0 and 1 mean none.
    static func modifiers(_ parameter: Int) -> Modifiers {
        guard parameter > 1, parameter <= 256 else { return [] }
        let bits = parameter - 1
        var result: Modifiers = []
        if bits & 1 != 0 { result.insert(.shift) }
        if bits & (2 | 8) != 0 { result.insert(.alt) }
        if bits & 4 != 0 { result.insert(.control) }
        return result
    }

    /// A scalar of plain text, controls included (ESC is not one of them).
    static func text(_ scalar: Unicode.Scalar, eraseByte: UInt8) -> (Key, Modifiers) {
        let value = scalar.value
        if value == UInt32(eraseByte) || value == 0x7F || value == 0x08 { return (.backspace, []) }
        switch value {
        case 0x0D: return (.enter, [])
        case 0x09: return (.tab, [])
        case 0x00: return (.character(" "), .control)
        case 0x01...0x1A: return (.character(Character(Unicode.Scalar(UInt8(value) + 0x60))), .control)
        // Ctrl with \ ] ^ _
        case 0x1C...0x1F: return (.character(Character(Unicode.Scalar(UInt8(value) + 0x40))), .control)
        default: return (.character(Character(scalar)), [])
        }
    }

    static func arrow(_ final: UInt8) -> Key? {
        switch final {
        case 0x41: .up
        case 0x42: .down
        case 0x43: .right
        case 0x44: .left
        default: nil
        }
    }

    /// `CSI … letter`.
    static func letter(_ final: UInt8) -> Key? {
        switch final {
        case 0x46: .end
        case 0x48: .home
        case 0x50...0x53: .function(Int(final) - 0x4F)
        default: arrow(final)
        }
    }

    /// `CSI number ~`: VT220 and rxvt numbering, with its gaps.
    static func tilde(_ number: Int) -> Key? {
        switch number {
        case 1, 7: .home
        case 2: .insert
        case 3: .delete
        case 4, 8: .end
        case 5: .pageUp
        case 6: .pageDown
        case 11...15: .function(number - 10)
        case 17...21: .function(number - 11)
        case 23...26: .function(number - 12)
        case 28, 29: .function(number - 13)
        case 31...34: .function(number - 14)
        default: nil
        }
    }

    /// `ESC O byte`: application cursor keys, PF keys and the keypad; rxvt's Ctrl-arrows.
    static func ss3(_ byte: UInt8) -> (Key, Modifiers)? {
        switch byte {
        case 0x61...0x64: return arrow(byte - 0x20).map { ($0, .control) }
        case 0x4D: return (.enter, [])
        case 0x49: return (.tab, [])
        case 0x20: return (.character(" "), [])
        case 0x58: return (.character("="), [])
        // j…y: the keypad's * + , - . / 0…9
        case 0x6A...0x79: return (.character(Character(Unicode.Scalar(byte - 0x40))), [])
        default: return letter(byte).map { ($0, []) }
        }
    }

    /// A key given by its code point: `CSI code ; modifiers u` and `CSI 27 ; modifiers ; code ~`.
    static func coded(_ code: Int, _ modifiers: Modifiers) -> (Key, Modifiers)? {
        switch code {
        case 8, 127: return (.backspace, modifiers)
        case 9: return (.tab, modifiers)
        case 13, 57414: return (.enter, modifiers)
        case 27: return (.escape, modifiers)
        default:
            // Kitty's functional keys live in the private use area; those above have been dealt with.
            if code < 0x20 || (57344...63743).contains(code) { return nil }
            guard let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init) else { return nil }
            // Shift is part of the character, as it is in plain text.
            if modifiers.contains(.shift), !modifiers.contains(.control) {
                let upper = scalar.properties.uppercaseMapping.unicodeScalars
                let shifted = upper.count == 1 ? upper.first ?? scalar : scalar
                return (.character(Character(shifted)), modifiers.subtracting(.shift))
            }
            return (.character(Character(scalar)), modifiers)
        }
    }
}
