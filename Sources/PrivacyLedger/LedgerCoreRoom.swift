/// How much items may take together, and who goes when that is not enough.
extension LedgerCore {
    /// Bytes that items of a place take and may take; nil where the ledger promises nothing.
    ///
    /// What is rendered into the user's folder is the user's file already and is not counted: its room is theirs to give.
    func quota(of place: ItemPlace, _ kind: ItemKind) -> (used: Int64, most: Int64)? {
        switch place {
        case .ram: (memoryBytes, memoryQuota)
        case .disk where kind != .renderScratch: (diskBytes, diskQuota)
        case .disk, .tier: nil
        }
    }

    mutating func count(_ record: LedgerRecord, _ sign: Int64) {
        let bytes = sign * max(record.reservedBytes, record.usedBytes)
        switch record.place {
        case .ram: memoryBytes += bytes
        case .disk where record.kind != .renderScratch: diskBytes += bytes
        case .disk, .tier: break
        }
    }

    /// Seconds without use after which an item may be ended to make room for another.
    static let idleEnough = 60.0

    /// Ends what can be made again and has lain idle the longest, until enough is free; nothing when that is not possible.
    mutating func makeRoom(_ bytes: Int64, _ place: ItemPlace, _ spared: RowID?, _ now: LedgerInstant) -> [Effect] {
        var kept: Set<RowID> = []
        var next = spared
        while let id = next, kept.insert(id).inserted { next = open[id]?.parent }
        let idle = open.values.filter {
            $0.place == place && $0.rule == .fileOpen && $0.state == .live && !kept.contains($0.id) && now.seconds(since: $0.touched) >= Self.idleEnough
        }.sorted { ($0.touched.bootNanoseconds, $0.id.rawValue) < ($1.touched.bootNanoseconds, $1.id.rawValue) }
        var chosen: [RowID] = []
        var free: Int64 = 0
        for record in idle where free < bytes {
            chosen.append(record.id)
            free += max(record.reservedBytes, record.usedBytes)
        }
        return free >= bytes ? destroy(chosen, .evicted, now) : []
    }
}
