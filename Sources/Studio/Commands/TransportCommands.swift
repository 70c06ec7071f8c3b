import Playback

extension Command {
    static let transport: [Command] = [
        Command("transport.play", "Play or pause", keys: [.space], footer: ("play", 0), help: "Plays from the play head, or stops there.",
                unavailable: { $0.deck.stage == .resting ? nil : Unavailable.withoutFile($0) }) { state in
            if state.deck.stage == .resting, let take = state.generate.take(state.deck.take) { return state.play(take) }
            if state.deck.stage == .resting, let path = state.deck.path {
                let resume = state.deck.resumeAt
                let effects = state.deck.before == nil ? state.open(path) : state.openResult(path)
                state.deck.resumeAt = resume
                return effects
            }
            if state.deck.player.playing {
                state.deck.player.playing = false
                return [.pause]
            }
            // From the very end there is nothing left to play.
            let atEnd = state.deck.duration.map { state.deck.player.position >= $0 - 0.05 } ?? false
            let back = atEnd ? state.seek(to: 0) : []
            state.deck.player.playing = true
            return back + [.play] + state.measureAgain()
        },
        Command("transport.voice", "Switch A/B", keys: [.character("x")], footer: ("A/B", 1),
                help: "A is the original, B the master; both run in step, at equal loudness when matched.",
                unavailable: Unavailable.withoutFile) { state in
            if state.deck.hearsReference { return state.leaveReference() }
            let voice: Voice = state.deck.player.voice == .master ? .original : .master
            state.deck.player.voice = voice
            // The numbers change with the voice at once, not at their next turn.
            state.deck.numbersAt = 0
            return [.setVoice(voice)]
        },
        Command("transport.difference", "Hear the difference", keys: [.character("D")],
                help: "Only what the mastering changes: B minus A, at equal loudness when matched. Again, or A/B, goes back.",
                unavailable: Unavailable.withoutFile) { state in
            let back = state.deck.hearsReference ? state.leaveReference() : []
            let voice: Voice = state.deck.voice == .difference ? state.deck.voiceBefore : .difference
            state.deck.voiceBefore = state.deck.voice
            state.deck.player.voice = voice
            state.deck.numbersAt = 0
            return back + [.setVoice(voice)]
        },
        Command("transport.abx", "Blind ABX", keys: [.character("X")],
                help: "Hides which of A and B is heard as X; you say which, and the score tells whether you can hear it.",
                unavailable: Unavailable.withoutProfile) { state in
            state.beginABX()
        },
        Command("transport.match", "Match loudness", keys: [.character("M")],
                help: "Turns the louder of A and B down to the other, so that louder cannot win for being louder.",
                unavailable: Unavailable.withoutProfile) { state in
            state.deck.matched.toggle()
            state.say(state.deck.matched ? "A and B at equal loudness" : "A and B at their own loudness")
            return [state.trimsEffect]
        },
        seek("transport.back", "Back 5 s", "[", -5),
        seek("transport.forward", "Forward 5 s", "]", 5),
        seek("transport.backFar", "Back 30 s", "{", -30),
        seek("transport.forwardFar", "Forward 30 s", "}", 30),
        Command("transport.loopStart", "Loop from here", keys: [.character("(")], help: "Marks where the repeated part begins.", unavailable: Unavailable.withoutFile) { state in
            let here = state.deck.player.position, end = state.deck.region?.end
            var region = Region(start: here, end: end.flatMap { $0 > here + Region.shortest ? $0 : nil })
            region.isOn = region.end != nil
            state.say(region.end == nil ? "the loop begins here; " + state.keymap.name(of: "transport.loopEnd") + " ends it" : "the loop begins here")
            return state.perform("loop from " + Format.duration(here, tenths: true), region: region)
        },
        Command("transport.loopEnd", "Loop to here", keys: [.character(")")], help: "Marks where the repeated part ends, and repeats it, to the sample.",
                unavailable: { state in
                    if let why = Unavailable.withoutFile(state) { return why }
                    guard let start = state.deck.region?.start else { return nil }
                    return state.deck.player.position > start + Region.shortest ? nil : "the end must lie after the start"
                }) { state in
            let region = Region(start: state.deck.region?.start ?? 0, end: state.deck.player.position, isOn: true)
            let words = Format.duration(region.start, tenths: true) + " to " + Format.duration(state.deck.player.position, tenths: true)
            state.say("repeating " + words)
            return state.perform("loop " + words, region: region)
        },
        Command("transport.loop", "Loop on or off", keys: [.character("\\")], help: "Repeats the marked part, or goes on behind it.",
                unavailable: { $0.deck.region?.end == nil ? "mark a part first: " + $0.keymap.name(of: "transport.loopStart") + " and " + $0.keymap.name(of: "transport.loopEnd") : nil }) { state in
            state.deck.region?.isOn.toggle()
            guard let region = state.deck.region else { return [] }
            state.say(region.isOn ? "repeating" : "not repeating")
            // From behind the part it would never be reached.
            let back: [Effect] = region.isOn && state.deck.player.position >= region.end ?? 0 ? state.seek(to: region.start) : []
            return [.loop(region.range)] + back
        },
        Command("transport.reference", "Hear the reference", keys: [.character("C")],
                help: "The recording that was matched last, as it is, at the loudness of A and B; again, or A/B, goes back to where you were.",
                unavailable: { state in
                    if state.deck.hearsReference { return nil }
                    if state.deck.reference == nil { return "choose a reference first: " + state.keymap.name(of: "master.reference") + " in Master" }
                    if state.deck.take != nil { return "a take is compared with other takes" }
                    return Unavailable.withoutFile(state)
                }) { state in
            state.deck.hearsReference ? state.leaveReference() : state.hearReference()
        },
        Command("transport.output", "Choose the output", keys: [.character("o")],
                help: "Where the sound goes: your browser through ssh, an ALSA device of this machine, or nowhere, with the meters on a clock; and what ALSA said.") { state in
            var chooser = OutputChooser()
            chooser.cursor.index = state.deck.outputRows.firstIndex { $0.choice == state.deck.output } ?? 0
            state.overlay = .outputs(chooser)
            return [.listOutputs]
        },
    ]

    private static func seek(_ id: String, _ title: String, _ key: Character, _ seconds: Double) -> Command {
        Command(id, title, keys: [.character(key)], help: "Moves the play head.", unavailable: Unavailable.withoutFile) { state in
            state.seek(to: state.deck.player.position + seconds)
        }
    }
}
