import PrivacyLedger
@testable import Rendering
import Terminal
import Testing
@testable import Studio

@Suite("Tiers on screen")
struct TierTests {
    private static let tiers = [
        RoutingPolicy(name: "gpu", privacyClass: .own), RoutingPolicy(name: "space", privacyClass: .thirdParty), RoutingPolicy.local,
    ]

    private func row(_ decisions: [(Int, RouteDecision.Verdict)], state: JobState = .running) -> JobRow {
        let request = GenerateRequest(prompt: "x", seed: 1, output: "/music/mixes/track.wav", container: .wav)
        var status = JobStatus(id: JobID(rawValue: 3), job: .generate(request), state: state, stage: .rendering, fraction: 0.4, submittedAt: 1000)
        status.tier = "gpu"
        status.route = RouteLog(
            key: "k", tiers: Self.tiers, decisions: decisions.enumerated().map { RouteDecision(at: 1000 + Double($0), tier: $1.0, verdict: $1.1) }, submittedAt: 1000)
        return JobRow(status, id: "3", preset: "")
    }

    @Test("the decision line is there below each job, and w gives every reason")
    func line() {
        var state = freshState(Size(columns: 200, rows: 60))
        press(&state, "4")
        _ = update(&state, .jobs([row([
            (0, .started(1)), (0, .failed(.quota(seconds: 754))), (1, .skipped(.notAllowed)), (2, .started(1)), (2, .accepted),
        ], state: .cancelled)]))
        #expect(text(screen(state, state.size)).contains("gpu ✗ (quota used up, again in 12:3"))
        #expect(text(screen(state, state.size)).contains("space ✗ (third party: not allowed) → local ✓ 0:01"))
        press(&state, "w")
        #expect(text(screen(state, state.size)).contains("space: passed over: third party: not allowed"))
    }

    @Test("s says how each tier stands and when it can be asked again, before the counters")
    func standings() {
        var state = freshState()
        press(&state, "4")
        guard case .showUsage(let alone)? = press(&state, "s").first else { return #expect(Bool(false), "nothing is asked for") }
        #expect(alone == ["local (this machine): the only tier", ""])
        _ = update(&state, .jobs([row([(0, .started(1)), (0, .failed(.quota(seconds: 754))), (1, .skipped(.notAllowed)), (2, .started(1)), (2, .accepted)], state: .finished)]))
        guard case .showUsage(let lines)? = press(&state, "s").first else { return #expect(Bool(false), "nothing is asked for") }
        #expect(lines.count == 4)
        // 1001 + 754 seconds after 1970, on the user's clock.
        #expect(lines[0].hasPrefix("gpu (\(Self.tiers[0].privacyClass.title)): ✗ (quota used up, again in 12:3") && lines[0].hasSuffix(", that is at " + LiveTime.clock(1755)))
        #expect(lines[1].contains("third party: not allowed") && !lines[1].contains("that is at") && lines[2].contains("✓ 0:01"))
        _ = update(&state, .explained(title: "Tiers, and what they made", lines: lines + ["gpu: 3 jobs, 0.0 % failed"]))
        #expect(text(screen(state, state.size)).contains("gpu: 3 jobs"))
    }

    @Test("a job that needs consent asks in one line, once, and every key is an answer", arguments: [
        ("y", ConsentReply.once), ("a", .always), ("n", .no), ("v", .never), ("x", .no),
    ] as [(Character, ConsentReply)])
    func consent(key: Character, reply: ConsentReply) {
        var state = freshState()
        let asking = row([(1, .asked(.consent(tier: 1)))])
        _ = update(&state, .jobs([asking]))
        #expect(text(screen(state, state.size)).contains("May the prompt of track.wav go to space (third party)?"))
        // Pressed before it can have been read: meant for something else, and no answer.
        #expect(press(&state, key) == [] && press(&state, KeyStroke(.escape)) == [] && state.question != nil)
        _ = update(&state, .questionShown)
        #expect(press(&state, key) == [.answerJob("3", reply)])
        // Told again before the answer arrived: not asked again.
        _ = update(&state, .jobs([asking]))
        #expect(state.overlay == nil)
    }

    @Test("a question takes keys a quarter of a second after it was drawn, and not before it was")
    func questionClock() {
        var clock = QuestionClock(), question = Question("May it?", .tier(job: "3", isConsent: true))
        #expect(!clock.isDue(at: 10_000) && clock.left(at: 10_000) == nil)
        clock.drew(question, at: 10_000)
        clock.drew(question, at: 10_200)
        #expect(clock.left(at: 10_200) == 50 && !clock.isDue(at: 10_249) && clock.isDue(at: 10_250) && !clock.isDue(at: 10_251))
        question.wasShown()
        clock.drew(question, at: 20_000)
        #expect(question.takesKeys && !clock.isDue(at: 30_000))
        // Gone before its time, and another one: it begins anew.
        clock.drew(Question("May it?", .session), at: 40_000)
        clock.drew(nil, at: 40_100)
        clock.drew(Question("May it?", .session), at: 40_200)
        #expect(!clock.isDue(at: 40_300) && clock.isDue(at: 40_450))
        // What the user's own key asked is answered at once.
        #expect(Question("Quit?", .quit).takesKeys)
    }

    @Test("a question waits until what is open is closed")
    func waits() {
        var state = freshState()
        press(&state, "?")
        _ = update(&state, .jobs([row([(1, .asked(.consent(tier: 1)))])]))
        guard case .help? = state.overlay else { return #expect(Bool(false), "help was closed") }
        press(&state, KeyStroke(.escape))
        _ = update(&state, .clock(now: 1_800_000_001, wall: "12:04"))
        guard case .question? = state.overlay else { return #expect(Bool(false), "nothing asks") }
    }

    @Test("lamps show the newest job's tiers; without one there is this machine alone")
    func lamps() {
        var state = freshState()
        #expect(state.lamps == nil)
        _ = update(&state, .jobs([row([(0, .failed(.auth)), (1, .skipped(.forbidden)), (2, .started(1))])]))
        #expect(state.lamps?.map(\.standing) == [.out, .closed, .working])
        #expect(text(screen(state, state.size)).split(separator: "\n")[0].contains("space"))
    }
}
