/// Gives the parts of a genre to instruments: those that were asked for first, none that were forbidden.
struct Casting {
    let brief: Brief

    struct Result {
        var parts: [Genre.Part]
        var hasKit: Bool
        var percussion: [Voice]
        /// All that could play was forbidden.
        var standsIn = false
    }

    func cast() -> Result {
        var parts = brief.genre.parts
        if brief.withoutMelody { parts.removeAll { $0.role == .lead } }
        if brief.withoutHarmony { parts.removeAll { Self.harmony.contains($0.role) } }
        // What is forbidden is replaced where the music needs it, else it goes.
        parts = parts.compactMap { part in
            guard let voice = Voice.named(part.voice) else { return nil }
            // No pads: nobody else holds chords in their place.
            if part.role == .pad, brief.without.contains("pad"), !brief.voices.contains(voice) { return nil }
            if brief.allows(voice) { return part }
            guard let other = Self.substitutes[part.role]?.lazy.compactMap({ Voice.named($0) }).first(where: { brief.allows($0) }) else { return nil }
            return moved(part, to: other)
        }
        var asked: Set<Int> = []
        let pitched = brief.voices.filter { $0.program != nil }
        for voice in pitched { place(voice, in: &parts, &asked) }
        var hasKit = !brief.genre.grooves.isEmpty || brief.voices.contains { $0.name == "drums" }
        let percussion = brief.voices.filter { $0.program == nil && $0.name != "drums" }
        if brief.isOnly {
            parts = parts.indices.filter { asked.contains($0) }.map { parts[$0] }
            if !brief.voices.contains(where: { $0.name == "drums" }) { hasKit = false }
            complete(&parts, with: pitched)
        }
        if brief.without.contains("drums") { hasKit = false }
        // Who was asked for may still have been given what is forbidden.
        if brief.withoutHarmony { parts.removeAll { Self.harmony.contains($0.role) } }
        let standsIn = parts.isEmpty && !hasKit && percussion.isEmpty
        if standsIn { parts = fallback() }
        for i in parts.indices where parts[i].enter > 0.45 && asked.contains(i) { parts[i].enter = 0.3 }
        if brief.density != 0 { for i in parts.indices { parts[i].density = max(0.05, min(1, parts[i].density + brief.density)) } }
        return Result(parts: parts, hasKit: hasKit, percussion: percussion.filter { brief.allows($0) }, standsIn: standsIn)
    }

    static let harmony: [Role] = [.chords, .pad, .arp]

    private static let substitutes: [Role: [String]] = [
        .chords: ["piano", "acoustic guitar", "organ", "pad", "strings", "harp"],
        .pad: ["strings", "pad", "organ", "choir"],
        .lead: ["lead", "flute", "violin", "piano", "electric guitar"],
        .arp: ["pluck", "harp", "piano", "acoustic guitar"],
    ]

    private func moved(_ part: Genre.Part, to voice: Voice) -> Genre.Part {
        var part = part
        part.voice = voice.name
        let middle = (voice.low + voice.high) / 2
        if part.center - 7 < voice.low || part.center + 7 > voice.high { part.center = min(max(part.center, voice.low + 8), max(voice.low + 8, voice.high - 8)) }
        if voice.high - voice.low < 24 { part.center = middle }
        return part
    }

    private func place(_ voice: Voice, in parts: inout [Genre.Part], _ asked: inout Set<Int>) {
        if let there = parts.indices.first(where: { !asked.contains($0) && parts[$0].voice == voice.name }) {
            asked.insert(there)
            parts[there].enter = min(parts[there].enter, 0.3)
            parts[there].leave = 1
            return
        }
        // A general word is content with what the genre has of it.
        if ["bass", "synth", "pad", "lead"].contains(voice.name),
           let there = parts.indices.first(where: { !asked.contains($0) && Voice.named(parts[$0].voice)?.families.contains(voice.name) == true }) {
            asked.insert(there)
            parts[there].enter = min(parts[there].enter, 0.3)
            parts[there].leave = 1
            return
        }
        for role in voice.roles where !(brief.withoutHarmony && Self.harmony.contains(role)) {
            guard let there = parts.indices.first(where: { !asked.contains($0) && parts[$0].role == role }) else { continue }
            parts[there] = moved(parts[there], to: voice)
            parts[there].enter = min(parts[there].enter, 0.3)
            parts[there].leave = 1
            asked.insert(there)
            return
        }
        let role = voice.roles.first { ($0 != .lead || !parts.contains { $0.role == .lead }) && !(brief.withoutHarmony && Self.harmony.contains($0)) } ?? .counter
        parts.append(fresh(role, voice))
        asked.insert(parts.count - 1)
    }

    private func fresh(_ role: Role, _ voice: Voice) -> Genre.Part {
        var part = Genre.Part(role: role, voice: voice.name)
        part.enter = 0.2
        part.center = switch role {
        case .bass: 38
        case .lead: 72
        case .counter: 65
        case .arp: 67
        default: 60
        }
        part.notes = 3
        part.reverb = 0.3
        part.pan = role == .counter ? 0.25 : role == .arp ? -0.3 : 0
        return moved(part, to: voice)
    }

    /// When only some instruments may play, they take over what is missing: tune, harmony, bass.
    private func complete(_ parts: inout [Genre.Part], with voices: [Voice]) {
        let polyphonic = voices.first { $0.roles.contains(.chords) }
        if !brief.withoutMelody, !parts.contains(where: { $0.role == .lead }), let voice = voices.first(where: { $0.roles.contains(.lead) || $0.roles.contains(.counter) }) {
            if voices.count == 1, let inner = parts.indices.first(where: { parts[$0].role == .counter && parts[$0].voice == voice.name }) {
                // One who plays alone has the tune.
                parts[inner].role = .lead
            } else {
                var part = fresh(.lead, voice)
                part.enter = 0
                part.density = 0.45
                parts.append(part)
            }
        }
        if !brief.withoutHarmony, let voice = polyphonic, !parts.contains(where: { $0.role == .chords || $0.role == .pad }) { parts.append(fresh(voice.roles.contains(.pad) ? .pad : .chords, voice)) }
        if !parts.contains(where: { $0.role == .bass }), let voice = polyphonic, voice.low <= 41, !brief.without.contains("bass") {
            var part = fresh(.bass, voice)
            part.center = max(40, voice.low + 4)
            parts.append(part)
        }
        for i in parts.indices { parts[i].enter = min(parts[i].enter, parts[i].role == .lead ? 0.2 : 0) }
    }

    private func fallback() -> [Genre.Part] {
        let voice = ["piano", "strings", "pad", "flute", "harp", "bells"].lazy.compactMap { Voice.named($0) }.first { brief.allows($0) } ?? Voice.all[0]
        return [fresh(voice.roles.first ?? .lead, voice)]
    }
}
