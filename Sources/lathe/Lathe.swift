import ArgumentParser
import AudioFiles
import Dispatch
import Glibc
import Page
import PrivacyLedger
import RemoteTiers
import Rendering

@main
enum Program {
    static func main() {
        // While there is one thread, and nothing has been opened.
        WallKeeper.serveIfAsked()
        RunFacts.ofThisProgram.withLock { $0 = LedgerPolicyCommand.facts }
        Task { Glibc.exit(await Lathe.begin()) }
        dispatchMain()
    }
}

/// Commands that read sound. For the others nothing is started, and readers are refused.
protocol DecodesAudio {}

/// Commands that carry jobs, to other machines too where some are configured. For all others the kernel refuses every way out.
protocol CarriesJobs {
    var mayReach: Bool { get }
}

/// Commands whose process lives on when items of theirs have ended.
protocol LivesOn {}

/// Commands that others reach over a network.
protocol Listens {}

/// Commands that may hand jobs to an engine in a process of its own.
protocol StartsEngine {
    var needsEngine: Bool { get }
}

/// Commands whose sound may go to a page on the loopback: its port is reserved while that is still allowed.
protocol OpensPage {
    var port: UInt16? { get }
}

/// The `lathe` executable: a studio in the terminal, and the same engine for scripts.
struct Lathe: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "lathe",
        abstract: "A studio in the terminal: hear, master and render music, and see what happens to your data.",
        discussion: """
            Without a command, `lathe [PATH]` opens the studio in that folder, or with that file.
            Exit codes: 0 done, 64 usage, 65 unusable input, 66 no such input, 69 something it needs is missing or not allowed, 73 cannot create the output, 74 I/O failed, 75 try again later, 130 interrupted.
            """,
        version: version,
        subcommands: [
            StudioCommand.self, MasterCommand.self, GenerateCommand.self, AnalyzeCommand.self, PreviewCommand.self, LedgerCommand.self, TiersCommand.self, PresetsCommand.self,
            ThemesCommand.self, KeysCommand.self, ConfigCommand.self, ManualCommand.self, QueueCommand.self, EngineCommand.self, ServeCommand.self, StatsCommand.self, DoctorCommand.self, BenchCommand.self,
        ],
        defaultSubcommand: StudioCommand.self)

    /// Returns the exit code.
    fileprivate static func begin() async -> Int32 {
        // A reader that goes away must not kill a render; the failed write is noticed where it happens.
        signal(SIGPIPE, SIG_IGN)
        // Nor must a limit on file sizes: the write fails and is reported.
        signal(SIGXFSZ, SIG_IGN)
        occupyStandardDescriptors()
        let arguments = arguments, named = subcommand(arguments)
        // The keeper gets ready while the arguments are read.
        let early = named is any DecodesAudio.Type ? DecodingWall.raise() : nil
        let command = Result { try parse(arguments, named) }
        let place = if case .success(let command) = command, command is any DecodesAudio { early ?? DecodingWall.raise() } else { DecodingPlace.nowhere(code: EPERM) }
        DecodingPlace.standard = place
        if case .success(let command) = command, let starter = command as? any StartsEngine, starter.needsEngine { launcher = EngineLauncher.raise() }
        // Later the kernel refuses it.
        if case .success(let command) = command, let opening = command as? any OpensPage { LoopbackDoor.standard = Result { () throws(PageError) in try LoopbackDoor(port: opening.port) } }
        // Before the first byte of somebody's file is read. Where it cannot be had, `lathe doctor` says so.
        if case .success(let command) = command, command is any LivesOn {
            Surroundings.overwriteWhatIsFreed()
            Surroundings.keepMemorySmall()
        }
        Surroundings.giveUpPowers(keepsNetwork: Self.reaches(command))
        let code = await run(command)
        for case .apart(let wall)? in [early, place] { wall.lower() }
        return code
    }

    /// Only what carries jobs, and only where a tier is configured. A configuration that cannot be read leads nowhere; the command says why.
    private static func reaches(_ command: Result<any ParsableCommand, any Error>) -> Bool {
        if case .success(let command) = command, command is any Listens { return true }
        guard case .success(let command) = command, let carrier = command as? any CarriesJobs, carrier.mayReach else { return false }
        do { return try !TierConfiguration.tiers().isEmpty } catch { return false }
    }

    /// What starts engines for this process; set once, before the command runs.
    nonisolated(unsafe) private(set) static var launcher: EngineLauncher?

    /// Without the program's own name. Taken as bytes: a file name need not be UTF-8, and the standard library would replace what is not.
    private static var arguments: [String] {
        UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc)).dropFirst().compactMap { $0.map { FileName.text($0) } }
    }

    /// A standard descriptor that the caller closed would go to the next file that is opened, and results with it. It is taken by
    /// /dev/null opened the wrong way round, so that using it fails as using a closed one does.
    private static func occupyStandardDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// The command that the first argument names.
    private static func subcommand(_ arguments: [String]) -> (any ParsableCommand.Type)? {
        configuration.subcommands.first { $0.configuration.commandName == arguments.first }
    }

    private static func parse(_ arguments: [String], _ named: (any ParsableCommand.Type)?) throws -> any ParsableCommand {
        try refuseEmpty(arguments)
        // Without the tree of all the others, in a third of the time. What goes wrong is said by the whole tree.
        if let named, named.configuration.subcommands.isEmpty {
            do { return try named.parse(Array(arguments.dropFirst())) } catch {}
        }
        return try parseAsRoot(arguments)
    }

    /// Runs a command and reports its failure in one line.
    private static func run(_ command: Result<any ParsableCommand, any Error>) async -> Int32 {
        do {
            var command = try command.get()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
            return 0
        } catch {
            return report(error)
        }
    }

    /// An empty argument is a shell variable without a value more often than a wish, and no message about a nameless file would say so.
    private static func refuseEmpty(_ arguments: [String]) throws(Failure) {
        // A shell that asks what could stand here passes on what was typed, which may be nothing.
        if arguments.first == "---completion" { return }
        guard let at = arguments.firstIndex(where: { $0.isEmpty || $0.hasPrefix("--") && $0.firstIndex(of: "=") == $0.indices.last }) else { return }
        let before = arguments[at].isEmpty ? arguments[..<at].last.flatMap { $0.hasPrefix("-") ? $0 : nil } : String(arguments[at].dropLast())
        let place = before.map { "\($0): the value after it is empty" } ?? "an argument is empty"
        throw Failure(Failure.usageExitCode, place + "; give a name, or leave it out (is a variable of your shell unset?)")
    }

    private static func report(_ error: any Error) -> Int32 {
        if let reported = error as? ReportedFailure { return reported.exitCode }
        let parserCode = exitCode(for: error).rawValue
        if parserCode == 0 {
            // --help, --version, and what shells ask for.
            let message = fullMessage(for: error)
            let said = arguments.first?.hasPrefix("--generate-completion-script") == true ? CompletionScript.withStudioOptions(CompletionScript.withPaths(message)) : message
            return Output.write(said + "\n", to: STDOUT_FILENO) ? 0 : 74
        }
        let failure = isUsageError(error) ? Failure(Failure.usageExitCode, usageLine(error)) : Failure(error)
        Output.failure(failure)
        return failure.exitCode
    }

    private static func isUsageError(_ error: any Error) -> Bool {
        exitCode(for: error) == .validationFailure
    }

    /// The parser's first line, with the choices that it lists below, and where to read more.
    private static func usageLine(_ error: any Error) -> String {
        let lines = message(for: error).split(whereSeparator: \.isNewline).map { $0.trimmingPrefix { $0 == " " } }
        var first = lines.first.map(String.init) ?? "wrong arguments"
        if first.hasSuffix(":") { first += " " + lines.dropFirst().prefix { $0.hasPrefix("- ") }.map { $0.dropFirst(2) }.joined(separator: ", ") }
        let sentence = first.hasSuffix(".") ? String(first.dropLast()) : first
        return sentence + "; see lathe --help"
    }
}
