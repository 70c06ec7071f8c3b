import Mastering
import Synchronization

/// States of the chain along the file, so that a seek can continue from a near one instead of the file's start.
///
/// Bounded: when all places are taken, every second snapshot is dropped and the distance doubles.
final class SnapshotStore: Sendable {
    private struct Contents: @unchecked Sendable {
        // Unchecked: the memory is only touched under the lock.
        var version = 0
        var distance: Int
        var states: [UnsafeMutableRawPointer] = []
        var spare: [UnsafeMutableRawPointer] = []
    }

    private let contents: Mutex<Contents>
    private let bytes: Int
    private let limit: Int
    private let firstDistance: Int

    /// - Parameters:
    ///   - distance: frames between snapshots to begin with.
    ///   - stateBytes: size of one; together they stay below 16 MiB.
    init(distance: Int, stateBytes: Int) {
        bytes = max(1, stateBytes)
        firstDistance = distance
        limit = min(128, max(8, (16 << 20) / bytes))
        contents = Mutex(Contents(distance: distance))
    }

    deinit {
        contents.withLock { contents in
            for state in contents.states + contents.spare { state.deallocate() }
        }
    }

    /// Forgets all snapshots; what follows belongs to `version` of the parameters.
    func restart(version: Int) {
        contents.withLock {
            $0.version = version
            $0.distance = firstDistance
            $0.spare += $0.states
            $0.states = []
        }
    }

    /// The frame at which the next snapshot is due.
    var nextFrame: Int { contents.withLock { ($0.states.count + 1) * $0.distance } }

    /// Frames between two snapshots at present.
    var distance: Int { contents.withLock { $0.distance } }

    /// Keeps the state of `chain`, which has taken in exactly `nextFrame` frames.
    func save(_ chain: borrowing MasteringChain) {
        contents.withLock { contents in
            if contents.states.count == limit {
                // State i belongs to frame (i + 1) · distance: the odd places are those of the doubled distance.
                for i in 0..<limit / 2 { contents.states.swapAt(i, 2 * i + 1) }
                contents.spare += contents.states[(limit / 2)...]
                contents.states.removeSubrange((limit / 2)...)
                contents.distance *= 2
                // The new one fits the doubled distance only when the limit is odd; else it is let go.
                guard limit % 2 == 1 else { return }
            }
            let state = contents.spare.popLast() ?? .allocate(byteCount: bytes, alignment: 64)
            chain.saveState(to: state)
            contents.states.append(state)
        }
    }

    /// The nearest frame ≤ `frame` whose state is known for `version`; 0, the file's start, always is.
    func nearest(to frame: Int, version: Int) -> Int {
        contents.withLock { contents in
            guard contents.version == version else { return 0 }
            return min(contents.states.count, frame / contents.distance) * contents.distance
        }
    }

    /// Puts `chain` into the state of `frame`, a result of `nearest`. False when it is gone, and for 0.
    func restore(_ chain: inout MasteringChain, frame: Int, version: Int) -> Bool {
        contents.withLock { contents in
            guard contents.version == version, frame > 0, frame % contents.distance == 0 else { return false }
            let index = frame / contents.distance - 1
            guard index < contents.states.count else { return false }
            chain.restoreState(from: contents.states[index])
            return true
        }
    }
}
