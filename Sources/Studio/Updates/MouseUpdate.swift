import Mastering
import Terminal

/// The mouse does what keys do: a click chooses and a second one opens, the wheel moves, a click into the waveform goes there.
extension StudioState {
    mutating func take(_ mouse: Mouse) -> [Effect] {
        if overlay != nil {
            switch mouse.action {
            case .scrollUp: return press(KeyStroke(.up), &self)
            case .scrollDown: return press(KeyStroke(.down), &self)
            default: return []
            }
        }
        guard let panel = Layout(size: size, view: view, focus: focus).panels.first(where: { $0.rect.contains(mouse.at) }) else { return [] }
        switch mouse.action {
        case .scrollUp, .scrollDown:
            guard case .view(let id) = panel.id, id == view else { return [] }
            return rowCount == 0 ? [] : moveSelection(by: mouse.action == .scrollUp ? -3 : 3)
        case .press(button: 0): return click(panel.id, panel.rect, mouse.at)
        default: return []
        }
    }

    private mutating func click(_ id: PanelID, _ rect: Rect, _ at: Point) -> [Effect] {
        switch id {
        case .view(let clicked):
            graph = nil
            guard clicked == view else {
                view = clicked
                return clicked == .files ? askFacts() : []
            }
            guard let row = row(at: at, in: rect) else { return [] }
            if clicked == .master {
                guard case .parameter(let index) = master.rows[row] else { return [] }
                master.selectedKey = Preset.parameters[index].key
                return []
            }
            let isAgain = row == selectedRow
            let moved = moveSelection(by: row - selectedRow)
            return isAgain ? keymap.command(for: KeyStroke(.enter), in: view)?.attempt(&self) ?? [] : moved
        case .waveform:
            guard let duration = deck.duration, rect.columns > 2 else { return [] }
            return seek(to: Double(at.x - rect.x - 1) / Double(rect.columns - 2) * duration)
        default:
            graph = id
            return []
        }
    }

    /// The row of the view's list under a cell, as the panels draw it.
    private func row(at: Point, in rect: Rect) -> Int? {
        let area = rect.columns >= 8 && rect.rows >= 3 ? rect.inset() : rect
        var top = area.y, height = area.rows, count = rowCount, selected = selectedRow
        switch view {
        case .files:
            if area.rows >= 4 { (top, height) = (top + 1, height - 1) }
        case .master:
            height -= masterDetailRows(area.rows)
            (count, selected) = (master.rows.count, master.selectedRow?.row ?? 0)
        case .generate, .queue, .ledger: return nil
        }
        guard at.y >= top, at.y < top + height else { return nil }
        let row = Cursor.firstRow(selected: selected, count: count, height: height) + at.y - top
        return row < count ? row : nil
    }
}
