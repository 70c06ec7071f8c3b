import AudioFiles
import Glibc
import Mastering
import PrivacyLedger

/// This machine. The one tier that is always there.
public struct LocalTier: Tier {
    public let name: String

    public init(name: String = "local") { self.name = name }

    public func accepts(_ job: Job) -> Bool { true }

    public func run(_ job: Job, _ work: JobWork) async throws -> JobResult {
        switch job {
        case .master(let request): .master(try await master(request, work))
        }
    }

    /// Row, unnamed file in the target's folder, render, fsync, name, row handed over: in this order, so that a death at any
    /// moment leaves either the old output or the whole new one, and no byte that the ledger does not know.
    private func master(_ request: MasterRequest, _ work: JobWork) async throws -> MasterResult {
        let ledger = work.ledger
        let row = try await ledger.create(ItemRequest(
            kind: .renderScratch, origin: .renderJob, purpose: .mastering, place: .disk, displayName: fileName(of: request.output)))
        let holder = WorkHolder(work.cancellation)
        do {
            try await ledger.attach(holder, bytes: 0, to: row)
            let output = try await open(request, row, ledger)
            defer { output.abandon() }
            let result = try Master.render(
                request, fileDescriptor: output.fileDescriptor, tier: name, profile: work.profile,
                progress: { stage, fraction in
                    holder.beat(row, ledger)
                    work.progress(JobStage(stage), fraction)
                },
                isCancelled: { work.cancellation.isSet })
            if work.cancellation.isSet { throw CancellationError() }
            var info = stat()
            let bytes = fstat(output.fileDescriptor, &info) == 0 ? Int64(info.st_size) : 0
            _ = try output.commit()
            await ledger.handedOver(row, bytes: bytes)
            return result
        } catch {
            // `output` has been abandoned on the way here.
            await ledger.released(row, because: work.cancellation.isSet ? .cancelled : .jobEnded)
            // Whoever set the flag wanted the job to end, whatever it was doing at that moment.
            throw work.cancellation.isSet ? CancellationError() : error
        }
    }

    private func open(_ request: MasterRequest, _ row: RowID, _ ledger: Ledger) async throws -> AtomicOutput {
        let folder = try AtomicOutput.scratchFolder(for: request.output)
        let name = NamedScratch.name(for: row)
        // Replacing needs a name for the instant of the rename, and some file systems need one all along.
        if request.force || UnnamedScratch.needsName(in: folder), let absolute = absolutePath(folder) {
            try await ledger.registerName(absolute + (absolute == "/" ? "" : "/") + name, for: row)
        }
        return try AtomicOutput(target: request.output, force: request.force, inputs: [request.input], scratchName: name)
    }
}

extension JobStage {
    init(_ stage: Master.Stage) {
        switch stage {
        case .measuring: self = .measuring
        case .solving: self = .solving
        case .finishing: self = .finishing
        }
    }
}

func fileName(of path: String) -> String {
    String(path.split(separator: "/").last ?? "")
}

private func absolutePath(_ path: String) -> String? {
    guard let real = path.withFileName({ realpath($0, nil) }) else { return nil }
    defer { free(real) }
    return FileName.text(real)
}
