/// A complete CSI sequence from the terminal: `CSI prefix parameters intermediates final`.
struct ControlSequence {
    let final: UInt8
    /// `<`, `=`, `>` or `?`, else 0.
    let prefix: UInt8
    let parameters: [Int]
    let intermediate: UInt8

    /// - Parameter bytes: what stood between `CSI` and `final`, 0x20…0x3F each.
    init(_ bytes: [UInt8], final: UInt8) {
        self.final = final
        var rest = bytes[...]
        if let first = rest.first, (0x3C...0x3F).contains(first) {
            prefix = first
            rest = rest.dropFirst()
        } else {
            prefix = 0
        }
        intermediate = rest.last.map { $0 < 0x30 ? $0 : 0 } ?? 0
        // Sub-parameters after a colon (kitty's alternate keys) say nothing we use.
        parameters = rest.prefix { $0 >= 0x30 }.split(separator: 0x3B, omittingEmptySubsequences: false).map { field in
            field.prefix { $0 != 0x3A }.reduce(0) { value, digit in
                (0x30...0x39).contains(digit) ? min(0x10FFFF, value * 10 + Int(digit) - 0x30) : value
            }
        }
    }

    var first: Int { parameters.first ?? 0 }
    private func parameter(_ index: Int) -> Int { index < parameters.count ? parameters[index] : 0 }

    /// What the sequence means; nil for sequences that mean nothing to us.
    func event(expectsCursorReport: Bool, alt: Bool) -> InputEvent? {
        switch (prefix, intermediate, final) {
        case (0x3C, 0, 0x4D), (0x3C, 0, 0x6D): return mouse
        case (0x3F, 0x24, 0x79): return .reply(.mode(first, value: parameter(1)))
        case (0x3F, 0, 0x63): return .reply(.attributes(parameters))
        case (0, 0, 0x6E): return first == 0 ? .reply(.ready) : nil
        case (0, 0, 0x49) where parameters.count <= 1 && first == 0: return .focus(true)
        case (0, 0, 0x4F) where parameters.count <= 1 && first == 0: return .focus(false)
        case (0, 0, 0x52) where expectsCursorReport && parameters.count == 2:
            return .reply(.cursor(Point(x: parameter(1) - 1, y: first - 1)))
        case (0, 0, _):
            guard let (key, modifiers) = key else { return nil }
            return .key(key, alt ? modifiers.union(.alt) : modifiers)
        default: return nil
        }
    }

    private var key: (Key, Modifiers)? {
        let modifiers = InputKeys.modifiers(parameter(1))
        switch final {
        case 0x7E:
            if first == 27, parameters.count == 3 { return InputKeys.coded(parameter(2), modifiers) }
            return InputKeys.tilde(first).map { ($0, modifiers) }
        // rxvt: the final byte carries the modifier.
        case 0x5E: return InputKeys.tilde(first).map { ($0, .control) }
        case 0x40: return InputKeys.tilde(first).map { ($0, [.control, .shift]) }
        case 0x61...0x64: return InputKeys.arrow(final - 0x20).map { ($0, .shift) }
        case 0x75: return InputKeys.coded(first, modifiers)
        case 0x5A: return (.tab, modifiers.union(.shift))
        default: return InputKeys.letter(final).map { ($0, modifiers) }
        }
    }

    /// `b ; x ; y`: b holds the button in bits 0–1 (and 6: wheel), Shift 4, Alt 8, Control 16, motion 32.
    private var mouse: InputEvent? {
        guard parameters.count == 3 else { return nil }
        let code = first
        var modifiers: Modifiers = []
        if code & 4 != 0 { modifiers.insert(.shift) }
        if code & 8 != 0 { modifiers.insert(.alt) }
        if code & 16 != 0 { modifiers.insert(.control) }
        let button = code & 3
        let action: Mouse.Action
        if code & 64 != 0 {
            if button > 1 { return nil }
            action = button == 0 ? .scrollUp : .scrollDown
        } else if code & 32 != 0 {
            action = button == 3 ? .move : .drag(button: button)
        } else {
            action = final == 0x6D ? .release(button: button) : .press(button: button)
        }
        return .mouse(Mouse(action, at: Point(x: max(0, parameter(1) - 1), y: max(0, parameter(2) - 1)), modifiers: modifiers))
    }
}
