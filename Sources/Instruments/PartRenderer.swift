import Composition
import DSP

/// Plays one track: starts notes where they stand, lets them sound, and sends the sum through the part's inserts.
final class PartRenderer {
    private enum Instrument {
        case drums(DrumKit)
        case pitched(Patch, gain: Double)
        /// From samples, by the slot it has there.
        case bank(BankPlayer, slot: Int)
    }

    private struct Stroke {
        var sample: DrumStroke
        var left: Double
        var right: Double
        var at: Int
    }

    let track: Track
    private var instrument: Instrument
    private let tables: TableStore
    private var fx: PartFX?
    private let rate: Double
    private let framesPerBar: Double
    /// Start and end of each note in frames.
    private let times: [(start: Int, end: Int)]
    private var next = 0
    private var voices: [any SoundingNote] = []
    private var strokes: [Stroke] = []
    private let scratch: UnsafeMutablePointer<SIMD2<Double>>
    private let panLeft: Double
    private let panRight: Double

    init(_ track: Track, score: Score, rate: Int, tables: TableStore, bank: (player: BankPlayer, slot: Int)? = nil) {
        self.track = track
        self.tables = tables
        self.rate = Double(rate)
        framesPerBar = score.brief.secondsPerBar * Double(rate)
        times = track.notes.map { (score.frame($0.start, rate: rate), max(score.frame($0.start, rate: rate) + 1, score.frame($0.end, rate: rate))) }
        scratch = .allocate(capacity: MixRenderer.blockFrames)
        scratch.initialize(repeating: .zero, count: MixRenderer.blockFrames)
        let framesPerBeat = score.brief.secondsPerTick * Double(Meter.quarter * rate)
        if let bank {
            instrument = .bank(bank.player, slot: bank.slot)
            if track.isDrums {
                (panLeft, panRight) = (1, 1)
                return
            }
            // Drive, chorus and tremolo are in the samples; what a mix needs is not.
            let own = PatchLibrary.patch(track.voice.name)
            fx = PartFX(Patch(source: own.source, lowCut: own.lowCut, isMono: own.isMono), rate: Double(rate), framesPerBeat: framesPerBeat, framesPerBar: framesPerBar)
            let pan = own.isMono ? 0 : track.part.pan
            panLeft = 1 - max(0, pan) * 0.8
            panRight = 1 + min(0, pan) * 0.8
            return
        }
        if track.isDrums {
            instrument = .drums(DrumKit(score.brief.genre.kit, rate: Double(rate)))
            (panLeft, panRight) = (1, 1)
        } else {
            let patch = PatchLibrary.patch(track.voice.name)
            instrument = .pitched(patch, gain: tables.gain(of: track.voice, patch, rate: Double(rate)))
            fx = PartFX(patch, rate: Double(rate), framesPerBeat: framesPerBeat, framesPerBar: framesPerBar)
            let pan = patch.isMono ? 0 : track.part.pan
            // Balance: the side that is turned from falls by up to 6 dB.
            panLeft = 1 - max(0, pan) * 0.8
            panRight = 1 + min(0, pan) * 0.8
        }
    }

    deinit { scratch.deallocate() }

    /// Back to the first note; what sounds goes on sounding.
    func rewind() { next = 0 }

    /// Fills both rows with the next frames. `frames` ≤ `MixRenderer.blockFrames`.
    func render(_ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, at frame: Int, frames: Int) {
        if case .bank(let player, let slot) = instrument {
            player.read(slot, left, right, frames)
            finish(left, right, at: frame, frames)
            return
        }
        left.update(repeating: 0, count: frames)
        right.update(repeating: 0, count: frames)
        var alive = 0
        for i in voices.indices {
            if voices[i].render(left, right, frames, scratch: scratch) {
                if alive != i { voices.swapAt(alive, i) }
                alive += 1
            }
        }
        voices.removeLast(voices.count - alive)
        while next < times.count, times[next].start < frame + frames {
            begin(next, left, right, offset: max(0, times[next].start - frame), frames)
            next += 1
        }
        play(left, right, frames)
        finish(left, right, at: frame, frames)
    }

    private func finish(_ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, at frame: Int, _ frames: Int) {
        fx?.process(left, right, frames, at: frame)
        if panLeft != 1 || panRight != 1 {
            for i in 0..<frames {
                left[i] *= panLeft
                right[i] *= panRight
            }
        }
    }

    private func begin(_ index: Int, _ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, offset: Int, _ frames: Int) {
        let note = track.notes[index]
        switch instrument {
        case .drums(var kit):
            let (sample, gain, pan) = kit.stroke(key: note.pitch, velocity: note.velocity, take: note.start / (Meter.quarter / 4))
            instrument = .drums(kit)
            strokes.append(Stroke(sample: sample, left: gain * (1 - max(0, pan) * 0.8), right: gain * (1 + min(0, pan) * 0.8), at: -offset))
        case .bank: break
        case .pitched(let patch, let gain):
            let order = NoteOrder(
                pitch: note.pitch, velocity: Double(note.velocity) / 127, held: times[index].end - times[index].start, rate: rate,
                framesPerBar: framesPerBar, seed: UInt64(note.start) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(note.pitch) &+ 1, gain: gain)
            var voice = tables.voice(patch, order)
            if voice.render(left + offset, right + offset, frames - offset, scratch: scratch) { voices.append(voice) }
        }
    }

    private func play(_ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, _ frames: Int) {
        for s in strokes.indices {
            let stroke = strokes[s]
            let from = max(0, -stroke.at)
            let count = min(frames, stroke.sample.left.count - stroke.at)
            if from < count {
                stroke.sample.left.withUnsafeBufferPointer { l in
                    stroke.sample.right.withUnsafeBufferPointer { r in
                        for i in from..<count {
                            left[i] += l[stroke.at + i] * stroke.left
                            right[i] += r[stroke.at + i] * stroke.right
                        }
                    }
                }
            }
            strokes[s].at += frames
        }
        strokes.removeAll { $0.at >= $0.sample.left.count }
    }
}
