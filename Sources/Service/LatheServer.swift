import AudioFiles
import Dispatch
import FoundationEssentials
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import PrivacyLedger
import Rendering
import ServiceLifecycle
import Synchronization

/// `lathe serve`: the engine behind HTTP.
public enum LatheServer {
    /// Serves until it is told to end.
    /// - Parameters:
    ///   - policyFile: the operator's own policy.
    ///   - tiers: where jobs may go; this machine alone when left out.
    ///   - ready: called with the port when others can connect.
    /// - Throws: `ServeError`, `LedgerError`, `JobFailure`.
    public static func run(
        _ settings: ServeSettings, policyFile: String? = nil, rules: RetentionRules, tiers: [any Tier] = [LocalTier()], remotes: [any RemoteTier] = [], ready: @escaping @Sendable (Int) -> Void
    ) async throws {
        var settings = settings
        if let policyFile { settings.policy = try ServePolicy.read(policyFile) }
        if !settings.isLoopback, settings.policy == nil {
            throw ServeError.settings("--host \(settings.host.printable): others can reach it, so it needs a policy of its own; fill in [service] in privacy.toml, or name a text with --policy")
        }
        if !settings.isLoopback, settings.accounts == .none { throw ServeError.settings("--host \(settings.host.printable): others can reach it, so it needs accounts; leave out --accounts none") }
        let lock = try claim(settings.folder)
        defer { Glibc.close(lock) }
        let keys = try ServerKeys(folder: settings.folder)
        let accounts = try AccountStore(folder: settings.folder, keys: keys)
        let ledger = try await Ledger.open(rules: rules)
        let slots = settings.slots ?? max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
        let engine = RenderEngine(ledger: ledger, tiers: tiers, remotes: remotes, slots: slots, forgetsPrompts: true)
        let desk = ServiceDesk(settings: settings, ledger: ledger, engine: engine, slots: slots, accounts: accounts, signer: try ReceiptSigner(seed: keys.receiptSeed), rules: try PromptRules.load())
        // Jobs of a server that was killed are gone, and so is what was held for them: before anybody is let in.
        try await desk.giveBack()
        await desk.begin()
        var failure: (any Error)?
        let wasReady = Atomic(false)
        do {
            try await serve(settings, desk) { port in
                wasReady.store(true, ordering: .relaxed)
                ready(port)
            }
        } catch { failure = error }
        await desk.close()
        await engine.shutDown()
        try await desk.giveBack()
        await ledger.close()
        // What is cut short at the end has been told to end.
        if let failure, !wasReady.load(ordering: .relaxed) { throw ServeError.cannotListen(address: "\(settings.host):\(settings.port)", reason: words(failure)) }
    }

    private static func serve(_ settings: ServeSettings, _ desk: ServiceDesk, _ ready: @escaping @Sendable (Int) -> Void) async throws {
        var logger = Logger(label: "lathe")
        // Nothing of a call is written anywhere.
        logger.logLevel = .critical
        let app = Application(
            router: Routes(desk: desk).make(),
            server: .http1(configuration: .init(
                idleTimeout: .seconds(60), httpDecoderConfiguration: .init(maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 64))),
            configuration: .init(
                address: .hostname(settings.host, port: settings.port), serverName: nil, backlog: 512,
                availableConnectionsDelegate: MaximumAvailableConnections(settings.connections)),
            onServerRunning: { channel in ready(channel.localAddress?.port ?? settings.port) },
            logger: logger)
        var group = ServiceGroupConfiguration(services: [app], logger: logger)
        // A client that sends or takes for ever does not keep a server that is told to end.
        group.maximumGracefulShutdownDuration = .seconds(3)
        group.maximumCancellationDuration = .seconds(3)
        let running = ServiceGroup(configuration: group)
        let sources = [SIGTERM, SIGINT, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                Task {
                    // Streams of events end first: they would go on as long as their jobs.
                    await desk.close()
                    await running.triggerGracefulShutdown()
                }
            }
            source.activate()
            return source
        }
        defer { for source in sources { source.cancel() } }
        try await running.run()
    }

    /// One server for each folder: two would give back each other's holds.
    private static func claim(_ folder: String) throws(ServeError) -> Int32 {
        var path = ""
        for part in folder.split(separator: "/") {
            path += "/" + part
            if mkdir(path, 0o700) != 0, errno != EEXIST { throw .store(path: folder, reason: String(cString: strerror(errno))) }
        }
        let lock = open(folder + "/serve.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .store(path: folder, reason: String(cString: strerror(errno))) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(lock)
            throw .alreadyServing(folder: folder)
        }
        return lock
    }

    private static func words(_ error: any Error) -> String {
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        return String(describing: type(of: error))
    }
}

extension ServiceDesk {
    func giveBack() throws(ServeError) {
        do { _ = try accounts.voidAllHolds(now: now()) } catch { throw .store(path: settings.folder, reason: error.reason) }
    }
}
