import Foundation
import Mastering
import Playback
import PrivacyLedger
import Terminal
import Testing
@testable import Studio

/// What is kept for the next start, and how it is gone on with.
@Suite("Sessions")
struct SessionTests {
    /// A file heard in the original at 1:12, the target changed, three blocks out of the path, one setting kept.
    static func working(asks: Bool = false) -> StudioState {
        var state = playingState()
        (state.session.isKept, state.session.asks) = (true, asks)
        _ = update(&state, .player(playerSnapshot(position: 72.4, voice: .original), nil, milliseconds: 0))
        press(&state, "2", "l", "a", "b")
        return state
    }

    private static func minute(_ state: inout StudioState, _ n: Double) -> [Effect] { update(&state, .clock(now: 1_800_000_000 + 60 * n, wall: "12:\(10 + Int(n))")) }

    private static func kept(_ effects: [Effect]) -> KeptSession? {
        for case .keepSession(let session) in effects { return session }
        return nil
    }

    @Test func nothingIsKeptUnlessItIsAskedFor() {
        var state = Self.working()
        state.session.isKept = false
        #expect(Self.kept(Self.minute(&state, 1)) == nil && state.sessionNow == nil)
        #expect(StudioSettings().session == .never && !SessionOptions(.never, isFree: true).isTaken)
        // Nor what nobody would miss.
        var fresh = freshState()
        fresh.session.isKept = true
        #expect(fresh.sessionNow == nil)
    }

    @Test func itIsKeptOnceAMinuteAndOnlyWhenSomethingChanged() throws {
        var state = Self.working()
        let first = try #require(Self.kept(Self.minute(&state, 1)))
        #expect(first.file == "/music/mixes/rough_v7.wav" && first.folder == "/music/mixes" && first.selected == "rough_v7.wav" && first.view == .master)
        #expect(first.position == 72.4 && first.voice == .original && first.sound == state.master.sound && first.sound.isModified && first.sound.snapshots.count == 1)
        #expect(Self.kept(Self.minute(&state, 2)) == nil)
        press(&state, "l")
        #expect(Self.kept(update(&state, .clock(now: 1_800_000_130, wall: "12:12"))) != nil)
        press(&state, "l")
        #expect(Self.kept(update(&state, .clock(now: 1_800_000_150, wall: "12:12"))) == nil)
        #expect(Self.kept(Self.minute(&state, 4)) != nil)
    }

    /// Taking it up ended it: whoever crashes in the first minute must not lose it, unless it was the file that brought the studio down.
    @Test func whatWasGoneOnWithIsKeptAnewOnceItsFileWasMeasured() throws {
        let session = try #require(Self.working().sessionNow)
        var state = freshState()
        state.session.isKept = true
        let restored = update(&state, .sessionFound(session, keptAt: 1_799_999_000))
        #expect(Self.kept(restored) == nil && state.deck.path == session.file)
        #expect(Self.kept(update(&state, .opened(opening: state.deck.opening, testFacts))) == nil)
        let again = try #require(Self.kept(update(&state, .measured(opening: state.deck.opening, testProfile()))))
        #expect(again.file == session.file && again.sound == session.sound && again.position == session.position)
        #expect(Self.kept(update(&state, .measured(opening: state.deck.opening, testProfile()))) == nil, "once")
        // Without a file there is nothing that could harm.
        var setting = session
        setting.file = nil
        var other = freshState()
        other.session.isKept = true
        #expect(Self.kept(update(&other, .sessionFound(setting, keptAt: 1_799_999_000)))?.sound == session.sound)
    }

    @Test func everythingComesBackFromItsBytes() throws {
        let session = try #require(Self.working().sessionNow)
        let (read, at) = try #require(KeptSession.read(session.bytes(at: 1_800_000_000)))
        #expect(read == session && at == 1_800_000_000)
    }

    @Test(arguments: ["", "{}", "not json", #"{"form":2}"#])
    func whatIsNoSessionIsNotTaken(_ text: String) { #expect(KeptSession.read(Array(text.utf8)) == nil) }

    /// Each field as it must not be.
    @Test(arguments: [("folder", "\"relative\""), ("file", "\"\""), ("view", "9"), ("voice", "7"), ("sort", "\"age\""), ("position", "1e999"), ("preset", "\"schema = 1\\nratoi = 3\""), ("base", "3")])
    func aBrokenFieldSpoilsIt(_ key: String, _ value: String) throws {
        let session = try #require(Self.working().sessionNow)
        let whole = try #require(JSONSerialization.jsonObject(with: Data(session.bytes(at: 0))) as? [String: Any])
        var parts = try whole.mapValues { String(decoding: try JSONSerialization.data(withJSONObject: $0, options: .fragmentsAllowed), as: UTF8.self) }
        let sound = "{" + parts.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
        #expect(KeptSession.read(Array(sound.utf8)) != nil)
        parts[key] = value
        #expect(KeptSession.read(Array(("{" + parts.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}").utf8)) == nil)
    }

    @Test func itIsRestoredAtRest_withEverythingInItsPlace() throws {
        let session = try #require(Self.working().sessionNow)
        var state = StudioState(folder: "/home")
        (state.session.isKept, state.session.asks) = (true, false)
        let effects = update(&state, .sessionFound(session, keptAt: 1_800_000_000))
        #expect(effects.contains(.setVoice(.original)) && effects.contains { if case .open("/music/mixes/rough_v7.wav", _, session.sound.audible) = $0 { true } else { false } })
        #expect(state.files.query.folder == "/music/mixes" && state.view == .master && state.master.sound == session.sound)
        _ = update(&state, .listing(number: state.files.query.number, rows: testRows, total: testRows.count, complete: true))
        #expect(state.files.selected?.name == "rough_v7.wav")
        let opened = update(&state, .opened(opening: state.deck.opening, testFacts))
        #expect(opened.contains(.seek(72.4)) && !opened.contains(.play) && !state.deck.player.playing)
        #expect(text(screen(state, Size(columns: 120, rows: 36))).contains("1:12.4 / 3:41"))
        // What is open now is what would be kept.
        _ = update(&state, .player(playerSnapshot(position: 72.4, playing: false, voice: .original), nil, milliseconds: 0))
        #expect(state.sessionNow == session)
    }

    @Test func aQuestionComesFirst_andNoForgets() throws {
        let session = try #require(Self.working().sessionNow)
        for answer in ["y", "n"] as [Character] {
            var state = freshState()
            (state.session.isKept, state.session.asks) = (true, true)
            #expect(update(&state, .sessionFound(session, keptAt: state.now - 600)).isEmpty)
            #expect(text(screen(state, Size(columns: 120, rows: 36))).contains("Go on with rough_v7.wav as you left it 10 min ago?"))
            // Who leaves without an answer has it again.
            #expect(state.sessionNow == session)
            // A key that was on its way already is no answer.
            #expect(press(&state, answer).isEmpty && state.session.found == session)
            _ = update(&state, .questionShown)
            let effects = press(&state, answer)
            #expect(effects.contains { if case .open = $0 { true } else { false } } == (answer == "y"))
            #expect(state.session.found == nil && (state.deck.path != nil) == (answer == "y"))
        }
    }

    @Test func whoHasBegunSomethingElseIsAsked() throws {
        let session = try #require(Self.working().sessionNow)
        var state = playingState()
        (state.session.isKept, state.session.asks) = (true, false)
        press(&state, "?")
        #expect(update(&state, .sessionFound(session, keptAt: state.now)).isEmpty && state.session.found == session)
        press(&state, KeyStroke(.escape))
        _ = Self.minute(&state, 1)
        guard case .question(let question) = state.overlay else {
            Issue.record("no question")
            return
        }
        #expect(question.action == .session)
    }

    @Test func whatTheUserDestroyedIsNotKeptAgain() {
        var state = Self.working()
        _ = update(&state, .sessionUnwanted)
        press(&state, "l")
        #expect(Self.kept(Self.minute(&state, 3)) == nil && state.sessionNow == nil)
    }
}
