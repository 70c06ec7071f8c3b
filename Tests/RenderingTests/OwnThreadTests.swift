import Foundation
import Synchronization
import Testing
@testable import Rendering

/// Questions that may never be answered, as to a file system of another machine.
struct OwnThreadTests {
    @Test func anAnswerComesBackFromAThreadOfThatName() async throws {
        let name = try await onOwnThread("asked-here") { Thread.current.name }
        #expect(name == "asked-here")
    }

    @Test func aQuestionIsGivenUpWithItsTask_thoughItIsNeverAnswered() async throws {
        let silence = DispatchSemaphore(value: 0), asked = DispatchSemaphore(value: 0), ended = DispatchSemaphore(value: 0)
        let task = Task {
            try await onOwnThread("hangs") {
                asked.signal()
                silence.wait()
                ended.signal()
                return 1
            }
        }
        await wait(for: asked)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // The late answer finds nobody waiting, and its thread ends.
        silence.signal()
        await wait(for: ended)
    }

    @Test func aQuestionOfATaskThatWasGivenUpBeforeIsNotAsked() async throws {
        let asked = Flag(), cancelled = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            for await _ in cancelled.stream {}
            return try await onOwnThread("late") { asked.set() }
        }
        task.cancel()
        cancelled.continuation.finish()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!asked.isSet)
    }

    /// Many times as many as the shared pool has threads, all silent: whoever asks next is answered all the same.
    @Test func thoseThatHangHoldUpNobodyElse() async throws {
        let silence = DispatchSemaphore(value: 0), asked = DispatchSemaphore(value: 0), count = 64
        let silent = (0..<count).map { number in
            Task {
                try await onOwnThread("hangs") {
                    asked.signal()
                    silence.wait()
                    return number
                }
            }
        }
        for _ in 0..<count { await wait(for: asked) }
        #expect(try await onOwnThread("answers") { 7 } == 7)
        for _ in 0..<count { silence.signal() }
        for (number, task) in silent.enumerated() { #expect(try await task.value == number) }
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    /// Waits on a thread that is nobody else's.
    private func wait(for semaphore: DispatchSemaphore) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                semaphore.wait()
                continuation.resume()
            }
        }
    }
}
