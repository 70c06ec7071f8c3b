import Page
import Playback
import PrivacyLedger
import Synchronization
import Terminal

/// The listener's page: served from the first time it is chosen until another output is, under a row of the ledger.
final class LivePage: Sendable {
    let line = PageLine()
    private let backend: Backend
    private let post: Post
    private struct State {
        var server: PageServer?
        var row: RowID?
    }
    private let state = Mutex(State())
    /// Most that waits for the listener: `PageFeed`'s ring at 192 kHz.
    private static let bufferBytes: Int64 = 16 << 20

    init(backend: Backend, post: @escaping Post) {
        self.backend = backend
        self.post = post
        line.setOrders { post(.ordered($0)) }
    }

    /// Serves the page, if it is not served yet.
    func open() async throws -> PageInfo {
        if let server = state.withLock({ $0.server }) { return PageInfo(server.address) }
        let ledger = try await backend.parts.ledger
        // What waits for a listener is sound outside the player: it has a row of its own, and whoever ends the row ends the page.
        let row = try await ledger.create(ItemRequest(
            kind: .previewRender, origin: .playback, purpose: .preview, place: .ram, reservedBytes: Self.bufferBytes, displayName: "the listener's page"))
        do {
            let server = try await PageServer(door: LoopbackDoor.standard, line: line, environment: ProcessEnvironment.current)
            state.withLock { ($0.server, $0.row) = (server, row) }
            try await ledger.attach(PageHolder(self), bytes: Self.bufferBytes, to: row)
            return PageInfo(server.address)
        } catch {
            await close(because: .neverBegan)
            await ledger.released(row, because: .neverBegan)
            throw error
        }
    }

    /// While somebody listens, its row is in use.
    func keep() {
        guard line.isListenedTo, let row = state.withLock({ $0.row }) else { return }
        Task { [backend] in try? await backend.parts.ledger.touch(row) }
    }

    /// Ends every connection; what waited is gone with the player's session.
    func close(because reason: DestroyReason = .userRequest) async {
        let (server, row) = state.withLock { state in
            defer { state = State() }
            return (state.server, state.row)
        }
        await server?.stop()
        guard let row, let ledger = try? await backend.parts.ledger else { return }
        await ledger.released(row, because: reason)
    }

    /// The ledger wants it gone: the player goes back to a clock or a device first.
    fileprivate func isUnwanted() -> EraseOutcome {
        guard state.withLock({ $0.server != nil }) else { return .gone }
        post(.pageGone)
        Task { await close() }
        return .pending
    }
}

extension PageInfo {
    init(_ address: PageAddress) { self.init(url: address.url, forward: address.forward) }
}

private final class PageHolder: Erasable {
    private weak let page: LivePage?
    init(_ page: LivePage) { self.page = page }

    func erase() -> EraseOutcome { page?.isUnwanted() ?? .gone }
}
