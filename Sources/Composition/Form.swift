/// A section that was asked for.
public struct AskedSection: Sendable, Codable, Hashable {
    public var name: String
    public var bars: Int

    public init(name: String, bars: Int) {
        self.name = name
        self.bars = bars
    }
}

/// Lays the sections of a genre over the bars there are.
enum Form {
    static func sections(_ brief: Brief) -> [Section] {
        var stream = RandomStream(brief.seed, "form")
        var template = stream.pick(brief.genre.forms) ?? [.init(name: "main", bars: 8, energy: 0.7)]
        if brief.form.count > 1, !brief.isLoop, brief.form.count <= brief.bars { return asked(brief, template) }
        if brief.isLoop || brief.bars < 8 {
            let fullest = template.map(\.energy).max() ?? 0.8
            template = [.init(name: "main", bars: brief.bars, energy: min(0.85, fullest))]
        }
        if brief.introWeight == 0, template.count > 1 { template.removeAll { $0.name == "intro" } }
        var weights = template.map { Double($0.bars) * ($0.name == "intro" ? max(0.1, brief.introWeight) : 1) }
        let unit = brief.bars >= 32 && brief.bars % 4 == 0 ? 4 : brief.bars >= 12 ? 2 : 1
        // Too many sections for the bars: the least of them go.
        while template.count > max(1, brief.bars / max(unit, 4)) {
            let least = weights.indices.filter { $0 > 0 || weights.count == 1 }.min { (weights[$0], template[$0].energy) < (weights[$1], template[$1].energy) } ?? 0
            template.remove(at: least)
            weights.remove(at: least)
        }
        var lengths = share(brief.bars, by: weights, unit: unit)
        // One section's own length: the others share what is left.
        if let asked = brief.form.first, let there = template.firstIndex(where: { $0.name == asked.name }), template.count > 1, brief.bars - asked.bars >= template.count - 1 {
            var others = weights
            others[there] = 0
            lengths = share(brief.bars - asked.bars, by: others.enumerated().filter { $0.offset != there }.map(\.element), unit: 1)
            lengths.insert(asked.bars, at: there)
        }
        var out: [Section] = []
        var bar = 0
        for (part, bars) in zip(template, lengths) where bars > 0 {
            let energy = max(0.05, min(1, part.energy + brief.lift * (part.energy > 0.3 ? 1 : 0.5)))
            out.append(Section(name: part.name, bar: bar, bars: bars, energy: energy))
            bar += bars
        }
        if let at = brief.dropAt { moveFullest(to: Int((at / brief.secondsPerBar).rounded()), &out, brief.bars) }
        return out
    }

    private static let energies = ["intro": 0.3, "verse": 0.55, "pre-chorus": 0.65, "chorus": 0.9, "hook": 0.9, "bridge": 0.5, "drop": 0.95, "break": 0.35, "build": 0.6, "solo": 0.8, "outro": 0.3]

    /// The sections that were asked for, as full as the genre has those of their name.
    private static func asked(_ brief: Brief, _ template: [Genre.FormSection]) -> [Section] {
        let lengths = brief.formBars == brief.bars ? brief.form.map(\.bars) : share(brief.bars, by: brief.form.map { Double($0.bars) }, unit: 1)
        var bar = 0
        return zip(brief.form, lengths).map { asked, bars in
            let energy = template.first { $0.name == asked.name }?.energy ?? energies[asked.name] ?? 0.6
            defer { bar += bars }
            return Section(name: asked.name, bar: bar, bars: bars, energy: max(0.05, min(1, energy + brief.lift * (energy > 0.3 ? 1 : 0.5))))
        }
    }

    /// Whole multiples of `unit` in proportion to the weights; the remainder goes to the longest.
    private static func share(_ total: Int, by weights: [Double], unit: Int) -> [Int] {
        let sum = weights.reduce(0, +)
        var out = weights.map { max(unit, Int(Double(total) * $0 / sum / Double(unit)) * unit) }
        while out.reduce(0, +) > total, let most = out.indices.max(by: { out[$0] < out[$1] }) { out[most] -= min(unit, out.reduce(0, +) - total) }
        var rest = total - out.reduce(0, +)
        while rest > 0 {
            // Whoever is furthest below its due gets the next unit.
            let i = out.indices.max { Double(total) * weights[$0] / sum - Double(out[$0]) < Double(total) * weights[$1] / sum - Double(out[$1]) } ?? 0
            let step = min(unit, rest)
            out[i] += step
            rest -= step
        }
        return out
    }

    /// Stretches what comes before the fullest section, so that it begins at `bar`.
    private static func moveFullest(to bar: Int, _ sections: inout [Section], _ total: Int) {
        guard let first = sections.indices.dropFirst().max(by: { (sections[$0].energy, -$0) < (sections[$1].energy, -$1) }),
              bar >= first, bar < total - (sections.count - first) else { return }
        // What was as full before it only leads there: the drop that was asked for is the first.
        let most = sections[first].energy
        for i in sections.indices[1..<first] where sections[i].energy > most - 0.3 || ["drop", "chorus", "hook", "climax"].contains(sections[i].name) {
            sections[i].energy = min(sections[i].energy, max(0.1, most - 0.3))
            if ["drop", "chorus", "hook", "climax"].contains(sections[i].name) { sections[i].name = "build" }
        }
        let before = share(bar, by: sections[..<first].map { Double($0.bars) }, unit: 1)
        let after = share(total - bar, by: sections[first...].map { Double($0.bars) }, unit: 1)
        var at = 0
        for (i, bars) in (before + after).enumerated() {
            sections[i].bar = at
            sections[i].bars = bars
            at += bars
        }
    }
}
