/// One thing the studio can do. The table of these is where key handling, footer, help and palette come from:
/// a command exists because it stands here, and for no other reason.
struct Command: Sendable, Identifiable {
    /// Stable, e.g. `transport.play`.
    let id: String
    /// What the palette and help call it.
    let title: String
    /// One line on what it does.
    let help: String
    /// Any of them starts it, unless the user chose others; see `Keymap`.
    let keys: [KeyStroke]
    /// Where it applies; nil is everywhere. A key means the view's own command before the one for everywhere.
    let views: Set<ViewID>?
    /// The short word in the footer and the place in its order (the smallest first); nil keeps it out.
    let footer: (word: String, order: Int)?
    /// Why it cannot be done now, in a sentence for the message line; nil when it can.
    let unavailable: @Sendable (StudioState) -> String?
    /// What it acts on is on its way: the key is kept and acts when it is there. See `TypedAhead`.
    let waits: @Sendable (StudioState) -> Bool
    let run: @Sendable (inout StudioState) -> [Effect]

    init(_ id: String, _ title: String, keys: [KeyStroke], in views: Set<ViewID>? = nil, footer: (String, Int)? = nil, help: String,
         waits: @escaping @Sendable (StudioState) -> Bool = { _ in false },
         unavailable: @escaping @Sendable (StudioState) -> String? = { _ in nil },
         run: @escaping @Sendable (inout StudioState) -> [Effect]) {
        self.id = id
        self.title = title
        self.help = help
        self.keys = keys
        self.views = views
        self.footer = footer.map { (word: $0.0, order: $0.1) }
        self.waits = waits
        self.unavailable = unavailable
        self.run = run
    }

    /// Every command there is.
    static let table: [Command] = transport + spectrum + navigation + lists + files + master + generate + queue + ledger + application

    static func named(_ id: String) -> Command? { table.first { $0.id == id } }

    /// Does the command, or says why not.
    func attempt(_ state: inout StudioState) -> [Effect] {
        if let why = unavailable(state) {
            state.say(why, .warning)
            return []
        }
        return run(&state)
    }
}

/// Reasons that several commands share.
enum Unavailable {
    static func notMeasured(_ keymap: Keymap) -> String { "not measured; " + keymap.name(of: "transport.play") + " measures again" }

    static func withoutFile(_ state: StudioState) -> String? {
        switch state.deck.stage {
        case .ready: nil
        case .resting: "the sound was let go after a while without use; " + state.keymap.name(of: "transport.play") + " loads it again"
        case .opening: "the file is still being opened"
        case .empty: "open a file first: " + state.keymap.name(of: "files.open") + " on it in Files (" + state.keymap.name(of: "view.files") + ")"
        case .failed(let why): why
        }
    }

    static func withoutProfile(_ state: StudioState) -> String? {
        if let why = withoutFile(state) { return why }
        if state.deck.profile != nil { return nil }
        if let problem = state.deck.measureProblem { return problem }
        if state.deck.isMeasurementGone { return notMeasured(state.keymap) }
        return "the file is still being measured" + (state.deck.measuring.map { " (\(Format.fixed($0 * 100, 0)) %)" } ?? "")
    }
}
