/// One key press as commands name it: what help prints and a binding compares.
struct KeyStroke: Hashable, Sendable {
    enum Base: Hashable, Sendable {
        case character(Character)
        case up, down, left, right, home, end, pageUp, pageDown
        case enter, tab, backTab, backspace, delete, escape
    }

    var base: Base
    var control: Bool
    var alt: Bool

    init(_ base: Base, control: Bool = false, alt: Bool = false) {
        self.base = base
        self.control = control
        self.alt = alt
    }

    static func character(_ c: Character) -> KeyStroke { KeyStroke(.character(c)) }
    static func control(_ c: Character) -> KeyStroke { KeyStroke(.character(c), control: true) }
    static let space = KeyStroke.character(" ")

    /// `Ctrl-R`, `Space`, `Up`, `x`: readable without any font.
    var label: String {
        let name = switch base {
        case .character(" "): "Space"
        case .character(let c): control || alt ? String(c).uppercased() : String(c)
        case .up: "Up"
        case .down: "Down"
        case .left: "Left"
        case .right: "Right"
        case .home: "Home"
        case .end: "End"
        case .pageUp: "PgUp"
        case .pageDown: "PgDn"
        case .enter: "Enter"
        case .tab: "Tab"
        case .backTab: "Shift-Tab"
        case .backspace: "Backspace"
        case .delete: "Del"
        case .escape: "Esc"
        }
        return (control ? "Ctrl-" : "") + (alt ? "Alt-" : "") + name
    }

    /// The character a text field takes in, if this is one.
    var typed: Character? {
        guard !control, !alt, case .character(let c) = base else { return nil }
        return c
    }
}
