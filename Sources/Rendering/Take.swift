import Composition
import Instruments

/// A piece that is ready to be played: what was read out of the prompt, the score, and its picture.
public struct Take: Sendable {
    public let score: Score
    public let reading: Reading

    /// Reads and composes. Some ten milliseconds for a song.
    public init(_ request: GenerateRequest, genres: [Genre]) {
        let (brief, reading) = request.brief(genres: genres)
        self.reading = reading
        score = Composer.compose(brief)
    }

    public var frames: Int { score.frames(rate: LocalTier.generationRate) }
    /// Hz.
    public static var rate: Int { LocalTier.generationRate }

    /// Plays it into `sound`, block by block.
    /// - Parameter progress: frames that are there; false ends the work.
    /// - Returns: whether all of it is there.
    public func play(into sound: TakeSound, progress: (Int) -> Bool) -> Bool {
        // A brief from elsewhere may ask for a bank that is not here; the take is then heard in the built-in sounds.
        let bank = score.brief.sounds == .bank ? (try? SoundBank.installed()).flatMap { try? BankPlayer($0, score, rate: Self.rate) } : nil
        let renderer = MixRenderer(score, rate: Self.rate, bank: bank)
        while true {
            let at = renderer.frame
            let frames = renderer.render()
            if frames == 0 { return true }
            guard sound.write(renderer.mix.block, at: at, frames: frames), progress(at + frames) else { return false }
        }
    }

    /// How much each track plays in each bar: notes weighed by velocity, 0…1 of the busiest bar of that track. Tracks × bars.
    public var activity: [[Float]] {
        let bar = score.brief.meter.ticksPerBar
        return score.tracks.map { track in
            var bars = [Float](repeating: 0, count: score.brief.bars)
            for note in track.notes {
                // A held note counts in every bar it sounds in; one that a hand strikes a little early, or holds a little long, not in the bar it only touches.
                let edge = min(note.length / 2, Meter.quarter / 8)
                let (first, last) = (max(0, (note.start + edge) / bar), max(0, min(bars.count - 1, (note.end - 1 - edge) / bar)))
                for i in first...max(first, last) where bars.indices.contains(i) { bars[i] += Float(note.velocity) }
            }
            let most = max(1, bars.max() ?? 1)
            return bars.map { $0 / most }
        }
    }
}
