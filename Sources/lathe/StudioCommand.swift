import ArgumentParser
import AudioFiles
import Glibc
import Mastering
import Playback
import Studio
import Terminal

/// `lathe [PATH]`: the studio.
struct StudioCommand: AsyncParsableCommand, DecodesAudio, StartsEngine, OpensPage, LivesOn {
    static let configuration = CommandConfiguration(
        commandName: "studio", abstract: "Open the studio in a folder, or with a file. The default: lathe [PATH]")

    @Argument(help: "A folder or an audio file; where you stand when left out.", completion: .audio) var path: String?
    @Option(help: ArgumentHelp("A preset's name or file.", valueName: "name|file"), completion: .presets) var preset: String?
    @Option(help: ArgumentHelp("A theme's name or file; else what suits the terminal's colours.", valueName: "name|file"), completion: .themes) var theme: String?
    @Option(help: ArgumentHelp("auto, never, 16, 256 or truecolor.", valueName: "colours")) var color: ColorDepth.Choice?
    @Option(help: ArgumentHelp("alsa, null (a clock without sound), stdout (raw float PCM), or http: a page for your browser, through ssh -L.", valueName: "sink")) var sink: PreviewCommand.SinkChoice?
    @Option(help: ArgumentHelp("An ALSA device, as aplay -L lists them.", valueName: "name"), completion: .devices) var device: String?

    @Option(help: ArgumentHelp("The port of the page of --sink http; else 8417, or one that is free.", valueName: "n"), transform: pagePort) var port: UInt16?

    @Flag(inversion: .prefixedNo, help: "Clicks and wheel; the terminal's own selection then needs Shift.") var mouse: Bool?
    @Flag(help: "Lines in place of a screen: for screen readers, terminals that cannot be drawn on, and scripts on standard input.") var lines = false

    var needsEngine: Bool { true }

    func validate() throws {
        if device != nil, sink != nil, sink != .alsa { throw ValidationError("--device names an ALSA device; leave out --sink or say --sink alsa") }
        if sink == .stdout, isatty(STDOUT_FILENO) == 1 { throw ValidationError("standard output is the terminal; pipe it into a player") }
    }

    func run() async throws {
        if let path { try Self.check(path) }
        var options = try configuredOptions()
        if let color { options.color = color }
        if let mouse { options.mouse = mouse }
        if sink != nil || device != nil { (options.sink, options.opensPage) = (.automatic, false) }
        switch sink {
        case .null: options.sink = .null
        case .stdout:
            options.sink = .stream(fileDescriptor: STDOUT_FILENO, format: .float32LE)
            options.usesControllingTerminal = true
        case .alsa: options.sink = device.map { .alsa(device: $0) } ?? .automatic
        case .http: options.opensPage = true
        case nil: if let device { options.sink = .alsa(device: device) }
        }
        options.launcher = Lathe.launcher
        let keeping = settings().value
        // A script's words are all that it begins with.
        let isForSomebody = isatty(STDIN_FILENO) == 1 || options.usesControllingTerminal
        options.session = isForSomebody ? SessionOptions(keeping.session, isFree: path == nil) : SessionOptions()
        let status = try await run(options, inLines: lines || keeping.lines)
        if status != 0 { throw ReportedFailure(exitCode: status) }
    }

    /// As configured, and as the command line says: what stands there must be right. What is wrong in a file is told, and the usual taken:
    /// a typo of last week keeps nobody from their mixes.
    private func configuredOptions() throws -> StudioOptions {
        let (configuration, wrong) = settings()
        var warnings = wrong.map { [$0] } ?? []
        func configured<Value>(_ load: () throws -> Value?) throws -> Value? {
            do { return try load() } catch {
                warnings.append(Failure(error).line)
                return nil
            }
        }
        let theme = try self.theme.map { try ThemeLibrary.load($0) } ?? configured { try configuration.theme.map { try ThemeLibrary.load($0) } }
        let preset = try self.preset.map { try PresetLibrary.load($0) } ?? configured { try PresetLibrary.load(configuration.preset) } ?? PresetLibrary.load(StudioSettings().preset)
        var options = StudioOptions(configuration, path: path ?? ".", theme: theme, preset: preset)
        options.warning = warnings.first.map { $0 + " (the usual settings apply)" }
        return options
    }

    private func settings() -> (value: StudioSettings, problem: String?) {
        do throws(SettingsError) { return (try StudioSettings.load(), nil) } catch { return (StudioSettings(), error.message) }
    }

    /// On the screen; in lines where there is none, or none that can be drawn on.
    private func run(_ options: StudioOptions, inLines: Bool) async throws(TerminalError) -> Int32 {
        if inLines { return try await runInLines(options) }
        do throws(TerminalError) {
            let (status, active) = try await Studio.run(options)
            if active > 0 { Output.warning("\(active) job\(active == 1 ? "" : "s") still at work; lathe queue attach follows \(active == 1 ? "it" : "them")") }
            return status
        } catch {
            switch error {
            case .notATerminal, .unusable:
                // Standard output carries sound: there is no place for lines.
                if options.usesControllingTerminal { throw error }
                Output.warning(error.message + "; going on in lines")
                return try await runInLines(options)
            case .noTerminal, .busy, .system: throw error
            }
        }
    }

    private func runInLines(_ options: StudioOptions) async throws(TerminalError) -> Int32 {
        let status = try await LineStudio.run(options)
        if status == LineStudio.lost { Output.failure(.unwritable) }
        return status
    }

    /// Before the screen is taken over, so that the line stays readable.
    private static func check(_ path: String) throws(Failure) {
        var status = stat()
        guard path.withFileName({ stat($0, &status) }) == 0 else {
            if path.allSatisfy({ $0.isASCII && ($0.isLowercase || $0 == "-") }) {
                throw Failure(Failure.usageExitCode, "\(path): neither a command nor a file or folder here; see lathe --help")
            }
            throw Failure(66, "\(path): cannot be opened (\(String(cString: strerror(errno)).lowercased())); check the path")
        }
        guard [S_IFDIR, S_IFREG].contains(status.st_mode & S_IFMT) else {
            throw Failure(65, "\(path): is neither a folder nor an audio file; name one")
        }
    }
}

extension ColorDepth.Choice: ExpressibleByArgument {}
