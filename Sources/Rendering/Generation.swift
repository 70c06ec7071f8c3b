import AudioFiles
import Composition
import DSP
import Glibc
import Instruments
import Mastering
import PrivacyLedger

/// From a prompt to files: read, compose, play, master. Memory does not grow with the length of the track.
extension LocalTier {
    /// Hz at which tracks are made.
    static let generationRate = 44_100

    /// Every file has its row before its first byte, and its name after its last; on any failure none gets one.
    func generate(_ request: GenerateRequest, _ work: JobWork) async throws -> GenerateResult {
        let start = ContinuousClock.now
        let ledger = work.ledger
        let prompt = try await ledger.create(ItemRequest(
            kind: .prompt, origin: .prompt, purpose: .generation, place: .ram, rule: .job))
        let holder = WorkHolder(work.cancellation)
        var rows: [RowID] = []
        var named = 0
        do {
            try await ledger.attach(holder, bytes: Int64(request.prompt.utf8.count), to: prompt)
            var seen: PictureFeatures?
            if let picture = request.picture { seen = try await look(at: picture, holder, work) }
            let (brief, reading, mapping) = request.mapped(genres: try GenreLibrary.list(), picture: seen)
            let score = Composer.compose(brief)
            let bank: SoundBank? = brief.sounds == .bank ? try SoundBank.installed() : nil
            var player: BankPlayer?
            if let bank { player = try BankPlayer(bank, score, rate: Self.generationRate) }
            let renderer = MixRenderer(score, rate: Self.generationRate, bank: player)

            let stemFiles = request.stemsFolder.map { StemNames.paths(renderer.stemNames, in: $0) } ?? []
            let others = [request.midi, request.briefFile, request.chart, request.plan].compactMap { $0 }
            let paths = [request.output] + stemFiles + others
            if let twice = StemNames.shared(stemFiles, [request.output] + others) {
                throw JobFailure(message: "\(twice.printable): is the file of a stem; give it another name, or the stems a folder of their own", exitCode: 64)
            }
            // A folder for stems that is not there yet is made when they are named: their bytes lie beside it until then.
            let newFolder = try request.stemsFolder.flatMap { try StemNames.isMissing($0) ? $0 : nil }
            var madeFolder: String?
            defer { if let madeFolder { _ = madeFolder.withFileName { rmdir($0) } } }
            var outputs: [AtomicOutput] = []
            defer { for output in outputs { output.abandon() } }
            for path in paths {
                let row = try await ledger.create(ItemRequest(
                    kind: .renderScratch, origin: .renderJob, purpose: .generation, place: .disk, displayName: fileName(of: path)))
                rows.append(row)
                try await ledger.attach(holder, bytes: 0, to: row)
                let beside = newFolder.flatMap { StemNames.lies(path, in: $0) ? $0 : nil }
                outputs.append(try await RecordedFile.open(path, force: request.force, inputs: [], row, ledger, untilMade: beside))
            }

            for (row, output) in zip(rows, outputs) { holder.fills(row, output.fileDescriptor) }
            let pulse = rows + [prompt]
            let isCancelled = { @Sendable in work.cancellation.isSet }
            let played = { @Sendable (fraction: Double) in
                holder.beat(pulse, ledger)
                work.progress(.rendering, fraction)
            }
            var result = GenerateResult(score, reading, stemFiles: stemFiles, tier: name, request: request)
            if let bank { result.soundfonts = [try Self.identity(bank)] }
            if let picture = request.picture, let seen { result.reference = .init(file: picture.path, kind: picture.isClip ? "video" : "image", features: seen, mapping: mapping) }
            if request.isMastered {
                let preset = try Self.preset(for: brief.genre)
                let raw = try await scratch(beside: request.output, ledger)
                defer { Task { await ledger.destroy([raw.id], because: .jobEnded) } }
                holder.fills(raw.id, raw.fileDescriptor)
                try Performer.play(
                    renderer, mix: raw.fileDescriptor, path: request.output, format: .float(.wav), stems: Array(outputs[1..<1 + stemFiles.count]), stemFiles,
                    progress: played, isCancelled: isCancelled)
                let master = try Master.render(
                    MasterRequest(input: "/proc/self/fd/\(raw.fileDescriptor)", output: request.output, preset: preset, container: request.container, force: request.force),
                    fileDescriptor: outputs[0].fileDescriptor, tier: name,
                    progress: { stage, fraction in
                        holder.beat(pulse, ledger)
                        work.progress(JobStage(stage), fraction)
                    }, isCancelled: isCancelled)
                result.master = .init(
                    preset: master.preset, integrated_lufs: master.after.integratedLUFS, true_peak_dbtp: master.after.truePeakDBTP, target_reached: master.targetReached)
            } else {
                try Performer.play(
                    renderer, mix: outputs[0].fileDescriptor, path: request.output, format: .float(request.container), stems: Array(outputs[1..<1 + stemFiles.count]), stemFiles,
                    progress: played, isCancelled: isCancelled)
            }
            var next = 1 + stemFiles.count
            func write(_ path: String?, _ bytes: @autoclosure () -> [UInt8]) throws {
                guard let path else { return }
                try Performer.write(bytes(), to: outputs[next].fileDescriptor, path: path)
                next += 1
            }
            try write(request.midi, MIDIFile.bytes(score))
            try write(request.briefFile, Array(brief.toml.utf8))
            try write(request.chart, Array(ChordChart.text(score).utf8))
            let taken = (ContinuousClock.now - start).components
            let elapsed = Double(taken.seconds) + Double(taken.attoseconds) * 1e-18
            result.realtime_factor = elapsed > 0 ? brief.length / elapsed : 0
            try write(request.plan, Array((result.json.text + "\n").utf8))

            if work.cancellation.isSet { throw CancellationError() }
            if let newFolder, try StemNames.makeFolder(newFolder) { madeFolder = newFolder }
            for output in outputs {
                try await RecordedFile.settle(output, rows[named], ledger)
                named += 1
            }
            madeFolder = nil
            await ledger.released(prompt, because: .jobEnded)
            return result
        } catch {
            let reason: DestroyReason = work.cancellation.isSet ? .cancelled : .jobEnded
            for row in rows[named...] + [prompt] { await ledger.released(row, because: reason) }
            throw work.cancellation.isSet ? CancellationError() : error
        }
    }

    /// The genre's preset, with the balance held inside the band of the genre's curve. Unlike somebody's mix, what comes in here has no balance that was meant otherwise.
    static func preset(for genre: Genre) throws -> Preset {
        var preset = try PresetLibrary.load(genre.master)
        guard ToneLibrary.list().contains(where: { $0.id == genre.tone }) else { return preset }
        preset.tone.mode = .curve
        preset.tone.curve = genre.tone
        preset.tone.settings.amountPct = 100
        preset.tone.settings.maxDB = 6
        preset.tone.settings.deadbandDB = 0
        return preset
    }

    private static func identity(_ bank: SoundBank) throws -> GenerateResult.SoundFont {
        let descriptor = open(bank.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SoundBank.Absence.unusable(path: bank.path) }
        defer { close(descriptor) }
        return .init(name: bank.name, sha256: try Digest.file(descriptor, path: bank.path), licence: bank.licence)
    }

    /// The frames of a picture are nowhere but in memory, one at a time, and gone when it has been looked at.
    private func look(at picture: PictureSource, _ holder: WorkHolder, _ work: JobWork) async throws -> PictureFeatures {
        let ledger = work.ledger
        let row = try await ledger.create(ItemRequest(kind: .analysis, origin: .renderJob, purpose: .generation, place: .ram, rule: .job, displayName: fileName(of: picture.path)))
        do {
            try await ledger.attach(holder, bytes: Int64(PictureFrames.frameBytes), to: row)
            let features = try picture.features(isCancelled: { work.cancellation.isSet })
            await ledger.released(row, because: .jobEnded)
            return features
        } catch {
            await ledger.released(row, because: work.cancellation.isSet ? .cancelled : .jobEnded)
            throw error
        }
    }

    /// The unmastered mix, until it is mastered: beside the output, or in memory where that folder cannot hold a file without a name.
    private func scratch(beside output: String, _ ledger: Ledger) async throws -> UnnamedScratch {
        let folder = ScratchOutput.descriptor(of: output) == nil ? try AtomicOutput.scratchFolder(for: output) : ledger.directory
        let isUnable = UnnamedScratch.needsName(in: folder)
        let item = ItemRequest(kind: .renderScratch, origin: .renderJob, purpose: .generation, place: isUnable ? .ram : .disk)
        return isUnable ? try await ledger.makeScratchInMemory(item) : try await ledger.makeScratch(item, in: folder)
    }
}

/// Writes what a renderer plays.
enum Performer {
    /// Runs the renderer to its end.
    /// - Throws: `AudioFileError`; `CancellationError` at the next block after a cancel.
    static func play(
        _ renderer: MixRenderer, mix: Int32, path: String, format: OutputFormat, stems: [AtomicOutput], _ stemPaths: [String],
        progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws {
        let total = Int64(renderer.totalFrames)
        let writer = try AudioWriter(fileDescriptor: mix, path: path, format: format, tags: [:], expectedFrames: total)
        let stemWriters = try zip(stems, stemPaths).map { output, path in
            try AudioWriter(fileDescriptor: output.fileDescriptor, path: path, format: .float(.wav), tags: [:], expectedFrames: total)
        }
        while true {
            if isCancelled() { throw CancellationError() }
            let frames = renderer.render()
            if frames == 0 { break }
            try writer.write(renderer.mix.block, frames: frames)
            for (n, stem) in stemWriters.enumerated() { try stem.write(renderer.stems[n].block, frames: frames) }
            progress(Double(renderer.frame) / Double(max(1, renderer.totalFrames)))
        }
        try writer.finish()
        for stem in stemWriters { try stem.finish() }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(AudioFileError) {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
            if put < 0, errno == EINTR { continue }
            guard put > 0 else {
                throw errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? .diskFull(path: path) : .writeFailed(path: path, reason: String(cString: strerror(errno)))
            }
            done += put
        }
    }
}

extension OutputFormat {
    /// As precise as the container allows: 32-bit float, or 24 bits where it has no float.
    static func float(_ container: Container) -> OutputFormat {
        OutputFormat(container: container, bits: container == .flac ? .int24 : .float32, sampleRate: container.nearestRate(to: LocalTier.generationRate), channels: 2)
    }
}

/// `01 drums.wav` … in a folder.
enum StemNames {
    static func paths(_ names: [String], in folder: String) -> [String] {
        names.enumerated().map { index, name in
            let number = index < 9 ? "0\(index + 1)" : "\(index + 1)"
            return folder + (folder.hasSuffix("/") ? "" : "/") + number + "-" + name.map { $0 == " " ? "-" : $0 } + ".wav"
        }
    }

    /// The first of the other files that lies where a stem is to lie, by whatever name.
    static func shared(_ stems: [String], _ others: [String]) -> String? {
        let places = Set(stems.map(place))
        return others.first { places.contains(place($0)) }
    }

    /// Whether a file is to lie in a folder, by whatever name.
    static func lies(_ path: String, in folder: String) -> Bool {
        place(path) == place(folder + (folder.hasSuffix("/") ? "" : "/") + fileName(of: path))
    }

    private static func place(_ path: String) -> String {
        func real(_ path: String) -> String? {
            guard let found = path.withFileName({ realpath($0, nil) }) else { return nil }
            defer { free(found) }
            return FileName.text(found)
        }
        if let existing = real(path) { return existing }
        let cut = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = cut.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = cut.map { String(path[path.index(after: $0)...]) } ?? path
        if let folder = real(folder) { return folder + "/" + name }
        // A folder that is not there yet, by the one it will lie in.
        var parts: [Substring] = []
        for part in ((folder.hasPrefix("/") ? "" : (real(".") ?? "") + "/") + folder).split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/") + "/" + name
    }

    /// Whether there is nothing under the name, and a folder can be made there.
    /// - Throws: what `makeFolder` would.
    static func isMissing(_ folder: String) throws(AudioFileError) -> Bool {
        var status = stat()
        if folder.withFileName({ stat($0, &status) }) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else { throw .cannotCreate(path: folder, reason: "it is no folder") }
            return false
        }
        guard errno == ENOENT else { throw .cannotCreate(path: folder, reason: String(cString: strerror(errno))) }
        let above = parent(folder)
        guard above.withFileName({ stat($0, &status) }) == 0 else { throw .missingFolder(path: folder, folder: above) }
        guard above.withFileName({ access($0, W_OK | X_OK) }) == 0 else { throw .cannotCreate(path: folder, reason: String(cString: strerror(errno))) }
        return true
    }

    /// The folder above; of a further take's folder, where that one is not there yet either, the one above both.
    static func parent(_ folder: String) -> String {
        let above = folderAbove(folder)
        return isTakes(folder) && above.withFileName({ access($0, F_OK) }) != 0 ? folderAbove(above) : above
    }

    /// `parts/take-2`
    private static func isTakes(_ folder: String) -> Bool { fileName(of: folder.hasSuffix("/") ? String(folder.dropLast()) : folder).hasPrefix("take-") }

    private static func folderAbove(_ folder: String) -> String {
        let name = folder.hasSuffix("/") ? folder.dropLast() : folder[...]
        guard let cut = name.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return cut == name.startIndex ? "/" : String(name[..<cut])
    }

    /// - Returns: whether it was not there before.
    static func makeFolder(_ folder: String) throws(AudioFileError) -> Bool {
        if isTakes(folder) { _ = folderAbove(folder).withFileName { mkdir($0, 0o777) } }
        if folder.withFileName({ mkdir($0, 0o777) }) == 0 { return true }
        if errno == EEXIST { return false }
        throw errno == ENOENT ? .missingFolder(path: folder, folder: folder) : .cannotCreate(path: folder, reason: String(cString: strerror(errno)))
    }
}
