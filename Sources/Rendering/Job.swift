import Mastering

/// What the engine can be asked to do. Codable, so that the engine may live in another process than the screen.
public enum Job: Sendable, Codable, Equatable {
    case master(MasterRequest)
    /// At least one track, in order, as one programme.
    case album([MasterRequest])
    case generate(GenerateRequest)

    /// One for each file that is mastered.
    public var requests: [MasterRequest] {
        switch self {
        case .master(let request): [request]
        case .album(let tracks): tracks
        case .generate: []
        }
    }

    /// The file it reads; of an album the first. A track that is generated has none, and goes by the name of what it makes.
    public var input: String {
        if case .generate(let request) = self { return request.output }
        return requests[0].input
    }

    /// The file it makes; of an album the first.
    public var output: String {
        if case .generate(let request) = self { return request.output }
        return requests[0].output
    }
}

public enum JobResult: Sendable, Codable, Equatable {
    case master(MasterResult)
    case album([MasterResult])
    case generate(GenerateResult)

    /// Of sound that was made.
    var seconds: Double {
        switch self {
        case .master(let result): result.after.seconds
        case .album(let results): results.reduce(0) { $0 + $1.after.seconds }
        case .generate(let result): result.brief.seconds
        }
    }

    /// One for each file that was mastered.
    public var masters: [MasterResult] {
        switch self {
        case .master(let result): [result]
        case .album(let results): results
        case .generate: []
        }
    }
}

/// Identifies a job within one engine, counted from 1.
public struct JobID: RawRepresentable, Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public var description: String { String(rawValue) }
    public static func < (a: JobID, b: JobID) -> Bool { a.rawValue < b.rawValue }
}

public enum JobState: String, Sendable, Codable {
    case queued, running, cancelling, finished, failed, cancelled

    /// Nothing more will happen to it.
    public var isOver: Bool { self == .finished || self == .failed || self == .cancelled }
}

public enum JobStage: String, Sendable, Codable {
    case waiting, rendering, measuring, solving, finishing, done
}

/// A job as anybody may see it.
public struct JobStatus: Sendable, Codable, Equatable, Identifiable {
    public var id: JobID
    public var job: Job
    public var state: JobState
    public var stage: JobStage
    /// Of the whole job, 0…1; never goes back.
    public var fraction: Double
    /// Where it runs, once it does.
    public var tier: String?
    /// Why it runs there.
    public var reason: String?
    /// Seconds since 1970.
    public var submittedAt: Double
    public var startedAt: Double?
    public var endedAt: Double?
    public var result: JobResult?
    public var failure: JobFailure?
    /// Why it runs where it runs; nil while there is only this machine.
    public var route: RouteLog?
    /// How far it is at a tier, as the tier says.
    public var remote: RemoteProgress?

    /// Drops the words of a prompt, and what was read out of them.
    mutating func forgetPrompt() {
        if case .generate(var request) = job {
            request.prompt = ""
            request.options.amendment = nil
            job = .generate(request)
        }
        if case .generate(var track)? = result {
            (track.understood, track.ignored) = ([], [])
            result = .generate(track)
        }
    }
}

/// Why a job has no result. One line with the remedy, and the exit code a command ends with.
public struct JobFailure: Error, Sendable, Codable, Equatable {
    public var message: String
    /// As in sysexits(3); 130 when it was cancelled.
    public var exitCode: Int32

    public init(message: String, exitCode: Int32) {
        self.message = message
        self.exitCode = exitCode
    }
}

public enum EngineEvent: Sendable, Codable, Equatable {
    /// A job is new or has changed.
    case job(JobStatus)
    /// An input is being measured.
    case measuring(path: String, fraction: Double)
    /// A loudness solve is under way.
    case solving(path: String, fraction: Double)
    /// What was measured of a file has been destroyed (closed, idle or on request); drop every copy.
    case released(path: String)
}
