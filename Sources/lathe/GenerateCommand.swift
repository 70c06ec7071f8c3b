import ArgumentParser
import AudioFiles
import Composition
import Glibc
import Instruments
import Rendering

/// `lathe generate`: makes a track from a prompt, on this machine alone.
struct GenerateCommand: AsyncParsableCommand, CarriesJobs, DecodesAudio, StartsEngine {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Make a track from a prompt.",
        discussion: """
            The prompt says in everyday words what is wanted: genre, tempo, key, metre, length, chords, instruments, mood. Options win over it.
            What was understood and what was not is in the result. The same prompt, options and seed give the same bytes.
            """)

    @Argument(help: "The prompt, or - to read it from standard input.") var prompt: String?
    @Option(help: ArgumentHelp("Read the prompt from a file; it is then not in the list of processes.", valueName: "file"), completion: .file()) var promptFile: String?
    @Option(name: [.short, .customLong("output")], help: ArgumentHelp("The track; else a name from genre and seed.", valueName: "file"), completion: .file()) var output: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Length in seconds.", valueName: "s")) var seconds: Double?
    @Option(parsing: .unconditional, help: ArgumentHelp("Length in bars.", valueName: "n")) var bars: Int?
    @Option(parsing: .unconditional, help: ArgumentHelp("Beats per minute.", valueName: "x")) var bpm: Double?
    @Option(help: ArgumentHelp("E.g. \"F# minor\".", valueName: "key")) var key: String?
    @Option(help: ArgumentHelp("E.g. 3/4.", valueName: "n/d")) var meter: String?
    @Option(help: ArgumentHelp("A genre's name.", valueName: "name"), completion: .genres) var genre: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Another seed gives another track; else one is drawn.", valueName: "n"), transform: GenerateCommand.seed) var seed: UInt64?
    @Flag(help: "Whole bars to the sample, the tail wrapped into the start.") var loop = false
    @Option(parsing: .unconditional, help: ArgumentHelp("How many tracks, each with the next seed.", valueName: "n")) var takes = 1
    @Option(help: ArgumentHelp("A folder for the parts, one file each; they add up to the unmastered mix.", valueName: "dir"), completion: .directory) var stems: String?
    @Option(help: ArgumentHelp("The score as a MIDI file.", valueName: "file"), completion: .file()) var midi: String?
    @Option(help: ArgumentHelp("A brief to start from, by name or file; the prompt then says what is to be different.", valueName: "brief"), completion: .file()) var brief: String?
    @Option(help: ArgumentHelp("Write the brief, with all that was decided, as TOML to edit and use again.", valueName: "file"), completion: .file()) var writeBrief: String?
    @Option(help: ArgumentHelp("The harmony as a chord chart (ChordPro).", valueName: "file"), completion: .file()) var chart: String?
    @Option(help: ArgumentHelp("A picture that decides what the words leave open: mode, energy, density, tempo.", valueName: "file"), completion: .file()) var image: String?
    @Option(help: ArgumentHelp("A clip that decides what the words leave open: mode, energy, density, tempo, length.", valueName: "file"), completion: .file()) var video: String?
    @Option(help: ArgumentHelp("Who plays: built-in (the same everywhere), bank (acoustic instruments from an installed sound bank), or auto.", valueName: "who")) var sounds: SoundChoice?
    @Option(help: ArgumentHelp("The plan as JSON.", valueName: "file"), completion: .file()) var plan: String?
    @Flag(help: "Leave out the mastering chain.") var noMaster = false
    @OptionGroup var tiers: TierOptions
    @Flag(help: "One JSON document; an array when there are several takes.") var json = false
    @Option(help: ArgumentHelp("What standard error shows: auto, bar, json or none.", valueName: "style")) var progress = ProgressStyle.auto
    @Flag(help: "Replace existing files.") var force = false

    var mayReach: Bool { tiers.mayReach }
    @Flag(help: "Hand the work to the engine and return; lathe queue shows it, and it goes on without the terminal.") var background = false

    var needsEngine: Bool { background }

    func validate() throws {
        if prompt != nil, promptFile != nil { throw ValidationError("a prompt and --prompt-file were given; choose one") }
        if seconds != nil, bars != nil { throw ValidationError("--seconds and --bars were given; choose one") }
        if image != nil, video != nil { throw ValidationError("--image and --video were given; choose one") }
        if let seconds, !Brief.secondsRange.contains(seconds) { throw ValidationError("--seconds takes 1 to 3600") }
        if let bars, !Brief.barsRange.contains(bars) { throw ValidationError("--bars takes 1 to 2000") }
        if let bpm, !Brief.tempoRange.contains(bpm) { throw ValidationError("--bpm takes 30 to 300") }
        if !(1...100).contains(takes) { throw ValidationError("--takes takes 1 to 100") }
    }

    private static let seedRemedy = "--seed takes 0 to \(Brief.seedRange.upperBound)"

    @Sendable private static func seed(_ text: String) throws -> UInt64 {
        guard let seed = UInt64(text), Brief.seedRange.contains(seed) else { throw ValidationError(seedRemedy) }
        return seed
    }

    func run() async throws {
        let genres = try GenreLibrary.list()
        let written = try brief.map { try BriefLibrary.load($0, genres: genres) }
        let isSaid = written != nil || image != nil || video != nil
        let text = try prompt == nil && promptFile == nil && isSaid ? "" : PromptSource.read(argument: prompt, file: promptFile)
        let options = try options(genres)
        if !isSaid, options.genre == nil, PromptReader.isBlank(text) {
            throw Failure(promptFile == nil && prompt != "-" ? Failure.usageExitCode : 65,
                          "\(promptFile ?? (prompt == "-" ? "standard input" : "the prompt")): says nothing; say what is wanted, e.g. \"slow house in A minor, two minutes\"")
        }
        let first = seed ?? written?.seed ?? UInt64.random(in: 1...999_999)
        guard Brief.seedRange.upperBound - first >= UInt64(takes - 1) else { throw Failure(Failure.usageExitCode, "\(Self.seedRemedy); the seed of the last of \(takes) takes is beyond that") }
        let requests = try (0..<takes).map { take in try request(text, written, options, seed: first &+ UInt64(take), take: take, genres) }

        let remotes = try tiers.remotes()
        if background {
            return try await Background.submit(requests.map { request in
                var request = request
                request.tier = tiers.tier
                return .generate(request)
            }, json: json)
        }
        Interruption.shared.install()
        var batch = Batch(inputs: takes, progress: progress, json: json)
        try await withEngine(slots: 1, remotes: remotes) { engine in
            let reports = Task { [display = batch.display] in
                for await event in await engine.events() {
                    if case .job(let status) = event, status.state == .running, status.stage != .done {
                        display.update(status.job.output, stage: status.remote?.line ?? status.stage.rawValue, fraction: status.fraction)
                    }
                }
            }
            let consent = tiers.answering(engine, remotes, display: batch.display)
            defer { reports.cancel(); consent?.cancel() }
            var ids: [JobID] = []
            for var request in requests {
                (request.tier, request.mayAsk) = tiers.place(remotes, waits: !background)
                let id = await engine.submit(.generate(request))
                Interruption.shared.whenRequested { Task { await engine.cancel(id) } }
                ids.append(id)
            }
            for (request, id) in zip(requests, ids) {
                guard let status = await engine.outcome(of: id) else { continue }
                if case .generate(let result)? = status.result {
                    try batch.succeeded(request.output, json: result.json.routed(status), report: result.report.routed(status))
                } else {
                    batch.failed(request.output, status.failure.map { Failure($0) } ?? .interrupted)
                }
            }
        }
        try batch.end()
    }

    private func options(_ genres: [Genre]) throws(Failure) -> GenerateOptions {
        var options = GenerateOptions()
        options.seconds = seconds
        options.bars = bars
        options.bpm = bpm
        options.isLoop = loop
        options.sounds = sounds?.source
        if let key {
            guard let known = PromptReader.read("key of " + key, genres: []).key else {
                throw Failure(Failure.usageExitCode, "--key: '\(key.prefix(40))' is not a key; write e.g. \"F# minor\"")
            }
            options.key = known
        }
        if let meter {
            guard let known = Meter(meter) else { throw Failure(Failure.usageExitCode, "--meter: '\(meter.prefix(20))' is not a time signature; write e.g. 3/4") }
            options.meter = known
        }
        if let genre {
            let wanted = genre.lowercased()
            guard let known = genres.first(where: { $0.id == wanted || $0.name.lowercased() == wanted || $0.words.contains(wanted) }) else {
                throw Failure(Failure.usageExitCode, "--genre: there is no '\(genre.prefix(40))'; there are: \(genres.map(\.id).joined(separator: ", "))")
            }
            options.genre = known.id
        }
        return options
    }

    private func request(_ text: String, _ written: BriefText?, _ options: GenerateOptions, seed: UInt64, take: Int, _ genres: [Genre]) throws(Failure) -> GenerateRequest {
        func numbered(_ path: String) -> String {
            guard take > 0 else { return path }
            let cut = path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex
            guard let dot = path[cut...].lastIndex(of: "."), dot != cut else { return path + "-\(take + 1)" }
            return path[..<dot] + "-\(take + 1)" + path[dot...]
        }
        var path = output.map(numbered) ?? ""
        var container = OutputFormat.Container.wav
        if let output {
            guard let named = OutputFormat.Container(path: output) else {
                let known = OutputFormat.Container.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure(Failure.usageExitCode, "\(output): its ending names no format Lathe writes; use one of \(known)")
            }
            container = named
        } else {
            var named = GenerateRequest(prompt: text, seed: seed, output: "", container: .wav)
            named.written = written
            let seen = image ?? video
            let name = seen.map { ($0.split(separator: "/").last ?? "").split(separator: ".").first.map(String.init) ?? "picture" }
            path = "\(name ?? options.genre ?? named.brief(genres: genres).0.genre.id)-\(seed).wav"
        }
        var request = GenerateRequest(prompt: text, seed: seed, output: path, container: container)
        request.written = written
        if let path = image ?? video { request.picture = PictureSource(path: path, isClip: video != nil) }
        request.options = options
        request.midi = midi.map(numbered)
        request.plan = plan.map(numbered)
        request.briefFile = writeBrief.map(numbered)
        request.chart = chart.map(numbered)
        request.stemsFolder = stems.map { take == 0 ? $0 : $0 + ($0.hasSuffix("/") ? "" : "/") + "take-\(take + 1)" }
        request.isMastered = !noMaster
        request.force = force
        if let bars = options.bars {
            let made = request.brief(genres: genres).0
            if made.barsAsked != nil {
                throw Failure(Failure.usageExitCode, "--bars: \(bars) bars last longer than an hour at \(Text.number(made.bpm, places: 0)) bpm in \(made.meter.name); take at most \(made.bars)")
            }
        }
        let files = [request.output, request.midi, request.plan, request.briefFile, request.chart].compactMap { $0 }
        let read = [promptFile, brief, image, video].compactMap { $0.flatMap(MasterPlan.identity) }
        if let taken = files.first(where: { MasterPlan.identity($0).map(read.contains) ?? false }) { throw Failure(AudioFileError.outputIsInput(path: taken)) }
        if Set(files.map(MasterPlan.place)).count < files.count { throw Failure(Failure.usageExitCode, "\(path): is named twice; give track, MIDI, plan, brief and chart names of their own") }
        return request
    }
}

/// Who plays, as the command line says it.
enum SoundChoice: String, ExpressibleByArgument, CaseIterable {
    case builtIn = "built-in"
    case bank, auto

    var source: SoundSource {
        switch self {
        case .builtIn: .builtIn
        case .bank: .bank
        // Where there is no bank, what always works.
        case .auto: (try? SoundBank.installed()) == nil ? .builtIn : .bank
        }
    }
}

/// Where a prompt comes from.
enum PromptSource {
    private static let most = 64 * 1024

    static func read(argument: String?, file: String?) throws(Failure) -> String {
        if let file {
            let descriptor = file.withFileName { open($0, O_RDONLY | O_CLOEXEC) }
            guard descriptor >= 0 else { throw Failure(66, "\(file): cannot open the prompt (\(String(cString: strerror(errno)).lowercased())); check the path") }
            defer { close(descriptor) }
            return try all(of: descriptor, named: file)
        }
        if argument == "-" { return try all(of: STDIN_FILENO, named: "standard input") }
        guard let argument else { throw Failure(Failure.usageExitCode, "no prompt was given; write lathe generate \"…\", or - to read it from standard input") }
        guard argument.utf8.count <= most else { throw Failure(Failure.usageExitCode, "the prompt is longer than 64 KiB; a prompt is a few sentences") }
        return argument
    }

    private static func all(of descriptor: Int32, named name: String) throws(Failure) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= most {
            let got = Glibc.read(descriptor, &buffer, buffer.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Failure(74, "\(name): cannot be read (\(String(cString: strerror(errno)).lowercased())); name a text file") }
            if got == 0 { break }
            bytes += buffer[..<got]
        }
        guard bytes.count <= most else { throw Failure(65, "\(name): is longer than 64 KiB; a prompt is a few sentences") }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(65, "\(name): is not UTF-8 text; save it as UTF-8") }
        return text
    }
}

extension GenerateResult {
    var report: String {
        var lines = ["\(files.mix.printable)  \(brief.genre)  \(Text.number(brief.bpm, places: 0)) bpm  \(brief.key)  \(brief.meter)  \(brief.bars) bars  "
            + "\(Text.number(brief.seconds, places: 1)) s  seed \(brief.seed)  \(Text.number(realtime_factor, places: 0)) x real time"]
        if let master { lines.append("  mastered with \(master.preset): \(Text.number(master.integrated_lufs, "LUFS"))  \(Text.number(master.true_peak_dbtp, "dBTP"))") }
        for line in reference?.mapping ?? [] { lines.append("  \(line.from) → \(line.to)") }
        for bank in soundfonts { lines.append("  played with \(bank.name) (\(bank.licence))") }
        for item in ignored { lines.append("  not used: \(item.text.printable) (\(item.why.printable))") }
        return lines.joined(separator: "\n")
    }
}
