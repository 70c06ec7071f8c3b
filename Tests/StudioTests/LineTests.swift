import Mastering
import Playback
import Terminal
import Testing
@testable import Studio

/// The whole way without a screen: the same commands, in words.
@Suite("Lines")
struct LineTests {
    private func read(_ state: inout StudioState, _ line: String) -> LineReader.Answer {
        state.message = nil
        return LineReader.read(line, &state)
    }

    @Test func filesAreListedWithNumbersAndOpenedByNumberOrName() {
        var state = freshState()
        guard case .said(let rows) = read(&state, "list") else { Issue.record("no list"); return }
        #expect(rows.contains("1* old/") && rows.contains("4 rough_v7.wav"))
        guard case .done(let effects) = read(&state, "open 4") else { Issue.record("not opened"); return }
        #expect(effects.contains { if case .open(let path, _, _) = $0 { path == "/music/mixes/rough_v7.wav" } else { false } })
        guard case .done(let again) = read(&state, "open rough_v6.wav") else { Issue.record("not opened"); return }
        #expect(again.contains { if case .open(let path, _, _) = $0 { path == "/music/mixes/rough_v6.wav" } else { false } })
        #expect(read(&state, "open nowhere.wav") == .said(["nothing here is called nowhere.wav"]))
    }

    @Test func theWayFromFileToMasterByWords() {
        var state = playingState()
        #expect(read(&state, "pause") == .done([.pause]))
        #expect(read(&state, "a") == .done([.setVoice(.original)]))
        #expect(read(&state, "seek 1:12.5") == .done([.seek(72.5)]))
        guard case .done(let effects) = read(&state, "set limiter.ceiling -1.5") else { Issue.record("not set"); return }
        #expect(effects.contains { if case .audition(let preset) = $0 { preset.target.ceilingDBTP == -1.5 } else { false } })
        #expect(state.message?.text.contains("-1.5") == true)
        _ = read(&state, "preset gentle")
        #expect(state.master.sound.preset.id == "gentle" && state.overlay == nil)
        #expect(read(&state, "undo") != .done([]))
        #expect(read(&state, "render") == .done([.plan(inputs: ["/music/mixes/rough_v7.wav"])]))
    }

    /// A script that waits for its render finds it in the queue, whatever else is told before the job is there.
    @Test func whatWasAskedOfTheQueueIsOutstandingUntilItStandsThere() {
        var orders = OutstandingOrders()
        let job = testJob(.running(what: "solving", fraction: 0))
        orders.note(.plan(inputs: ["/music/a.wav"]))
        #expect(!orders.isEmpty)
        orders.note(.render([], preset: testPresets[0].preset!))
        orders.note(.planned([]), shown: [])
        orders.note(.jobs([]), shown: [])
        orders.note(.notice(Notice("hello")), shown: [])
        #expect(!orders.isEmpty)
        orders.note(.queued([job.id]), shown: [])
        #expect(!orders.isEmpty, "taken, not shown")
        orders.note(.jobs([job]), shown: [job])
        #expect(orders.isEmpty)
        orders.note(.render([], preset: testPresets[0].preset!))
        orders.note(.queued([job.id]), shown: [job])
        #expect(orders.isEmpty, "shown before it was answered")
        orders.note(.render([], preset: testPresets[0].preset!))
        orders.note(.queued([]), shown: [])
        #expect(orders.isEmpty, "refused")
    }

    @Test func questionsAndPromptsAreAnsweredByTheNextLine() {
        var state = playingState()
        _ = update(&state, .planned([RenderOrder(input: "/music/mixes/rough_v7.wav", output: "/music/mixes/rough_v7-master.wav", exists: true)]))
        #expect(state.overlayInWords().lines.first?.hasSuffix("Type y or n.") == true)
        #expect(read(&state, "n") == .done([]))
        #expect(state.message?.text == "nothing was changed")
        state.view = .master
        _ = read(&state, "save as preset")
        #expect(state.overlayInWords().lines.first?.contains("save as preset") == true)
        guard case .done(let effects) = read(&state, "My own") else { Issue.record("not saved"); return }
        #expect(effects.contains { if case .savePreset(let preset, false) = $0 { preset.id == "my-own" } else { false } })
    }

    @Test func everyCommandIsReachedByItsNameAndSaysWhyNot() {
        for command in Command.table {
            var state = freshState()
            if let view = command.views?.min(by: { $0.rawValue < $1.rawValue }) { state.view = view }
            #expect(LineReader.named(command.id, state).map(\.id) == [command.id])
        }
        var state = freshState()
        _ = read(&state, "transport.match")
        #expect(state.message?.text.contains("open a file first") == true)
        guard case .said(let lines) = read(&state, "help transport.match") else { Issue.record("no help"); return }
        #expect(lines[0].contains("key M") && lines[0].contains("Not now"))
    }

    @Test func nonsenseIsAnsweredAndChangesNothing() {
        var random = SeededGenerator(state: 7)
        for _ in 0..<2000 {
            var state = playingState()
            let before = state.master.sound
            let line = String((0..<Int.random(in: 0...12, using: &random)).map { _ in Character(Unicode.Scalar(UInt8.random(in: 33...126, using: &random))) })
            // A word of its own, a key or a command may be among them; what changes the sound can be undone.
            _ = read(&state, line)
            _ = state.overlayInWords()
            _ = state.statusInWords + state.rowsInWords()
            if state.master.sound != before { #expect(!state.history.done.isEmpty) }
        }
        var state = freshState()
        #expect(read(&state, "fly") == .said(["'fly' is no command; help lists the words"]))
        state.view = .queue
        #expect(read(&state, "render") == .said(["'render' works in Files and Master, not here"]))
        guard case .said(let help) = read(&state, "help render") else { Issue.record("no help"); return }
        #expect(help.first?.contains("master.render") == true)
    }

    @Test func aPromptBecomesATake() {
        var state = freshState()
        guard case .done(let effects) = read(&state, "prompt slow piano in D minor") else { Issue.record("no prompt"); return }
        #expect(effects.contains { if case .readPrompt("slow piano in D minor", _, _) = $0 { true } else { false } })
        guard case .done(let made) = read(&state, "make a take") else { Issue.record("not made"); return }
        #expect(made.contains { if case .makeTake = $0 { true } else { false } })
    }

    /// Nobody sees what a screen would show without a word.
    @Test func whatChangesSilentlyOnAScreenIsSaidInLines() {
        var state = playingState()
        func says(_ line: String, _ words: String) {
            _ = read(&state, line)
            #expect(state.message?.text.contains(words) == true, "\(line): \(state.message?.text ?? "-")")
        }
        says("goto 3", "3* rough_v6.wav")
        says("down", "4* rough_v7.wav")
        says("mark", "rough_v7.wav: marked")
        says("goto 4", "rough_v7.wav, marked")
        says("seek 0:01", "at 0:01.0")
        says("seek 99:99", "its end")
        says("a", "A, the original")
        says("transport.voice", "B master")
        says("forward 5 s", "at ")
        says("filter zzz", "rows with zzz")
        #expect(read(&state, "help seek") == .said(["seek TIME: moves the play head, to 72, 1:12 or 1:12.5"]))
        // A blind test swallows nothing in silence, and lets go of whoever wants out.
        _ = read(&state, "filter")
        _ = read(&state, "transport.abx")
        says("x", "hearing X")
        says("render", "a blind test is on")
        guard case .done(let effects) = read(&state, "quit") else { Issue.record("not quit"); return }
        #expect(effects.contains(.quit))
    }

    @Test func timesAreReadAsTheyAreWritten() {
        #expect(LineReader.seconds("72") == 72 && LineReader.seconds("1:12.5") == 72.5 && LineReader.seconds("1:02:03") == 3723)
        for wrong in ["", ":", "1:", "-3", "nan", "1:2:3:4", "x"] { #expect(LineReader.seconds(wrong) == nil, "\(wrong)") }
    }
}
