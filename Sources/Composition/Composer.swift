/// From a brief to a score. Pure: the same brief gives the same notes.
public enum Composer {
    public static func compose(_ brief: Brief) -> Score {
        let bar = brief.meter.ticksPerBar
        let sections = Form.sections(brief)
        // The last chord gets about two seconds, in whole bars.
        // Chords that were asked for to the last bar keep a bar each.
        let isWritten = !brief.chords.isEmpty && !brief.endsOnTonic
        let ringBars = brief.isLoop ? 0 : isWritten ? 1 : max(1, min(2, brief.bars / 8, Int((1.6 / brief.secondsPerBar).rounded(.up))))
        let ringStart = brief.isLoop || brief.bars < 2 ? brief.bars * bar : (brief.bars - max(1, ringBars)) * bar
        let chords = Harmony.chords(brief, sections, ringStart: ringStart)
        let cast = Casting(brief: brief).cast()
        let performance = Performance(brief: brief)
        let pulse = Pulse(brief: brief)
        let accompaniment = Accompaniment(brief: brief, sections: sections, chords: chords, ringStart: ringStart)
        let melody = Melody(brief: brief, sections: sections, chords: chords, ringStart: ringStart, isAlone: cast.parts.count == 1 && !cast.hasKit)

        var tracks: [Track] = []
        var names: Set<String> = []
        func name(_ wanted: String) -> String {
            var name = wanted
            var n = 2
            while !names.insert(name).inserted {
                name = "\(wanted) \(n)"
                n += 1
            }
            return name
        }
        if cast.hasKit || !cast.percussion.isEmpty, let kit = Voice.named("drums") {
            let drums = Drums(brief: brief, sections: sections, ringStart: ringStart, extras: cast.percussion, hasKit: cast.hasKit)
            var part = Genre.Part(role: .drums, voice: "drums")
            part.level = brief.genre.drumLevel
            part.reverb = 0.12
            let notes = performance.perform(pulse.felt(drums.notes(), role: .drums, name: "drums", ringStart: ringStart), role: .drums, name: "drums", ringStart: ringStart)
            if !notes.isEmpty { tracks.append(Track(name: name("drums"), part: part, voice: kit, notes: notes)) }
        }
        var parts = cast.parts
        // Each seed sits somewhere else on the keyboard.
        for i in parts.indices where [.chords, .pad, .arp].contains(parts[i].role) {
            var stream = RandomStream(brief.seed, "register", parts[i].voice)
            parts[i].center += [-4, -2, 0, 2, 4][stream.index(5)]
        }
        // Somebody must play in every section, or there would be silence.
        if !cast.hasKit {
            for section in sections where !parts.contains(where: { accompaniment.plays($0, section) && [.chords, .pad, .arp].contains($0.role) }) {
                if let i = parts.indices.filter({ [.chords, .pad, .arp, .bass, .lead].contains(parts[$0].role) }).min(by: { parts[$0].enter < parts[$1].enter }) {
                    parts[i].enter = min(parts[i].enter, section.energy)
                    parts[i].leave = 1
                }
            }
        }
        for part in parts {
            guard let voice = Voice.named(part.voice) else { continue }
            let label = part.voice
            let unique = name(part.role == .lead && label != "lead" && parts.count(where: { $0.voice == label }) > 1 ? label + " lead" : label)
            let written: [Note] = switch part.role {
            case .bass: accompaniment.bass(part, voice, name: unique)
            case .chords, .pad: accompaniment.harmony(part, voice, name: unique)
            case .arp: accompaniment.arpeggio(part, voice, name: unique)
            case .counter: accompaniment.counter(part, voice, name: unique)
            case .lead: melody.notes(part, voice, name: unique)
            case .percussion: accompaniment.tunedDrum(part, voice, name: unique)
            case .drums: []
            }
            var felt = pulse.felt(written, role: part.role, name: unique, ringStart: ringStart)
            if part.role == .lead || part.role == .counter { felt = Articulation.line(felt, voice, borders: sections.map { $0.bar * bar } + [ringStart]) }
            let played = performance.perform(felt, role: part.role, name: unique, ringStart: ringStart)
            if !played.isEmpty { tracks.append(Track(name: unique, part: part, voice: voice, notes: played)) }
        }
        return Score(brief: brief, sections: sections, chords: chords, tracks: tracks, ringStart: ringStart)
    }
}
