import Playback
import Terminal

/// Position, voice, match and the numbers of what is heard; the least needed give way on a narrow screen.
func drawTransport(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let deck = state.deck
    guard deck.path != nil else {
        var x = rect.x + canvas.text(" " + canvas.paused + " nothing is loaded", x: rect.x, y: rect.y, .dim, width: rect.columns) + 3
        // The line has nothing else to say yet: it names the views to whoever is new here.
        let names = ViewID.allCases.map { (state.keymap.name(of: "view.\($0)"), $0.title) }
        guard names.reduce(0, { $0 + TextWidth.of($1.0) + 1 + TextWidth.of($1.1) + 2 }) - 2 <= rect.maxX - x else { return }
        for (key, title) in names {
            x += canvas.text(key, x: x, y: rect.y, .accent) + 1
            x += canvas.text(title, x: x, y: rect.y, .dim) + 2
        }
        return
    }
    if case .abx(let test) = state.overlay {
        // No number may give away which voice it is.
        canvas.text(" " + (deck.player.playing ? canvas.playing : canvas.paused) + " " + Format.duration(deck.shownPosition, tenths: true) + "  "
            + test.heard.rawValue, x: rect.x, y: rect.y, .title, width: rect.columns)
        return
    }
    let length = deck.duration.map { Format.duration($0) } ?? "-"
    let position = " " + (deck.player.playing ? canvas.playing : canvas.paused) + " "
        + Format.duration(deck.shownPosition, tenths: true) + " / " + length
    let numbers = deck.heardNumbers
    // Text, role and rank: the highest ranks are left out first; the match gives way to a mark instead.
    var parts: [(String, Role, Int)] = [(position, .title, 0), (deck.hearsReference ? "C reference" : deck.voice.title, .accent, 1)]
    if let range = deck.region?.range {
        parts.append(("loop " + Format.duration(range.lowerBound, tenths: true) + "-" + Format.duration(range.upperBound, tenths: true), .accent, 3))
    }
    var matchMark: String?
    if deck.matched, deck.profile != nil {
        let trims = state.trims
        parts.append(("matched " + Format.signed(min(trims.master, trims.original), 1) + " LU", .text, 6))
        matchMark = "A=B"
    } else if deck.profile != nil {
        parts.append(("not matched", .warning, 6))
        matchMark = canvas.isASCII ? "A!=B" : "A≠B"
    }
    parts.append(("M " + padded(numbers?.momentary) + "  S " + padded(numbers?.shortTerm), .text, 4))
    parts.append(("I " + padded(numbers?.integrated) + " LUFS", .text, 3))
    // The range of a short passage says nothing yet (EBU Tech 3342: from 60 s on).
    parts.append(("LRA " + Format.reading((numbers?.loudnessRange).flatMap { deck.shownPosition >= 60 ? $0 : nil }), .text, 7))
    parts.append(("TP " + padded(numbers?.truePeak), (numbers?.truePeak ?? -1) > 0 ? .error : .text, 5))
    parts.append(("PSR " + Format.reading(numbers?.peakToShortTerm), .text, 9))
    parts.append(("corr " + (numbers?.correlation.map { Format.signed($0, 2) } ?? "-"), .text, 8))
    if deck.player.xruns > 0 { parts.append(("\(deck.player.xruns) dropouts", .warning, 2)) }
    let sink = deck.player.sinkDescription
    if !sink.isEmpty { parts.append(deck.player.hasSound ? (sink, .dim, 10) : ("no sound (" + state.keymap.name(of: "transport.output") + ")", .warning, 2)) }

    while parts.count > 1, parts.reduce(0, { $0 + TextWidth.of($1.0) + 2 }) - 2 > rect.columns {
        guard let widest = parts.indices.max(by: { parts[$0].2 < parts[$1].2 }) else { break }
        if parts[widest].2 == 6, let mark = matchMark {
            (parts[widest].0, parts[widest].2) = (mark, 2)
            matchMark = nil
        } else {
            parts.remove(at: widest)
        }
    }
    var x = rect.x
    for (text, role, _) in parts { x += canvas.text(text, x: x, y: rect.y, role, width: rect.maxX - x) + 2 }
}

extension Voice {
    var title: String {
        switch self {
        case .original: "A original"
        case .master: "B master"
        case .difference: "B-A difference"
        }
    }
}

/// Wide enough for any loudness, so that the numbers stand still.
private func padded(_ x: Double?) -> String {
    let text = Format.reading(x)
    return String(repeating: " ", count: max(0, 5 - text.utf8.count)) + text
}
