import Synchronization

/// Plain values on their way from one thread to another, in order: one writer, one reader, no waiting, bounded.
struct ValueQueue<Value: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    // Unchecked: the two indices order every access to the memory.
    private let capacity: Int
    private let memory: UnsafeMutablePointer<Value>
    private let written = Atomic<Int>(0)
    private let read = Atomic<Int>(0)

    init(capacity: Int) {
        self.capacity = capacity
        memory = .allocate(capacity: capacity)
    }

    deinit { memory.deallocate() }

    /// Writer: false when the queue is full.
    func push(_ value: Value) -> Bool {
        let at = written.load(ordering: .relaxed)
        guard at - read.load(ordering: .acquiring) < capacity else { return false }
        (memory + at % capacity).initialize(to: value)
        written.store(at + 1, ordering: .releasing)
        return true
    }

    /// Reader: the oldest value.
    func pop() -> Value? {
        let at = read.load(ordering: .relaxed)
        guard at < written.load(ordering: .acquiring) else { return nil }
        let value = memory[at % capacity]
        read.store(at + 1, ordering: .releasing)
        return value
    }
}
