import DSP
import Foundation
import Synchronization
import Testing
@testable import Mastering

/// A crew may hand work to whoever is free, in whatever order threads happen to run: what each stage sees must not depend on it.
@Suite struct CrewTests {
    struct Broken: Error {}

    /// Notes what a stage sees, and whether it was ever in two threads at once.
    final class Witness: Sendable {
        struct Seen { var frames: [Int] = [], isInside = false, metItself = false }
        let seen = Mutex(Seen())

        func see(_ load: Crew.Load, after previous: Witness? = nil) {
            seen.withLock {
                if $0.isInside { $0.metItself = true }
                $0.isInside = true
            }
            if let previous { #expect(previous.seen.withLock { $0.frames.contains(load.frames) }, "a stage came before the one that feeds it") }
            seen.withLock {
                $0.frames.append(load.frames)
                $0.isInside = false
            }
        }
    }

    /// Loads whose `frames` is their number, from 1.
    static func loads(_ count: Int, _ block: AudioBlock) -> (Int) throws -> Crew.Load? {
        var made = 0
        return { _ in
            guard made < count else { return nil }
            made += 1
            return Crew.Load(block: block, frames: made, file: 0, dropped: 0, firstFrame: 0)
        }
    }

    @Test(arguments: [1, 2, 3, 8], [0, 1, 5, 6, 24, 25, 1000])
    func everyStageSeesEveryBlockInOrder(processors: Int, count: Int) throws {
        let buffer = AudioBuffer(channels: 1, frames: 16)
        let first = Witness(), second = Witness(), third = Witness()
        let crew = Crew(
            slots: 24, work: [{ first.see($0) }, { second.see($0, after: first) }, { third.see($0, after: second) }], processors: processors)
        try crew.run(read: Self.loads(count, buffer.block))
        for witness in [first, second, third] {
            witness.seen.withLock {
                #expect($0.frames == Array(1...max(1, count)).prefix(count).map(\.self))
                #expect(!$0.metItself)
            }
        }
    }

    /// A block's memory is filled anew only when the last stage is done with it.
    @Test(arguments: [1, 2, 3])
    func slotsAreNotReusedEarly(processors: Int) throws {
        let slots = 8, buffers = (0..<slots).map { _ in AudioBuffer(channels: 1, frames: 1) }
        let wrong = Atomic(0)
        let check: @Sendable (Crew.Load) -> Void = { if $0.block[0][0] != Double($0.frames) { wrong.add(1, ordering: .relaxed) } }
        var made = 0
        try Crew(slots: slots, work: [check, check], processors: processors).run { slot in
            guard made < 5000 else { return nil }
            made += 1
            buffers[slot].block[0][0] = Double(made)
            return Crew.Load(block: buffers[slot].block, frames: made, file: 0, dropped: 0, firstFrame: 0)
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }

    @Test(arguments: [1, 2, 3], [1, 7, 100])
    func anErrorOfAStageEndsEverything(processors: Int, at: Int) {
        let buffer = AudioBuffer(channels: 1, frames: 16), last = Witness()
        let crew = Crew(slots: 24, work: [{ if $0.frames == at { throw Broken() } }, { last.see($0) }], processors: processors)
        #expect(throws: Broken.self) { try crew.run(read: Self.loads(1000, buffer.block)) }
        last.seen.withLock { #expect($0.frames.allSatisfy { $0 < at }, "a block went on that had not been worked on") }
    }

    @Test(arguments: [1, 2, 3])
    func anErrorOfTheReaderEndsEverything(processors: Int) {
        let buffer = AudioBuffer(channels: 1, frames: 16)
        let read = Self.loads(50, buffer.block)
        let crew = Crew(slots: 24, work: [{ _ in }, { _ in }], processors: processors)
        #expect(throws: Broken.self) {
            try crew.run { slot in
                guard let load = try read(slot) else { throw Broken() }
                return load
            }
        }
    }
}
