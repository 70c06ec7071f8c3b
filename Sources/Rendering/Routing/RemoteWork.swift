import AudioFiles
import Glibc
import Mastering
import PrivacyLedger
import Synchronization

/// What came back, measured and not yet anybody's file.
struct RemoteProduct: Sendable {
    let scratch: UnnamedScratch
    let analysis: Analysis?
    let facts: ResultFacts
    let result: RemoteResult
    let preparation: RemotePreparation
    let rows: [RowID]
}

/// One try of a job at another machine: rows, what leaves, what comes back, and what this machine measures of it.
enum RemoteWork {
    /// - Throws: `TierError`.
    static func attempt(
        _ job: Job, at tier: any RemoteTier, key: String, jobRow: RowID, preparation: RemotePreparation, ledger: Ledger,
        link: @Sendable (Int32, Departure) -> RemoteLink
    ) async throws -> RemoteProduct {
        let departure: Departure
        let scratch: UnnamedScratch
        var descriptor: Int32 = -1
        defer { if descriptor >= 0 { close(descriptor) } }
        var order: RemoteOrder
        do {
            let work: RemoteOrder.Work
            let bytes: Int64, kind: ItemKind
            var picture: RemotePicture?
            switch job {
            case .master(let request):
                descriptor = request.input.withFileName { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
                var info = stat()
                guard descriptor >= 0, fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
                    throw AudioFileError.unreadable(path: request.input, reason: String(cString: strerror(errno)).lowercased())
                }
                bytes = Int64(info.st_size)
                kind = .tierInput
                work = .master(
                    .init(descriptor: descriptor, bytes: bytes, ending: ending(of: request.input)), presetTOML: request.presetTOML, curveTOML: request.curveTOML,
                    container: request.container.rawValue)
            case .generate(let request):
                guard let wish = preparation.wish else { throw CancellationError() }
                if let source = request.picture {
                    do { picture = try RemotePicture.load(source.path).get() } catch { throw JobFailure(message: "\(source.path.printable): \(error.reason)", exitCode: 65) }
                }
                bytes = Int64(preparation.prompt.utf8.count + (picture?.bytes.count ?? 0))
                kind = picture == nil ? .prompt : .tierInput
                work = .generate(prompt: preparation.prompt, wish: wish)
            case .album: throw CancellationError()
            }
            scratch = try await makeScratch(job, ledger)
            do {
                departure = try await Departure(job, tier, bytes: bytes, kind: kind, jobRow: jobRow, ledger)
            } catch {
                await ledger.destroy([scratch.id], because: .neverBegan)
                throw error
            }
            order = RemoteOrder(key: key, work: work, picture: picture, inputRow: departure.input, outputRow: departure.output)
        } catch let error as TierError {
            throw error
        } catch {
            // This machine is at fault, and would be for every other tier.
            throw TierError.final(JobFailure(error, job: job))
        }
        do throws(TierError) {
            let result = try await tier.run(order, link(scratch.fileDescriptor, departure))
            await departure.ended()
            let (analysis, facts) = measure(scratch, result, job)
            return RemoteProduct(
                scratch: scratch, analysis: analysis, facts: facts, result: result, preparation: preparation, rows: [departure.input, departure.output])
        } catch {
            await departure.ended()
            await ledger.destroy([scratch.id], because: .jobEnded)
            // The user had it destroyed there: it is not sent there again.
            throw departure.wasAskedBack ? .cancelled : error
        }
    }

    /// Decoded behind the wall, like every file from outside.
    private static func measure(_ scratch: UnnamedScratch, _ result: RemoteResult, _ job: Job) -> (Analysis?, ResultFacts) {
        do {
            let (analysis, _) = try Analyze.file("/proc/self/fd/\(scratch.fileDescriptor)")
            let sound = ResultFacts.Sound(
                seconds: analysis.seconds, channels: analysis.channels, isFinite: true, peakDBFS: analysis.samplePeakDBFS, lufs: analysis.integratedLUFS)
            var hasFormat = true
            if case .master(let request) = job { hasFormat = analysis.format.lowercased() == request.container.rawValue }
            return (analysis, ResultFacts(isOwn: result.isOwn, sound: sound, hasFormat: hasFormat))
        } catch AudioFileError.notFinite {
            return (nil, ResultFacts(isOwn: result.isOwn, sound: .init(seconds: 0, channels: 0, isFinite: false, peakDBFS: nil, lufs: nil)))
        } catch {
            return (nil, ResultFacts(isOwn: result.isOwn, sound: nil))
        }
    }

    /// Beside the output, or in memory where that folder cannot hold a file without a name.
    private static func makeScratch(_ job: Job, _ ledger: Ledger) async throws -> UnnamedScratch {
        let folder = try AtomicOutput.scratchFolder(for: job.output)
        let isUnable = UnnamedScratch.needsName(in: folder)
        var purpose = ItemPurpose.mastering
        if case .generate = job { purpose = .generation }
        let item = ItemRequest(kind: .renderScratch, origin: .renderJob, purpose: purpose, place: isUnable ? .ram : .disk)
        return isUnable ? try await ledger.makeScratchInMemory(item) : try await ledger.makeScratch(item, in: folder)
    }

    private static func ending(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "wav" }
        let ending = name[name.index(after: dot)...].lowercased()
        return ending.utf8.count <= 5 && ending.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }) ? ending : "wav"
    }
}

/// The rows of what leaves and of what is made elsewhere: there before the first byte, and told how many there were.
final class Departure: Sendable {
    let input: RowID
    let output: RowID
    private let ledger: Ledger
    private let counter = SentCounter()
    private let receipts = Mutex<[TierReceipt]>([])
    private static let mostReceipts = 64
    private let copies: [CopyAtTier]

    init(_ job: Job, _ tier: any RemoteTier, bytes: Int64, kind: ItemKind, jobRow: RowID, _ ledger: Ledger) async throws {
        self.ledger = ledger
        var purpose = ItemPurpose.mastering
        if case .generate = job { purpose = .generation }
        if tier.policy.consent == .always, tier.policy.privacyClass.needsConsent,
           try await ledger.consent(tier: tier.policy.name, privacyClass: tier.policy.privacyClass, destination: tier.destination, job: jobRow) == nil {
            // The configuration is the consent, and is on record like one that was asked for.
            try await ledger.recordConsent(.always, tier: tier.policy.name, privacyClass: tier.policy.privacyClass, destination: tier.destination)
        }
        func request(_ kind: ItemKind, _ bytes: Int64) -> TransferRequest {
            TransferRequest(
                tier: tier.policy.name, privacyClass: tier.policy.privacyClass, destination: tier.destination, kind: kind, purpose: purpose, bytes: bytes,
                end: tier.end, job: jobRow, displayName: fileName(of: job.output))
        }
        do {
            input = try await ledger.beginTransfer(request(kind, bytes))
        } catch LedgerError.consentMissing {
            throw TierError.cancelled
        }
        do {
            output = try await ledger.beginTransfer(request(.tierOutput, 0))
        } catch {
            await ledger.neverSent(input)
            throw error
        }
        copies = [CopyAtTier(input, tier, ledger), CopyAtTier(output, tier, ledger)]
        for copy in copies { await ledger.setEraser(copy, for: copy.id) }
    }

    var wasAskedBack: Bool { copies.contains(where: \.wasAsked) }

    /// The tier says what it calls them.
    func lies(at handle: String) {
        for copy in copies { copy.handle.withLock { $0 = handle } }
        let ledger = ledger, rows = [input, output]
        // Where it cannot be put down, only this run can ask.
        Task { do { try await ledger.copyLies(at: handle, for: rows) } catch {} }
    }

    /// For the ledger, when the attempt has ended.
    func keep(_ receipt: TierReceipt) {
        // Told again with every progress: once is enough, and the last one counts.
        receipts.withLock { if $0.count < Self.mostReceipts, !$0.contains(receipt) { $0.append(receipt) } }
    }

    func sent(_ bytes: Int64) {
        guard counter.rise(to: bytes) else { return }
        Task { await ledger.sent(bytes, by: input) }
    }

    func ended() async {
        if counter.isNothing {
            await ledger.neverSent(input)
            await ledger.neverSent(output)
        } else {
            await ledger.sent(counter.total, by: input)
            await ledger.sendingEnded(input)
            await ledger.sendingEnded(output)
        }
        for receipt in receipts.withLock({ $0 }) {
            // What is not signed as agreed is no receipt, and the row stays until its time.
            do { try await ledger.accept(receipt) } catch {}
        }
    }
}
