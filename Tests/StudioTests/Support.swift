import Mastering
import Playback
import Terminal
@testable import Studio

/// A studio as after its first second: presets read, a folder listed, an empty ledger.
func freshState(_ size: Size = Size(columns: 120, rows: 36)) -> StudioState {
    var state = StudioState(folder: "/music/mixes")
    _ = update(&state, .resize(size))
    _ = update(&state, .clock(now: 1_800_000_000, wall: "12:04"))
    _ = state.listAgain()
    _ = update(&state, .presets(testPresets))
    _ = update(&state, .listing(number: state.files.query.number, rows: testRows, total: testRows.count, complete: true))
    _ = update(&state, .ledger(LedgerSnapshot()))
    return state
}

let testRows: [DirectoryEntry] = [
    DirectoryEntry(name: "old", kind: .folder), DirectoryEntry(name: "stems", kind: .folder),
    DirectoryEntry(name: "rough_v6.wav", kind: .audio), DirectoryEntry(name: "rough_v7.wav", kind: .audio),
    DirectoryEntry(name: "notes.txt", kind: .other),
]

let testPresets: [PresetEntry] = {
    var loud = Preset()
    (loud.id, loud.name, loud.intent) = ("loud", "Loud", "For the club.")
    loud.target.lufs = -9
    var gentle = Preset()
    (gentle.id, gentle.name, gentle.intent) = ("gentle", "Gentle", "Hardly touched.")
    gentle.target.lufs = -16
    gentle.compressor.on = false
    return [Preset(), loud, gentle].map { PresetEntry(id: $0.id, name: $0.name, intent: $0.intent, isFactory: true, preset: $0) }
        + [PresetEntry(id: "broken", name: "broken", intent: "", isFactory: false, preset: nil, problem: "broken.toml:3:1: unknown key 'ratoi'")]
}()

func testProfile(lufs: Double = -17.9) -> FileProfile {
    var analysis = Analysis()
    analysis.integratedLUFS = lufs
    analysis.truePeakDBTP = -0.3
    analysis.samplePeakDBFS = -0.5
    analysis.plrDB = 17.6
    analysis.seconds = 221
    // A slow swell with a dip in the middle, in plain arithmetic so that it is the same everywhere.
    let wave = (0..<512).map { i -> WaveColumn in
        let place = Float(i) / 512
        let envelope = 0.2 + 0.7 * (1 - abs(2 * place - 1)) * (i % 7 < 5 ? 1 : 0.6) * (i > 240 && i < 280 ? 0.3 : 1)
        return WaveColumn(low: -envelope, high: envelope * 0.9)
    }
    return FileProfile(analysis: analysis, wave: wave)
}

func testSolution(lufs: Double = -14, reached: Bool = true) -> SolvedMaster {
    SolvedMaster(parameters: ChainParameters(), integratedLUFS: lufs, truePeakDBTP: -1, limiterMaxReductionDB: 2.7, reached: reached,
                 note: reached ? nil : "cannot reach -9.0 LUFS: the preset allows 4.0 dB of limiting")
}

let testFacts = AudioFacts(format: "WAV", encoding: "pcm_24", sampleRate: 48_000, channels: 2, seconds: 221)

/// Opens rough_v7.wav and lets everything that follows happen.
func playingState(_ size: Size = Size(columns: 120, rows: 36)) -> StudioState {
    var state = freshState(size)
    press(&state, "j", "j", "j")
    _ = update(&state, .key(KeyStroke(.enter)))
    _ = update(&state, .opened(opening: state.deck.opening, testFacts))
    _ = update(&state, .measured(opening: state.deck.opening, testProfile()))
    _ = update(&state, .settled(version: state.master.version))
    _ = update(&state, .solved(version: state.master.version, testSolution()))
    return state
}

func testMeters(position: Double) -> MeterFrame {
    var frame = MeterFrame()
    frame.position = position
    for band in 0..<MeterFrame.bandCount {
        // Falls towards the treble, with a bump; the original lies lower and duller.
        let tilt = -14 - Float(band) * 0.4 + (band % 9 == 4 ? 6 : 0)
        frame.master.spectrum[band] = tilt
        frame.original.spectrum[band] = tilt - 5 + (band > 60 ? -6 : 0) + (band % 13 == 2 ? 9 : 0)
    }
    (frame.master.momentary, frame.master.shortTerm, frame.master.integrated) = (-13.8, -14.1, -14.0)
    (frame.master.loudnessRange, frame.master.truePeak, frame.master.correlation) = (6.1, -1.0, 0.62)
    (frame.master.peakLeft, frame.master.peakRight) = (-3.2, -4.1)
    (frame.original.momentary, frame.original.shortTerm, frame.original.integrated) = (-18.4, -18.0, -17.9)
    (frame.compressorReduction, frame.limiterReduction) = (-1.2, -2.5)
    return frame
}

func playerSnapshot(position: Double, playing: Bool = true, voice: Voice = .master) -> PlayerSnapshot {
    var snapshot = PlayerSnapshot()
    (snapshot.loaded, snapshot.playing, snapshot.position, snapshot.duration) = (true, playing, position, 221)
    (snapshot.voice, snapshot.sinkDescription, snapshot.hasSound) = (voice, "ALSA default", true)
    return snapshot
}

/// `steps` frames of playing, 50 ms apart, up to `seconds`.
func play(_ state: inout StudioState, to seconds: Double, from start: Double = 0, every step: Double = 0.25) {
    var position = start
    while position <= seconds {
        var meters = testMeters(position: position)
        let swing = (position / 7).truncatingRemainder(dividingBy: 1) * 8
        meters.master.momentary = -12 - swing
        meters.master.shortTerm = -13 - swing / 2
        _ = update(&state, .player(playerSnapshot(position: position, voice: state.deck.voice), meters, milliseconds: Int64(position * 1000) + 1000))
        position += step
    }
}

/// Types characters as keys; returns all effects.
@discardableResult
func press(_ state: inout StudioState, _ keys: Character...) -> [Effect] {
    keys.flatMap { update(&state, .key(.character($0))) }
}

@discardableResult
func press(_ state: inout StudioState, _ key: KeyStroke) -> [Effect] { update(&state, .key(key)) }

/// A small generator with a printed seed (SplitMix64, Steele et al., OOPSLA 2014).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The picture, where a local name would hide the function.
func screen(_ state: StudioState, _ size: Size) -> Frame { view(state, size: size) }

/// The rows without the blanks at their ends.
func text(_ frame: Frame) -> String {
    var out = ""
    for line in frame.lines {
        var end = Substring(line)
        while end.last == " " { end = end.dropLast() }
        out += end + "\n"
    }
    return out
}
