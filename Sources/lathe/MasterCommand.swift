import ArgumentParser
import AudioFiles
import Mastering
import Rendering

/// `lathe master`: renders masters through the same engine as the studio.
struct MasterCommand: AsyncParsableCommand, DecodesAudio, CarriesJobs, StartsEngine {
    static let configuration = CommandConfiguration(
        commandName: "master", abstract: "Master files.",
        discussion: """
            Without -o, mix.wav gives mix-master.wav beside it. An existing file is replaced only with --force, an input never, nor any other file that is read. Several inputs go on after a bad one.
            A target that the preset's limits do not allow is not forced: the master stops short of it and the result says so.
            """)

    @Argument(help: "Audio files; none when a --sequence names them.", completion: .audio) var inputs: [String] = []
    @Option(name: [.short, .customLong("output")], help: ArgumentHelp("The master, or an existing folder for it.", valueName: "out|dir"), completion: .file())
    var output: String?
    @Option(help: ArgumentHelp("A preset's name or file; else streaming, or reference with --reference.", valueName: "name|file"), completion: .presets) var preset: String?
    @Option(name: .customLong("set"), help: ArgumentHelp("Change a value of the preset, e.g. limiter.ceiling=-1.5; repeatable.", valueName: "key=value"), completion: .settings)
    var settings: [String] = []
    @Option(help: ArgumentHelp("Match the balance and loudness of this recording; repeatable.", valueName: "file"), completion: .audio) var reference: [String] = []
    @Option(help: ArgumentHelp("How much each --reference counts, e.g. 2,1; else all alike.", valueName: "n,n")) var weights: String?
    @Option(help: ArgumentHelp("Keep the references' curve under this name, for tone.curve.", valueName: "name")) var saveCurve: String?
    @Option(help: ArgumentHelp("wav, flac, aiff, caf, ogg, opus or mp3; else from the output's name.", valueName: "format"))
    var format: OutputFormat.Container?
    @Option(help: ArgumentHelp("16, 24 or 32f; else the preset's.", valueName: "bits")) var bits: Preset.Bits?
    @Option(help: ArgumentHelp("none, tpdf or shaped; else the preset's.", valueName: "dither")) var dither: Preset.Dither?
    @Option(help: ArgumentHelp("44100, 48000, 88200, 96000, 176400, 192000 or keep; else the preset's.", valueName: "hz")) var rate: Preset.Rate?
    @Option(help: ArgumentHelp("A further file of the same render, e.g. flac:24, mp3 or wav:16:44100; repeatable.", valueName: "format[:bits][:hz]"))
    var deliver: [DeliverableOption] = []
    @Option(help: ArgumentHelp("What Opus, Vorbis and MP3 (AAC where an ffmpeg may be started) make of the master's peaks: report, auto (lower the ceiling until they hold it) or off.", valueName: "mode"))
    var codecCheck = CodecCheck.Mode.off
    @Flag(help: "Write an account of the render beside each master, with every setting, measurement and hash, as OUT.manifest.json.") var manifest = false
    @Flag(help: "Let a WAV state its own loudness in a bext chunk; the broadcast preset always does.") var bext = false
    @Option(help: ArgumentHelp("The recording's code, into every container that has a place for it (WAV, FLAC and MP3).", valueName: "code")) var isrc: String?
    @OptionGroup(title: "Album") var album: AlbumOptions
    @OptionGroup var tiers: TierOptions
    @Option(parsing: .unconditional, help: ArgumentHelp("How many at once.", valueName: "n")) var jobs: Int?
    @Flag(help: "One JSON document; an array when several files are given.") var json = false
    @Option(help: ArgumentHelp("What standard error shows: auto, bar, json or none.", valueName: "style")) var progress = ProgressStyle.auto
    @Flag(help: "Replace existing outputs. Never an input.") var force = false

    var mayReach: Bool { tiers.mayReach }
    @Flag(help: "Hand the work to the engine and return; lathe queue shows it, and it goes on without the terminal.") var background = false

    var needsEngine: Bool { background }

    func validate() throws {
        if inputs.isEmpty, album.sequence == nil { throw ValidationError("Missing expected argument '<inputs> ...'") }
        if let jobs, !(1...64).contains(jobs) { throw ValidationError("--jobs takes 1 to 64") }
        if let isrc {
            guard ISRC(isrc) != nil else { throw ValidationError("--isrc: '\(isrc.prefix(40))' is no ISRC; write it like GB-ABC-26-00001") }
            guard inputs.count == 1 else { throw ValidationError("--isrc is one recording's; give one file") }
        }
        if album.signature != nil, preset != nil || !reference.isEmpty { throw ValidationError("a signature has its own preset; leave out --preset and --reference") }
        if inputs.count == 1, album.gap != nil { throw ValidationError("--gap is the silence between tracks; give several files") }
        if reference.count == 1, weights != nil { throw ValidationError("--weights are relative; give several references") }
        if reference.isEmpty, weights != nil || saveCurve != nil { throw ValidationError("--weights and --save-curve need a --reference") }
        if let saveCurve, !Preset.isIdentifier(saveCurve) { throw ValidationError("--save-curve takes lower-case letters, digits, - and _") }
    }

    func run() async throws {
        let signature = try album.signature.map { (path) throws(PresetError) in try AlbumSignature.read(path) }
        var wanted = try signature.map { (kept) throws(PresetError) in try Preset.parse(toml: kept.presetTOML, file: "preset") }
            ?? PresetLibrary.load(preset ?? (reference.isEmpty ? "streaming" : "reference"))
        for setting in settings { try wanted.apply(setting: setting) }
        try IdleOptions.check(settings: settings, preset: wanted)
        if let bits { wanted.output.bits = bits }
        if let dither { wanted.output.dither = dither }
        if let rate { wanted.output.rate = rate }
        if bext { wanted.output.bext = true }
        let (order, inputs) = try album.order(inputs)
        let isAlbum = album.isAlbum || wanted.target.scope == .album && inputs.count > 1 && signature == nil
        let references = try ReferenceCurve(files: reference, weights: weights)
        if let saveCurve, !force, ToneLibrary.list().contains(where: { $0.id == saveCurve && !$0.isFactory }) {
            throw Failure(Failure.usageExitCode, "--save-curve: there is a curve '\(saveCurve)' already; choose another name, or replace it with --force")
        }
        // What cannot be found is said before any work begins.
        if reference.isEmpty, signature == nil { _ = try ToneTarget.wanted(by: wanted) }
        let plan = try MasterPlan(
            inputs: inputs, output: output, format: format, preset: wanted, force: force,
            extras: .init(deliverables: deliver, manifest: manifest, isrc: isrc.flatMap { ISRC($0) }, codecCheck: codecCheck),
            album: isAlbum ? (order, album.cue, album.ddp, album.saveSignature) : nil)

        try IdleOptions(plan.requests[0], preset: wanted).check(
            bits: IdleOptions.words("--bits", given: bits != nil, key: "output.bits", settings: settings),
            dither: IdleOptions.words("--dither", given: dither != nil, key: "output.dither", settings: settings),
            bext: IdleOptions.words("--bext", given: bext, key: "output.bext", settings: settings), preset: wanted,
            isrc: isrc != nil ? "--isrc" : plan.requests.contains { $0.delivery.isrc != nil } ? "isrc in the sequence" : nil, hasDisc: plan.requests[0].delivery.disc != nil)

        let remotes = try tiers.remotes()
        Interruption.shared.install()
        var batch = Batch(inputs: inputs.count, progress: progress, json: json)
        try await withEngine(slots: jobs, remotes: remotes) { engine in
            let reports = Task { [display = batch.display] in
                for await event in await engine.events() {
                    if case .job(let status) = event, status.state == .running, status.stage != .done {
                        display.update(status.job.input, stage: status.remote?.line ?? status.stage.rawValue, fraction: status.fraction)
                    }
                }
            }
            let consent = tiers.answering(engine, remotes, display: batch.display)
            defer { reports.cancel(); consent?.cancel() }

            var requests = plan.requests
            let presetFile = preset.flatMap { $0.contains("/") || $0.hasSuffix(".toml") ? $0 : nil }
            let read = reference + [presetFile, album.sequence, album.signature].compactMap(\.self)
            for index in requests.indices {
                requests[index].signatureTOML = signature?.toml()
                requests[index].kept = read
                (requests[index].tier, requests[index].mayAsk) = tiers.place(remotes, waits: !background)
            }
            if !reference.isEmpty {
                let curve = try await references.measured(engine, id: saveCurve ?? "reference", name: saveCurve ?? "Reference")
                if saveCurve != nil {
                    try await withLedger { ledger in
                        _ = try await RecordedFile.record(in: ToneLibrary.userFolder, purpose: .mastering, ledger: ledger) { try ToneLibrary.save(curve, scratchName: $0) }
                    }
                }
                wanted.follow(curve, keepsTarget: settings.contains { $0.isSetting(of: "target.lufs") })
                for index in requests.indices {
                    requests[index].presetTOML = wanted.toml()
                    requests[index].curveTOML = curve.toml()
                }
            }

            if background {
                if let objection = requests.lazy.compactMap({ plan.objection(to: $0) }).first { throw objection }
                return try await Background.submit(isAlbum ? [.album(requests)] : requests.map(Job.master), json: json)
            }
            // An objection is told in its turn, a job runs meanwhile.
            var turns: [(work: Job, id: JobID?, objection: Failure?)] = []
            for work in isAlbum ? [.album(requests)] : requests.map(Job.master) {
                let objection = work.requests.lazy.compactMap { plan.objection(to: $0) }.first
                let id = objection == nil ? await engine.submit(work) : nil
                if let id { Interruption.shared.whenRequested { Task { await engine.cancel(id) } } }
                turns.append((work, id, objection))
            }
            for turn in turns {
                if let objection = turn.objection { batch.failed(turn.work.input, objection) }
                guard let id = turn.id, let status = await engine.outcome(of: id) else { continue }
                if let results = status.result?.masters {
                    for result in results {
                        try batch.succeeded(result.input, json: result.json.routed(status), report: result.report.routed(status))
                    }
                } else {
                    batch.failed(turn.work.input, status.failure.map { Failure($0) } ?? .interrupted)
                }
            }
        }
        if !background { try batch.end() }
    }
}

extension Preset {
    /// `key=value`, as `--set` takes it.
    mutating func apply(setting: String) throws {
        guard let equals = setting.firstIndex(of: "=") else {
            throw Failure(Failure.usageExitCode, "--set: '\(setting.prefix(60))' has no value; write KEY=VALUE, e.g. limiter.ceiling=-1.5")
        }
        try set(String(setting[..<equals]), to: String(setting[setting.index(after: equals)...]))
    }
}

extension String {
    /// Whether `KEY=VALUE` sets the parameter, in whichever spelling.
    fileprivate func isSetting(of key: String) -> Bool {
        Preset.parameter(String(prefix { $0 != "=" }))?.key == key
    }
}

extension OutputFormat.Container: ExpressibleByArgument {}
extension Preset.Bits: ExpressibleByArgument {}
extension Preset.Dither: ExpressibleByArgument {}
extension Preset.Rate: ExpressibleByArgument {}
extension CodecCheck.Mode: ExpressibleByArgument {}
