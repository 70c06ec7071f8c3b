import Terminal

/// The picture of a state at a size. Pure: the same state and size give the same frame. Never fails, whatever the size.
func view(_ state: StudioState, size: Size) -> Frame {
    var canvas = Canvas(size: size, theme: state.theme, glyphs: state.glyphs)
    let layout = Layout(size: size, view: state.view, focus: state.focus)
    for (id, rect) in layout.panels { draw(id, rect, state, &canvas) }
    if let top = layout.top { drawTopLine(top, state, &canvas) }
    if let transport = layout.transport { drawTransport(transport, state, &canvas) }
    if let overlay = state.overlay { draw(overlay, state, &canvas) }
    if let footer = layout.footer { drawFooter(footer, state, &canvas) }
    canvas.frame.title = state.deck.path.map { "lathe: " + Sanitise.line(state.deck.label ?? Path.name(of: $0)) } ?? "lathe"
    return canvas.frame
}

private func draw(_ id: PanelID, _ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    switch id {
    case .view(.files): drawFiles(rect, state, &canvas)
    case .view(.master): drawMaster(rect, state, &canvas)
    case .view(.generate): drawGenerate(rect, state, &canvas)
    case .view(.queue): drawQueue(rect, state, &canvas)
    case .view(.ledger): drawLedger(rect, state, &canvas)
    case .waveform: drawWaveform(rect, state, &canvas)
    case .spectrum: drawSpectrum(rect, state, &canvas)
    case .loudness: drawLoudness(rect, state, &canvas)
    case .dynamics: drawDynamics(rect, state, &canvas)
    case .field: drawField(rect, state, &canvas)
    }
}

extension StudioState {
    /// Milliseconds until the picture changes by time alone; nil when nothing but an event can change it.
    func nextFrame(playingEvery frame: Int = 50) -> Int? {
        let frame = hasFocus ? frame : max(frame, 500)
        if deck.player.playing { return frame }
        if let meters = deck.meters, !Ballistics.atRest(meters) { return frame }
        if queue.active > 0 || generate.isMaking { return 250 }
        // Keys do not wait for ever.
        if !typedAhead.isEmpty { return 500 }
        // Lives are counted in seconds only where they are watched.
        if view == .ledger, !ledger.rows.isEmpty { return 1000 }
        return nil
    }
}
