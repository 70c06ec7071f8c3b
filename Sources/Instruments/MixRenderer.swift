import Composition
import DSP

/// Plays a score into stems and their mix, in time order and constant memory: the first block is there at once.
///
/// A stem is a part behind its inserts, level and ducking; what reverb and echo return is a stem of its own. The bus compressor's gain is
/// found on the sum and applied to every stem alike, so the stems add up to the mix.
public final class MixRenderer {
    /// Frames in a full block.
    public static let blockFrames = 256

    public let score: Score
    public let rate: Int
    /// Names of the stems, the space's last.
    public let stemNames: [String]
    public let totalFrames: Int
    /// Frames given so far.
    public private(set) var frame = 0
    /// Two rows each; the first `frames` of the last `render()` are valid.
    public let mix: AudioBuffer
    public let stems: [AudioBuffer]

    private let parts: [PartRenderer]
    private let bank: BankPlayer?
    private let levels: [Double]
    private let ducks: [Double]
    private let reverb: Reverb
    private var echo: Echo
    private let reverbIn: AudioBuffer
    private let echoIn: AudioBuffer
    private let reverbSends: [Double]
    private let echoSends: [Double]
    private var glue: Glue
    private var rounding: PeakRounding
    private let duck: Ducking
    private let fadeFrames: Int
    /// A row for gains that change by the frame.
    private let gains = AudioBuffer(channels: 1, frames: MixRenderer.blockFrames)

    /// - Parameters:
    ///   - rate: Hz.
    ///   - bank: plays what it can of this score; the rest, or all without it, is synthesised.
    public init(_ score: Score, rate: Int, bank: BankPlayer? = nil) {
        self.score = score
        self.rate = rate
        let tables = TableStore(rate: Double(rate))
        self.bank = bank
        parts = score.tracks.enumerated().map { index, track in PartRenderer(track, score: score, rate: rate, tables: tables, bank: bank.flatMap { bank in bank.slot(of: index).map { (bank, $0) } }) }
        stemNames = score.tracks.map(\.name) + ["space"]
        totalFrames = score.frames(rate: rate)
        mix = AudioBuffer(channels: 2, frames: Self.blockFrames)
        stems = (0...score.tracks.count).map { _ in AudioBuffer(channels: 2, frames: Self.blockFrames) }
        let genre = score.brief.genre
        levels = score.tracks.map { FastMath.amplitude(dB: MixLevels.level($0) + $0.part.level) }
        ducks = score.tracks.map { MixLevels.ducking($0.part.role) }
        reverbSends = score.tracks.map(\.part.reverb)
        echoSends = score.tracks.map(\.part.delay)
        reverb = Reverb(seconds: genre.mix.reverbSeconds, tone: genre.mix.reverbTone, rate: Double(rate))
        let beat = score.brief.secondsPerTick * Double(Meter.quarter * rate)
        echo = Echo(frames: Int((beat * genre.mix.delayBeats).rounded()), feedback: genre.mix.delayFeedback, rate: Double(rate))
        reverbIn = AudioBuffer(channels: 2, frames: Self.blockFrames)
        echoIn = AudioBuffer(channels: 2, frames: Self.blockFrames)
        glue = Glue(workDB: genre.mix.glue, rate: Double(rate))
        rounding = PeakRounding(crestDB: genre.mix.crest, rate: Double(rate))
        duck = Ducking(score, rate: rate)
        fadeFrames = score.brief.isLoop ? 0 : min(totalFrames / 4, Int(0.6 * Double(rate)))
        if score.brief.isLoop { lapUnheard() }
    }

    /// A loop's first pass is not heard: what still sounds at its end sounds over its beginning.
    private func lapUnheard() {
        while frame < totalFrames { advance() }
        frame = 0
        for part in parts { part.rewind() }
        bank?.rewind()
    }

    /// Renders the next block into `mix` and `stems`.
    /// - Returns: its frames; 0 when the piece is over.
    public func render() -> Int {
        guard frame < totalFrames else { return 0 }
        return advance()
    }

    @discardableResult
    private func advance() -> Int {
        let frames = min(Self.blockFrames, totalFrames - frame)
        let (send, delay) = (reverbIn.block, echoIn.block)
        send.clear(frames: frames)
        delay.clear(frames: frames)
        let loss = gains.block[0]
        bank?.advance(at: frame, frames: frames)
        let isDucking = duck.fill(loss, at: frame, frames: frames)
        for (n, part) in parts.enumerated() {
            let stem = stems[n].block
            part.render(stem[0], stem[1], at: frame, frames: frames)
            let (level, depth) = (levels[n], isDucking ? ducks[n] : 0)
            let (r, e) = (reverbSends[n], echoSends[n])
            for c in 0..<2 {
                let (row, toRoom, toEcho) = (stem[c], send[c], delay[c])
                for i in 0..<frames {
                    let x = row[i] * level * (1 - loss[i] * depth)
                    row[i] = x
                    toRoom[i] += x * r
                    toEcho[i] += x * e
                }
            }
        }
        let space = stems[parts.count].block
        space.clear(frames: frames)
        echo.process(delay[0], delay[1], space[0], space[1], frames)
        // Echoes stand in the room as well.
        for c in 0..<2 { for i in 0..<frames { send[c][i] += space[c][i] * 0.25 } }
        reverb.process(send[0], send[1], space[0], space[1], frames)

        let sum = mix.block
        sum.clear(frames: frames)
        for stem in stems {
            for c in 0..<2 {
                let (row, total) = (stem.block[c], sum[c])
                for i in 0..<frames { total[i] += row[i] }
            }
        }
        let gain = gains.block[0]
        for i in 0..<frames {
            let held = glue.gain(sum[0][i], sum[1][i])
            gain[i] = held * rounding.gain(sum[0][i] * held, sum[1][i] * held) * fade(at: frame + i)
        }
        for row in (stems + [mix]).flatMap({ [$0.block[0], $0.block[1]] }) { for i in 0..<frames { row[i] *= gain[i] } }
        frame += frames
        return frames
    }

    /// The last notes end with the file.
    private func fade(at frame: Int) -> Double {
        let left = totalFrames - frame
        guard left < fadeFrames else { return 1 }
        let x = Double(left) / Double(fadeFrames)
        return x * x * (3 - 2 * x)
    }
}
