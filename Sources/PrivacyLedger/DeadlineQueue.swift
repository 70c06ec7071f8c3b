/// The next moments at which something is due, earliest first. A binary heap; `push` and `popDue` are O(log n).
///
/// Entries are never removed early: whoever pops one checks whether it still holds.
struct DeadlineQueue: Sendable {
    private var heap: [(at: Int64, id: RowID)] = []

    var earliest: Int64? { heap.first?.at }

    mutating func push(_ id: RowID, at: Int64) {
        heap.append((at, id))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].at < heap[parent].at else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popDue(_ now: Int64) -> RowID? {
        guard let first = heap.first, first.at <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { break }
            let right = left + 1
            let least = right < heap.count && heap[right].at < heap[left].at ? right : left
            guard heap[least].at < heap[parent].at else { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return first.id
    }
}
