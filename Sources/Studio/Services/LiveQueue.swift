import Mastering
import Rendering
import Synchronization

/// The jobs: in the engine that outlives the studio, or in this process where no engine can be had.
final class LiveQueue: Sendable {
    private struct State: Sendable {
        /// Jobs of the engine, as told last, and those of one that was lost.
        var apart: [JobID: JobStatus] = [:]
        var lost: [JobStatus] = []
        var here: [JobStatus] = []
        var isHere = false
        var isCaughtUp = false
        /// Names of presets by their texts.
        var presets: [String: String] = [:]

        mutating func row(_ status: JobStatus, id: String) -> JobRow {
            guard let text = status.job.requests.first?.presetTOML else { return JobRow(status, id: id, preset: "") }
            if presets[text] == nil {
                // Without a name the row shows none.
                do { presets[text] = try Preset.parse(toml: text, file: "preset").name } catch { presets[text] = "" }
            }
            return JobRow(status, id: id, preset: presets[text] ?? "")
        }
    }

    private final class Ear: Sendable {
        private let act = Mutex<(@Sendable (EngineClient.Told) -> Void)?>(nil)
        func callAsFunction(_ told: EngineClient.Told) { act.withLock { $0 }?(told) }
        func set(_ new: @escaping @Sendable (EngineClient.Told) -> Void) { act.withLock { $0 = new } }
    }

    private let state = Mutex(State())
    private let client: EngineClient
    private let engine: @Sendable () async throws -> RenderEngine
    private let post: Post
    private let isApart: Bool
    /// What the ids of jobs in this process begin with.
    private static let here = "here "
    /// Lost jobs that stay on the list.
    private static let most = 50

    init(launcher: EngineLauncher?, engine: @escaping @Sendable () async throws -> RenderEngine, post: @escaping Post) {
        let ear = Ear()
        client = EngineClient(launcher: launcher) { ear($0) }
        (self.engine, self.post, isApart) = (engine, post, launcher != nil)
        ear.set { [weak self] told in self?.heard(told) }
        guard isApart else { return }
        Task { [client, post] in
            do throws(JobFailure) {
                // One that died may have left jobs; a ledger that cannot be opened says so elsewhere.
                if try await !client.attach(), let left = try? await engine().ledger.jobsLeft(), left > 0 {
                    try await client.resume()
                    post(.notice(Notice("\(left) job\(left == 1 ? "" : "s") of an engine that was ended \(left == 1 ? "goes" : "go") on", .info)))
                }
            } catch { post(.notice(Notice(error.message, .warning))) }
        }
    }

    /// Of the engine; those in this process end with it.
    var jobs: [JobStatus] { client.jobs }

    /// - Throws: `JobFailure`; what opening the ledger throws.
    func submit(_ job: Job) async throws -> String {
        if isApart, !state.withLock({ $0.isHere }) {
            do throws(JobFailure) {
                return String(try await client.submit(job).rawValue)
            } catch {
                // 69: none comes up. Another failure is the job's.
                guard error.exitCode == 69 else { throw error }
                post(.notice(Notice(error.message + "; jobs run in this window and end with it", .warning)))
            }
        }
        let engine = try await engine()
        let isFirst = state.withLock { state in
            defer { state.isHere = true }
            return !state.isHere
        }
        if isFirst { Task { await follow(engine) } }
        return Self.here + String(await engine.submit(job).rawValue)
    }

    func cancel(_ id: String) async throws {
        if id.hasPrefix(Self.here) {
            if let number = Int(id.dropFirst(Self.here.count)) { try await engine().cancel(JobID(rawValue: number)) }
        } else if let number = Int(id) {
            try await client.cancel(JobID(rawValue: number))
        }
    }

    func answer(_ id: String, _ reply: ConsentReply) async throws {
        if id.hasPrefix(Self.here) {
            if let number = Int(id.dropFirst(Self.here.count)) { try await engine().answer(JobID(rawValue: number), reply) }
        } else if let number = Int(id) {
            try await client.answer(JobID(rawValue: number), reply)
        }
    }

    /// nil when the engine was lost before.
    func outcome(of id: String) async -> JobStatus? {
        if id.hasPrefix(Self.here) {
            guard let number = Int(id.dropFirst(Self.here.count)) else { return nil }
            return await (try? engine())?.outcome(of: JobID(rawValue: number)) // without an engine there is no outcome
        }
        guard let number = Int(id) else { return nil }
        return await client.outcome(of: JobID(rawValue: number))
    }

    func close() { client.close() }

    private func follow(_ engine: RenderEngine) async {
        for await event in await engine.events() {
            guard case .job = event else { continue }
            let jobs = await engine.jobs()
            state.withLock { $0.here = jobs }
            show()
        }
    }

    private func heard(_ told: EngineClient.Told) {
        var show = true
        state.withLock { state in
            switch told {
            case .job(let status):
                state.apart[status.id] = status
                // Many at once when a line is taken up: shown together.
                show = state.isCaughtUp
            case .caughtUp: state.isCaughtUp = true
            case .gone:
                // Numbers begin anew with the next engine, but for those that it takes up.
                state.lost = (state.lost + state.apart.values.filter(\.state.isOver).sorted { $0.id < $1.id }).suffix(Self.most)
                state.apart = [:]
                state.isCaughtUp = false
                show = false
            case .lost(let lost):
                state.lost = (state.lost + lost.map { status in
                    var status = status
                    status.state = .failed
                    status.failure = JobFailure(message: "the engine was ended before this was done; nothing was written; render it again", exitCode: 75)
                    return status
                }).suffix(Self.most)
            }
        }
        if case .lost(let lost) = told, !lost.isEmpty {
            post(.notice(Notice("the engine was ended; \(lost.count) job\(lost.count == 1 ? " is" : "s are") lost, and nothing of \(lost.count == 1 ? "it" : "them") was written", .error)))
        }
        if show { self.show() }
    }

    private func show() {
        let rows = state.withLock { state in
            let jobs = state.lost.enumerated().map { ($1, "lost \($0)") } + state.apart.values.sorted { $0.id < $1.id }.map { ($0, String($0.id.rawValue)) }
                + state.here.map { ($0, Self.here + String($0.id.rawValue)) }
            return jobs.map { status, id in
                var row = state.row(status, id: id)
                row.endsWithStudio = id.hasPrefix(Self.here)
                return row
            }
        }
        post(.jobs(rows))
    }
}
