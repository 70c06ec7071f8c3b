import Terminal

/// A blind test over everything that could give the answer away.
func drawABX(_ test: ABXTest, _ state: StudioState, _ canvas: inout Canvas) {
    let size = canvas.frame.size
    let body = Rect(x: 0, y: min(1, size.rows), columns: size.columns, rows: max(0, size.rows - 3))
    let area = canvas.window(body, title: "Blind ABX", numbers: "trial \(test.trials.count + 1)")
    guard area.rows > 0, area.columns > 0 else { return }
    let keys: [(String, String)] = [
        ("a", "hear A, the original"), ("b", "hear B, the master, at the same loudness"), ("x", "hear X, which is one of them"), ("", ""),
        ("A", "X is A"), ("B", "X is B"), (["transport.play", "transport.back", "transport.forward"].map(state.keymap.name).joined(separator: " "), "play, pause, seek"), ("Esc", "end, and see the score"),
    ]
    let rows = keys.count + 3
    let x = area.x + max(0, (area.columns - 54) / 2)
    var y = area.y + max(0, (area.rows - rows) / 2)
    let marks: [(ABXTest.Heard, String)] = [(.a, " A "), (.b, " B "), (.x, " X ")]
    var at = x
    for (heard, text) in marks where y < area.maxY {
        at += canvas.text(text, x: at, y: y, heard == test.heard ? .selection : .dim, width: area.maxX - at) + 2
    }
    y += 2
    for (key, words) in keys where y < area.maxY {
        canvas.text(key, x: x, y: y, .accent, width: area.maxX - x)
        canvas.text(words, x: x + 11, y: y, .text, width: area.maxX - x - 11)
        y += 1
    }
    guard y + 1 < area.maxY else { return }
    let count = test.trials.count
    canvas.text(count == 0 ? "ten trials or more say something" : count == 1 ? "1 answer" : "\(count) answers", x: x, y: y + 1, .dim, width: area.maxX - x)
}
