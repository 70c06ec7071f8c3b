import Terminal

/// What a colour is for. Panels name roles, themes give them colours.
public enum Role: String, Sendable, CaseIterable {
    /// Ordinary text; its background is the background of everything that names none.
    case text
    case dim
    case accent
    case title
    case border
    case borderFocus = "border_focus"
    case bar
    case key
    case selection
    case selectionIdle = "selection_idle"
    case folder
    case audio
    case marked
    case value
    case changed
    case good
    case warning
    case error
    case playhead
    case waveform
    case waveformPlayed = "waveform_played"
    case spectrum
    case spectrumHigh = "spectrum_high"
    case spectrumOther = "spectrum_other"
    case momentary
    case shortTerm = "short_term"
    case integrated
    case target
    case reduction
    case correlation
}

/// Colours of the studio.
public struct Theme: Sendable, Equatable {
    /// The file's name without its extension; what `--theme` takes.
    public var id: String
    public var name: String
    /// The colours it was made for; with fewer, the nearest are shown.
    public var depth: ColorDepth
    private var styles: [Style]
    /// What it was read from: its own file, then those it inherits from.
    var files: [String] = []

    public init(id: String, name: String, depth: ColorDepth, styles: [Role: Style]) {
        self.id = id
        self.name = name
        self.depth = depth
        let base = styles[.text] ?? .plain
        self.styles = Role.allCases.map { styles[$0] ?? base }
    }

    public subscript(role: Role) -> Style { styles[Theme.places[role] ?? 0] }

    private static let places = Dictionary(uniqueKeysWithValues: Role.allCases.enumerated().map { ($1, $0) })

    /// Needs no file and looks right from sixteen colours on: used until a theme is read, and when none can be.
    public static let fallback = Theme(id: "built-in", name: "Built-in", depth: .ansi16, styles: [
        .text: .plain,
        .dim: Style(.indexed(8)),
        .accent: Style(.indexed(6)),
        .title: Style(.default, .bold),
        .border: Style(.indexed(8)),
        .borderFocus: Style(.indexed(6)),
        .bar: Style(.default, .reverse),
        .key: Style(.indexed(6), .bold),
        .selection: Style(.default, .reverse),
        .selectionIdle: Style(.default, .underline),
        .folder: Style(.indexed(4), .bold),
        .audio: .plain,
        .marked: Style(.indexed(3), .bold),
        .value: Style(.default, .bold),
        .changed: Style(.indexed(3)),
        .good: Style(.indexed(2)),
        .warning: Style(.indexed(3)),
        .error: Style(.indexed(1), .bold),
        .playhead: Style(.indexed(3), .bold),
        .waveform: Style(.indexed(8)),
        .waveformPlayed: Style(.indexed(6)),
        .spectrum: Style(.indexed(6)),
        .spectrumHigh: Style(.indexed(3)),
        .spectrumOther: Style(.indexed(8)),
        .momentary: Style(.indexed(8)),
        .shortTerm: Style(.indexed(2)),
        .integrated: Style(.indexed(6)),
        .target: Style(.indexed(3)),
        .reduction: Style(.indexed(3)),
        .correlation: Style(.indexed(2)),
    ])
}

extension Style {
    fileprivate init(_ color: Color, _ attributes: Attributes) { self.init(color, on: .default, attributes) }
}
