import Mastering
import Terminal

/// The views on the keys 1–5.
enum ViewID: Int, Sendable, CaseIterable {
    case files = 1, master, generate, queue, ledger

    var title: String {
        switch self {
        case .files: "Files"
        case .master: "Master"
        case .generate: "Generate"
        case .queue: "Queue"
        case .ledger: "Ledger"
        }
    }
}

/// The parts a layout can hold. The first five are the views' own.
enum PanelID: Sendable, Hashable {
    case view(ViewID)
    case waveform, spectrum, loudness, dynamics, field

    static let graphs: [PanelID] = [.waveform, .spectrum, .loudness, .dynamics, .field]
}

/// Which shapes the terminal can show.
enum GlyphSet: String, Sendable, CaseIterable {
    case braille, blocks, ascii
}

/// A line for the person, until the next key.
struct Notice: Sendable, Equatable {
    enum Tone: Sendable { case info, warning, error }
    var text: String
    var tone: Tone

    init(_ text: String, _ tone: Tone = .info) {
        self.text = text
        self.tone = tone
    }
}

/// The whole studio as one value. `update` changes it, `view` draws it; neither knows a clock, a disk or a terminal.
struct StudioState: Sendable {
    var view = ViewID.files
    /// The panel that Tab chose; the view's own list when nil.
    var graph: PanelID?
    var size = Size(columns: 80, rows: 24)
    var theme = Theme.fallback
    var keymap = Keymap.standard
    var glyphs = GlyphSet.braille
    /// Nobody looks at a window in the background: it is drawn now and then.
    var hasFocus = true
    /// Seconds since 1970, as of the last event that told.
    var now = 0.0
    /// Wall time, `HH:MM`.
    var clock = ""
    var overlay: Overlay?
    var message: Notice?
    var typedAhead = TypedAhead()
    /// The listener's page, once it was served.
    var page: PageInfo?
    var history = EditHistory()
    var session = SessionState()

    /// Where chance comes from; seeded by the shell.
    var chance = Chance(seed: 0)
    var spectrum = SpectrumOptions()
    /// What streaming services do to levels.
    var platforms: [Platform] = []

    var files: FilesState
    var deck = DeckState()
    var master: MasterState
    var places = PlacesState()
    var generate = GenerateState()
    var queue = QueueState()
    var ledger = LedgerState()
    /// A key was pressed since the last clock event: the file on the screen is in use.
    var wasUsed = false
    /// Why there is no sound, as it was told last: once is enough.
    var toldNoSound: String?
    /// Milliseconds of the last meter frame, for the bars' fall.
    var lastMeters: Int64 = 0

    /// - Parameters:
    ///   - folder: absolute.
    ///   - preset: what to start with.
    init(folder: String, preset: Preset = Preset()) {
        files = FilesState(folder: folder)
        master = MasterState(preset: preset)
    }

    var loudnessScale = LoudnessScale.target
    /// The user's own folder, shown as `~`; nil shows every path whole.
    var home: String?

    /// A path as shells write it.
    func homely(_ path: String) -> String {
        guard let home, home.count > 1 else { return path }
        if path == home { return "~" }
        return path.hasPrefix(home + "/") ? "~" + path.dropFirst(home.count) : path
    }

    /// The panel that has the focus.
    var focus: PanelID { graph ?? .view(view) }

    mutating func say(_ text: String, _ tone: Notice.Tone = .info) { message = Notice(text, tone) }

    /// Loudness of the two voices over the whole file, as far as it is known: measured for the original, solved or else aimed at for
    /// the master.
    var loudness: (master: Double?, original: Double?) {
        guard let profile = deck.profile, let original = profile.analysis.integratedLUFS else { return (nil, nil) }
        return (master.solved?.integratedLUFS ?? master.sound.audible.target.lufs, original)
    }

    /// dB for each voice, never above 0: the louder one is turned down to the other.
    var trims: (master: Double, original: Double) {
        guard deck.matched, case let (master?, original?) = loudness else { return (0, 0) }
        return master > original ? (original - master, 0) : (0, master - original)
    }
}
