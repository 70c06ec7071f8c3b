import AudioFiles
import Glibc
import Mastering
import Playback
import PrivacyLedger
import Rendering
import Terminal

/// How the studio starts.
public struct StudioOptions: Sendable {
    /// A folder to show, or a file to open; relative to where the program stands.
    public var path: String
    /// nil is what suits the terminal's colours.
    public var theme: Theme?
    public var color = ColorDepth.Choice.auto
    public var sink = PlaybackOptions.Sink.automatic
    public var preset: Preset
    /// Standard output carries sound, so the screen is the controlling terminal.
    public var usesControllingTerminal = false
    /// Starts the engine that renders outlive the studio in; without one they run in this process and end with it.
    public var launcher: EngineLauncher?
    public var mouse = false
    public var framesPerSecond = 20.0
    /// nil is `usualGlyphs` where the terminal has UTF-8.
    var glyphs: GlyphSet?
    /// The Linux console decodes UTF-8, but its fonts have neither braille nor eighth blocks (console_codes(4): 512 glyphs at most).
    var usualGlyphs = TerminalName.isConsole ? GlyphSet.ascii : .braille
    /// To be told once the screen is there.
    public var warning: String?
    /// What is kept for the next start, and taken up from an earlier one.
    public var session = SessionOptions()
    var loudnessScale = LoudnessScale.target
    /// The sound goes to a listener's page from the start.
    public var opensPage = false

    /// What the settings say, for the options that the command line leaves open.
    public init(_ settings: StudioSettings, path: String, theme: Theme?, preset: Preset) {
        self.init(path: path, theme: theme, preset: preset)
        (color, mouse, framesPerSecond, glyphs) = (settings.color, settings.mouse, Double(settings.framesPerSecond), settings.glyphs)
        loudnessScale = settings.loudnessScale
        switch settings.output {
        case .automatic: if !settings.device.isEmpty { sink = .alsa(device: settings.device) }
        case .browser: opensPage = true
        case .silent: sink = .null
        }
    }

    public init(path: String = ".", theme: Theme? = nil, preset: Preset = Preset()) {
        self.path = path
        self.theme = theme
        self.preset = preset
    }
}

/// See `[studio] session`.
public struct SessionOptions: Sendable, Equatable {
    public var isKept = false
    /// What an earlier run kept is looked for.
    public var isTaken = false
    /// Before it is gone on with.
    public var asks = false

    public init() {}

    /// - Parameter isFree: nothing else was named to begin with.
    public init(_ choice: StudioSettings.Session, isFree: Bool) {
        isKept = choice != .never
        isTaken = isKept && isFree
        asks = choice == .ask
    }
}

/// The studio in the terminal.
public enum Studio {
    /// Runs it until the user quits, the line is lost or a signal ends it; the terminal is then as it was before.
    /// - Returns: the exit status: 0, or 128 + the signal's number; and how many jobs go on without the studio.
    /// - Throws: `TerminalError` when there is no terminal that can be drawn on.
    public static func run(_ options: StudioOptions) async throws(TerminalError) -> (status: Int32, activeJobs: Int) {
        let result: Result<(Int32, Int), TerminalError> = try await TerminalThread.run {
            do throws(TerminalError) { return .success(try runHere(options)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Seconds that the end may take: sound faded, renders stopped, temporary data destroyed. What is left then dies with the process.
    private static let patience = 2.0

    private static func runHere(_ options: StudioOptions) throws(TerminalError) -> (Int32, Int) {
        var terminal = TerminalOptions()
        terminal.color = options.color
        terminal.framesPerSecond = options.framesPerSecond
        terminal.mouse = options.mouse
        if options.usesControllingTerminal { terminal.device = .controlling }
        let mailbox = try Mailbox<StudioEvent>()
        var app = StudioApp(options, mailbox: mailbox)
        let loop = try EventLoop<StudioEvent>(options: terminal, mailbox: mailbox)
        app.adapt(to: loop.capabilities)
        // The loop has its own handlers and puts these back when it ends: a line that hangs up says so twice, and the second
        // signal must not cut short the destruction of what is temporary.
        let endings = [SIGHUP, SIGTERM, SIGINT]
        let before = endings.map { signal($0, SIG_IGN) }
        defer { for (number, handler) in zip(endings, before) { signal(number, handler) } }
        let reason = try loop.run(&app)
        let goingOn = app.jobsGoingOn
        app.shutDown(within: patience)
        return (reason.exitStatus, goingOn)
    }

    /// The state at the start, and the file to open.
    static func start(_ options: StudioOptions) -> (StudioState, file: String?) {
        let (folder, file) = start(options.path)
        var state = StudioState(folder: folder, preset: options.preset)
        state.loudnessScale = options.loudnessScale
        state.home = getenv("HOME").map { String(cString: $0) }
        (state.session.isKept, state.session.asks) = (options.session.isKept, options.session.asks)
        state.chance = Chance(seed: UInt64.random(in: .min ... .max))
        state.ledger.exportFolder = Ledger.defaultDirectory + "/exports"
        if options.sink == .null { state.deck.output = .silent }
        if options.opensPage { state.deck.output = .page }
        return (state, file)
    }

    /// The folder to show and the file to open in it.
    static func start(_ path: String) -> (folder: String, file: String?) {
        guard let resolved = path.withFileName({ realpath($0, nil) }) else { return (absolute(path), nil) }
        defer { free(resolved) }
        let real = FileName.text(resolved)
        var status = stat()
        if stat(resolved, &status) == 0, status.st_mode & S_IFMT != S_IFDIR { return (Path.parent(of: real) ?? "/", real) }
        return (real, nil)
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let here = getcwd(nil, 0) else { return "/" }
        defer { free(here) }
        return FileName.text(here) + "/" + path
    }
}

/// What the environment says of the terminal.
private enum TerminalName {
    static var isConsole: Bool { getenv("TERM").map { String(cString: $0) } == "linux" }
}
