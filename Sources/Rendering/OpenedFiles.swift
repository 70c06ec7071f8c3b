import AudioFiles
import Mastering
import PrivacyLedger

/// Opened files: what is measured and solved for the screen, each part under a row that ends the work and the bytes.
extension RenderEngine {
    /// What the automatic settings need to know of a file, measured on a worker, then kept under ledger rows until
    /// `release`, ten idle minutes, or the user's wish. Asking again is free while it is kept and the file is unchanged.
    ///
    /// - Parameter picture: told a few times a second what a long file looks like so far, and which share of it that is.
    /// - Throws: `AudioFileError`, `LedgerError` (`parentGone` when its rows are ended while it is being measured),
    ///   `CancellationError` when the task is cancelled.
    public func profile(_ path: String, picture: (@Sendable (Double, WaveformOverview) -> Void)? = nil) async throws -> InputProfile {
        if let known = try await stillKnown(path) {
            if let row = opened[path]?.row { await ledger.touch(row) }
            return known
        }
        while true {
            let measurement = measurements[path] ?? Measurement(Task { try await self.measure(path, picture) })
            measurements[path] = measurement
            defer { if measurements[path] === measurement { measurements[path] = nil } }
            do {
                return try await withTaskCancellationHandler { try await measurement.task.value } onCancel: { measurement.task.cancel() }
            } catch is CancellationError where !Task.isCancelled && !measurement.isAbandoned {
                // Somebody else asked for the same file and changed their mind; this caller still wants it.
                continue
            }
        }
    }

    /// The exact parameters for a preset, on a worker; kept in memory under a row while it works.
    ///
    /// - Throws: `AudioFileError`, `LedgerError` (`parentGone` when its row is ended meanwhile), `CancellationError` when
    ///   the task is cancelled.
    public func solve(path: String, preset: Preset, profile: InputProfile) async throws -> Solution {
        let parent = opened[path]?.row
        let request = ItemRequest(
            kind: .solve, origin: .openedFile, purpose: .mastering, place: .ram, reservedBytes: profile.byteCount,
            rule: parent == nil ? .job : .withParent, parent: parent, displayName: fileName(of: path))
        let row = try await ledger.create(request)
        let work = WorkHolder()
        do {
            try await ledger.attach(work, bytes: profile.byteCount, to: row)
            let gate = ProgressGate()
            let solution = try await onWorker(work.cancellation) { [hub, ledger] in
                try Solve.solve(
                    path: path, direction: Direction(preset, curve: try ToneTarget.wanted(by: preset), profile: profile), profile: profile,
                    progress: {
                        work.beat([parent ?? row], ledger)
                        if gate.opens(.solving, $0) { hub.send(.solving(path: path, fraction: $0)) }
                    },
                    isCancelled: { work.cancellation.isSet })
            }
            // Destroyed in its last moment: what was found is not handed out.
            if work.isErased { throw CancellationError() }
            await ledger.released(row)
            return solution
        } catch {
            throw await ended(work, error, [row])
        }
    }

    /// The file is closed: what was measured of it, and all that was derived from that, is destroyed.
    public func release(_ path: String) async {
        measurements[path]?.abandon()
        await release(stale: path)
    }

    /// The file is still on the screen: its idle time starts anew.
    public func touch(_ path: String) async {
        if let row = opened[path]?.row { await ledger.touch(row) }
    }

    private func stillKnown(_ path: String) async throws -> InputProfile? {
        guard opened[path] != nil else { return nil }
        let stamp = try await onOwnThread("lathe-look") { FileStamp(path: path) }
        return opened[path].flatMap { $0.stamp == stamp ? $0.whole : nil }
    }

    func knownProfile(of path: String) -> InputProfile? {
        guard let file = opened[path], file.stamp == FileStamp(path: path) else { return nil }
        return file.whole
    }

    private func measure(_ path: String, _ tell: (@Sendable (Double, WaveformOverview) -> Void)?) async throws -> InputProfile {
        await release(stale: path)
        let name = fileName(of: path)
        let row = try await ledger.create(ItemRequest(
            kind: .analysis, origin: .openedFile, purpose: .mastering, place: .ram, reservedBytes: 1 << 16, displayName: name))
        var rows = [row]
        let work = WorkHolder()
        do {
            try await ledger.attach(work, bytes: 0, to: row)
            let picture = try await ledger.create(ItemRequest(
                kind: .waveform, origin: .openedFile, purpose: .preview, place: .ram, reservedBytes: 1 << 16, parent: row, displayName: name))
            // Derived rows end first.
            rows.insert(picture, at: 0)
            try await ledger.attach(work, bytes: 0, to: picture)
            // A file system that does not answer keeps neither this actor nor a worker.
            let stamp = try await onOwnThread("lathe-look") { FileStamp(path: path) }
            let gate = ProgressGate(), pictures = PictureGate()
            let whole = try await onWorker(work.cancellation) { [hub, ledger] in
                try InputProfile.measure(
                    path,
                    progress: {
                        work.beat([row], ledger)
                        if gate.opens(.measuring, $0) { hub.send(.measuring(path: path, fraction: $0)) }
                    },
                    picture: { fraction, overview in
                        if let tell, pictures.opens() { tell(fraction, overview()) }
                    },
                    isCancelled: { work.cancellation.isSet })
            }
            var profile = whole
            profile.overview = WaveformOverview()
            let announce: @Sendable () -> Void = { [hub] in hub.send(.released(path: path)) }
            let heldPicture = try await ledger.hold(whole.overview, bytes: whole.overview.byteCount, under: picture, whenErased: announce)
            let held = try await ledger.hold(profile, bytes: profile.byteCount, under: row) { [weak self] in
                announce()
                Task { await self?.forget(path, row) }
            }
            if let stamp { opened[path] = OpenedFile(row: row, stamp: stamp, profile: held, picture: heldPicture) }
            return whole
        } catch {
            throw await ended(work, error, rows)
        }
    }

    /// Work has stopped without a result: its rows end. Answers with what to tell the caller, who did not ask for a cancel
    /// when it was the ledger that ended it.
    private func ended(_ work: WorkHolder, _ error: any Error, _ rows: [RowID]) async -> any Error {
        for row in rows { await ledger.released(row, because: work.cancellation.isSet ? .cancelled : .neverBegan) }
        return work.isErased ? LedgerError.parentGone : error
    }

    /// Drops what is known of a file, for example because it has changed on disk.
    private func release(stale path: String) async {
        guard let file = opened.removeValue(forKey: path) else { return }
        await ledger.destroy([file.row], because: .fileClosed)
    }

    private func forget(_ path: String, _ row: RowID) {
        if opened[path]?.row == row { opened[path] = nil }
    }

    /// Runs blocking work on a worker thread; the flag is set when the calling task is cancelled.
    private func onWorker<Value: Sendable>(_ flag: CancelFlag, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let task = Task(executorPreference: pool) { try await Self.blocking(flag, body) }
        return try await withTaskCancellationHandler { try await task.value } onCancel: { flag.set() }
    }

    /// Nonisolated, so that it runs on the executor its task prefers.
    private nonisolated static func blocking<Value: Sendable>(_ flag: CancelFlag, _ body: @Sendable () throws -> Value) async throws -> Value {
        if flag.isSet { throw CancellationError() }
        return try body()
    }
}
