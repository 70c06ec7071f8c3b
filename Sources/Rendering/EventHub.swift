import FoundationEssentials
import Synchronization

/// Sends every event to everybody who listens. Any thread.
final class EventHub: Sendable {
    private let listeners = Mutex<[UUID: AsyncStream<EngineEvent>.Continuation]>([:])

    /// A listener that does not read loses the oldest of `buffer` events, never the memory of the engine.
    private static let buffer = 4096

    func stream(startingWith first: [EngineEvent]) -> AsyncStream<EngineEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: EngineEvent.self, bufferingPolicy: .bufferingNewest(Self.buffer))
        for event in first { continuation.yield(event) }
        let key = UUID()
        listeners.withLock { $0[key] = continuation }
        continuation.onTermination = { [weak self] _ in self?.listeners.withLock { $0[key] = nil } }
        return stream
    }

    func send(_ event: EngineEvent) {
        for listener in listeners.withLock({ Array($0.values) }) { listener.yield(event) }
    }

    func finish() {
        let all = listeners.withLock { listeners in
            defer { listeners = [:] }
            return Array(listeners.values)
        }
        for listener in all { listener.finish() }
    }
}

/// Lets about a hundred steps of a job through, not every block. Any thread.
final class ProgressGate: Sendable {
    private let last = Mutex<(stage: JobStage, step: Int)>((.waiting, -1))

    func opens(_ stage: JobStage, _ fraction: Double) -> Bool {
        guard fraction.isFinite else { return false }
        let step = Int(min(max(fraction, 0), 1) * 100)
        return last.withLock { last in
            guard stage != last.stage || step > last.step else { return false }
            last = (stage, step)
            return true
        }
    }
}

/// Opens five times a second: what takes no longer than that needs no picture of itself on the way.
final class PictureGate: Sendable {
    private static let period = Duration.milliseconds(200)
    private let last = Mutex(ContinuousClock.now)

    func opens() -> Bool {
        let now = ContinuousClock.now
        return last.withLock { last in
            guard now - last >= Self.period else { return false }
            last = now
            return true
        }
    }
}
