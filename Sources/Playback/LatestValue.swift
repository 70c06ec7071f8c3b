import Synchronization

/// A mailbox that holds only the newest value: the writer never waits for the reader nor the reader for the writer.
///
/// Three slots: one the writer fills, one in the box, one the reader looks at; `put` and `take` swap with the box.
struct LatestValue<Value: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    // Unchecked: the box's exchange gives each slot to one side at a time.
    private let slots: UnsafeMutablePointer<Value>
    private let sides: UnsafeMutablePointer<(writer: Int, reader: Int)>
    /// The slot in the box, plus `fresh` when the reader has not seen it.
    private let box = Atomic<Int>(1)
    private static var fresh: Int { 4 }

    init(_ value: Value) {
        slots = .allocate(capacity: 3)
        slots.initialize(repeating: value, count: 3)
        sides = .allocate(capacity: 1)
        sides.initialize(to: (writer: 0, reader: 2))
    }

    deinit {
        slots.deallocate()
        sides.deallocate()
    }

    /// One writer at a time.
    func put(_ value: Value) {
        slots[sides.pointee.writer] = value
        sides.pointee.writer = box.exchange(sides.pointee.writer | Self.fresh, ordering: .acquiringAndReleasing) & 3
    }

    /// The reader: the newest value if it has not been taken before.
    func take() -> Value? {
        guard box.load(ordering: .relaxed) & Self.fresh != 0 else { return nil }
        sides.pointee.reader = box.exchange(sides.pointee.reader, ordering: .acquiringAndReleasing) & 3
        return slots[sides.pointee.reader]
    }
}
