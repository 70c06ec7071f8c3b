import ArgumentParser
import AudioFiles
import DSP
import Foundation
import Instruments
import Mastering
import Playback
import PrivacyLedger
import Studio
import Terminal

/// `lathe doctor`: what works on this machine, and why not. Every line is tried, not guessed.
struct DoctorCommand: AsyncParsableCommand, DecodesAudio {
    static let configuration = CommandConfiguration(commandName: "doctor", abstract: "What works on this machine, and why not.")

    @Flag(help: "One JSON document.") var json = false

    struct Check {
        enum State: String { case works, limited, missing }
        let name: String
        var state = State.works
        let detail: String
        var remedy: String?
    }

    func run() async throws {
        var checks = [Self.terminal()]
        do {
            try await withLedger { ledger in
                checks.append(await Self.ledger(ledger))
                checks.append(await Self.formats(ledger))
                checks.append(await Self.sound(ledger))
            }
        } catch let error as LedgerError {
            checks.append(Check(name: "ledger", state: .missing, detail: error.message, remedy: "without it nothing can be opened or rendered"))
            for name in ["formats", "sound"] { checks.append(Check(name: name, state: .missing, detail: "not tried without the ledger", remedy: "see ledger")) }
        }
        checks += [Self.wall(), Self.bank(), Self.presets(), Self.themes(), Self.memory()]

        if json {
            return try Output.result(JSON.object([
                ("version", .string(Lathe.version)), ("engine", .string(Engine.name)),
                ("checks", .array(checks.map { check in
                    .object([("name", .string(check.name)), ("state", .string(check.state.rawValue)), ("detail", .string(check.detail)),
                             ("remedy", .optional(check.remedy))])
                })),
            ]).text)
        }
        try Output.result(Text.table(checks.flatMap { check in
            [[check.name, check.state.rawValue, check.detail.printable]] + (check.remedy.map { [["", "", "→ " + $0.printable]] } ?? [])
        }))
    }

    private static func bank() -> Check {
        do {
            let bank = try SoundBank.installed()
            return Check(name: "bank", detail: "\(bank.name), \(bank.licence), \(bank.path); generate --sounds bank plays acoustic instruments with it")
        } catch {
            return Check(name: "bank", state: .limited, detail: "generate plays everything with its own synthesis", remedy: error.message)
        }
    }

    private static func terminal() -> Check {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            return Check(name: "terminal", state: .limited, detail: "standard input and output are not both a terminal",
                         remedy: "the studio needs one (ssh -t); all other commands work")
        }
        let environment = ProcessEnvironment.current
        let term = environment["TERM"] ?? ""
        let depth = ColorDepth.detect(environment: environment)
        var size = winsize()
        let dimensions = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? ", \(size.ws_col)×\(size.ws_row)" : ""
        let detail = (term.isEmpty ? "TERM is not set" : term) + ", " + depth.words + dimensions
        if term.isEmpty || term == "dumb" {
            return Check(name: "terminal", state: .missing, detail: detail, remedy: "set TERM to your terminal's name, e.g. TERM=xterm-256color")
        }
        if !ProcessEnvironment.isUTF8(environment) {
            return Check(name: "terminal", state: .limited, detail: detail + ", no UTF-8", remedy: "set LANG=C.UTF-8 for the fine characters")
        }
        return Check(name: "terminal", detail: detail + ", UTF-8")
    }

    /// As the kernel tells it; proc(5), `Seccomp` of /proc/self/status.
    private static func wall() -> Check {
        if case .nowhere(let code) = DecodingPlace.standard {
            return Check(name: "wall", state: .missing, detail: "no process to decode files in (\(String(cString: strerror(code))))",
                         remedy: "without it no audio file is read; is /proc mounted?")
        }
        let status = FileManager.default.contents(atPath: "/proc/self/status").map { String(decoding: $0, as: UTF8.self) } ?? ""
        if status.split(separator: "\n").contains(where: { $0.hasPrefix("Seccomp:") && $0.hasSuffix("2") }) {
            return Check(name: "wall", detail: "each file is decoded in a process that can do nothing else; the kernel refuses this one a network, "
                + "other programs, other processes' memory and new rights")
        }
        return Check(name: "wall", state: .limited, detail: "each file is decoded in a process of its own, but this kernel has no filter for system calls",
                     remedy: "a hostile file that takes over a decoder could do what you can; decode such files elsewhere")
    }

    /// Tried with an empty file, which has its row all the same.
    private static func needsName(_ ledger: Ledger) async -> Bool {
        do {
            let row = try await ledger.create(ItemRequest(kind: .renderScratch, origin: .session, purpose: .diagnosis, place: .disk))
            let needs = UnnamedScratch.needsName(in: ".")
            await ledger.destroy([row], because: .jobEnded)
            return needs
        } catch {
            // Without a row nothing is tried; the ledger's own trouble has been told.
            return false
        }
    }

    private static func ledger(_ ledger: Ledger) async -> Check {
        let swap = switch ledger.surroundings.swap {
        case .none: "no swap"
        case .memory: "swap in memory"
        case .disk: "swap on disk"
        }
        // Said by trying: a disk that only reads tells nothing before.
        do {
            let row = try await ledger.create(ItemRequest(kind: .session, origin: .session, purpose: .diagnosis, place: .ram, rule: .job))
            await ledger.destroy([row], because: .neverBegan)
        } catch {
            return Check(name: "ledger", state: .missing, detail: Failure(error).line, remedy: "free space, or set XDG_STATE_HOME to a writable folder; until then nothing can be opened for long, rendered or sent")
        }
        let summary = ledger.summary
        let detail = "\(ledger.directory), \(summary.items) temporary items, \(Text.bytes(summary.bytes)), \(swap)"
        if let problem = summary.problem {
            return Check(name: "ledger", state: .limited, detail: detail + "; " + problem, remedy: "free space, or set XDG_STATE_HOME to a writable folder")
        }
        if await needsName(ledger) {
            return Check(name: "ledger", state: .limited, detail: detail + "; this folder's file system has no unnamed files",
                         remedy: "unfinished masters here have a hidden, recorded name; another disk avoids that")
        }
        if ledger.surroundings.swap == .disk {
            return Check(name: "ledger", state: .limited, detail: detail, remedy: "memory may reach the disk; encrypt the swap or turn it off")
        }
        return Check(name: "ledger", detail: detail)
    }

    /// Writes a tenth of a second in every container and reads it back.
    private static func formats(_ ledger: Ledger) async -> Check {
        var works: [String] = [], fails: [String] = []
        for container in OutputFormat.Container.allCases {
            let format = OutputFormat(container: container, bits: .int16, sampleRate: 48_000, channels: 2)
            do {
                let frames = try await withSample(ledger, format) { try AudioReader(path: $0).readableFrames() }
                if frames >= 4800 { works.append(container.rawValue) } else { fails.append(container.rawValue) }
            } catch let error as LedgerError {
                return Check(name: "formats", state: .missing, detail: "not tried: " + error.message, remedy: "see ledger")
            } catch {
                fails.append(container.rawValue)
            }
        }
        let detail = "reads and writes " + works.joined(separator: ", ")
        guard !fails.isEmpty else { return Check(name: "formats", detail: detail) }
        return Check(name: "formats", state: .limited, detail: detail + "; not " + fails.joined(separator: ", "),
                     remedy: "a newer libsndfile with these codecs adds them")
    }

    /// Plays a moment of silence.
    private static func sound(_ ledger: Ledger) async -> Check {
        do {
            let format = OutputFormat(container: .wav, bits: .int16, sampleRate: 48_000, channels: 2)
            let snapshot = try await withSample(ledger, format) { path in
                let player = Player(options: PlaybackOptions(sink: .automatic))
                defer { player.shutdown() }
                try player.load(path: path, parameters: ChainParameters())
                player.play()
                let end = ContinuousClock.now + .seconds(2)
                while !player.snapshot().ended, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(10)) }
                return player.snapshot()
            }
            if snapshot.hasSound { return Check(name: "sound", detail: snapshot.sinkDescription) }
            return Check(name: "sound", state: .limited, detail: snapshot.problem ?? snapshot.sinkDescription,
                         remedy: "playback, meters and A/B run on a clock meanwhile; over SSH see the README on hearing it where you sit")
        } catch {
            return Check(name: "sound", state: .missing, detail: Failure(error).line, remedy: "rendering works without it")
        }
    }

    /// A tenth of a second of silence in memory, under a row of the ledger, at a path that only this process can open.
    private static func withSample<Result: Sendable>(
        _ ledger: Ledger, _ format: OutputFormat, _ body: (String) async throws -> Result
    ) async throws -> Result {
        let scratch = try await ledger.makeScratchInMemory(
            ItemRequest(kind: .previewRender, origin: .session, purpose: .diagnosis, place: .ram, reservedBytes: 1 << 16))
        do {
            let silence = AudioBuffer(channels: format.channels, frames: 4800)
            let path = "/proc/self/fd/\(scratch.fileDescriptor)"
            let writer = try AudioWriter(fileDescriptor: scratch.fileDescriptor, path: format.container.rawValue, format: format, tags: [:])
            try writer.write(silence.block, frames: 4800)
            try writer.finish()
            let result = try await body(path)
            await ledger.destroy([scratch.id], because: .jobEnded)
            return result
        } catch {
            await ledger.destroy([scratch.id], because: .jobEnded)
            throw error
        }
    }

    private static func presets() -> Check {
        let list = PresetLibrary.list()
        let usable = list.filter { $0.problem == nil }
        let detail = "\(usable.filter(\.isFactory).count) factory, \(usable.count { !$0.isFactory }) of yours in \(PresetLibrary.userFolder)"
        if PresetLibrary.factoryFolder == nil {
            return Check(name: "presets", state: .limited, detail: detail + "; the factory folder was not found",
                         remedy: "start Lathe from its own folder, or set LATHE_DATA to it")
        }
        if let problem = list.compactMap(\.problem).first {
            return Check(name: "presets", state: .limited, detail: detail + "; " + problem.message, remedy: "correct or remove that file")
        }
        return Check(name: "presets", detail: detail)
    }

    private static func themes() -> Check {
        let list = ThemeLibrary.list()
        let detail = "\(list.count { $0.problem == nil }) themes"
        if let problem = list.compactMap(\.problem).first {
            return Check(name: "themes", state: .limited, detail: detail + "; " + problem.message, remedy: "correct or remove that file")
        }
        if list.isEmpty {
            return Check(name: "themes", state: .limited, detail: "only the built-in one",
                         remedy: "start Lathe from its own folder, or set LATHE_DATA to it")
        }
        return Check(name: "themes", detail: detail)
    }

    private static func memory() -> Check {
        let total = ProcessInfo.processInfo.physicalMemory
        let detail = "\(Text.bytes(Int64(total))), \(ProcessInfo.processInfo.activeProcessorCount) cores; "
            + "temporary data may take \(Text.bytes(Surroundings.current().memoryQuota))"
        if total < 512 << 20 {
            return Check(name: "memory", state: .limited, detail: detail, remedy: "close other programs while mastering")
        }
        return Check(name: "memory", detail: detail)
    }
}

extension AudioReader {
    /// Frames that can be read from here to the end.
    fileprivate func readableFrames() throws(AudioFileError) -> Int {
        let buffer = AudioBuffer(channels: info.channels, frames: 4096)
        var total = 0
        while true {
            let got = try read(into: buffer.block, frames: 4096)
            if got == 0 { return total }
            total += got
        }
    }
}
