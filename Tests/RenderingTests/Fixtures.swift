import AudioFiles
import DSP
import Foundation
@testable import Mastering
import PrivacyLedger
import Synchronization
import TestSupport
@testable import Rendering

extension Folder {
    /// Everything in it but the ledger, hidden files too.
    var music: [String] {
        get throws { try names.filter { $0 != "state" } }
    }

    func openLedger(isOver: @escaping @Sendable (RunIdentity) -> Bool = RunIdentity.isOver) async throws -> Ledger {
        try await Ledger.open(at: file("state"), surroundings: Surroundings(swap: .none, memoryQuota: 1 << 30), isOver: isOver)
    }

    /// Two seconds (or more) of two detuned tones with a slow swell: something a mastering chain can work on. Every tone has whole
    /// periods in two seconds, so long mixes repeat them: minutes are written in the time of a few blocks.
    @discardableResult
    func makeMix(_ name: String = "mix.wav", seconds: Double = 2) throws -> String {
        let rate = 44100, frames = Int(seconds * Double(rate)), period = min(frames, 2 * rate)
        let buffer = AudioBuffer(channels: 2, frames: period)
        for i in 0..<period {
            let t = Double(i) / Double(rate)
            let swell = 0.15 + 0.1 * sin(2 * .pi * 0.5 * t)
            buffer.block[0][i] = swell * (sin(2 * .pi * 110 * t) + 0.5 * sin(2 * .pi * 1320 * t))
            buffer.block[1][i] = swell * (sin(2 * .pi * 111 * t) + 0.5 * sin(2 * .pi * 1980 * t))
        }
        let output = try AtomicOutput(target: file(name), force: false, inputs: [])
        let writer = try AudioWriter(
            fileDescriptor: output.fileDescriptor, path: file(name),
            format: OutputFormat(container: .wav, bits: .float32, sampleRate: rate, channels: 2), tags: [:])
        for start in stride(from: 0, to: frames, by: max(1, period)) { try writer.write(buffer.block, frames: min(period, frames - start)) }
        try writer.finish()
        return try output.commit()
    }

    func request(_ input: String = "mix.wav", to output: String = "mix-master.wav", force: Bool = false) -> MasterRequest {
        MasterRequest(input: file(input), output: file(output), preset: Preset(), container: .wav, force: force)
    }
}

/// A tier that does what the test says.
final class FakeTier: Tier {
    let name = "fake"
    let accepting: Bool
    private let body: @Sendable (Job, JobWork) async throws -> JobResult

    init(accepting: Bool = true, _ body: @escaping @Sendable (Job, JobWork) async throws -> JobResult) {
        self.accepting = accepting
        self.body = body
    }
    func accepts(_ job: Job) -> Bool { accepting }
    func run(_ job: Job, _ work: JobWork) async throws -> JobResult { try await body(job, work) }
}

/// Holds tasks until it is opened.
final class Gate: Sendable {
    private struct State { var isOpen = false; var waiting: [CheckedContinuation<Void, Never>] = []; var arrived = 0 }
    private let state = Mutex(State())
    /// How many ever came.
    var arrivals: Int { state.withLock { $0.arrived } }
    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                state.arrived += 1
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

let anyResult = JobResult.master(MasterResult(
    input: "", output: "", preset: "", engine: "", seconds: 0, realtimeFactor: 0, tier: "", before: Analysis(), after: Analysis(),
    targetLUFS: 0, targetReached: true, note: nil, gainDB: 0, clipMaxReductionDB: 0, limiterMaxReductionDB: 0, moves: [], sha256: ""))
