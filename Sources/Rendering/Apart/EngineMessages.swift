import Glibc
import Mastering

/// The first frame of each side, the same in all versions: who speaks, and which of the messages below they know.
struct EngineGreeting: Codable, Sendable, Equatable {
    /// Of the messages. Raised when one of them changes its meaning.
    static let version = 1

    var lathe = Self.version
    /// The very program: another file, another build.
    var build = Self.currentBuild
    /// From an engine: jobs that wait or run.
    var active: Int?
    /// From a client of another version: end when the work at hand is done.
    var retire: Bool?

    static let currentBuild: String = {
        var info = stat()
        guard stat("/proc/self/exe", &info) == 0 else { return Engine.name }
        return "\(Engine.name) \(info.st_dev).\(info.st_ino) \(info.st_size) \(info.st_mtim.tv_sec)"
    }()
}

/// What an engine can be asked. `key` is one for each wish of the user: asked again after a broken line, the same job is meant.
enum EngineCall: Codable, Sendable {
    case submit(key: String, Job)
    case cancel(JobID)
    /// What the user says about a tier that the job waits for.
    case answer(JobID, ConsentReply)
    /// What the check refused of a job's results goes into this file.
    case saveRejected(JobID, path: String)
    /// All jobs now, then every change.
    case follow
    /// End when the work at hand is done.
    case retire
}

enum EngineAnswer: Codable, Sendable {
    case submitted(JobID)
    case done
    case refused(JobFailure)
}

struct EngineQuestion: Codable, Sendable {
    var number: Int
    var call: EngineCall
}

enum EngineMessage: Codable, Sendable {
    case answer(Int, EngineAnswer)
    case event(EngineEvent)
    /// All jobs that were there when `follow` was asked have been told.
    case caughtUp
}
