import DSP
import Dispatch
import Foundation
import Synchronization

/// The threads of a pass, at most as many as there are processors: whoever is free takes the next block that a stage has not seen.
///
/// A stage is never in two threads at once and sees every block in order, so that who does what changes no result. A thread that has come to
/// the end of one stage goes on with another instead of waiting: waking one costs as much as some thousand frames of a meter.
final class Crew: @unchecked Sendable {
    // Unchecked: `work` is called for one block at a time, and everything else is behind the lock.
    /// A block on its way.
    struct Load {
        var block: AudioBlock
        var frames: Int
        var file: Int
        /// Frames at the block's start that are not part of the output.
        var dropped: Int
        /// Of what is left.
        var firstFrame: Int64
    }

    private struct State {
        /// Blocks that have been read, then for each stage those that it has done.
        var done: [Int]
        var busy: [Bool]
        var loads: [Load?]
        var ended = false
        var error: (any Error)?
        /// Helpers, then the caller.
        var asleep: [Bool]

        var onTheWay: Int { done[0] - done[done.count - 1] }

        /// Blocks that a stage could begin with.
        func ready(_ stage: Int) -> Int { busy[stage] ? 0 : done[stage - 1] - done[stage] }

        var isOver: Bool { !busy.contains(true) && (error != nil || ended && onTheWay == 0) }
    }

    private enum Turn {
        case read(slot: Int)
        /// A stage's next blocks, from this slot on.
        case work(stage: Int, first: Int, count: Int)
        case over
    }

    /// Blocks that are worth waking somebody for.
    private static let batch = 6
    private let work: [@Sendable (Load) throws -> Void]
    private let slots: Int
    private let helpers: Int
    /// With this many blocks on their way there is something to do for everybody; alone, one stays in the processor's cache.
    private let enough: Int
    private let state: Mutex<State>
    private let wakes: [DispatchSemaphore]
    private let gone = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - slots: blocks that may be on their way at once.
    ///   - work: the stages after reading, at least one.
    ///   - processors: that may be used.
    init(slots: Int, work: [@Sendable (Load) throws -> Void], processors: Int = ProcessInfo.processInfo.activeProcessorCount) {
        self.work = work
        self.slots = slots
        helpers = min(work.count, max(0, processors - 1))
        enough = helpers == 0 ? 1 : slots - Self.batch
        state = Mutex(State(
            done: Array(repeating: 0, count: work.count + 1), busy: Array(repeating: false, count: work.count + 1),
            loads: Array(repeating: nil, count: slots), asleep: Array(repeating: false, count: helpers + 1)))
        wakes = (0...helpers).map { _ in DispatchSemaphore(value: 0) }
    }

    /// Runs everything. Once.
    ///
    /// - Parameter read: fills the block of a slot, on the calling thread; nil when there is nothing more.
    /// - Throws: the first error of `read` or of a stage, when no thread works any more.
    func run(read: (_ slot: Int) throws -> Load?) throws {
        for helper in 0..<helpers { start(helper) }
        var finished: (stage: Int, blocks: Int)?
        while true {
            switch next(helpers, after: finished) {
            case .read(let slot):
                finished = (0, 1)
                do {
                    let load = try read(slot)
                    state.withLock { state in
                        state.loads[slot] = load
                        state.ended = load == nil
                    }
                } catch {
                    fail(error)
                }
            case .work(let stage, let first, let count):
                finished = (stage, count)
                perform(stage, first, count)
            case .over:
                for _ in 0..<helpers { gone.wait() }
                if let error = state.withLock({ $0.error }) { throw error }
                return
            }
        }
    }

    private func start(_ helper: Int) {
        final class Start {
            let crew: Crew
            let helper: Int
            init(_ crew: Crew, _ helper: Int) { self.crew = crew; self.helper = helper }
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Start(self, helper))
        let code = pthread_create(&thread, nil, { argument in
            let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
            start.crew.help(start.helper)
            return nil
        }, box.toOpaque())
        precondition(code == 0, "no thread could be started")
        pthread_detach(thread)
    }

    private func help(_ helper: Int) {
        Subnormals.off()
        var finished: (stage: Int, blocks: Int)?
        while case .work(let stage, let first, let count) = next(helper, after: finished) {
            finished = (stage, count)
            perform(stage, first, count)
        }
        gone.signal()
    }

    private func perform(_ stage: Int, _ first: Int, _ count: Int) {
        for k in first..<(first + count) {
            guard let load = state.withLock({ $0.error == nil ? $0.loads[k % slots] : nil }) else { return }
            do { try work[stage - 1](load) } catch { return fail(error) }
        }
    }

    private func fail(_ error: any Error) {
        state.withLock { if $0.error == nil { $0.error = error } }
    }

    /// What `member` is to do, which may take until others have done something.
    ///
    /// - Parameter finished: the stage that it comes from, of which 0 is reading, and the blocks that it has done there.
    private func next(_ member: Int, after finished: (stage: Int, blocks: Int)?) -> Turn {
        var finished = finished
        while true {
            let (turn, toWake) = state.withLock { state -> (Turn?, Int?) in
                if let (stage, blocks) = finished {
                    state.busy[stage] = false
                    if stage > 0 || !state.ended { state.done[stage] += blocks }
                    finished = nil
                }
                let turn = take(&state, isCaller: member == helpers)
                if turn == nil { state.asleep[member] = true }
                return (turn, sleeperWithWork(&state))
            }
            if let toWake { wakes[toWake].signal() }
            if let turn { return turn }
            wakes[member].wait()
        }
    }

    /// A later stage first: its block has just been touched. The caller sees that there is enough to do before that.
    private func take(_ state: inout State, isCaller: Bool) -> Turn? {
        if state.isOver { return .over }
        guard state.error == nil else { return nil }
        let mayRead = isCaller && !state.ended && state.onTheWay < slots
        if !(mayRead && state.onTheWay < enough) {
            for stage in (1...work.count).reversed() {
                let count = min(state.ready(stage), Self.batch)
                guard count > 0 else { continue }
                state.busy[stage] = true
                return .work(stage: stage, first: state.done[stage], count: count)
            }
        }
        guard mayRead else { return nil }
        state.busy[0] = true
        return .read(slot: state.done[0] % slots)
    }

    /// Somebody who sleeps while there is enough for them to be worth the waking.
    private func sleeperWithWork(_ state: inout State) -> Int? {
        let least = state.ended || state.onTheWay == slots ? 1 : Self.batch
        let forAll = state.isOver || state.error == nil && (1...work.count).contains { state.ready($0) >= least }
        let forCaller = forAll || state.error == nil && !state.ended && !state.busy[0] && state.onTheWay <= slots - Self.batch
        for member in state.asleep.indices where state.asleep[member] && (member == helpers ? forCaller : forAll) {
            state.asleep[member] = false
            return member
        }
        return nil
    }
}
