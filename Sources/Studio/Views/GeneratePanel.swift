import Terminal

/// What this view will be, and that it is not there yet.
func drawGenerate(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let area = canvas.panel(rect, title: "Generate", focused: state.focus == .view(.generate))
    guard area.rows > 0, area.columns > 0 else { return }
    let paragraphs: [(String, Role)] = [
        ("This version of Lathe does not make music yet.", .title),
        ("What is coming here: you type a prompt; a brief, a score, stems and a mix are made from it on this machine, and go to Master like any other file.", .text),
        ("No prompt is read, kept or sent anywhere by this version.", .text),
        ("What works now: open a mix in Files (1), shape it in Master (2), follow the render in Queue (4), and see in Ledger (5) what exists meanwhile.", .text),
    ]
    var y = area.y
    for (text, role) in paragraphs {
        for line in wrapped(text, min(72, area.columns)) where y < area.maxY {
            canvas.text(line, x: area.x, y: y, role, width: area.columns)
            y += 1
        }
        y += 1
    }
}
