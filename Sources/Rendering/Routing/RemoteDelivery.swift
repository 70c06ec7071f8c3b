import AudioFiles
import Composition
import DSP
import Glibc
import Mastering
import PrivacyLedger

/// From a result that passed the check to the user's file.
enum RemoteDelivery {
    /// Row, unnamed file in the target's folder, bytes, fsync, name, row handed over; the scratch ends with it.
    /// - Throws: the typed errors of the rooms below; the output is then absent or the old one.
    static func deliver(_ product: RemoteProduct, of job: Job, tier: String, seconds: Double, _ work: JobWork) async throws -> JobResult {
        let ledger = work.ledger
        let row = try await ledger.create(ItemRequest(
            kind: .renderScratch, origin: .renderJob, purpose: job.isGeneration ? .generation : .mastering, place: .disk, displayName: fileName(of: job.output)))
        do {
            let (force, inputs) = job.outputRules
            let output = try await RecordedFile.open(job.output, force: force, inputs: inputs, row, ledger)
            defer { output.abandon() }
            let result: JobResult
            switch job {
            case .master(let request): result = .master(try master(product, request, into: output.fileDescriptor, tier: tier, seconds: seconds, work))
            case .generate(let request): result = .generate(try generate(product, request, into: output.fileDescriptor, tier: tier, seconds: seconds, work))
            case .album: throw JobFailure(message: "\(job.output.printable): albums are mastered on this machine", exitCode: 70)
            }
            if work.cancellation.isSet { throw CancellationError() }
            var info = stat()
            let bytes = fstat(output.fileDescriptor, &info) == 0 ? Int64(info.st_size) : 0
            _ = try output.commit()
            await ledger.handedOver(row, bytes: bytes)
            await ledger.destroy([product.scratch.id], because: .jobEnded)
            return result
        } catch {
            await ledger.released(row, because: work.cancellation.isSet ? .cancelled : .jobEnded)
            await ledger.destroy([product.scratch.id], because: .jobEnded)
            throw work.cancellation.isSet ? CancellationError() : error
        }
    }

    /// The bytes as they came; what is said about them was measured here, before and after.
    private static func master(
        _ product: RemoteProduct, _ request: MasterRequest, into descriptor: Int32, tier: String, seconds: Double, _ work: JobWork
    ) throws -> MasterResult {
        guard let after = product.analysis else { throw AudioFileError.notAudio(path: request.output) }
        try copy(product.scratch.fileDescriptor, to: descriptor, path: request.output)
        let (before, _) = try Analyze.file(request.input, progress: { if let done = $0 { work.progress(.measuring, done) } }, isCancelled: { work.cancellation.isSet })
        let preset = try Preset.parse(toml: request.presetTOML, file: "preset")
        return try MasterResult(
            measured: request, preset: preset, engine: product.result.engine ?? tier, seconds: seconds, tier: tier, before: before, after: after, fileDescriptor: descriptor)
    }

    /// Mastered here, like everything that is generated, or written as it is in the form that was asked for.
    private static func generate(
        _ product: RemoteProduct, _ request: GenerateRequest, into descriptor: Int32, tier: String, seconds: Double, _ work: JobWork
    ) throws -> GenerateResult {
        guard let analysis = product.analysis, let brief = product.preparation.brief, let reading = product.preparation.reading else {
            throw AudioFileError.notAudio(path: request.output)
        }
        let source = "/proc/self/fd/\(product.scratch.fileDescriptor)"
        var result = GenerateResult(
            remote: brief, reading, analysis, tier: tier, engine: product.result.engine ?? tier, request: request,
            requestedInText: product.preparation.measured(analysis))
        if request.isMastered {
            let preset = try PresetLibrary.load(brief.genre.master)
            let master = try Master.render(
                MasterRequest(input: source, output: request.output, preset: preset, container: request.container, force: request.force),
                fileDescriptor: descriptor, tier: tier, progress: { stage, fraction in work.progress(JobStage(stage), fraction) },
                isCancelled: { work.cancellation.isSet })
            result.master = .init(
                preset: master.preset, integrated_lufs: master.after.integratedLUFS, true_peak_dbtp: master.after.truePeakDBTP, target_reached: master.targetReached)
        } else {
            try transcode(source, to: descriptor, path: request.output, container: request.container)
        }
        result.realtime_factor = seconds > 0 ? analysis.seconds / seconds : 0
        return result
    }

    private static func transcode(_ source: String, to descriptor: Int32, path: String, container: OutputFormat.Container) throws {
        let reader = try AudioReader(path: source)
        var format = OutputFormat.float(container)
        guard container.nearestRate(to: reader.info.sampleRate) == reader.info.sampleRate else {
            throw AudioFileError.unsupportedOutput(path: path, detail: "\(container.rawValue) does not hold \(reader.info.sampleRate) Hz; choose another format, or have it mastered")
        }
        (format.sampleRate, format.layout) = (reader.info.sampleRate, reader.info.layout)
        let writer = try AudioWriter(fileDescriptor: descriptor, path: path, format: format, tags: [:], expectedFrames: reader.info.claimedFrames)
        let buffer = AudioBuffer(channels: reader.info.channels, frames: 4096)
        while true {
            let frames = try reader.read(into: buffer.block, frames: 4096)
            if frames == 0 { break }
            try writer.write(buffer.block, frames: frames)
        }
        try writer.finish()
    }

    private static func copy(_ from: Int32, to descriptor: Int32, path: String) throws(AudioFileError) {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var at: off_t = 0
        while true {
            let got = pread(from, &buffer, buffer.count, at)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .readFailed(path: path, reason: String(cString: strerror(errno))) }
            if got == 0 { return }
            try Performer.write(Array(buffer[..<got]), to: descriptor, path: path)
            at += off_t(got)
        }
    }
}

extension Job {
    var isGeneration: Bool { if case .generate = self { true } else { false } }

    /// Whether an existing output may go, and what must stay.
    fileprivate var outputRules: (force: Bool, inputs: [String]) {
        switch self {
        case .generate(let request): (request.force, [])
        default: (requests.first?.force ?? false, requests.map(\.input) + requests.flatMap(\.kept))
        }
    }
}
