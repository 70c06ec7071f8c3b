import Terminal

/// Where everything stands for a size, a view and a focused panel. Pure arithmetic; every rectangle lies inside the size.
struct Layout {
    var top: Rect?
    var transport: Rect?
    var footer: Rect?
    var panels: [(id: PanelID, rect: Rect)] = []

    init(size: Size, view: ViewID, focus: PanelID) {
        let columns = size.columns
        func line(_ y: Int) -> Rect { Rect(x: 0, y: y, columns: columns, rows: 1) }
        switch size.rows {
        case 0: return
        case 1: transport = line(0); return
        case 2: transport = line(0); footer = line(1); return
        case 3: top = line(0); transport = line(1); footer = line(2); return
        default:
            top = line(0)
            transport = line(size.rows - 2)
            footer = line(size.rows - 1)
        }
        let body = Rect(x: 0, y: 1, columns: columns, rows: size.rows - 3)
        guard columns > 0 else { return }
        let own = PanelID.view(view)
        let isDesk = view == .files || view == .master

        if columns >= 110, body.rows >= 12 {
            if isDesk {
                let left = min(44, max(26, columns * 22 / 100)), right = min(56, max(36, columns * 29 / 100))
                panels.append((.view(.files), Rect(x: 0, y: 1, columns: left, rows: body.rows)))
                stack(Rect(x: left, y: 1, columns: columns - left - right, rows: body.rows), focus)
                panels.append((.view(.master), Rect(x: columns - right, y: 1, columns: right, rows: body.rows)))
            } else {
                let main = columns * 60 / 100
                panels.append((own, Rect(x: 0, y: 1, columns: main, rows: body.rows)))
                stack(Rect(x: main, y: 1, columns: columns - main, rows: body.rows), focus)
            }
        } else if columns >= 64, body.rows >= 8, isDesk {
            let list = view == .master ? min(48, columns / 2) : columns * 44 / 100
            let graphs = Rect(x: view == .master ? 0 : list, y: 1, columns: columns - list, rows: body.rows)
            panels.append((own, Rect(x: view == .master ? columns - list : 0, y: 1, columns: list, rows: body.rows)))
            stack(graphs, focus)
        } else if focus == own {
            panels.append((own, body))
        } else if columns >= 40, body.rows >= 12 {
            stack(body, focus)
        } else {
            panels.append((focus, body))
        }
    }

    /// Rows a graph needs with its border, and its share of what is left over.
    private static func need(_ id: PanelID) -> (rows: Int, weight: Int, most: Int) {
        switch id {
        case .waveform: (5, 4, 14)
        case .spectrum: (6, 8, .max)
        case .loudness: (5, 5, 18)
        case .dynamics: (5, 4, 7)
        case .field: (9, 4, 14)
        case .view: (3, 1, .max)
        }
    }

    /// As many graphs as fit below each other: the focused one first, then the ones that are looked at most.
    private mutating func stack(_ area: Rect, _ focus: PanelID) {
        guard area.columns > 0, area.rows > 0 else { return }
        // Its points move in every frame: only where there is room to spare, or when it was chosen.
        var wanted: [PanelID] = [.waveform, .spectrum, .dynamics, .loudness] + (area.rows >= 45 || focus == .field ? [.field] : [])
        if let index = wanted.firstIndex(of: focus) { wanted.insert(wanted.remove(at: index), at: 0) }
        // Too small for what was chosen: it has all there is.
        if wanted[0] == focus, Self.need(focus).rows > area.rows {
            panels.append((focus, area))
            return
        }
        var chosen: Set<PanelID> = []
        var left = area.rows
        for id in wanted where Self.need(id).rows <= left {
            chosen.insert(id)
            left -= Self.need(id).rows
        }
        if chosen.isEmpty {
            panels.append((wanted[0], area))
            return
        }
        let shown = PanelID.graphs.filter(chosen.contains)
        var heights = shown.map { Self.need($0).rows }
        // One row after the other to whoever is furthest below its share.
        while left > 0 {
            let open = shown.indices.filter { heights[$0] < Self.need(shown[$0]).most }
            guard let next = open.min(by: { a, b in
                heights[a] * weight(shown[b], focus) < heights[b] * weight(shown[a], focus)
            }) ?? shown.indices.last else { break }
            heights[next] += 1
            left -= 1
        }
        var y = area.y
        for (id, height) in zip(shown, heights) {
            panels.append((id, Rect(x: area.x, y: y, columns: area.columns, rows: height)))
            y += height
        }
    }

    private func weight(_ id: PanelID, _ focus: PanelID) -> Int { Self.need(id).weight * (id == focus ? 2 : 1) }
}
