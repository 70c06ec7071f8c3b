import Mastering
import Testing
@testable import Rendering

/// The life of jobs, without threads or time.
struct QueueCoreTests {
    var queue = QueueCore(slots: 2, memory: 3)

    func job(_ n: Int) -> Job {
        .master(MasterRequest(input: "in\(n).wav", output: "out\(n).wav", preset: Preset(), container: .wav, force: false))
    }
    func started(_ effects: [QueueCore.Effect]) -> [Int] {
        effects.compactMap { if case .start(let id, _) = $0 { id.rawValue } else { nil } }
    }
    mutating func submit(_ n: Int) -> [Int] { started(queue.handle(.submitted(JobID(rawValue: n), job(n)), now: Double(n))) }

    @Test mutating func jobsStartInOrder_noMoreThanThereAreSlots() {
        #expect(submit(1) == [1] && submit(2) == [2] && submit(3) == [] && submit(4) == [])
        #expect(started(queue.handle(.finished(JobID(rawValue: 2), anyResult), now: 9)) == [3])
        #expect(started(queue.handle(.failed(JobID(rawValue: 1), JobFailure(message: "", exitCode: 74)), now: 9)) == [4])
        #expect(queue.jobs.map(\.state) == [.failed, .finished, .running, .running])
    }

    @Test mutating func cancellingAWaitingJobEndsItAtOnce_aRunningOneIsToldToStop() {
        _ = submit(1); _ = submit(2); _ = submit(3)
        let waiting = queue.handle(.cancelRequested(JobID(rawValue: 3)), now: 5)
        #expect(queue[JobID(rawValue: 3)]?.state == .cancelled && queue[JobID(rawValue: 3)]?.failure?.exitCode == 130)
        #expect(!waiting.contains(.stop(JobID(rawValue: 3))))
        let running = queue.handle(.cancelRequested(JobID(rawValue: 1)), now: 5)
        #expect(running.contains(.stop(JobID(rawValue: 1))) && queue[JobID(rawValue: 1)]?.state == .cancelling)
        #expect(queue.handle(.cancelRequested(JobID(rawValue: 1)), now: 6).isEmpty)
        _ = queue.handle(.cancelled(JobID(rawValue: 1)), now: 7)
        #expect(queue[JobID(rawValue: 1)]?.state == .cancelled && queue[JobID(rawValue: 1)]?.endedAt == 7)
    }

    @Test mutating func aJobThatFinishedBeforeItCouldStopIsFinished() {
        _ = submit(1)
        _ = queue.handle(.cancelRequested(JobID(rawValue: 1)), now: 2)
        _ = queue.handle(.finished(JobID(rawValue: 1), anyResult), now: 3)
        #expect(queue[JobID(rawValue: 1)]?.state == .finished)
    }

    @Test mutating func progressNeverGoesBack() {
        _ = submit(1)
        let id = JobID(rawValue: 1)
        var last = 0.0
        for (stage, fraction) in [(JobStage.measuring, 0.5), (.measuring, 1), (.solving, 0.1), (.measuring, 0.2), (.solving, .nan), (.solving, 7), (.finishing, 0.5)] {
            _ = queue.handle(.progressed(id, stage, fraction), now: 2)
            let now = queue[id]?.fraction ?? -1
            #expect(now >= last && now <= 1)
            last = now
        }
        _ = queue.handle(.finished(id, anyResult), now: 3)
        #expect(queue[id]?.fraction == 1 && queue[id]?.stage == .done)
        #expect(queue.handle(.progressed(id, .solving, 0.1), now: 4).isEmpty)
    }

    @Test mutating func endedJobsAreForgottenInOrder() {
        for n in 1...5 {
            _ = submit(n)
            _ = queue.handle(.finished(JobID(rawValue: n), anyResult), now: 1)
        }
        #expect(queue.jobs.map(\.id.rawValue) == [3, 4, 5])
    }
}
