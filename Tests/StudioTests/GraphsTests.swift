import Glibc
import Mastering
import Playback
import Terminal
import Testing
@testable import Studio

/// What the graphs say beyond the plain meters: the balance that is aimed at, bands, and files on their way.
@Suite("Graphs")
struct GraphsTests {
    private static func analysis() -> Analysis {
        var analysis = testProfile().analysis
        // Nominal third octaves from 20 Hz to 20 kHz, all equal.
        analysis.bands = (0...30).map { Analysis.Band(hz: 1000 * pow(10, Double($0 - 17) / 10), db: -30) }
        return analysis
    }

    private static let curve = ToneTarget(
        id: "test", name: "Test", kind: .genre, source: "test", date: "2026-11-30",
        points: [.init(hz: 20, db: 12), .init(hz: 1000, db: 0), .init(hz: 20_000, db: -24)])

    /// A band of a third octave holds more of an even programme than one of 96 in three decades: 10 lg(3 / (96 / log2 1000)) = -5.06 dB.
    @Test func theBalanceLiesAtTheLevelOfTheFileAndItsMaster() throws {
        let line = try #require(BalanceLine(Self.analysis(), target: Self.curve, masterLUFS: -14))
        #expect(line.name == "Test" && (line.masterDB - 3.9).magnitude < 0.001)
        func level(_ hz: Double) -> Double? { (0..<MeterFrame.bandCount).min { (MeterFrame.bandHz($0) - hz).magnitude < (MeterFrame.bandHz($1) - hz).magnitude }.flatMap { line.levels[$0] } }
        let middle = try #require(level(1000)), low = try #require(level(100)), high = try #require(level(8000))
        // From 20 Hz to 1 kHz it falls by 12 dB, from there to 20 kHz by 24, evenly over the logarithm of the frequency.
        #expect((low - middle - 12 * log(10) / log(50)).magnitude < 0.3)
        #expect((middle - high - 24 * log(8) / log(20)).magnitude < 0.3)
        // Of the twenty third octaves from 100 Hz to 8 kHz the middle one is 1 kHz, where the curve reads 0.
        #expect((middle - (-30 - 5.06)).magnitude < 0.3)
        var silent = Self.analysis()
        silent.integratedLUFS = nil
        #expect(BalanceLine(silent, target: Self.curve, masterLUFS: nil) == nil)
    }

    @Test(arguments: GlyphSet.allCases)
    func theBalanceIsDottedBetweenTheBars_andMovesWithTheVoice(glyphs: GlyphSet) throws {
        let size = Size(columns: 200, rows: 60)
        var state = playingState(size)
        state.glyphs = glyphs
        play(&state, to: 2)
        let plain = screen(state, size)
        var solved = testSolution()
        solved.balance = BalanceLine(name: "Commercial", levels: [Double?](repeating: -30, count: MeterFrame.bandCount), masterDB: 12)
        _ = update(&state, .solved(version: state.master.version, solved))
        let dotted = screen(state, size)
        func row(_ frame: Frame) -> Int? {
            let changed = frame.lines.indices.filter { row in !frame.lines[row].contains("dotted") && zip(frame.lines[row], plain.lines[row]).count { $0 != $1 } > 20 }
            return changed.count == 1 ? changed[0] : nil
        }
        guard let master = row(dotted) else { Issue.record("no dotted row"); return }
        #expect(text(dotted).contains("dotted: Commercial"))
        // The bars are as they were.
        let bars: Set<Character> = glyphs == .ascii ? ["#", ":"] : ["█", "░"]
        #expect(dotted.lines[master].count { bars.contains($0) } == plain.lines[master].count { bars.contains($0) })
        // It stays while a turn of a knob is being solved, and lies lower for the original.
        press(&state, "2", "l")
        #expect(text(screen(state, size)).contains("dotted: Commercial"))
        press(&state, "D")
        #expect(!text(screen(state, size)).contains("dotted"))
        solved.balance = nil
        _ = update(&state, .solved(version: state.master.version, solved))
        press(&state, "D")
        #expect(!text(screen(state, size)).contains("dotted"))
    }

    @Test func eachBandsReductionIsShownWhereTheBandsWork() {
        for size in [Size(columns: 80, rows: 24), Size(columns: 120, rows: 36), Size(columns: 200, rows: 60)] {
            var state = playingState(size)
            play(&state, to: 2)
            #expect(!text(screen(state, size)).contains("bands"))
            state.master.sound.preset.multiband.on = true
            var meters = testMeters(position: 2.2)
            meters.bandReductions = SIMD4(-2.4, -1.2, 0, -0.3)
            _ = update(&state, .player(playerSnapshot(position: 2.2), meters, milliseconds: 9000))
            #expect(text(screen(state, size)).contains("bands -2.4 -1.2 0.0 -0.3"), "\(size)")
            press(&state, "2")
            state.master.selectedKey = "multiband.on"
            if size.rows >= 36 { #expect(text(screen(state, size)).contains("now -2.4, -1.2, 0.0, -0.3 dB"), "\(size)") }
        }
    }

    @Test(arguments: GlyphSet.allCases)
    func aLongFileIsDrawnAsFarAsItHasBeenRead(glyphs: GlyphSet) {
        let size = Size(columns: 120, rows: 36)
        var state = freshState(size)
        state.glyphs = glyphs
        press(&state, "j", "j", "j")
        press(&state, KeyStroke(.enter))
        _ = update(&state, .opened(opening: state.deck.opening, testFacts))
        let wave = [WaveColumn](repeating: WaveColumn(low: -0.9, high: 0.9), count: 300)
        func drawn() -> [Bool] {
            let area = Layout(size: size, view: .files, focus: .view(.files)).panels.first { $0.id == .waveform }?.rect.inset() ?? Rect(x: 0, y: 0, columns: 0, rows: 0)
            return Array(screen(state, size).lines[area.y + area.rows / 2])[area.x..<area.maxX].map { $0 != " " && $0 != "\u{2800}" }
        }
        _ = update(&state, .picture(opening: state.deck.opening - 1, fraction: 0.9, wave: wave))
        #expect(text(screen(state, size)).contains("measuring 0 %"), "another file's is not drawn")
        _ = update(&state, .measuring(opening: state.deck.opening, fraction: 0.5))
        _ = update(&state, .picture(opening: state.deck.opening, fraction: 0.5, wave: wave))
        let half = drawn().count { $0 }
        // Of 54 columns; the play head stands in the first.
        #expect((26...29).contains(half), "\(half)")
        #expect(text(screen(state, size)).contains("measuring 50 %"))
        _ = update(&state, .picture(opening: state.deck.opening, fraction: 1, wave: wave))
        #expect(drawn().allSatisfy { $0 })
        _ = update(&state, .measurementGone(opening: state.deck.opening))
        #expect(state.deck.growing == nil)
        _ = update(&state, .picture(opening: state.deck.opening, fraction: 0.5, wave: wave))
        #expect(state.deck.growing == nil, "what was destroyed does not come back")
    }
}
