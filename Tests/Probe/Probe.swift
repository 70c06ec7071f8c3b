import AudioFiles
import Dispatch
import FoundationEssentials
import Glibc
import Mastering
import PrivacyLedger
import Rendering

// A process of its own for the tests of the ledger and the engine: it can be killed, starved and left behind.
// Speaks in lines on standard output; its arguments are trusted.

@main
struct Probe {
    static func main() {
        WallKeeper.serveIfAsked(decode: HostileDecoder.serve)
        Task {
            do { try await begin() } catch { exit(70) }
            exit(0)
        }
        dispatchMain()
    }

    private static func begin() async throws {
        signal(SIGXFSZ, SIG_IGN)
        var arguments = CommandLine.arguments.dropFirst()
        guard let command = arguments.popFirst() else { exit(64) }
        let rest = Array(arguments)
        do {
            switch command {
            case "hold": try await hold(state: rest[0], items: Int(rest[1]) ?? 1)
            case "journey": try await journey(state: rest[0], folder: rest[1], killAt: Int(rest[2]) ?? .max)
            case "full": try await full(state: rest[0], folder: rest[1])
            case "leave":
                _ = try await makeNamed(Ledger.open(at: rest[0]), rest[1])
                _exit(0)
            case "many": try await many(state: rest[0], items: Int(rest[1]) ?? 1)
            case "read": try read(rest[0])
            case "master": try await master(rest)
            default: exit(64)
            }
        } catch let error as LedgerError {
            say("error \(error.exitCode) \(error.message)")
            exit(error.exitCode)
        }
    }

    static func request(_ kind: ItemKind = .analysis, _ place: ItemPlace = .ram) -> ItemRequest {
        ItemRequest(kind: kind, origin: .openedFile, purpose: .mastering, place: place, displayName: "Secret Song.wav")
    }

    /// Opens a file with a decoder behind the wall, says so, and waits until standard input ends.
    static func read(_ path: String) throws {
        let reader = try AudioReader(path: path, in: DecodingWall.raise())
        say("reading")
        while readLine() != nil {}
        withExtendedLifetime(reader) {}
    }

    /// Makes rows, says so, and waits until standard input ends; leaves without settling anything.
    static func hold(state: String, items: Int) async throws {
        let ledger = try await Ledger.open(at: state)
        for _ in 0..<items { say("row", try await ledger.create(request())) }
        say("ready")
        while readLine() != nil {}
        _exit(0)
    }

    /// Makes and settles many rows as fast as it can, side by side with others.
    static func many(state: String, items: Int) async throws {
        let ledger = try await Ledger.open(at: state)
        for _ in 0..<items {
            let row = try await ledger.create(request())
            await ledger.destroy([row], because: .fileClosed)
        }
        await ledger.close()
        say("done")
    }

    /// Two scratch files with names: one is handed over, one destroyed. Dies at the `killAt`-th changing call of the store.
    static func journey(state: String, folder: String, killAt: Int) async throws {
        StoreFaults.install()
        StoreFaults.arm(.kill, at: killAt)
        let ledger = try await Ledger.open(at: state)
        let kept = try await makeNamed(ledger, folder)
        let dropped = try await makeNamed(ledger, folder)
        let derived = try await ledger.create(ItemRequest(
            kind: .solve, origin: .renderJob, purpose: .mastering, place: .ram, parent: dropped.row))
        try await ledger.used(1000, by: derived)
        guard rename(kept.path, folder + "/master.wav") == 0 else { exit(74) }
        await ledger.handedOver(kept.row, bytes: 5)
        await ledger.destroy([dropped.row], because: .cancelled)
        await ledger.close()
        say("done", StoreFaults.count)
    }

    private static func makeNamed(_ ledger: Ledger, _ folder: String) async throws -> (row: RowID, path: String) {
        let row = try await ledger.create(request(.renderScratch, .disk))
        let path = folder + "/" + NamedScratch.name(for: row)
        try await ledger.registerName(path, for: row)
        let fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
        guard fd >= 0, write(fd, "music", 5) == 5 else { exit(74) }
        close(fd)
        try await ledger.used(5, by: row)
        return (row, path)
    }

    /// Rows, then a full disk: what can still be made, what can still be destroyed, and what is known once there is room again.
    static func full(state: String, folder: String) async throws {
        StoreFaults.install()
        let ledger = try await Ledger.open(at: state)
        let named = try await makeNamed(ledger, folder)
        let scratch = try await ledger.makeScratch(request(.decodedAudio, .disk), in: folder)
        let unnamed = try await ledger.create(request(.renderScratch, .disk))
        StoreFaults.arm(.full, at: 1)
        do {
            _ = try await ledger.create(request())
            say("created on a full disk")
        } catch {
            say("refused \(error.exitCode)")
        }
        do {
            _ = try await ledger.makeScratch(request(.decodedAudio, .disk), in: folder)
            say("scratch on a full disk")
        } catch {
            say("refused \(error.exitCode)")
        }
        do {
            try await ledger.registerName(folder + "/" + NamedScratch.name(for: unnamed), for: unnamed)
            say("name on a full disk")
        } catch {
            say("refused \(error.exitCode)")
        }
        await ledger.destroy([named.row, scratch.id, unnamed], because: .userRequest)
        say("name", access(named.path, F_OK) == 0 ? "present" : "absent")
        say("descriptor", fcntl(scratch.fileDescriptor, F_GETFD) >= 0 ? "open" : "closed")
        say("problem", ledger.summary.problem ?? "none")
        StoreFaults.arm(.none, at: .max)
        await ledger.close()
        say("done")
    }

    /// `master STATE IN OUT [force] [set] [kill=N] [limit=BYTES]`: the real tier, on a machine that dies or fills up; `set` asks for a FLAC and a
    /// manifest, too.
    static func master(_ rest: [String]) async throws {
        let force = rest.contains("force")
        for word in rest.dropFirst(3) {
            if word.hasPrefix("kill=") {
                StoreFaults.install()
                StoreFaults.arm(.kill, at: Int(word.dropFirst(5)) ?? .max)
            }
        }
        let ledger = try await Ledger.open(at: rest[0])
        if let limit = rest.first(where: { $0.hasPrefix("limit=") }).flatMap({ UInt64($0.dropFirst(6)) }) {
            var bytes = rlimit(rlim_cur: rlim_t(limit), rlim_max: .max)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &bytes)
        }
        let engine = RenderEngine(ledger: ledger, slots: 1)
        var request = MasterRequest(input: rest[1], output: rest[2], preset: Preset(), container: .wav, force: force)
        if rest.contains("set") {
            request.delivery.deliverables = [Deliverable(output: rest[2] + ".flac", container: .flac)]
            request.delivery.manifest = rest[2] + ".json"
        }
        let events = await engine.events()
        let id = await engine.submit(.master(request))
        Task {
            for await case .job(let status) in events where status.state == .running { say("progress", status.stage.rawValue, status.fraction) }
        }
        let outcome = await engine.outcome(of: id)
        say("state", outcome?.state.rawValue ?? "none")
        if let failure = outcome?.failure { say("failure", failure.exitCode, failure.message) }
        await engine.shutDown()
        await ledger.close()
        say("calls", StoreFaults.count)
        exit(outcome?.failure?.exitCode ?? 0)
    }
}

/// A line on standard output, at once.
private func say(_ words: Any...) {
    let line = words.map { "\($0)" }.joined(separator: " ") + "\n"
    _ = line.withCString { write(1, $0, strlen($0)) }
}
