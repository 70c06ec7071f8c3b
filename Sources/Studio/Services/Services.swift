import Rendering
import Mastering
import Playback

/// Carries an answer to the terminal thread. Any thread.
typealias Post = @Sendable (StudioEvent) -> Void

/// Reads folders and file headers, away from the screen.
protocol FileListing: Sendable {
    /// Answers with `listing`, rows growing until complete, or with `listingFailed`. A newer question ends an older one.
    /// Changes made to the folder while it is the last one listed are told by `folderChanged`, where the system tells of them.
    func list(_ query: FileQuery)
    /// Answers with `folderChanged` or `listingFailed` when the folder is not as its rows were read last, else with nothing.
    func check(_ query: FileQuery)
    /// From now on `check` looks at this file too, and answers with `fileChanged` when it is not what it is now.
    func watch(_ path: String)
    /// Answers with `facts` for each path.
    func readFacts(of paths: [String])
    /// Answers with `placesRead`, or with a notice.
    func readPlaces()
    func savePlaces(_ folders: [String])
}

/// The sound: one file at a time. Everything returns at once.
protocol Playing: Sendable {
    /// Answers with `opened` or `openFailed`.
    func open(_ path: String, opening: Int, preset: Preset)
    func play()
    func pause()
    func seek(to seconds: Double)
    func setVoice(_ voice: Voice)
    func setTrims(master: Double, original: Double)
    /// May answer with `pageOpened`.
    func choose(_ output: OutputChoice)
    /// Answers with `outputs`.
    func listOutputs()
    func setBlind(_ isBlind: Bool)
    /// Answers with `referenceLeft` when it cannot be loaded.
    func hear(_ track: ReferenceTrack?, trim: Double)
    func loop(_ seconds: ClosedRange<Double>?)
    func resetMeters()
    /// What the automatic settings are estimated from; nil forgets it.
    func know(_ profile: InputProfile?)
    func audition(_ preset: Preset)
    func use(_ parameters: ChainParameters)
    /// The state now and the newest readings, if anything is loaded.
    func readings() -> (PlayerSnapshot, MeterFrame?)
    /// Ends the sound and lets the device go. May take some 60 ms.
    func shutDown()
}

/// Measuring, solving and rendering.
protocol MasteringEngine: Sendable {
    /// Answers with `measuring`, then `measured` or `measureFailed`; what was kept of the file before is destroyed.
    func measure(_ path: String, opening: Int)
    /// Answers with `settled` unless it is called again within a moment.
    func settle(version: Int)
    /// Answers with `solved` or `solveFailed`; a newer question ends an older one.
    func solve(_ preset: Preset, version: Int)
    func keep(_ path: String)
    /// Answers with `referenceKept` or a notice.
    func keepReference(_ path: String)
    /// Answers with `planned`.
    func plan(_ inputs: [String])
    /// Answers with `queued`, and with `jobs` again and again.
    func render(_ orders: [RenderOrder], preset: Preset)
    func cancel(_ job: String)
    /// What the user said about a tier that a job waits for.
    func answer(_ job: String, _ reply: ConsentReply)
}

/// Prompts and takes.
protocol Composing: Sendable {
    /// A row for a prompt; answers with `promptGone` when it has ended.
    func hold(prompt id: Int)
    /// Answers with `promptRead`; a newer question ends an older one.
    func read(_ text: String, amendment: String, version: Int)
    /// Answers with `takeOutlined`, `takePlayable`, `takeProgress`, `takeReady`; with `takeFailed`; with `takeGone` when its sound has ended.
    func make(_ order: TakeOrder)
    func letGo(take id: Int)
    /// Queues a job that writes everything there is of the take; answers with `queued`.
    func export(_ order: TakeOrder, into folder: String)
    /// Writes the unmastered mix; answers with `queued`, then with `takeSaved` or a notice.
    func send(_ order: TakeOrder, into folder: String)
}

/// The ledger as the view and its keys need it. Answers with `ledger` after every change.
protocol LedgerReading: Sendable {
    func destroy(_ id: String)
    func destroyEverything()
    func extend(_ id: String)
    /// Answers with `explained`.
    func explain(_ id: String)
    /// Counters of what was made, behind these lines. Answers with `explained`.
    func showUsage(after lines: [String])
    func export(to folder: String)
    func verify()
    /// A row for the edits that can be taken back; answers with `undoGone` when it has ended.
    func holdUndo()
    /// Seals it beside the ledger under a row of its own, in place of what was kept before. Answers with `sessionUnwanted` when the user destroyed that.
    func keepSession(_ session: KeptSession)
    /// Answers with `sessionFound` when an earlier run kept one.
    func takeSession()
    /// As `keepSession`, as the last thing before the ledger is closed.
    func endSession(_ session: KeptSession) async
}

/// The presets on this machine.
protocol PresetStore: Sendable {
    /// Answers with `presets`.
    func list()
    /// Answers with `platforms`, or with a notice.
    func listPlatforms()
    /// Answers with `presetSaved`, `presetExists` or `presetFailed`.
    func save(_ preset: Preset, replacing: Bool)
}

/// Tells the time.
protocol TimeSource: Sendable {
    /// Seconds since 1970, and `HH:MM` on the wall.
    func wall() -> (seconds: Double, text: String)
    /// Milliseconds on a clock that never goes back.
    func milliseconds() -> Int64
}

/// Everything outside that the studio needs.
struct Services: Sendable {
    var files: any FileListing
    var player: any Playing
    var engine: any MasteringEngine
    var composer: any Composing
    var ledger: any LedgerReading
    var presets: any PresetStore
    var time: any TimeSource

    /// Does what an effect asks; nothing here waits. The effects for the terminal itself are the loop's.
    func perform(_ effect: Effect) {
        switch effect {
        case .list(let query): files.list(query)
        case .readFacts(let paths): files.readFacts(of: paths)
        case .readPlaces: files.readPlaces()
        case .savePlaces(let folders): files.savePlaces(folders)
        case .watch(let path): files.watch(path)
        case .open(let path, let opening, let preset):
            player.know(nil)
            player.open(path, opening: opening, preset: preset)
            engine.measure(path, opening: opening)
        case .measure(let path, let opening): engine.measure(path, opening: opening)
        case .play: player.play()
        case .pause: player.pause()
        case .seek(let seconds): player.seek(to: seconds)
        case .keep(let path): engine.keep(path)
        case .setVoice(let voice): player.setVoice(voice)
        case .setTrims(let master, let original): player.setTrims(master: master, original: original)
        case .chooseOutput(let output): player.choose(output)
        case .listOutputs: player.listOutputs()
        case .setBlind(let isBlind): player.setBlind(isBlind)
        case .hearReference(let track, let trim): player.hear(track, trim: trim)
        case .loop(let seconds): player.loop(seconds)
        case .resetMeters: player.resetMeters()
        case .listPlatforms: presets.listPlatforms()
        case .audition(let preset): player.audition(preset)
        case .use(let parameters): player.use(parameters)
        case .settle(let version): engine.settle(version: version)
        case .solve(let preset, let version): engine.solve(preset, version: version)
        case .keepReference(let path): engine.keepReference(path)
        case .listPresets: presets.list()
        case .savePreset(let preset, let replacing): presets.save(preset, replacing: replacing)
        case .plan(let inputs): engine.plan(inputs)
        case .render(let orders, let preset): engine.render(orders, preset: preset)
        case .cancelJob(let id): engine.cancel(id)
        case .answerJob(let id, let reply): engine.answer(id, reply)
        case .holdPrompt(let id): composer.hold(prompt: id)
        case .readPrompt(let text, let amendment, let version): composer.read(text, amendment: amendment, version: version)
        case .makeTake(let order): composer.make(order)
        case .openTake(let path, let opening, let preset):
            player.know(nil)
            player.open(path, opening: opening, preset: preset)
        case .letGoTake(let id): composer.letGo(take: id)
        case .exportTake(let order, let folder): composer.export(order, into: folder)
        case .sendTake(let order, let folder): composer.send(order, into: folder)
        case .destroy(let id): ledger.destroy(id)
        case .destroyEverything: ledger.destroyEverything()
        case .extend(let id): ledger.extend(id)
        case .explainRow(let id): ledger.explain(id)
        case .showUsage(let lines): ledger.showUsage(after: lines)
        case .exportLedger(let folder): ledger.export(to: folder)
        case .verifyLedger: ledger.verify()
        case .holdUndo: ledger.holdUndo()
        case .keepSession(let session): ledger.keepSession(session)
        case .takeSession: ledger.takeSession()
        case .redraw, .suspend, .quit, .copy: break
        }
    }
}
