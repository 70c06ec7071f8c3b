import Dispatch
import PrivacyLedger
import Terminal

/// The thin shell around `update` and `view` on the terminal thread.
struct StudioApp: TerminalApp {
    typealias Message = StudioEvent

    private(set) var state: StudioState
    private let opens: String?
    private let options: StudioOptions
    private let mailbox: Mailbox<StudioEvent>
    private let time = LiveTime()
    private let files: LiveFiles
    private let themes: ThemeWatch
    private var services: Services?
    private var backend: Backend?
    /// What keys asked for before there were services to do it.
    private(set) var waiting: [Effect] = []
    private var isPainted = false
    private var orders = OutstandingOrders()
    private var questions = QuestionClock()
    /// Milliseconds of the last key, and of the last look at whether the folder has changed.
    private var lastInput: Int64 = 0
    private var lastLook: Int64 = 0
    private static let lookEvery: Int64 = 2000
    /// Since when keys wait for a folder, and for how long they do.
    private var waitingSince: Int64?
    private static let patience: Int64 = 3000
    /// How long after the last key folder and open file are still looked at, for file systems that do not tell of changes: an idle studio sleeps.
    private static let attention: Int64 = 60_000

    var hasServices: Bool { services != nil }

    init(state: StudioState, opens: String?, options: StudioOptions, mailbox: Mailbox<StudioEvent>) {
        self.state = state
        self.opens = opens
        self.options = options
        self.mailbox = mailbox
        files = LiveFiles { mailbox.post($0) }
        themes = ThemeWatch { mailbox.post($0) }
        do throws(SettingsError) {
            self.state.keymap = try Keymap.load()
        } catch {
            self.state.say(error.message + " (the usual keys apply)", .warning)
        }
        if let warning = options.warning { self.state.say(warning, .warning) }
        let wall = time.wall()
        _ = update(&self.state, .clock(now: wall.seconds, wall: wall.text))
        if let opens { self.state.files.wanted = Path.name(of: opens) }
        // The folder is read while the terminal is being prepared: the first frame may have its rows already.
        for case .list(let query) in self.state.listAgain() { files.list(query) }
    }

    init(_ options: StudioOptions, mailbox: Mailbox<StudioEvent>) {
        let (state, file) = Studio.start(options)
        self.init(state: state, opens: file, options: options, mailbox: mailbox)
    }

    /// What the terminal shows, known once it has been looked at.
    mutating func adapt(to capabilities: Capabilities) {
        setColors(capabilities.colorDepth)
        // Shapes that the terminal cannot show are not forced on it.
        state.glyphs = capabilities.utf8 ? options.glyphs ?? options.usualGlyphs : .ascii
    }

    mutating func handle(_ events: [LoopEvent<StudioEvent>]) -> Turn {
        var turn = Turn()
        for event in events {
            switch event {
            case .input(let input): take(input, &turn)
            case .message(let message):
                step(message, &turn)
                turn.draw = max(turn.draw, message.isAnswer ? .now : .whenDue)
            case .tick:
                let before = turn.draw
                if tick(&turn) || !isPainted { turn.draw = max(before, .whenDue) }
            }
        }
        turn.wake = wake
        return turn
    }

    mutating func frame(size: Size) -> Frame {
        isPainted = true
        questions.drew(state.question, at: time.milliseconds())
        return view(state, size: size)
    }

    /// The theme for a number of colours, unless one was asked for.
    private mutating func setColors(_ depth: ColorDepth) {
        do throws(SettingsError) {
            if let theme = options.theme { state.theme = theme } else { state.theme = try ThemeLibrary.standard(for: depth) }
            themes.follow(state.theme)
        } catch {
            state.theme = .fallback
            state.say(error.message, .warning)
        }
    }

    private mutating func take(_ input: InputEvent, _ turn: inout Turn) {
        switch input {
        case .key(let key, let modifiers):
            lastInput = time.milliseconds()
            if let stroke = KeyStroke(key, modifiers) {
                step(.key(stroke), &turn)
            } else if state.overlay == nil {
                step(.notice(Notice(key.label + " does nothing here; " + state.keymap.name(of: "help") + " lists the keys")), &turn)
            }
            turn.draw = .now
        case .paste(let text, _):
            step(.paste(text), &turn)
            turn.draw = .now
        case .resize(let size):
            step(.resize(size), &turn)
            turn.draw = .now
        case .resumed: turn.draw = .now
        case .capabilities(let now):
            adapt(to: now)
            turn.draw = .now
        case .diagnostic(let line):
            step(.notice(Notice(line, .warning)), &turn)
            turn.draw = max(turn.draw, .whenDue)
        case .mouse(let mouse):
            lastInput = time.milliseconds()
            step(.mouse(mouse), &turn)
            turn.draw = .now
        case .focus(let hasFocus):
            step(.focus(hasFocus), &turn)
            if hasFocus { turn.draw = .now }
        case .ending, .reply: break
        }
    }

    private mutating func step(_ event: StudioEvent, _ turn: inout Turn) {
        // A file was measured and its master solved: what that took is not needed for playing.
        if case .solved = event { BackgroundThread.start("memory") { Surroundings.giveBackMemory() } }
        orders.note(event, shown: state.queue.jobs)
        perform(update(&state, event), &turn)
    }

    private mutating func perform(_ effects: [Effect], _ turn: inout Turn) {
        for effect in effects {
            switch effect {
            case .redraw: turn.requests.append(.repaint)
            case .suspend: turn.requests.append(.suspend)
            case .quit: turn.requests.append(.end)
            case .copy(let text): turn.requests.append(.copy(text))
            default:
                orders.note(effect)
                if let services { services.perform(effect) } else { waiting.append(effect) }
            }
        }
    }

    /// Whether anything happened that the picture could show.
    private mutating func tick(_ turn: inout Turn) -> Bool {
        if services == nil {
            if isPainted { begin(&turn) }
            return true
        }
        var happened = state.queue.active > 0
        if questions.isDue(at: time.milliseconds()) { step(.questionShown, &turn) }
        if state.typedAhead.isEmpty { waitingSince = nil } else if let since = waitingSince, time.milliseconds() - since >= Self.patience {
            step(.patienceLost, &turn)
            happened = true
        } else if waitingSince == nil {
            waitingSince = time.milliseconds()
        }
        let wall = time.wall()
        // Whole seconds are all that a life is counted in; less would draw for nothing.
        if wall.text != state.clock || (wall.seconds - state.now >= 1 && state.view == .ledger) {
            step(.clock(now: wall.seconds, wall: wall.text), &turn)
            happened = true
        }
        if isWatching, time.milliseconds() - lastLook >= Self.lookEvery {
            lastLook = time.milliseconds()
            services?.files.check(state.files.query)
            themes.look()
        }
        guard let services, state.deck.isLoaded else { return happened }
        let (snapshot, meters) = services.player.readings()
        let moved = state.nextFrame() != nil
        step(.player(snapshot, meters, milliseconds: time.milliseconds()), &turn)
        return happened || moved || state.nextFrame() != nil
    }

    /// Somebody works here, whichever view is on the screen.
    private var isWatching: Bool { state.deck.player.playing || time.milliseconds() - lastInput < Self.attention }

    /// Services start when the first frame is out: nothing slow stands before it.
    private mutating func begin(_ turn: inout Turn) {
        let post: Post = { [mailbox] in mailbox.post($0) }
        let backend = Backend(launcher: options.launcher, post: post)
        let player = LivePlayer(sink: options.sink, backend: backend, post: post)
        services = Services(files: files, player: player, engine: LiveEngine(backend: backend, player: player, post: post),
                            composer: LiveComposer(backend: backend, post: post),
                            ledger: LiveLedger(backend: backend, post: post), presets: LivePresets(backend: backend, post: post), time: time)
        self.backend = backend
        perform([.listPresets, .listPlatforms, .holdUndo, .readPlaces] + (options.session.isTaken ? [.takeSession] : []) + waiting, &turn)
        waiting = []
        if let opens { perform(state.open(opens), &turn) }
        if state.deck.output == .page { perform([.chooseOutput(.page)], &turn) }
    }

    // MARK: In lines

    /// Services without a picture before them.
    mutating func beginWithoutScreen() -> [Turn.Request] {
        isPainted = true
        var turn = Turn()
        begin(&turn)
        return turn.requests
    }

    mutating func take(_ events: [StudioEvent]) -> [Turn.Request] {
        var turn = Turn()
        for event in events { step(event, &turn) }
        return turn.requests
    }

    mutating func read(_ line: String) -> (LineReader.Answer, [Turn.Request]) {
        var turn = Turn()
        state.message = nil
        state.wasUsed = true
        let answer = LineReader.read(line, &state)
        if case .done(let effects) = answer { perform(effects, &turn) }
        return (answer, turn.requests)
    }

    /// The clock and the player's word, as a tick brings them.
    mutating func refresh() {
        var turn = Turn()
        let wall = time.wall()
        step(.clock(now: wall.seconds, wall: wall.text), &turn)
        guard let services, state.deck.isLoaded else { return }
        let (snapshot, meters) = services.player.readings()
        step(.player(snapshot, meters, milliseconds: time.milliseconds()), &turn)
    }

    /// Something that was asked for is not done yet.
    var isBusy: Bool {
        if case .opening = state.deck.stage { return true }
        return state.deck.measuring != nil || state.master.solving || (state.deck.profile != nil && state.master.solved == nil && state.master.solveProblem == nil)
            || state.queue.active > 0 || state.generate.isMaking || !state.files.complete || !orders.isEmpty
    }

    mutating func closeOverlay() { state.overlay = nil }

    // MARK: Time

    private var wake: Turn.Wake {
        if services == nil { return .after(0) }
        var toMinute = 60 - time.wall().seconds.truncatingRemainder(dividingBy: 60) + 0.02
        // Drawn or not yet: it is looked at again until it takes keys.
        if state.question?.takesKeys == false { toMinute = Double(max(10, questions.left(at: time.milliseconds()) ?? QuestionClock.period)) / 1000 }
        guard let milliseconds = state.nextFrame() else {
            return .after(isWatching ? min(toMinute, Double(Self.lookEvery) / 1000) : toMinute)
        }
        return milliseconds <= 50 ? .nextFrame : .after(min(toMinute, Double(milliseconds) / 1000))
    }

    /// Jobs of the engine that the end of the studio does not end.
    var jobsGoingOn: Int { backend?.queue.jobs.count { !$0.state.isOver } ?? 0 }

    /// Ends sound, renders and temporary data; gives up waiting after `seconds`.
    func shutDown(within seconds: Double) {
        guard let services, let backend else { return }
        let done = DispatchSemaphore(value: 0)
        let session = state.sessionNow
        Task {
            services.player.shutDown()
            if let session { await services.ledger.endSession(session) }
            await backend.shutDown()
            done.signal()
        }
        _ = done.wait(timeout: .now() + seconds)
    }
}

extension StudioEvent {
    /// Somebody waits for it; what comes by itself, again and again, is drawn at the rate of animations.
    var isAnswer: Bool {
        switch self {
        case .facts, .measuring, .picture, .jobs, .ledger, .player, .clock, .promptRead, .takeProgress: false
        default: true
        }
    }
}

extension KeyStroke {
    /// nil for keys that nothing is bound to.
    init?(_ key: Key, _ modifiers: Modifiers) {
        let base: Base
        switch key {
        case .character(let c): base = .character(c)
        case .enter: base = .enter
        case .tab: base = modifiers.contains(.shift) ? .backTab : .tab
        case .backspace: base = .backspace
        case .escape: base = .escape
        case .up: base = .up
        case .down: base = .down
        case .left: base = .left
        case .right: base = .right
        case .home: base = .home
        case .end: base = .end
        case .pageUp: base = .pageUp
        case .pageDown: base = .pageDown
        case .delete: base = .delete
        case .insert, .function: return nil
        }
        self.init(base, control: modifiers.contains(.control), alt: modifiers.contains(.alt))
    }
}

extension Key {
    /// Of a key that nothing can be bound to.
    fileprivate var label: String {
        switch self {
        case .function(let number): "F\(number)"
        case .insert: "Ins"
        default: "this key"
        }
    }
}
