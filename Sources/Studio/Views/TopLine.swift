import Terminal

/// File, format, length, loudness and peak on the left; where jobs run and the time on the right.
func drawTopLine(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    canvas.fill(rect, .bar)
    let bar = canvas.theme[.bar]
    var right = rect.maxX - 1
    if rect.columns >= 30, !state.clock.isEmpty { right = canvas.textRight(state.clock, maxX: right, y: rect.y, style: bar) - 2 }
    if rect.columns >= 60 {
        // The tiers of the newest job, in their order; the last one is this machine.
        for lamp in (state.lamps ?? [JobWay.Lamp(name: "local", standing: .good)]).suffix(rect.columns >= 100 ? 4 : 2).reversed() {
            let role: Role = switch lamp.standing {
            case .working: .accent
            case .good: .good
            case .out: .warning
            case .closed: .dim
            }
            right = canvas.textRight(String(lamp.name.prefix(12)), maxX: right, y: rect.y, style: bar) - 1
            right = canvas.textRight(canvas.lamp, maxX: right, y: rect.y, style: bar.attributes.contains(.reverse) ? bar : canvas.theme[role].background(bar.background)) - 2
        }
    }
    var x = rect.x + 1
    if rect.columns >= 40 { x += canvas.text("lathe", x: x, y: rect.y, .key, width: right - x) + 2 }
    var facts = fileFacts(state)
    guard let path = state.deck.path else {
        // Where nothing is open yet, the way to the views.
        let views = ViewID.allCases.map { state.keymap.name(of: "view.\($0)") + " " + $0.title }.joined(separator: "  ")
        let line = "no file is open" + canvas.dot + views
        canvas.text(TextWidth.of(line) <= right - x ? line : views, x: x, y: rect.y, style: bar, width: right - x)
        return
    }
    let name = state.deck.label ?? Path.name(of: path)
    let room = right - x
    // The name keeps at least a third; the facts give way from their end.
    let most = room - min(TextWidth.of(name), max(room / 3, 12)) - 2
    // A fact is there whole or not at all: a number without its unit is a riddle.
    while !facts.isEmpty, TextWidth.of(facts.joined(separator: canvas.dot)) > most { facts.removeLast() }
    let told = facts.joined(separator: canvas.dot)
    let used = canvas.text(name, x: x, y: rect.y, style: bar.with(.bold), width: room - (told.isEmpty ? 0 : TextWidth.of(told) + 2), cut: .middle)
    canvas.text(told, x: x + used + 2, y: rect.y, style: bar, width: max(0, right - x - used - 2))
}

private func fileFacts(_ state: StudioState) -> [String] {
    var parts: [String] = []
    switch state.deck.stage {
    case .opening: parts.append("opening")
    case .failed: parts.append("cannot be played")
    case .resting: parts.append("let go")
    case .empty, .ready: break
    }
    if state.deck.isChanged { parts.append("changed on disk") }
    if let facts = state.deck.facts { parts.append(facts.summary) }
    if let seconds = state.deck.duration { parts.append(Format.duration(seconds)) }
    if let analysis = state.deck.profile?.analysis {
        parts.append(Format.reading(analysis.integratedLUFS) + " LUFS")
        parts.append(Format.reading(analysis.truePeakDBTP) + " dBTP")
    } else if let fraction = state.deck.measuring {
        parts.append("measuring " + Format.fixed(fraction * 100, 0) + " %")
    }
    return parts
}

extension AudioFacts {
    /// `WAV 24/48`, `FLAC 16/44.1 mono`, `MP3 44.1`.
    var summary: String {
        let bits = encoding.split(separator: "_").last.flatMap { Int($0) }.map { (encoding.hasPrefix("float") ? "\($0)f" : "\($0)") + "/" } ?? ""
        let channels = switch channels {
        case 1: " mono"
        case 2: ""
        default: " \(channels) ch"
        }
        return format + " " + bits + Format.kilohertz(sampleRate) + channels
    }
}
