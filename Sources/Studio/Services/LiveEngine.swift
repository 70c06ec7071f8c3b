import AudioFiles
import Glibc
import Foundation
import Mastering
import PrivacyLedger
import Rendering
import Synchronization

/// The render engine: its answers and events as events of the studio.
final class LiveEngine: MasteringEngine {
    private struct State: Sendable {
        var path: String?
        var opening = 0
        var profile: InputProfile?
        var measuring: Task<Void, Never>?
        var settling: Task<Void, Never>?
        var solving: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let backend: Backend
    private let player: any Playing
    private let post: Post
    /// Pause after the last turn of a knob before the solve starts.
    private static let settleMilliseconds: Int64 = 300

    init(backend: Backend, player: any Playing, post: @escaping Post) {
        self.backend = backend
        self.player = player
        self.post = post
        Task { await follow() }
    }

    // MARK: The file

    func measure(_ path: String, opening: Int) {
        let (before, task) = state.withLock { state in
            let before = state.path
            let task = state.measuring
            state.settling?.cancel()
            state.solving?.cancel()
            (state.path, state.opening, state.profile) = (path, opening, nil)
            return (before, task)
        }
        task?.cancel()
        let measuring = Task { [self] in
            do {
                let engine = try await backend.parts.engine
                if let before, before != path { await engine.release(before) }
                let profile = try await engine.profile(path) { [post] fraction, overview in
                    post(.picture(opening: opening, fraction: fraction, wave: overview.columns))
                }
                let isCurrent = state.withLock { state in
                    if state.opening == opening { state.profile = profile }
                    return state.opening == opening
                }
                guard isCurrent else { return }
                player.know(profile)
                post(.measured(opening: opening, FileProfile(profile)))
            } catch is CancellationError {
                return
            } catch LedgerError.parentGone, LedgerError.noSuchRow {
                // Its rows were destroyed while it was still being measured.
                post(.measurementGone(opening: opening))
            } catch {
                post(.measureFailed(opening: opening, Self.words(error, path)))
            }
        }
        state.withLock { if $0.opening == opening { $0.measuring = measuring } else { measuring.cancel() } }
    }

    func settle(version: Int) {
        let settling = Task { [post] in
            do { try await Task.sleep(for: .milliseconds(Self.settleMilliseconds)) } catch { return }
            post(.settled(version: version))
        }
        state.withLock { state in
            state.settling?.cancel()
            // A newer setting makes a running solve useless.
            state.solving?.cancel()
            state.settling = settling
        }
    }

    func solve(_ preset: Preset, version: Int) {
        let (path, known) = state.withLock { ($0.path, $0.profile) }
        guard let path, let known else { return }
        let solving = Task { [self] in
            do {
                let solution = try await backend.parts.engine.solve(path: path, preset: preset, profile: known)
                var solved = SolvedMaster(solution)
                solved.balance = solution.direction.curve.flatMap { BalanceLine(known.analysis, target: $0, masterLUFS: solution.integratedLUFS) }
                post(.solved(version: version, solved))
            } catch is CancellationError {
                return
            } catch LedgerError.parentGone where Task.isCancelled {
                // It went with the measurement, whose end is told already.
                return
            } catch {
                post(.solveFailed(version: version, Self.words(error, path)))
            }
        }
        state.withLock { state in
            state.solving?.cancel()
            state.solving = solving
        }
    }

    func keep(_ path: String) {
        Task { [self] in
            // Nothing to keep where there is no engine.
            if let parts = try? await backend.parts { await parts.engine.touch(path) }
        }
    }

    func keepReference(_ typed: String) {
        let path = homeExpanded(typed)
        let isOpen = state.withLock { $0.path == path }
        Task { [self] in
            do {
                let engine = try await backend.parts.engine
                let profile = try await engine.profile(path)
                if !isOpen { await engine.release(path) }
                let name = String(Path.name(of: path).printable.prefix(64))
                let curve = try ReferenceSet([.init(name: name, analysis: profile.analysis)]).curve(
                    id: String(("ref-" + identifier(from: name)).prefix(64)), name: name, date: Date.now.formatted(.iso8601.year().month().day()))
                try await RecordedFile.record(in: ToneLibrary.userFolder, purpose: .mastering, ledger: backend.parts.ledger) { try ToneLibrary.save(curve, scratchName: $0) }
                post(.referenceKept(curve, ReferenceTrack(path: path, lufs: profile.analysis.integratedLUFS)))
            } catch {
                post(.notice(Notice(Self.words(error, path), .error)))
            }
        }
    }

    // MARK: Jobs

    func plan(_ inputs: [String]) {
        BackgroundThread.start("plan") { [post] in
            let outputs = RenderOrder.outputs(for: inputs)
            let orders = zip(inputs, outputs).map { RenderOrder(input: $0, output: $1, exists: $1.withFileName { access($0, F_OK) } == 0) }
            post(.planned(orders))
        }
    }

    func render(_ orders: [RenderOrder], preset: Preset) {
        Task { [self] in
            var ids: [String] = []
            defer { post(.queued(ids)) }
            do {
                let parts = try await backend.parts
                if let problem = parts.problem { return post(.notice(Notice(problem, .error))) }
                for order in orders {
                    var request = MasterRequest(input: order.input, output: order.output, preset: preset, container: .wav, force: order.exists)
                    request.mayAsk = true
                    ids.append(try await backend.queue.submit(.master(request)))
                }
            } catch {
                post(.notice(Notice(Self.words(error, "render"), .error)))
            }
        }
    }

    func cancel(_ job: String) {
        Task { [self] in
            do { try await backend.queue.cancel(job) } catch { post(.notice(Notice(Self.words(error, "cancel"), .error))) }
        }
    }

    func answer(_ job: String, _ reply: ConsentReply) {
        Task { [self] in
            do { try await backend.queue.answer(job, reply) } catch { post(.notice(Notice(Self.words(error, "answer"), .error))) }
        }
    }

    /// Turns the engine's events into the studio's for as long as both live.
    private func follow() async {
        // Without an engine there are no events; what is asked of it says why.
        guard let engine = try? await backend.parts.engine else { return }
        for await event in await engine.events() {
            switch event {
            // Told by the queue.
            case .job: break
            case .measuring(let path, let fraction):
                let opening = state.withLock { $0.path == path ? $0.opening : nil }
                if let opening { post(.measuring(opening: opening, fraction: fraction)) }
            case .solving: break
            case .released(let path):
                let opening = state.withLock { state -> Int? in
                    guard state.path == path, state.profile != nil else { return nil }
                    state.profile = nil
                    state.solving?.cancel()
                    return state.opening
                }
                if let opening {
                    player.know(nil)
                    post(.measurementGone(opening: opening))
                }
            }
        }
    }

    private static func words(_ error: any Error, _ path: String) -> String { Path.shortened(reason(error, path), path) }

    private static func reason(_ error: any Error, _ path: String) -> String {
        switch error {
        case let error as AudioFileError: error.message
        case let error as LedgerError: error.message
        case let error as PresetError: error.message
        case let error as JobFailure: error.message
        default: Path.name(of: path) + ": \(error)"
        }
    }
}

extension RenderOrder {
    /// One master beside each input. Inputs that differ in their extension alone do not share one.
    static func outputs(for inputs: [String]) -> [String] {
        var taken: Set<String> = []
        return inputs.map { input in
            var output = OutputName.standard(for: input, container: .wav)
            var number = 2
            while !taken.insert(output).inserted {
                let folder = Path.parent(of: input).map { $0 == "/" ? $0 : $0 + "/" } ?? ""
                output = OutputName.standard(for: folder + Path.stem(of: input) + "-\(number).wav", container: .wav)
                number += 1
            }
            return output
        }
    }
}

extension FileProfile {
    init(_ profile: InputProfile) {
        self.init(analysis: profile.analysis,
                  wave: profile.overview.columns)
    }
}

extension WaveformOverview {
    fileprivate var columns: [WaveColumn] { buckets.map { WaveColumn(low: $0.low, high: $0.high) } }
}

extension SolvedMaster {
    init(_ solution: Solution) {
        self.init(parameters: solution.parameters, integratedLUFS: solution.integratedLUFS, truePeakDBTP: solution.truePeakDBTP,
                  limiterMaxReductionDB: solution.limiterMaxReductionDB, reached: solution.reached, note: solution.note,
                  moves: solution.direction.plan.moves.map(\.text))
    }
}

extension JobRow {
    /// - Parameter id: as the queue knows it.
    init(_ status: JobStatus, id: String, preset: String) {
        let stage: Stage = switch status.state {
        case .queued: .waiting
        case .running: .running(what: status.stage.rawValue, fraction: status.fraction)
        case .cancelling: .running(what: "stopping", fraction: status.fraction)
        case .cancelled: .cancelled
        case .failed: .failed(status.failure?.message ?? "failed")
        case .finished:
            switch status.result {
            case .generate(let track)?: .done(lufs: track.master?.integrated_lufs, dbtp: track.master?.true_peak_dbtp, note: nil)
            case let result?:
                // Of an album, its first track: the screen masters files one by one.
                .done(
                    lufs: result.masters.first?.after.integratedLUFS, dbtp: result.masters.first?.after.truePeakDBTP, note: result.masters.first?.note)
            case nil: .done(lufs: nil, dbtp: nil, note: nil)
            }
        }
        self.init(id: id, input: status.job.input, output: status.job.output, preset: preset,
                  tier: status.tier ?? "local", why: status.reason ?? "it has not been placed yet", stage: stage)
        way = JobWay(status)
    }
}
