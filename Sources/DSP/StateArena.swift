import Glibc

/// One run of memory that holds every value a processor changes while it runs.
///
/// Because all state is in one place, taking or restoring a snapshot of a whole chain is a single copy. Processors carve
/// their parts out in `init`; nothing is freed before the arena.
public struct StateArena: ~Copyable {
    public let base: UnsafeMutableRawPointer
    public private(set) var used = 0
    private let capacity: Int

    /// - Parameter capacity: bytes to reserve. Pages that are never touched cost no memory.
    public init(capacity: Int) {
        self.capacity = capacity
        base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
    }

    deinit { base.deallocate() }

    /// `count` zero-like values, 64-byte aligned.
    public mutating func carve<T: BitwiseCopyable>(_ count: Int, of value: T) -> UnsafeMutablePointer<T> {
        let bytes = (max(1, count) * MemoryLayout<T>.stride + 63) & ~63
        precondition(used + bytes <= capacity, "StateArena was reserved too small")
        let pointer = (base + used).bindMemory(to: T.self, capacity: count)
        memset(base + used, 0, bytes)
        pointer.initialize(repeating: value, count: count)
        used += bytes
        return pointer
    }
}
