import Dispatch
import NIOCore
import NIOHTTP1
import NIOPosix
import Playback
import Synchronization

/// Why the page cannot be served.
public enum PageError: Error, Equatable, Sendable {
    case noSocket
    case cannotListen(port: UInt16)
    /// `port` was asked for when the program began, and taken.
    case taken(port: UInt16)

    public var message: String {
        switch self {
        case .noSocket: "no port of this machine could be had for the page; free one, or choose another output"
        case .cannotListen(let port), .taken(let port): "port \(port) is taken by another program, perhaps another studio; start again with another --port, or without it"
        }
    }

    public var exitCode: Int32 {
        if case .cannotListen = self { 74 } else { 75 }
    }
}

/// Serves a `PageLine` to one browser at a time on 127.0.0.1, under a path that holds a random token.
///
/// Everything that belongs to a connection lives on one event loop; a thread of its own waits for news of the player.
public final class PageServer: Sendable {
    public let address: PageAddress
    private let door: LoopbackDoor
    private let hub: PageHub
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let stopped = Atomic<Bool>(false)

    /// Listens from here on.
    /// - Parameter patience: how long a request may take to arrive; a browser sends it at once.
    public init(door: Result<LoopbackDoor, PageError>, line: PageLine, environment: [String: String], patience: TimeAmount = .seconds(10)) async throws {
        let door = try door.get()
        guard let descriptor = door.open() else { throw PageError.cannotListen(port: door.port) }
        self.door = door
        let address = PageAddress(port: door.port, token: PageAddress.makeToken(), environment: environment, user: PageAddress.userName)
        self.address = address
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        let hub = PageHub(line: line, loop: group.next())
        self.hub = hub
        do {
            channel = try await ServerBootstrap(group: group)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                        try channel.pipeline.syncOperations.addHandler(PageHandler(hub: hub, token: address.token, patience: patience))
                    }
                }
                .withBoundSocket(descriptor).get()
        } catch {
            door.shut()
            // Nothing runs on it yet; what is told is why nobody can be served.
            try? await group.shutdownGracefully()
            throw PageError.cannotListen(port: door.port)
        }
        line.setAddress("127.0.0.1:\(door.port)")
        let thread = Thread(line: line, hub: hub)
        thread.start { [weak self] in self?.stopped.load(ordering: .relaxed) ?? true }
    }

    /// Ends every connection and frees the port for listening again.
    public func stop() async {
        stopped.store(true, ordering: .relaxed)
        hub.line.left()
        hub.line.setAddress("")
        hub.line.wake()
        // Closing can only fail where it is closed already.
        try? await channel.close()
        door.shut()
        // Of threads that have ended there is nothing to be told.
        try? await group.shutdownGracefully()
    }

    /// Waits for news and hands them to the event loop.
    private struct Thread {
        let line: PageLine
        let hub: PageHub

        func start(_ isStopped: @escaping @Sendable () -> Bool) {
            DispatchQueue(label: "lathe.page", qos: .userInitiated).async {
                while !isStopped() {
                    line.wait(milliseconds: 500)
                    if isStopped() { break }
                    hub.loop.execute { hub.turn() }
                }
            }
        }
    }
}
