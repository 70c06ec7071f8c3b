import ArgumentParser
import CLinux
import Dispatch
import FoundationEssentials
import Glibc
import PrivacyLedger
import RemoteTiers
import Rendering

/// `lathe engine`: the engine in a process of its own. Started when the first job comes; nobody calls it by hand.
struct EngineCommand: AsyncParsableCommand, DecodesAudio, CarriesJobs, LivesOn {
    static let configuration = CommandConfiguration(
        commandName: "engine", abstract: "The engine that jobs run in.", discussion: "Started by itself when it is needed, and ends by itself.", shouldDisplay: false)

    @Flag(help: "Write a byte to descriptor 3 when jobs can come.") var ready = false

    var mayReach: Bool { true }

    func run() async throws {
        let ready = self.ready ? Int32(LATHE_LINE) : -1
        if ready >= 0 { _ = fcntl(ready, F_SETFD, FD_CLOEXEC) }
        // The end of a terminal is not the end of the work.
        signal(SIGHUP, SIG_IGN)
        let isFirst = try await EngineHost.serve(
            remotes: Self.remotes(), storage: Self.storage(), patience: Self.patience, ledger: { try await Ledger.open(rules: try PrivacySettings.rules()) },
            ready: {
                var word: UInt8 = 1
                // Whoever waited may have gone.
                if ready >= 0 { _ = write(ready, &word, 1); close(ready) }
            },
            started: { host in
                for number in [SIGTERM, SIGINT] {
                    signal(number, SIG_IGN)
                    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                    source.setEventHandler { Task { await host.leave() } }
                    source.activate()
                    // Listens for as long as the process lives.
                    _ = Unmanaged.passRetained(source as AnyObject)
                }
            })
        if !isFirst { throw Failure(75, "another engine is at work already") }
    }

    /// A configuration that cannot be read leads nowhere: jobs are done here, and `lathe tiers list` says why.
    private static func remotes() -> [any RemoteTier] {
        do { return RemoteTierList.make(try TierConfiguration.tiers()) } catch { return [] }
    }

    /// Settings that cannot be read keep nothing on disk; opening the ledger then says what is wrong with them.
    private static func storage() -> QueueStorage {
        do { return try PrivacySettings.all().queue } catch { return .memory }
    }

    /// Seconds that ended jobs wait for somebody to look.
    private static var patience: Double {
        let asked = ProcessInfo.processInfo.environment["LATHE_ENGINE_PATIENCE"].flatMap(Double.init) ?? 600
        return min(max(asked, 0), 86_400)
    }
}
