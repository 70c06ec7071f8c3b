import Playback

/// A blind comparison: A and B are known, X is one of them by chance, and the listener says which, as often as it takes.
struct ABXTest: Sendable, Equatable {
    enum Heard: String, Sendable { case a = "A", b = "B", x = "X" }

    struct Trial: Sendable, Equatable {
        var x: Voice
        var answer: Voice
        var isRight: Bool { x == answer }
    }

    private(set) var trials: [Trial] = []
    private(set) var x: Voice
    var heard = Heard.x
    /// What goes on being heard afterwards.
    let before: DeckState.Listening

    static let limit = 500

    init(before: DeckState.Listening, chance: inout Chance) {
        self.before = before
        x = chance.coin() ? .original : .master
    }

    /// The voice to play for what the listener asked for.
    var voice: Voice {
        switch heard {
        case .a: .original
        case .b: .master
        case .x: x
        }
    }

    /// Takes the answer and draws the next X.
    mutating func answer(_ voice: Voice, chance: inout Chance) {
        trials.append(Trial(x: x, answer: voice))
        x = chance.coin() ? .original : .master
        heard = .x
    }

    var right: Int { trials.count(where: \.isRight) }

    /// How likely somebody who hears nothing scores at least as well: the upper tail of the binomial distribution with p = ½
    /// (Burstein, J. Audio Eng. Soc. 36(11), 1988). 1 without a trial.
    var guessing: Double {
        let n = trials.count
        // C(n, i) / 2^n, from i = 0 up.
        var term = 1.0
        for _ in 0..<n { term /= 2 }
        var sum = 0.0
        for i in 0...n {
            if i >= right { sum += term }
            term *= Double(n - i) / Double(i + 1)
        }
        return min(1, sum)
    }

    /// The score in words, and each trial.
    var report: [String] {
        let chance = guessing
        let verdict = chance < 0.05
            ? "Guessing does that in \(Format.fixed(chance * 100, chance < 0.001 ? 3 : 1)) % of such tests: you hear the difference."
            : "Guessing does as well in \(Format.fixed(chance * 100, 0)) % of such tests: this does not show that you hear a difference."
        let log = trials.enumerated().map { at, trial in
            "\(at + 1): X was \(trial.x == .original ? "A" : "B"), you said \(trial.answer == .original ? "A" : "B")" + (trial.isRight ? "" : " (wrong)")
        }
        return ["\(right) of \(trials.count) right.", verdict, ""] + log
    }
}

/// Random numbers as part of the state, so that `update` stays a function (SplitMix64, Steele et al., OOPSLA 2014).
struct Chance: Sendable, Equatable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func coin() -> Bool {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return (z ^ (z >> 31)) >> 63 == 1
    }
}

extension StudioState {
    /// Louder would win for being louder: the match is on during the test.
    mutating func beginABX() -> [Effect] {
        let test = ABXTest(before: DeckState.Listening(voice: deck.voice, matched: deck.matched), chance: &chance)
        deck.matched = true
        let play: [Effect] = deck.player.playing ? [] : [.play]
        deck.player.playing = true
        return [.setBlind(true), trimsEffect] + play + hear(test)
    }

    private mutating func hear(_ test: ABXTest) -> [Effect] {
        overlay = .abx(test)
        deck.player.voice = test.voice
        return [.setVoice(test.voice)]
    }

    mutating func take(_ key: KeyStroke, in test: ABXTest) -> [Effect] {
        var test = test
        switch key.base {
        case .character("a"): test.heard = .a
        case .character("b"): test.heard = .b
        case .character("x"): test.heard = .x
        case .character("A"), .character("B"):
            test.answer(key.base == .character("A") ? .original : .master, chance: &chance)
            if test.trials.count >= ABXTest.limit { return endABX(test) }
        case .escape, .character("q"): return endABX(test)
        default:
            let moves = ["transport.play", "transport.back", "transport.forward", "transport.backFar", "transport.forwardFar"]
            if let command = keymap.command(for: key, in: view), moves.contains(command.id) { return command.attempt(&self) }
            say("a b x: hear A, B or X" + " · " + "A B: say what X is" + " · " + "Esc: the score")
            return []
        }
        return hear(test)
    }

    private mutating func endABX(_ test: ABXTest) -> [Effect] {
        overlay = test.trials.isEmpty ? nil : .note(title: "Blind ABX", lines: test.report)
        (deck.player.voice, deck.matched) = (test.before.voice, test.before.matched)
        deck.numbersAt = 0
        return [.setVoice(test.before.voice), trimsEffect, .setBlind(false)]
    }
}
