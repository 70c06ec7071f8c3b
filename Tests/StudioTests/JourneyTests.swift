import Mastering
import Playback
import Synchronization
import Terminal
import Rendering
import Testing
@testable import Studio

/// Services that note what is asked and answer as the live ones would, at once.
final class FakeStudio: FileListing, Playing, MasteringEngine, Composing, LedgerReading, PresetStore, TimeSource {
    struct World: Sendable {
        var answers: [StudioEvent] = []
        var log: [String] = []
        var ledger: [LedgerItem] = []
        var outputs: Set<String> = []
        var jobs: [JobRow] = []
        var parameters: ChainParameters?
        var voice = Voice.master
        var trims = (0.0, 0.0)
    }

    let world = Mutex(World())

    private func note(_ text: String, _ change: (inout World) -> Void = { _ in }) {
        world.withLock { $0.log.append(text); change(&$0) }
    }

    func takeAnswers() -> [StudioEvent] { world.withLock { world in defer { world.answers = [] }; return world.answers } }

    func list(_ query: FileQuery) {
        note("list") { $0.answers.append(.listing(number: query.number, rows: query.arrange(testRows), total: testRows.count, complete: true)) }
    }
    func check(_ query: FileQuery) {}
    func readPlaces() {}
    func savePlaces(_ folders: [String]) { note("places") }
    func watch(_ path: String) { note("watch") }
    func readFacts(of paths: [String]) { note("facts") { world in for path in paths { world.answers.append(.facts(path: path, testFacts)) } } }

    func open(_ path: String, opening: Int, preset: Preset) { note("open") { $0.answers.append(.opened(opening: opening, testFacts)) } }
    func play() { note("play") }
    func pause() { note("pause") }
    func seek(to seconds: Double) { note("seek") }
    func setVoice(_ voice: Voice) { note("voice") { $0.voice = voice } }
    func setTrims(master: Double, original: Double) { note("trims") { $0.trims = (master, original) } }
    func choose(_ output: OutputChoice) { note("output") }
    func listOutputs() {}
    func setBlind(_ isBlind: Bool) {}
    func hear(_ track: ReferenceTrack?, trim: Double) { note("reference") }
    func loop(_ seconds: ClosedRange<Double>?) { note("loop") }
    func resetMeters() {}
    func listPlatforms() {}
    func know(_ profile: InputProfile?) {}
    func audition(_ preset: Preset) { note("audition \(preset.target.lufs) \(preset.compressor.ratio)") }
    func use(_ parameters: ChainParameters) { note("use") { $0.parameters = parameters } }
    func readings() -> (PlayerSnapshot, MeterFrame?) { (PlayerSnapshot(), nil) }
    func shutDown() {}

    func measure(_ path: String, opening: Int) {
        note("measure") { world in
            world.ledger = Array(testLedger.prefix(2))
            world.answers += [.ledger(LedgerSnapshot(rows: world.ledger)), .measuring(opening: opening, fraction: 0.5),
                              .measured(opening: opening, testProfile())]
        }
    }
    func settle(version: Int) { note("settle") { $0.answers.append(.settled(version: version)) } }
    func solve(_ preset: Preset, version: Int) {
        note("solve \(preset.target.lufs)") { $0.answers.append(.solved(version: version, testSolution(lufs: preset.target.lufs))) }
    }
    func keep(_ path: String) {}
    func keepReference(_ path: String) { note("reference") }
    func plan(_ inputs: [String]) {
        note("plan") { world in
            let orders = inputs.map { input in
                let output = (Path.parent(of: input) ?? "") + "/" + Path.stem(of: input) + "-master.wav"
                return RenderOrder(input: input, output: output, exists: world.outputs.contains(output))
            }
            world.answers.append(.planned(orders))
        }
    }
    func render(_ orders: [RenderOrder], preset: Preset) {
        note("render") { world in
            for order in orders {
                world.outputs.insert(order.output)
                world.answers.append(.jobs([testJob(.running(what: "solving", fraction: 0.3))]))
                world.answers.append(.jobs([testJob(.done(lufs: preset.target.lufs, dbtp: -1, note: nil))]))
            }
        }
    }
    func cancel(_ job: String) { note("cancel") }
    func answer(_ job: String, _ reply: ConsentReply) { note("answer \(job) \(reply.rawValue)") }

    func hold(prompt id: Int) { note("hold prompt") }
    func read(_ text: String, amendment: String, version: Int) { note("read") { $0.answers.append(.promptRead(version: version, testUnderstanding)) } }
    func make(_ order: TakeOrder) {
        note("make") { world in
            world.answers += [.takeOutlined(order.id, testOutline), .takePlayable(order.id, path: "/proc/self/fd/9"), .takeProgress(order.id, 0.5), .takeReady(order.id)]
        }
    }
    func letGo(take id: Int) { note("let go") { $0.answers.append(.takeGone(id)) } }
    func export(_ order: TakeOrder, into folder: String) { note("export take") }
    func send(_ order: TakeOrder, into folder: String) { note("send") { $0.answers.append(.takeSaved(path: folder + "/house-7-mix.wav")) } }

    func destroy(_ id: String) { note("destroy") }
    func destroyEverything() { note("destroyEverything") { $0.ledger = []; $0.answers.append(.ledger(LedgerSnapshot())) } }
    func extend(_ id: String) { note("extend") }
    func explain(_ id: String) { note("explain") }
    func showUsage(after lines: [String]) { note("showUsage") }
    func export(to folder: String) { note("export") }
    func verify() { note("verify") }
    func holdUndo() { note("hold undo") }
    func keepSession(_ session: KeptSession) { note("keep session") }
    func takeSession() { note("take session") }
    func endSession(_ session: KeptSession) async { note("end session") }

    func list() { note("presets") { $0.answers.append(.presets(testPresets)) } }
    func save(_ preset: Preset, replacing: Bool) { note("save") }
    func wall() -> (seconds: Double, text: String) { (0, "00:00") }
    func milliseconds() -> Int64 { 0 }
}

/// Runs keys through `update` and the services until nothing more happens.
struct Rig {
    var state = StudioState(folder: "/music/mixes")
    let fake = FakeStudio()
    var services: Services { Services(files: fake, player: fake, engine: fake, composer: fake, ledger: fake, presets: fake, time: fake) }
    var quit = false

    mutating func start() {
        perform([.listPresets] + state.listAgain())
        settle()
    }

    mutating func press(_ keys: KeyStroke...) {
        for key in keys {
            perform(update(&state, .key(key)))
            settle()
        }
    }

    mutating func type(_ text: String) { for c in text { press(.character(c)) } }

    private mutating func perform(_ effects: [Effect]) {
        for effect in effects {
            if effect == .quit { quit = true }
            services.perform(effect)
        }
    }

    private mutating func settle() {
        var answers = fake.takeAnswers()
        while !answers.isEmpty {
            for answer in answers { perform(update(&state, answer)) }
            answers = fake.takeAnswers()
        }
    }
}

@Suite("The main job, by keys")
struct JourneyTests {
    @Test func openPlayPresetTwoKnobsCompareRenderAndAnEmptyLedger() {
        var rig = Rig()
        rig.start()
        #expect(rig.state.files.rows.count == 5 && rig.state.master.presets.count == 4)

        // Find the mix by its name, open it: it plays.
        rig.type("/v7")
        rig.press(KeyStroke(.enter), KeyStroke(.enter))
        #expect(rig.state.deck.path == "/music/mixes/rough_v7.wav" && rig.state.deck.isLoaded)
        #expect(rig.fake.world.withLock { $0.log.contains("play") })
        #expect(rig.state.deck.profile != nil && rig.state.master.solved?.integratedLUFS == -14)

        // A preset, heard while moving.
        rig.press(.character("2"), .character("p"), KeyStroke(.down), KeyStroke(.enter))
        #expect(rig.state.master.sound.preset.id == "loud")
        #expect(rig.fake.world.withLock { $0.log.contains("solve -9.0") })

        // Two knobs.
        rig.type("/ratio")
        rig.press(KeyStroke(.enter), .character("l"), .character("l"), KeyStroke(.escape))
        #expect(rig.state.master.sound.preset.compressor.ratio == 1.7)
        rig.type("/loudness target")
        rig.press(KeyStroke(.enter), .character("h"), KeyStroke(.escape))
        #expect(rig.state.master.sound.preset.target.lufs == -9.5)
        #expect(rig.fake.world.withLock { $0.log.last { $0.hasPrefix("solve") } } == "solve -9.5")

        // A/B at equal loudness: the master is 8.4 LU louder and goes down by that.
        rig.press(.character("x"))
        #expect(rig.fake.world.withLock { $0.voice } == .original)
        #expect(rig.fake.world.withLock { abs($0.trims.0 + 8.4) < 1e-9 && $0.trims.1 == 0 })
        rig.press(.character("x"))

        // Render; the second time it asks.
        rig.press(.character("r"))
        #expect(rig.state.queue.jobs.last?.isActive == false)
        #expect(rig.fake.world.withLock { $0.outputs } == ["/music/mixes/rough_v7-master.wav"])
        rig.press(.character("r"))
        #expect(rig.state.overlay == .question(Question("Replace rough_v7-master.wav?", .render(
            [RenderOrder(input: "/music/mixes/rough_v7.wav", output: "/music/mixes/rough_v7-master.wav", exists: true)]))))
        rig.press(.character("n"))

        // See what existed, and that it is gone.
        rig.press(.character("5"))
        #expect(rig.state.ledger.rows.count == 2)
        rig.press(.control("d"), .character("y"))
        #expect(rig.state.ledger.rows.isEmpty)
        #expect(view(rig.state, size: Size(columns: 120, rows: 36)).lines.contains { $0.contains("nothing temporary exists") })

        rig.press(.character("q"))
        #expect(rig.quit)
    }
}
