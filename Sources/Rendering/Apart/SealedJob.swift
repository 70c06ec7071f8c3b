import AudioFiles
import FoundationEssentials
import Glibc
import PrivacyLedger

/// What makes a job the same job in another engine.
struct JobIdentity: Sendable, Codable, Equatable {
    var id: JobID
    /// Idempotency key at tiers.
    var key: String
    /// The ledger knows the job's consents by it.
    var row: RowID
}

/// A job as it is kept for the case that its engine dies.
struct SealedJob: Sendable, Codable {
    var identity: JobIdentity
    /// The key of the wish that it came from.
    var wish: String
    var job: Job
    /// The files that it makes, as they were when it was given.
    var before: [FileMark?]

    /// Engines that may die with a job before it is given up: one more would too.
    static let mostDeaths = 2

    init(identity: JobIdentity, wish: String, job: Job) {
        (self.identity, self.wish, self.job) = (identity, wish, job)
        before = job.outputs.map(FileMark.init)
    }

    var bytes: [UInt8]? {
        do { return Array(try JSONEncoder().encode(self)) } catch { return nil }
    }

    /// nil for what another build has kept in another form.
    init?(_ bytes: [UInt8]) {
        do { self = try JSONDecoder().decode(Self.self, from: Data(bytes)) } catch { return nil }
        guard before.count == job.outputs.count, !before.isEmpty else { return nil }
    }

    /// Whether the engine that died had named all its files: each is there and is another than before. Files appear whole or not at all.
    var isDone: Bool {
        // Stems get their names behind the track's.
        if case .generate(let request) = job, request.stemsFolder != nil, before.count == 1 { return false }
        return zip(job.outputs, before).allSatisfy { path, mark in
            guard let now = FileMark(path) else { return false }
            return now != mark
        }
    }
}

/// Tells a file from another under the same name.
struct FileMark: Sendable, Codable, Equatable {
    var device: UInt64
    var inode: UInt64
    var bytes: Int64
    var changedSeconds: Int64
    var changedNanoseconds: Int64

    /// nil where there is no file.
    init?(_ path: String) {
        var info = stat()
        guard path.withFileName({ stat($0, &info) }) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        (device, inode, bytes) = (UInt64(info.st_dev), UInt64(info.st_ino), Int64(info.st_size))
        (changedSeconds, changedNanoseconds) = (Int64(info.st_mtim.tv_sec), Int64(info.st_mtim.tv_nsec))
    }
}

extension Job {
    /// The files it makes whose names are known before; the stems of a track are not.
    var outputs: [String] {
        if case .generate(let request) = self { return [request.output] + [request.midi, request.briefFile, request.chart, request.plan].compactMap(\.self) }
        return requests.flatMap(\.outputs)
    }
}
