import Terminal

/// The whole file from end to end, with the play head; what was played is brighter.
func drawWaveform(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let deck = state.deck
    var numbers = ""
    if let analysis = deck.profile?.analysis {
        numbers = "peak " + Format.reading(analysis.samplePeakDBFS) + " dBFS" + canvas.dot + "PLR " + Format.reading(analysis.plrDB)
        if analysis.clippedSamples > 0 { numbers += canvas.dot + "\(analysis.clippedSamples) clipped" }
    }
    let known = deck.profile.map { ($0.wave, 1.0) } ?? deck.growing
    if deck.profile == nil, known != nil, let fraction = deck.measuring { numbers = "measuring " + Format.fixed(fraction * 100, 0) + " %" }
    let area = canvas.panel(rect, title: "Waveform", numbers: numbers, focused: state.focus == .waveform)
    guard area.rows > 0, area.columns > 0 else { return }
    guard let (wave, share) = known, !wave.isEmpty else {
        let lines = wrapped(placeholder(deck, state.keymap), area.columns, most: area.rows, ellipsis: canvas.ellipsis)
        let top = area.y + min(area.rows / 2, area.rows - lines.count)
        for (row, line) in lines.enumerated() {
            canvas.text(line, x: area.x, y: top + row, deck.measureProblem == nil ? .dim : .error, width: area.columns)
        }
        return
    }
    let head = deck.duration.map { $0 > 0 ? Int(min(1, deck.shownPosition / $0) * Double(area.columns)) : 0 } ?? 0
    switch canvas.glyphs {
    case .braille:
        var grid = BrailleGrid(columns: area.columns, rows: area.rows)
        let middle = Double(grid.height - 1) / 2
        let read = Int(share * Double(grid.width))
        for x in 0..<read {
            let column = extremes(wave, x, read)
            grid.vertical(x, from: Int((middle - Double(column.high) * middle).rounded()), to: Int((middle - Double(column.low) * middle).rounded()))
        }
        for row in 0..<area.rows {
            runs(area.columns, role: { $0 < head ? .waveformPlayed : .waveform }) { from, to, role in
                let text = (from..<to).map { BrailleGrid.character(grid.pattern($0, row)) }.joined()
                canvas.text(text, x: area.x + from, y: area.y + row, role)
            }
        }
    case .blocks, .ascii:
        // One sided: the larger of the two extremes, from the bottom up.
        let read = Int(share * Double(area.columns))
        for x in 0..<read {
            let column = extremes(wave, x, read)
            let share = Double(max(abs(column.low), abs(column.high)))
            canvas.column(share, x: area.x + x, area, x < head ? .waveformPlayed : .waveform)
        }
    }
    if let region = deck.region, let duration = deck.duration, duration > 0 { drawRegion(region, duration, area, &canvas) }
    if head < area.columns {
        for row in 0..<area.rows { canvas.text(canvas.isASCII ? "|" : "│", x: area.x + head, y: area.y + row, .playhead) }
    }
}

/// The ends of the repeated part, in the rows at the edges.
private func drawRegion(_ region: Region, _ duration: Double, _ area: Rect, _ canvas: inout Canvas) {
    func column(_ seconds: Double) -> Int { area.x + max(0, min(area.columns - 1, Int(seconds / duration * Double(area.columns)))) }
    let role: Role = region.isOn ? .accent : .dim
    for y in Set([area.y, area.maxY - 1]) {
        canvas.text(canvas.isASCII ? "[" : "▐", x: column(region.start), y: y, role)
        if let end = region.end { canvas.text(canvas.isASCII ? "]" : "▌", x: column(end), y: y, role) }
    }
}

private func placeholder(_ deck: DeckState, _ keymap: Keymap) -> String {
    if let problem = deck.measureProblem { return problem }
    if case .failed(let why) = deck.stage { return why }
    if deck.isMeasurementGone { return Unavailable.notMeasured(keymap) }
    if let fraction = deck.measuring { return "measuring " + Format.fixed(fraction * 100, 0) + " %" }
    return "no file is open; " + keymap.name(of: "files.open") + " on one in Files (" + keymap.name(of: "view.files") + ") plays it"
}

/// The extremes of everything that falls on column `x` of `count`.
private func extremes(_ wave: [WaveColumn], _ x: Int, _ count: Int) -> (low: Float, high: Float) {
    let from = min(wave.count - 1, x * wave.count / count)
    let to = max(from + 1, min(wave.count, (x + 1) * wave.count / count))
    var low: Float = 0, high: Float = 0
    for column in wave[from..<to] {
        low = min(low, column.low)
        high = max(high, column.high)
    }
    return (max(-1, low), min(1, high))
}

/// Calls `body` once for each run of columns of the same role.
private func runs(_ columns: Int, role: (Int) -> Role, _ body: (Int, Int, Role) -> Void) {
    var from = 0
    while from < columns {
        let here = role(from)
        var to = from + 1
        while to < columns, role(to) == here { to += 1 }
        body(from, to, here)
        from = to
    }
}

extension Canvas {
    /// One column of a graph, filled from the bottom to `share` 0…1 of the area's height.
    mutating func column(_ share: Double, x: Int, _ area: Rect, _ role: Role) {
        let share = Graph.share(share, from: 0, to: 1)
        if isASCII {
            let full = Int((share * Double(area.rows)).rounded())
            for row in 0..<full { text("#", x: x, y: area.maxY - 1 - row, role) }
            return
        }
        let eighths = Int((share * Double(area.rows * 8)).rounded())
        for row in 0..<area.rows where eighths > row * 8 {
            text(Graph.eighthsUp[min(8, eighths - row * 8)], x: x, y: area.maxY - 1 - row, role)
        }
    }
}
