import Playback
import Terminal

/// The spectrum of what is heard, with the other voice behind it.
func drawSpectrum(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let deck = state.deck
    // The words go when the picture does.
    let isEmpty = deck.meters.map(Ballistics.atRest) ?? true
    let most = isEmpty ? "" : deck.numbers.map { loudest(deck.voice == .original ? $0.original : $0.master) } ?? ""
    // Of the difference there is no balance to compare with.
    let balance = deck.voice == .difference ? nil : state.master.balance
    let words = state.spectrum.words + (rect.columns >= 64 ? balance.map { ["dotted: " + $0.name] } ?? [] : [])
    var numbers = (words + (most.isEmpty ? [] : [most])).joined(separator: canvas.dot)
    // What was chosen must be in sight; where the picture is highest can be seen.
    if TextWidth.of(numbers) > rect.columns - 18 { numbers = words.joined(separator: canvas.dot) }
    let area = canvas.panel(rect, title: state.spectrum.showsTime ? "Spectrogram" : "Spectrum", numbers: numbers, focused: state.focus == .spectrum)
    guard area.rows > 0, area.columns > 0 else { return }
    if state.spectrum.showsTime { return drawSpectrogram(area, state, &canvas) }
    guard let meters = deck.meters else {
        canvas.text(deck.isLoaded ? state.keymap.name(of: "transport.play") + " plays" : "nothing is heard", x: area.x, y: area.y + area.rows / 2, .dim, width: area.columns)
        return
    }
    let labelled = area.columns >= 30 && area.rows >= 4
    let gutter = labelled ? 4 : 0
    let graph = Rect(x: area.x + gutter, y: area.y, columns: area.columns - gutter, rows: area.rows - (labelled ? 1 : 0))
    // A gap between bars costs nothing to draw anew; wide screens get wide bars.
    let pitch = graph.columns >= 120 ? 3 : graph.columns >= 24 ? 2 : 1
    let bars = min(MeterFrame.bandCount, graph.columns / pitch)
    guard bars > 0 else { return }
    let (front, back) = deck.voice == .original ? (meters.original, meters.master) : (meters.master, meters.original)
    let held = deck.held.map { deck.voice == .original ? $0.original : $0.master }
    for bar in 0..<bars {
        let x = graph.x + bar * pitch
        let heard = level(bar, bars, state.spectrum) { front.spectrum[$0] }, other = level(bar, bars, state.spectrum) { back.spectrum[$0] }
        let peak = held.map { held in level(bar, bars, state.spectrum) { held[$0] } }
        for offset in 0..<max(1, pitch - 1) {
            drawBar(heard, behind: other, x: x + offset, graph, &canvas)
            if let peak { drawPeak(peak, over: heard, x: x + offset, graph, &canvas) }
        }
    }
    if let balance { drawBalance(balance, bars, pitch, state, graph, &canvas) }
    guard labelled else { return }
    for (db, row) in [(top, 0), ((top + bottom) / 2, graph.rows / 2), (bottom, graph.rows - 1)] {
        canvas.textRight(Format.fixed(db, 0), maxX: area.x + 3, y: graph.y + row, style: canvas.theme[.dim])
    }
    var free = graph.x
    for hz in [30.0, 60, 125, 250, 500, 1000, 2000, 4000, 8000, 16000] {
        guard let band = (0..<MeterFrame.bandCount).min(by: { abs(MeterFrame.bandHz($0) - hz) < abs(MeterFrame.bandHz($1) - hz) }) else { continue }
        let label = hz >= 1000 ? Format.fixed(hz / 1000, 0) + "k" : Format.fixed(hz, 0)
        let x = graph.x + band * bars / MeterFrame.bandCount * pitch
        if x >= free, x + label.utf8.count <= graph.maxX {
            canvas.text(label, x: x, y: graph.maxY, .dim)
            free = x + label.utf8.count + 2
        }
    }
}

/// dB at the upper and lower edge: a full-scale sine reaches the top.
private let top = 0.0
private let bottom = -84.0

/// The highest band among those that one bar stands for, as a share of the height.
private func level(_ bar: Int, _ bars: Int, _ options: SpectrumOptions, _ spectrum: (Int) -> Float) -> Double {
    let from = bar * MeterFrame.bandCount / bars, to = max(from + 1, (bar + 1) * MeterFrame.bandCount / bars)
    var highest = MeterFrame.floorDB
    // Silence is not tilted: it stays at the bottom.
    for band in from..<to where spectrum(band) > Ballistics.floor { highest = max(highest, spectrum(band) + options.tilt(ofBand: band)) }
    return Graph.share(Double(highest), from: bottom, to: top)
}

/// The balance as dots, in the gaps between the bars where there are any, so that no bar hides it.
private func drawBalance(_ balance: BalanceLine, _ bars: Int, _ pitch: Int, _ state: StudioState, _ graph: Rect, _ canvas: inout Canvas) {
    var dots = BrailleGrid(columns: 1, rows: graph.rows)
    let raised = state.deck.voice == .original ? 0 : balance.masterDB
    for bar in 0..<bars {
        // In a gap: between the middles of two neighbours.
        let band = min(MeterFrame.bandCount - 1, (2 * bar + (pitch > 1 ? 2 : 1)) * MeterFrame.bandCount / (2 * bars))
        guard let level = balance.levels[band] else { continue }
        let share = Graph.share(level + raised + Double(state.spectrum.tilt(ofBand: band)), from: bottom, to: top)
        guard share > 0, share < 1 else { continue }
        let x = graph.x + bar * pitch + pitch - 1
        let height = graph.rows * (canvas.glyphs == .braille ? 4 : 1), y = min(height - 1, Int((1 - share) * Double(height)))
        if canvas.glyphs == .braille {
            dots = BrailleGrid(columns: 1, rows: graph.rows)
            dots.set(0, y)
            canvas.text(BrailleGrid.character(dots.pattern(0, y / 4)), x: x, y: graph.y + y / 4, .target)
        } else {
            canvas.text(canvas.isASCII ? "." : "·", x: x, y: graph.y + y, .target)
        }
    }
}

/// A line at the held level, where the bar does not reach it.
private func drawPeak(_ peak: Double, over heard: Double, x: Int, _ graph: Rect, _ canvas: inout Canvas) {
    let row = min(graph.rows - 1, Int(peak * Double(graph.rows)))
    guard peak > 0, row > Int(heard * Double(graph.rows)) else { return }
    canvas.text(canvas.isASCII ? "-" : "▔", x: x, y: graph.maxY - 1 - row, .spectrumHigh)
}

private func drawBar(_ heard: Double, behind other: Double, x: Int, _ graph: Rect, _ canvas: inout Canvas) {
    let scale = Double(graph.rows * 8)
    let front = Int((heard * scale).rounded()), back = Int((other * scale).rounded())
    for row in 0..<graph.rows {
        let y = graph.maxY - 1 - row
        let fill = front - row * 8
        // From −12 dB up the colour changes.
        let role: Role = Double(row) >= Double(graph.rows) * (1 - 12 / (top - bottom)) ? .spectrumHigh : .spectrum
        if fill >= 8 || (canvas.isASCII && fill >= 4) {
            canvas.text(canvas.isASCII ? "#" : "█", x: x, y: y, role)
        } else if fill > 0, !canvas.isASCII {
            canvas.text(Graph.eighthsUp[fill], x: x, y: y, role)
        } else if back - row * 8 >= 4 {
            canvas.text(canvas.isASCII ? ":" : "░", x: x, y: y, .spectrumOther)
        }
    }
}

/// `63 Hz -12.4 dB`: where the spectrum is highest.
private func loudest(_ voice: MeterFrame.VoiceMeters) -> String {
    var best = 0
    for band in 1..<MeterFrame.bandCount where voice.spectrum[band] > voice.spectrum[best] { best = band }
    guard voice.spectrum[best] > Ballistics.floor else { return "" }
    let hz = MeterFrame.bandHz(best)
    let name = hz >= 1000 ? Format.fixed(hz / 1000, 1) + " kHz" : Format.fixed(hz, 0) + " Hz"
    return "most at " + name + " " + Format.fixed(Double(voice.spectrum[best]), 0) + " dB"
}
