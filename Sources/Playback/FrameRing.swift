import DSP
import Synchronization

/// Planar audio on its way from one thread to another: one writer, one reader, no waiting.
///
/// Indices count frames since the ring was emptied and never wrap; a frame lives at `index & (capacity - 1)`.
/// The reader may look at a frame as long as it has not released it, so it can read with several cursors.
struct FrameRing: ~Copyable, @unchecked Sendable {
    // Unchecked: `written` and `released` order every access to the memory.
    let capacity: Int
    let rows: Int
    private let memory: AudioBlock
    private let writtenIndex = Atomic<Int>(0)
    private let releasedIndex = Atomic<Int>(0)

    /// - Parameter atLeast: frames it must hold; rounded up to a power of two.
    init(rows: Int, atLeast: Int) {
        var capacity = 64
        while capacity < atLeast { capacity *= 2 }
        self.capacity = capacity
        self.rows = rows
        let base = UnsafeMutablePointer<Double>.allocate(capacity: rows * capacity)
        base.initialize(repeating: 0, count: rows * capacity)
        memory = AudioBlock(base: base, channels: rows, stride: capacity, capacity: capacity)
    }

    deinit { memory.base.deallocate() }

    /// Either thread.
    var written: Int { writtenIndex.load(ordering: .acquiring) }
    /// Either thread.
    var released: Int { releasedIndex.load(ordering: .acquiring) }

    /// Writer: frames that can be written now.
    var room: Int { capacity - (writtenIndex.load(ordering: .relaxed) - released) }

    /// The memory from frame `index` on, up to `frames` of it or up to where the memory wraps.
    func span(at index: Int, frames: Int) -> (block: AudioBlock, frames: Int) {
        let offset = index & (capacity - 1)
        return (memory.advanced(by: offset), min(frames, capacity - offset))
    }

    /// Writer: makes the next `frames` frames readable.
    func publish(_ frames: Int) {
        writtenIndex.store(writtenIndex.load(ordering: .relaxed) + frames, ordering: .releasing)
    }

    /// Reader: gives everything before `index` back to the writer.
    func release(before index: Int) { releasedIndex.store(index, ordering: .releasing) }

    /// Copies `frames` frames from `index` on into rows `0..<rows` of `block`.
    func copy(at index: Int, frames: Int, to block: AudioBlock) {
        var done = 0
        while done < frames {
            let (span, count) = span(at: index + done, frames: frames - done)
            let to = block.advanced(by: done)
            for row in 0..<rows { to[row].update(from: span[row], count: count) }
            done += count
        }
    }

    /// Writer: copies `frames` frames of `block` into rows from `firstRow` on, unpublished.
    func stage(_ block: AudioBlock, frames: Int, firstRow: Int) {
        let start = writtenIndex.load(ordering: .relaxed)
        var done = 0
        while done < frames {
            let (span, count) = span(at: start + done, frames: frames - done)
            let from = block.advanced(by: done)
            for row in 0..<block.channels { span[firstRow + row].update(from: from[row], count: count) }
            done += count
        }
    }

    /// Empties the ring. Only while one thread alone has it.
    func clear() {
        writtenIndex.store(0, ordering: .releasing)
        releasedIndex.store(0, ordering: .releasing)
    }
}
