import Composition
import DSP

/// Plays the acoustic instruments of a score from a bank of samples, by FluidSynth on one thread without its own reverb and chorus: the same on every run.
///
/// What is electronic by nature (synthesisers, drum machines) stays with the built-in synthesis, which makes it better than samples do.
/// A note begins with the next 64 frames, which is how finely FluidSynth keeps time.
public final class BankPlayer {
    private struct Event {
        var frame: Int
        /// Ends before beginnings.
        var order: Int
        var slot: Int
        var key: Int
        /// 0 ends the note.
        var velocity: Int
    }

    private let fluid: FluidLibrary
    private let settings: FluidLibrary.Handle?
    private let synth: FluidLibrary.Handle?
    /// Tracks that are played here, by their place in the score.
    private let tracks: [Int]
    private var events: [Event] = []
    private var next = 0
    private var gains: [Double]
    private let samples: [UnsafeMutablePointer<Float>]
    private let rows: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>

    /// Kits of the bank, as its General MIDI programs of bank 128.
    private static let kits = ["acoustic": 0, "rock": 16, "brushes": 40]

    static func plays(_ track: Track, kit: String) -> Bool {
        guard let program = track.voice.program else { return kits[kit] != nil }
        // Synthesised by nature: synth basses, synth brass, leads, pads, effects.
        return !(38...39).contains(program) && !(62...63).contains(program) && !(80...103).contains(program) && program < 120
    }

    /// - Throws: `SoundBank.Absence`.
    public init(_ bank: SoundBank, _ score: Score, rate: Int) throws(SoundBank.Absence) {
        guard let fluid = FluidLibrary.shared else { throw .noLibrary }
        let kit = score.brief.genre.kit
        // FluidSynth has 128 outputs at most; a score has a dozen tracks.
        tracks = Array(score.tracks.indices.filter { Self.plays(score.tracks[$0], kit: kit) }.prefix(64))
        self.fluid = fluid
        settings = fluid.newSettings()
        let outputs = Int32(max(1, tracks.count))
        for (name, value) in [("synth.audio-channels", outputs), ("synth.audio-groups", outputs), ("synth.midi-channels", (outputs + 15) / 16 * 16), ("synth.reverb.active", 0), ("synth.chorus.active", 0),
                              ("synth.cpu-cores", 1), ("synth.dynamic-sample-loading", 1), ("synth.polyphony", 256), ("synth.lock-memory", 0)] { _ = fluid.setWhole(settings, name, value) }
        _ = fluid.setNumber(settings, "synth.sample-rate", Double(rate))
        _ = fluid.setNumber(settings, "synth.gain", 0.5)
        synth = fluid.newSynth(settings)
        samples = (0..<2 * Int(outputs)).map { _ in
            let row = UnsafeMutablePointer<Float>.allocate(capacity: MixRenderer.blockFrames)
            row.initialize(repeating: 0, count: MixRenderer.blockFrames)
            return row
        }
        rows = .allocate(capacity: samples.count)
        rows.initialize(repeating: nil, count: samples.count)
        gains = Array(repeating: 1, count: tracks.count)

        let font = synth == nil ? -1 : fluid.load(synth, bank.path, 0)
        guard font >= 0 else { throw .unusable(path: bank.path) }
        for (slot, index) in tracks.enumerated() {
            let track = score.tracks[index]
            let (isDrums, program) = (track.isDrums, track.voice.program ?? Self.kits[kit] ?? 0)
            _ = fluid.setKind(synth, Int32(slot), isDrums ? 1 : 0)
            if fluid.selectProgram(synth, Int32(slot), font, isDrums ? 128 : 0, Int32(program)) != 0, fluid.selectProgram(synth, Int32(slot), font, isDrums ? 128 : 0, 0) != 0 { throw .unusable(path: bank.path) }
            gains[slot] = listen(to: track, slot: slot, rate: rate)
            add(track, slot, score, rate)
        }
        events.sort { ($0.frame, $0.order, $0.slot, $0.key) < ($1.frame, $1.order, $1.slot, $1.key) }
    }

    deinit {
        fluid.deleteSynth(synth)
        fluid.deleteSettings(settings)
        for row in samples { row.deallocate() }
        rows.deallocate()
    }

    /// Where a track of the score is found; nil when it is not played here.
    func slot(of track: Int) -> Int? { tracks.firstIndex(of: track) }

    private func add(_ track: Track, _ slot: Int, _ score: Score, _ rate: Int) {
        // A key that is struck again while it sounds is let go first.
        var ends: [Int: Int] = [:]
        var notes = track.notes
        for i in notes.indices {
            if let before = ends[notes[i].pitch], notes[before].end > notes[i].start { notes[before].length = max(1, notes[i].start - notes[before].start) }
            ends[notes[i].pitch] = i
        }
        for note in notes where (0...127).contains(note.pitch) {
            let start = score.frame(note.start, rate: rate)
            events.append(Event(frame: start, order: 1, slot: slot, key: note.pitch, velocity: max(1, min(127, note.velocity))))
            // A drum rings as long as it was recorded.
            if !track.isDrums { events.append(Event(frame: max(start + 64, score.frame(note.end, rate: rate)), order: 0, slot: slot, key: note.pitch, velocity: 0)) }
        }
    }

    /// The gain that brings a note of middle height, or the kit's backbeat, to where built-in patches stand.
    private func listen(to track: Track, slot: Int, rate: Int) -> Double {
        let key = track.isDrums ? 38 : track.voice.roles.first == .bass ? 38 : min(max(60, track.voice.low + 5), track.voice.high - 5)
        _ = fluid.noteOn(synth, Int32(slot), Int32(key), 89)
        var (smoothed, loudest, peak) = (0.0, 0.0, 0.0)
        for _ in 0..<rate / 2 / MixRenderer.blockFrames {
            process(MixRenderer.blockFrames, from: 0, clearing: true)
            var power = 0.0
            for i in 0..<MixRenderer.blockFrames {
                let (l, r) = (Double(samples[2 * slot][i]), Double(samples[2 * slot + 1][i]))
                power += (l * l + r * r) * 0.5
                peak = max(peak, abs(l), abs(r))
            }
            // As `TableStore` listens.
            smoothed += 0.04 * (power / Double(MixRenderer.blockFrames) - smoothed)
            loudest = max(loudest, smoothed)
        }
        _ = fluid.noteOff(synth, Int32(slot), Int32(key))
        _ = fluid.silence(synth, Int32(slot))
        // What was let go fades out unheard.
        for _ in 0..<8 { process(MixRenderer.blockFrames, from: 0, clearing: true) }
        if track.isDrums { return peak > 0 ? 0.45 / peak : 1 }
        return loudest > 0 ? 0.1 / loudest.squareRoot() : 1
    }

    private func process(_ frames: Int, from: Int, clearing: Bool) {
        for (n, row) in samples.enumerated() {
            if clearing { (row + from).update(repeating: 0, count: frames) }
            rows[n] = row + from
        }
        _ = fluid.process(synth, Int32(frames), 0, nil, Int32(samples.count), rows)
    }

    /// Makes the next frames of all its tracks. `frames` ≤ `MixRenderer.blockFrames`.
    func advance(at frame: Int, frames: Int) {
        guard !tracks.isEmpty else { return }
        var done = 0
        while done < frames {
            while next < events.count, events[next].frame <= frame + done { send(events[next]) }
            let stop = next < events.count ? min(frames, events[next].frame - frame) : frames
            process(stop - done, from: done, clearing: true)
            done = stop
        }
    }

    private func send(_ event: Event) {
        next += 1
        if event.velocity > 0 { _ = fluid.noteOn(synth, Int32(event.slot), Int32(event.key), Int32(event.velocity)) } else { _ = fluid.noteOff(synth, Int32(event.slot), Int32(event.key)) }
    }

    /// Back to the first note; what ends later than the piece ends now.
    func rewind() {
        while next < events.count { if events[next].velocity == 0 { send(events[next]) } else { next += 1 } }
        next = 0
    }

    func read(_ slot: Int, _ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, _ frames: Int) {
        let (l, r, gain) = (samples[2 * slot], samples[2 * slot + 1], gains[slot])
        for i in 0..<frames {
            left[i] = Double(l[i]) * gain
            right[i] = Double(r[i]) * gain
        }
    }
}
