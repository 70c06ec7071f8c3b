import Crypto
import FoundationEssentials

/// An item's life, from the row that comes first to the end of its last byte.
extension Ledger {
    // MARK: Its life

    /// Commits a row for what is about to exist. When this returns, and not before, bytes may be made.
    ///
    /// Cost: one durable transaction. Errors: `cannotWrite`, `busy`, `overQuota`, `parentGone`.
    public func create(_ request: ItemRequest) throws(LedgerError) -> RowID {
        if let memoryOnlyBecause, request.place != .ram { throw memoryOnlyBecause }
        if let tier = request.place.tierName { throw .noTransfer(tier: tier) }
        let id = RowID()
        let commitment = commitment(of: request.displayName, id)
        do throws(LedgerError) {
            try perform(core.handle(.create(id, request, commitment: commitment), now: clock.now()))
        } catch {
            // What has lain idle the longest makes room; what is in use never does.
            guard case .overQuota(let wanted, let free) = error else { throw error }
            carryOut(core.handle(.makeRoom(wanted - free, request.place, sparing: request.parent), now: clock.now()))
            try perform(core.handle(.create(id, request, commitment: commitment), now: clock.now()))
        }
        names[id] = request.displayName
        publish()
        return id
    }

    func commitment(of name: String?, _ id: RowID) -> [UInt8]? {
        name.map { Array(HMAC<SHA256>.authenticationCode(for: Data((id.rawValue + $0).utf8), using: nameKey)) }
    }

    /// Puts a value in memory under its row; the ledger drops it when the row ends.
    ///
    /// Errors: `parentGone` when the row has ended meanwhile; the value is then not kept.
    /// - Parameter whenErased: called once, on the ledger's thread, when the value has been dropped.
    public func hold<Value: Sendable>(
        _ value: Value, bytes: Int64, under id: RowID, whenErased: @escaping @Sendable () -> Void = {}
    ) throws(LedgerError) -> Held<Value> {
        let held = Held(id: id, value, whenErased: whenErased)
        try attach(held, bytes: bytes, to: id)
        return held
    }

    /// Names who lets the bytes of a row go, and says that they exist now.
    public func attach(_ holder: any Erasable, bytes: Int64, to id: RowID) throws(LedgerError) {
        guard let record = core.open[id], record.state == .intent || record.state == .live else {
            _ = holder.erase()
            throw .parentGone
        }
        holders[id] = holder
        try used(bytes, by: id)
    }

    /// A row and a file without a name in `folder`'s file system.
    public func makeScratch(_ request: ItemRequest, in folder: String) throws(LedgerError) -> UnnamedScratch {
        var request = request
        request.erasureClass = surroundings.erasureClass(in: Surroundings.medium(of: folder), sealed: false)
        return try makeScratch(request) { id throws(LedgerError) in try .onDisk(id: id, folder: folder) }
    }

    /// A row and a sealed file without a name in `folder`'s file system, by default the ledger's own: for what is too large for memory and is nobody's
    /// file yet. Its class follows from the file system and the swap.
    public func makeSealedScratch(_ request: ItemRequest, in folder: String? = nil) throws(LedgerError) -> SealedScratch {
        let folder = folder ?? directory
        var request = request
        request.place = .disk
        request.erasureClass = surroundings.erasureClass(in: Surroundings.medium(of: folder), sealed: true)
        return try makeScratch(request) { id throws(LedgerError) in try SealedScratch(id: id, folder: folder) }
    }

    /// A row and a sealed file in memory. Sealing costs about a second for each GB, and makes its end a matter of its key: where much has to be gone at once.
    public func makeSealedScratchInMemory(_ request: ItemRequest) throws(LedgerError) -> SealedScratch {
        var request = request
        request.place = .ram
        request.erasureClass = surroundings.erasureClass(in: .memory, sealed: true)
        return try makeScratch(request) { id throws(LedgerError) in try SealedScratch(id: id, folder: nil) }
    }

    /// A row and a file without a name in memory. A large one takes the kernel some 0.2 s for each GiB to free; its row is being destroyed until then.
    public func makeScratchInMemory(_ request: ItemRequest) throws(LedgerError) -> UnnamedScratch {
        try makeScratch(request) { id throws(LedgerError) in
            try .inMemory(id: id, whenGone: { [weak self] in Task { await self?.released(id) } })
        }
    }

    private func makeScratch<Scratch: Erasable>(
        _ request: ItemRequest, _ make: (RowID) throws(LedgerError) -> Scratch
    ) throws(LedgerError) -> Scratch {
        let id = try create(request)
        do throws(LedgerError) {
            let scratch = try make(id)
            try attach(scratch, bytes: 0, to: id)
            return scratch
        } catch {
            destroy([id], because: .neverBegan)
            throw error
        }
    }

    /// Says how many bytes an item occupies now.
    public func used(_ bytes: Int64, by id: RowID) throws(LedgerError) {
        try perform(core.handle(.used(id, bytes: max(0, bytes)), now: clock.now()))
        publish()
    }

    /// As `used`, for work under way that goes on whatever the store says; nothing where the row has ended.
    public func grew(_ id: RowID, to bytes: Int64) {
        carryOut(core.handle(.used(id, bytes: max(0, bytes)), now: clock.now()))
    }

    /// Commits the one name an item will have on disk, before it has it. The name must be `NamedScratch.name(for: id)`.
    public func registerName(_ path: String, for id: RowID) throws(LedgerError) {
        precondition(NamedScratch.isOurs(path), "scratch is named by NamedScratch.name(for:)")
        try perform(core.handle(.named(id, path: path), now: clock.now()))
    }

    /// The item was used: its idle time starts anew. Cheap; the store is written every half minute at most.
    public func touch(_ id: RowID) {
        carryOut(core.handle(.touched(id), now: clock.now()))
    }

    /// The item is the user's own file now, under the name that was asked for.
    public func handedOver(_ id: RowID, bytes: Int64) {
        carryOut(core.handle(.used(id, bytes: max(0, bytes)), now: clock.now()))
        carryOut(core.handle(.handedOver(id), now: clock.now()))
        holders[id] = nil
        forgetNames(of: [id])
    }

    /// Gives an item another period, if its rule allows. Rows of another running Lathe are passed on to it.
    public func extend(_ id: RowID) throws(LedgerError) {
        if core.open[id] != nil {
            try perform(core.handle(.extended(id), now: clock.now()))
            return publish()
        }
        guard let store else { throw problem }
        guard try store.wish(.extend, for: [id]) > 0 else { throw .noSuchRow(id.rawValue) }
    }

    // MARK: Its end

    /// Destroys rows of this run and all that was derived from them. Works on a full or read-only disk: the bytes go first.
    public func destroy(_ ids: [RowID], because reason: DestroyReason) {
        carryOut(core.handle(.destroy(ids, reason), now: clock.now()))
    }

    /// Whoever answered `pending` to `erase` has let go: no descriptor and no memory is left.
    public func released(_ id: RowID, because reason: DestroyReason = .jobEnded) {
        holders[id] = nil
        destroy([id], because: reason)
    }

    /// Whether the bytes of a row may exist.
    public func isOpen(_ id: RowID) -> Bool {
        core.open[id].map { $0.state == .intent || $0.state == .live } ?? false
    }
}
