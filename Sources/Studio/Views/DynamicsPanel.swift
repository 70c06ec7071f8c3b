import Playback
import Terminal

/// What the compressor and the limiter take away, the correlation of left and right, and their peaks.
func drawDynamics(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let deck = state.deck
    // The bands are told where they work; their numbers stand above also where there is no row for their bars.
    let bands = state.master.sound.audible.multiband.on ? deck.numbers?.bandReductions : nil
    var numbers = state.master.solved.map { "limiter at most " + Format.fixed($0.limiterMaxReductionDB, 1) + " dB" } ?? ""
    if let bands { numbers = "bands " + (0..<4).map { Format.fixed(bands[$0], 1) }.joined(separator: " ") + (rect.columns >= 66 && !numbers.isEmpty ? canvas.dot + numbers : "") }
    let area = canvas.panel(rect, title: "Dynamics", numbers: numbers, focused: state.focus == .dynamics)
    guard area.rows > 0, area.columns > 0 else { return }

    let shown = deck.numbers, live = deck.meters
    let voice = deck.heard(live)
    var y = area.y
    // On a low panel compressor and limiter share a line, and then left and right do.
    let wide = area.columns >= 36
    let pair = wide && (area.rows < 5 || (bands != nil && area.rows < 6))
    let showsBands = bands != nil && wide && area.rows >= 5
    let width = pair ? area.columns / 2 - 1 : area.columns
    reduction("comp", shown?.compressorReduction, live?.compressorReduction, Rect(x: area.x, y: y, columns: width, rows: 1), &canvas)
    if pair {
        reduction("limit", shown?.limiterReduction, live?.limiterReduction,
                  Rect(x: area.x + area.columns - width, y: y, columns: width, rows: 1), &canvas)
    } else if area.rows >= 2 {
        y += 1
        reduction("limit", shown?.limiterReduction, live?.limiterReduction, Rect(x: area.x, y: y, columns: width, rows: 1), &canvas)
    }
    y += 1
    if showsBands {
        canvas.text("bands", x: area.x, y: y, .dim)
        let live = deck.meters?.bandReductions ?? .zero, room = (area.columns - 13 - 3) / 4
        for band in 0..<4 { canvas.bar(Graph.share(-live[band], from: 0, to: 6), x: area.x + 13 + band * (room + 1), y: y, columns: room, .reduction) }
        y += 1
    }
    if y < area.maxY {
        let value = deck.heardNumbers?.correlation
        let text = "corr  " + (value.map { Format.signed($0, 2) } ?? "    -")
        canvas.text(text, x: area.x, y: y, .text, width: area.columns)
        let x = area.x + 13
        canvas.scale(value.map { ($0 + 1) / 2 }, x: x, y: y, columns: area.maxX - x, (value ?? 1) < 0 ? .warning : .correlation)
        y += 1
    }
    let together = wide && area.maxY - y == 1
    let sides = [("left", voice?.peakLeft, deck.heardNumbers?.peakLeft), ("right", voice?.peakRight, deck.heardNumbers?.peakRight)]
    for (at, side) in sides.enumerated() where y < area.maxY {
        let half = area.columns / 2 - 1
        let line = !together ? Rect(x: area.x, y: y, columns: area.columns, rows: 1)
            : Rect(x: at == 0 ? area.x : area.x + area.columns - half, y: y, columns: half, rows: 1)
        peak(side.0, side.2.map(Double.init), side.1.map(Double.init), line, &canvas)
        if !together { y += 1 }
    }
}

private func peak(_ name: String, _ shown: Double?, _ live: Double?, _ rect: Rect, _ canvas: inout Canvas) {
    canvas.text(TextWidth.pad(name, 5), x: rect.x, y: rect.y, .dim, width: rect.columns)
    // The number stands still long enough to be read, but is never below the bar; the mark is its place where the bar has fallen.
    let held = [shown, live].compactMap { $0 }.max()
    canvas.text(number(held), x: rect.x + 6, y: rect.y, .text, width: 6)
    let x = rect.x + 13, level = live ?? -120
    canvas.bar(Graph.share(level, from: -48, to: 0), x: x, y: rect.y, columns: rect.maxX - x, level > -1 ? .warning : .good)
    guard let held, held > -48, held > level else { return }
    canvas.mark(Graph.share(held, from: -48, to: 0), x: x, y: rect.y, columns: rect.maxX - x, .dim)
}

private func reduction(_ name: String, _ shown: Double?, _ live: Double?, _ rect: Rect, _ canvas: inout Canvas) {
    canvas.text(TextWidth.pad(name, 5), x: rect.x, y: rect.y, .dim, width: rect.columns)
    canvas.text(number(shown), x: rect.x + 6, y: rect.y, .text, width: 6)
    let x = rect.x + 13
    // 12 dB is the most that a preset may ask of the limiter.
    canvas.bar(Graph.share(-(live ?? 0), from: 0, to: 12), x: x, y: rect.y, columns: rect.maxX - x, .reduction)
}

private func number(_ x: Double?) -> String {
    let text = Format.reading(x)
    return String(repeating: " ", count: max(0, 5 - text.utf8.count)) + text
}
