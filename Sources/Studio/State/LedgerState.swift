/// A live row of the ledger as the view shows it.
struct LedgerItem: Sendable, Equatable {
    var id: String
    var kind: String
    /// What a person calls it; not safe to print.
    var name: String
    var purpose: String
    var place: String
    var bytes: Int64
    /// E0…E5.
    var erasureClass: String
    var rule: String
    var state: String
    var parent: String?
    /// Seconds since 1970.
    var expires: Double

    init(id: String, kind: String, name: String, purpose: String, place: String, bytes: Int64, erasureClass: String, rule: String,
                state: String, parent: String?, expires: Double) {
        self.id = id
        self.kind = kind
        self.name = name
        self.purpose = purpose
        self.place = place
        self.bytes = bytes
        self.erasureClass = erasureClass
        self.rule = rule
        self.state = state
        self.parent = parent
        self.expires = expires
    }
}

/// What exists now, and what left.
struct LedgerSnapshot: Sendable, Equatable {
    var rows: [LedgerItem]
    /// Bytes that left this machine.
    var bytesLeft: Int64

    init(rows: [LedgerItem] = [], bytesLeft: Int64 = 0) {
        self.rows = rows
        self.bytesLeft = bytesLeft
    }
}

/// The Ledger view.
struct LedgerState: Sendable, Equatable {
    /// nil until the ledger has been opened.
    var snapshot: LedgerSnapshot?
    /// Why there is no ledger.
    var problem: String?
    var cursor = Cursor()
    var filter = ""
    /// Where an export goes unless another folder is typed.
    var exportFolder = ""

    init() {}

    /// What was made from an item, from what was made from that, and so on: it goes with the item.
    func descendants(of id: String) -> [LedgerItem] {
        var found: [LedgerItem] = []
        var known: Set<String> = [id]
        var grows = true
        while grows {
            let next = rows.filter { row in !known.contains(row.id) && row.parent.map(known.contains) == true }
            found += next
            known.formUnion(next.map(\.id))
            grows = !next.isEmpty
        }
        return found
    }

    var rows: [LedgerItem] { snapshot?.rows ?? [] }

    var shown: [LedgerItem] {
        let pattern = FuzzyPattern(filter)
        return pattern.isEmpty ? rows : rows.filter { pattern.score($0.kind + " " + $0.name) != nil }
    }

    var selected: LedgerItem? {
        let rows = shown
        return rows.indices.contains(cursor.index) ? rows[cursor.index] : nil
    }

    /// Stops at the largest number instead of overflowing: sizes come from a file that others can write.
    var bytes: Int64 {
        rows.reduce(0) { sum, row in
            let (total, overflows) = sum.addingReportingOverflow(max(0, row.bytes))
            return overflows ? .max : total
        }
    }
    var nextExpiry: Double? { rows.map(\.expires).min() }
}
