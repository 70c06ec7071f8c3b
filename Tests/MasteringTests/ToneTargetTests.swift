import DSP
import Foundation
import Testing
@testable import Mastering

@Suite struct ToneTargetTests {
    static let head = "schema = 1\nid = \"x\"\nkind = \"genre\"\ndate = \"2026-11-21\"\n"

    private func refusal(_ text: String) -> PresetError? {
        do throws(PresetError) {
            _ = try ToneTarget.parse(toml: text, file: "x.toml")
            return nil
        } catch {
            return error
        }
    }

    @Test func everyKeyIsRead() throws {
        let curve = try ToneTarget.parse(toml: """
            schema = 1
            id = "mine"
            name = "Mine"
            kind = "reference"
            material = "speech"
            source = "Measured"
            date = "2026-11-21"
            edge_hz = 16000
            loudness_lufs = -9.5
            [levels]
            hz = [100, 1000, 10000.5]
            db = [0, -3.25, -20]
            sigma_db = [4, 3, 5]
            side_db = [-30, -12, -25]
            [[reference]]
            name = "one.wav"
            weight = 2
            [[reference]]
            name = "two.wav"
            """, file: "mine.toml")
        #expect(curve.id == "mine" && curve.name == "Mine" && curve.kind == .reference && curve.material == .speech)
        #expect(curve.source == "Measured" && curve.date == "2026-11-21" && curve.edgeHz == 16_000 && curve.loudnessLUFS == -9.5)
        #expect(curve.points[1] == ToneTarget.Point(hz: 1000, db: -3.25, sigmaDB: 3, sideDB: -12) && curve.points.count == 3)
        #expect(curve.references == [.init(name: "one.wav", weight: 2), .init(name: "two.wav", weight: 1)])
        #expect(try ToneTarget.parse(toml: curve.toml(), file: "again.toml") == curve)
    }

    @Test(arguments: [
        ("schema = 2\n", 1, "schema must be 1"),
        (head + "[levels]\nhz = [1, 100]\ndb = [0, 0]\n", 6, "10 to 24000"),
        (head + "[levels]\nhz = [100, 100]\ndb = [0, 0]\n", 6, "must rise"),
        (head + "[levels]\nhz = [100]\ndb = [0]\n", 6, "2 to 512"),
        (head + "[levels]\nhz = [100, 200]\ndb = [0]\n", 7, "1 values for 2"),
        (head + "[levels]\nhz = [100, 200]\ndb = [0, nan]\n", 7, "-120 to 120"),
        (head + "[levels]\nhz = [100, 200]\ndb = [0, 1]\nsigma_db = [-1, 1]\n", 8, "0 to 24"),
        (head + "[levels]\nhz = [100, 200]\ndb = [0, 1]\nsigmadb = [1, 1]\n", 8, "did you mean 'sigma_db'"),
        (head + "[levels]\nhz = [100, 200]\n", 5, "has no db"),
        (head + "level = 1\n", 5, "unknown key 'level'"),
        (head, nil, "no [levels]"),
        ("schema = 1\nid = \"../x\"\n", 2, "lower-case"),
        ("schema = 1\nid = \"x\"\nkind = \"style\"\n", 3, "genre, reference"),
        ("schema = 1\nid = \"x\"\nkind = \"genre\"\ndate = \"yesterday\"\n", 4, "needs a date"),
        (head + "name = \"a\\u001b[31m\"\n", 5, "control or invisible"),
        (head + "[levels]\nhz = [100, 200]\ndb = [0, 1]\n[[reference]]\nweight = 1\n", 8, "needs a name"),
        (head + "[levels]\nhz = [100, 200]\ndb = [0, 1]\n[[reference]]\nname = \"a\"\nweight = 0\n", 10, "0.001 to 1000"),
        ("a = \u{0}\n", 1, "NUL"), ("schema = 1\nid = \"a\\u0000\"\n", 2, "NUL"),
    ] as [(String, Int?, String)])
    func whatIsWrongIsNamedWithItsLine(text: String, line: Int?, says: String) throws {
        let error = try #require(refusal(text))
        #expect(error.message.contains(says), "\(error.message)")
        #expect(error.line == line, "\(error.message)")
        #expect(error.exitCode == 65)
    }

    @Test func hugeAndDeepFilesAreRefusedBeforeTheyAreParsed() throws {
        #expect(try #require(refusal(String(repeating: "#", count: 64 * 1024 + 1))).message.contains("64 KiB"))
        let deep = Array(repeating: "a", count: 30_000).joined(separator: ".") + " = 1"
        #expect(try #require(refusal(deep)).message.contains("nesting"))
    }

    @Test func levelsLieBetweenThePointsAlongLogFrequency_andNowhereBeyond() {
        let curve = ToneTarget(
            id: "x", name: "x", kind: .genre, source: "", date: "2026-11-21",
            points: [.init(hz: 100, db: 0, sigmaDB: 2), .init(hz: 1600, db: -8, sigmaDB: 4)])
        let levels = curve.levels(at: [50, 100, 200, 400, 1600, 3200])
        #expect(levels[0] == nil && levels[5] == nil)
        #expect(zip(levels[1...4], [0.0, -2, -4, -8]).allSatisfy { ($0! - $1).magnitude < 1e-9 })
        #expect((curve.tolerances(at: [400])[0]! - 3).magnitude < 1e-9)
        #expect(curve.sideLevels(at: [400])[0] == nil && !curve.hasSide)
    }

    @Test func theFactoryHasItsGenres_allReadable_datedAndSourced() throws {
        let list = ToneLibrary.list().filter(\.isFactory)
        #expect(list.map(\.id) == ["classical", "commercial", "electronic", "folk", "hip-hop", "jazz", "pop", "rock", "speech"])
        for entry in list {
            #expect(entry.problem == nil && entry.kind == .genre)
            let curve = try ToneLibrary.load(entry.id)
            #expect(curve.id == entry.id && curve.source.count > 80 && curve.date >= "2026-11-21")
            #expect(curve.material == (entry.id == "speech" ? .speech : .music))
            #expect(curve.points.allSatisfy { $0.sigmaDB >= 3 && $0.sideDB == nil })
        }
    }

    /// Elowsson & Friberg, AES 142 (2017): −2.35, −3.67, −4.99, −6.30, −7.62, −8.94 dB per octave of density at 200, 400 … 6400 Hz; a band of
    /// constant relative width doubles with frequency: +3.01.
    @Test func theCommercialCurveHasTheMeasuredSlopes() throws {
        let curve = try ToneLibrary.load("commercial")
        for (hz, slope) in [(200.0, -2.35), (400, -3.67), (800, -4.99), (1600, -6.30), (3200, -7.62), (6400, -8.94)] {
            let ends = curve.levels(at: [hz / 2, hz * 2])
            let measured = (ends[1]! - ends[0]!) / 2
            #expect((measured - (slope + 3.01)).magnitude < 0.08, "\(hz) Hz: \(measured)")
        }
    }

    /// Byrne et al., JASA 96 (1994), combined men and women: 62.1 dB at 500 Hz, 53.7 at 1 kHz, 45.6 at 4 kHz, 57.7 at 125 Hz.
    @Test func theSpeechCurveIsTheInternationalOne() throws {
        let levels = try ToneLibrary.load("speech").levels(at: [125, 500, 1000, 4000])
        #expect(zip(levels, [57.7, 62.1, 53.7, 45.6]).allSatisfy { ($0! - ($1 - 62.1)).magnitude < 0.05 })
    }

    @Test func aSavedCurveComesBack_andAFactoryNameIsRefused() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-curves-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var curve = try ToneLibrary.load("rock")
        #expect(#expect(throws: PresetError.self) { try ToneLibrary.save(curve, in: folder) }?.exitCode == 64)
        curve.id = "my-rock"
        let path = try ToneLibrary.save(curve, in: folder)
        #expect(path == folder + "/my-rock.toml")
        #expect(try ToneLibrary.load(path) == curve)
        curve.id = "../up"
        #expect(throws: PresetError.self) { try ToneLibrary.save(curve, in: folder) }
        #expect(#expect(throws: PresetError.self) { try ToneLibrary.load("rok") }?.message.contains("did you mean 'rock'") == true)
        #expect(#expect(throws: PresetError.self) { try ToneLibrary.load(folder + "/none.toml") }?.exitCode == 66)
    }
}
