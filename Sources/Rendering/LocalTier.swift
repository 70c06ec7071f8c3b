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
        case .master(let request): .master(try await master([request], work)[0])
        case .album(let tracks): .album(try await master(tracks, work))
        case .generate(let request): .generate(try await generate(request, work))
        }
    }

    /// Row, unnamed file in the target's folder, render, fsync, name, row handed over: in this order, so that a death at any
    /// moment leaves either the old output or the whole new one, and no byte that the ledger does not know.
    /// The tracks of an album, deliverables and manifests get a row and a file each; none gets its name before all are whole and on the disk,
    /// and while they get theirs an `UnfinishedSet` says so.
    private func master(_ requests: [MasterRequest], _ work: JobWork) async throws -> [MasterResult] {
        let ledger = work.ledger
        var rows: [RowID] = []
        /// Outputs that have their names.
        var named: Set<Int> = []
        var mark: UnfinishedSet?
        let folder = try DiscFolder(requests)
        /// What codecs fill while they are tried; it never gets a name.
        var scratchRow: RowID?
        do {
            var outputs: [AtomicOutput] = []
            var scratch: AtomicOutput?
            defer { for output in outputs + (scratch.map { [$0] } ?? []) { output.abandon() } }
            let holder = WorkHolder(work.cancellation)
            let survivors = requests.map(\.input) + requests.flatMap(\.kept)
            for request in requests {
                for path in request.outputs {
                    let row = try await makeRow(path, holder, ledger)
                    rows.append(row)
                    outputs.append(try await RecordedFile.open(path, force: request.force, inputs: survivors, row, ledger))
                }
            }
            if requests.contains(where: { $0.delivery.codecCheck != .off }) {
                let row = try await makeRow(requests[0].output, holder, ledger)
                scratchRow = row
                // Nothing is replaced: this file is abandoned.
                scratch = try await RecordedFile.open(requests[0].output, force: true, inputs: requests.map(\.input), row, ledger)
            }
            for (row, output) in zip(rows, outputs) { holder.fills(row, output.fileDescriptor) }
            if let scratchRow, let scratch { holder.fills(scratchRow, scratch.fileDescriptor) }
            let pulse = rows + (scratchRow.map { [$0] } ?? [])
            let results = try Master.album(
                requests, fileDescriptors: outputs.map(\.fileDescriptor), codecScratch: scratch?.fileDescriptor, tier: name,
                profiles: requests.count == 1 && requests[0].placement.isNeutral ? work.profile.map { [$0] } : nil,
                progress: { stage, fraction in
                    holder.beat(pulse, ledger)
                    work.progress(JobStage(stage), fraction)
                },
                isCancelled: { work.cancellation.isSet })
            if work.cancellation.isSet { throw CancellationError() }
            if let scratch, let row = scratchRow {
                scratch.abandon()
                await ledger.released(row, because: .jobEnded)
                scratchRow = nil
            }
            // Named in one go, with nothing left to write: only a death within these moments leaves a part of the set, and that is written down.
            for output in outputs { try output.settle() }
            mark = try await UnfinishedSet.mark(requests, ledger: ledger)
            for index in requests.namingOrder {
                try await RecordedFile.settle(outputs[index], rows[index], ledger)
                named.insert(index)
            }
            // Leave to replace an image is leave to take away what belonged to it.
            if requests[0].force { for path in requests[0].delivery.disc?.stale ?? [] { _ = path.withFileName { unlink($0) } } }
            mark?.remove()
            return results
        } catch {
            // The outputs have been abandoned on the way here.
            let unnamed = rows.indices.filter { !named.contains($0) }.map { rows[$0] }
            for row in unnamed + (scratchRow.map { [$0] } ?? []) { await ledger.released(row, because: work.cancellation.isSet ? .cancelled : .jobEnded) }
            if named.isEmpty { mark?.remove() }
            folder.undo()
            // Whoever set the flag wanted the job to end, whatever it was doing at that moment.
            throw work.cancellation.isSet ? CancellationError() : error
        }
    }

    private func makeRow(_ path: String, _ holder: WorkHolder, _ ledger: Ledger) async throws -> RowID {
        let row = try await ledger.create(ItemRequest(
            kind: .renderScratch, origin: .renderJob, purpose: .mastering, place: .disk, displayName: fileName(of: path)))
        do {
            try await ledger.attach(holder, bytes: 0, to: row)
        } catch {
            await ledger.released(row, because: .neverBegan)
            throw error
        }
        return row
    }
}

extension [MasterRequest] {
    /// Places in all outputs, in the order in which they get their names: what accounts for the others comes when they are there.
    fileprivate var namingOrder: [Int] {
        let outputs = flatMap(\.outputs), manifests = Set(compactMap(\.delivery.manifest))
        return outputs.indices.filter { !manifests.contains(outputs[$0]) } + outputs.indices.filter { manifests.contains(outputs[$0]) }
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
    // A file in memory has no name.
    if path.hasPrefix("/proc/self/fd/") { return "a take" }
    return String(path.split(separator: "/").last ?? "")
}
