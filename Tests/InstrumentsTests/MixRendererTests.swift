@testable import Composition
@testable import Instruments
import DSP
import Foundation
import Testing

enum Shipped {
    static let genres: [Genre] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Presets/Generation")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".toml") }.sorted()) ?? []
        return names.compactMap { name in
            (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)).flatMap { try? Genre.parse(toml: $0, file: name) }
        }
    }()

    static func score(_ prompt: String, seed: UInt64 = 1) -> Score {
        Composer.compose(Brief(PromptReader.read(prompt, genres: genres), genres: genres, seed: seed))
    }

    /// The mix, the sum of the stems, left and right one after another.
    static func play(_ score: Score, rate: Int = 44_100) -> (mix: [[Double]], sum: [[Double]]) {
        let renderer = MixRenderer(score, rate: rate)
        var mix: [[Double]] = [[], []], sum: [[Double]] = [[], []]
        while true {
            let frames = renderer.render()
            if frames == 0 { break }
            for c in 0..<2 {
                mix[c] += UnsafeBufferPointer(start: renderer.mix.block[c], count: frames)
                sum[c] += (0..<frames).map { i in renderer.stems.reduce(0) { $0 + $1.block[c][i] } }
            }
        }
        return (mix, sum)
    }

    static func decibels(_ x: [Double]) -> Double { 10 * log10(x.reduce(0) { $0 + $1 * $1 } / Double(max(1, x.count)) + 1e-30) }
}

struct MixRendererTests {
    @Test func stemsAddUpToTheMix() {
        let (mix, sum) = Shipped.play(Shipped.score("house in A minor, 126 bpm, 4 bars"))
        let rest = zip(mix[0] + mix[1], sum[0] + sum[1]).map { $0 - $1 }
        #expect(Shipped.decibels(rest) - Shipped.decibels(mix[0] + mix[1]) < -200)
    }

    @Test func theSameScoreGivesTheSameSamples() {
        let score = Shipped.score("lofi, 2 bars", seed: 4)
        let (a, b) = (Shipped.play(score).mix, Shipped.play(score).mix)
        #expect(a == b)
    }

    @Test func barsAreExactToTheSample() {
        let (mix, _) = Shipped.play(Shipped.score("synthwave, 100 bpm, 3 bars"))
        // 3 bars of 2.4 s.
        #expect(mix[0].count == Int(7.2 * 44_100))
    }

    @Test func aLoopHasNoSeam() {
        let score = Shipped.score("ambient pads loop, 4 bars, 90 bpm")
        let (mix, _) = Shipped.play(score)
        for row in mix {
            let steps = zip(row, row.dropFirst()).map { abs($1 - $0) }.max() ?? 0
            #expect(abs(row[0] - row[row.count - 1]) <= steps)
        }
        // What sounds at the end sounds on: the start of a loop is not silent.
        #expect(Shipped.decibels(Array(mix[0].prefix(2000))) > -60)
    }

    @Test func theLowEndIsMono() {
        let (mix, _) = Shipped.play(Shipped.score("techno, 132 bpm, 4 bars, A minor"))
        var (mid, side) = ([Double](), [Double]())
        var low = (0.0, 0.0, 0.0, 0.0)
        let a = 2 * Double.pi * 60 / 44_100
        for (l, r) in zip(mix[0], mix[1]) {
            low.0 += a * ((l + r) / 2 - low.0)
            low.1 += a * (low.0 - low.1)
            low.2 += a * ((l - r) / 2 - low.2)
            low.3 += a * (low.2 - low.3)
            mid.append(low.1)
            side.append(low.3)
        }
        #expect(Shipped.decibels(side) < Shipped.decibels(mid) - 20)
    }

    @Test(arguments: Shipped.genres.map(\.id))
    func everyGenreSounds_finiteAndWithinRange(_ id: String) {
        var wish = Wish()
        wish.genre = id
        wish.bars = 2
        let (mix, _) = Shipped.play(Composer.compose(Brief(wish, genres: Shipped.genres, seed: 2)))
        let peak = (mix[0] + mix[1]).reduce(0) { max($0, $1.magnitude) }
        #expect(mix[0].allSatisfy(\.isFinite) && mix[1].allSatisfy(\.isFinite))
        #expect(peak < 4)
        let level = Shipped.decibels(mix[0] + mix[1])
        #expect(level > -40 && level < -8, "\(level)")
    }
}

/// Acoustic instruments from a bank, where one is installed; where none is, that is said.
struct BankTests {
    private func play(_ score: Score, _ bank: SoundBank) throws -> (mix: [[Double]], stems: [Double]) {
        let renderer = MixRenderer(score, rate: 44_100, bank: try BankPlayer(bank, score, rate: 44_100))
        var mix: [[Double]] = [[], []]
        var stems = [Double](repeating: 0, count: renderer.stems.count)
        while case let frames = renderer.render(), frames > 0 {
            for c in 0..<2 { mix[c] += UnsafeBufferPointer(start: renderer.mix.block[c], count: frames) }
            for (n, stem) in renderer.stems.enumerated() { for i in 0..<frames { stems[n] += stem.block[0][i] * stem.block[0][i] } }
        }
        return (mix, stems)
    }

    @Test func everyPartOfAnAcousticGenreSounds_theSameOnEveryRun() throws {
        let bank: SoundBank
        do { bank = try SoundBank.installed() } catch {
            #expect(error.message.contains("install"))
            return
        }
        for prompt in ["jazz trio in Bb, 140 bpm, 4 bars", "orchestral in D, 4 bars", "lofi loop in A minor, 4 bars"] {
            let score = Shipped.score(prompt)
            let (a, b) = (try play(score, bank), try play(score, bank))
            #expect(a.mix == b.mix)
            #expect(a.mix[0].count == score.frames(rate: 44_100))
            #expect(a.mix[0] != Shipped.play(score).mix[0], "the bank plays")
            for (n, track) in score.tracks.enumerated() { #expect(a.stems[n] > 0, "\(track.name) is silent") }
            // Exchanged for each other, neither of the two is much louder.
            #expect(abs(Shipped.decibels(a.mix[0]) - Shipped.decibels(Shipped.play(score).mix[0])) < 4, "\(prompt)")
        }
    }

    @Test func whatIsElectronicIsSynthesised() {
        let score = Shipped.score("synthwave in E minor, drums, 2 bars")
        for track in score.tracks where track.isDrums || track.voice.families.contains("synth") { #expect(!BankPlayer.plays(track, kit: score.brief.genre.kit), "\(track.name)") }
    }

    @Test func aBankThatIsNoneIsNamed() throws {
        guard FluidLibrary.shared != nil else { return }
        let score = Shipped.score("jazz, 1 bar")
        #expect(throws: SoundBank.Absence.unusable(path: "/dev/null")) { try BankPlayer(SoundBank(path: "/dev/null", name: "none", licence: "none"), score, rate: 44_100) }
    }
}
