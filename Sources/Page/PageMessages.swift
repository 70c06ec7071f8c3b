import Mastering
import Playback

/// What the page is told, as JSON.
enum PageMessage {
    static func state(_ state: PageState) -> String {
        JSON.object([
            ("t", .string("state")), ("g", .int(state.generation)), ("rate", .int(Int(state.sampleRate))), ("title", .string(state.title)),
            ("playing", .bool(state.playing)), ("voice", .string(word(state.voice))), ("a", .measured(state.originalTrim)), ("b", .measured(state.masterTrim)),
            ("jump", .int(state.jump)), ("written", .int(state.written)), ("position", .measured(state.position)),
            ("duration", .measured(state.duration)), ("blind", .bool(state.isBlind)),
        ]).text
    }

    static func meters(_ meters: PageMeters) -> String {
        func voice(_ m: MeterFrame.VoiceMeters) -> JSON {
            .object([("m", .measured(m.momentary)), ("s", .measured(m.shortTerm)), ("i", .measured(m.integrated)), ("tp", .measured(m.truePeak)), ("c", .measured(m.correlation))])
        }
        return JSON.object([
            ("t", .string("meters")), ("at", .int(meters.index)), ("position", .measured(meters.frame.position)),
            ("gr", .measured(meters.frame.limiterReduction)), ("a", voice(meters.frame.original)), ("b", voice(meters.frame.master)),
        ]).text
    }

    static func word(_ voice: Voice) -> String {
        switch voice {
        case .original: "a"
        case .master: "b"
        case .difference: "difference"
        }
    }
}
