import Playback

extension StudioState {
    /// A key in the output chooser.
    mutating func choose(in chooser: OutputChooser, _ key: KeyStroke) -> [Effect] {
        var chooser = chooser
        let rows = deck.outputRows
        switch key.base {
        case .escape, .character("q"), .character("o"):
            overlay = nil
            return []
        case .up, .character("k"): chooser.cursor.move(by: -1, count: rows.count)
        case .down, .character("j"): chooser.cursor.move(by: 1, count: rows.count)
        case .home: chooser.cursor.move(by: -rows.count, count: rows.count)
        case .end: chooser.cursor.move(by: rows.count, count: rows.count)
        case .character("l"): chooser.showsLog.toggle()
        case .enter:
            overlay = nil
            let choice = rows[chooser.cursor.index].choice
            deck.output = choice
            if choice == .page, let page { return [.chooseOutput(choice)] + show(page) }
            return [.chooseOutput(choice)]
        default: return []
        }
        overlay = .outputs(chooser)
        return []
    }

    /// Shows the way to the page, and puts it into the clipboard where the user sits.
    mutating func show(_ page: PageInfo) -> [Effect] {
        self.page = page
        overlay = .page
        return [.copy(page.forward ?? page.url)]
    }

    /// A key while the way to the page is shown.
    mutating func takeWithPage(_ key: KeyStroke) -> [Effect] {
        guard let page else {
            overlay = nil
            return []
        }
        switch key.base {
        case .character("c"):
            say("the line for ssh went to your clipboard")
            return [.copy(page.forward ?? page.url)]
        case .character("u"):
            say("the address went to your clipboard")
            return [.copy(page.url)]
        case .character(" "), .character("x"):
            // Listening begins with the panel still open.
            return keymap.command(for: key, in: view)?.attempt(&self) ?? []
        default:
            overlay = nil
            return []
        }
    }

    /// What the listener's keys and buttons ask for: the same commands as the keys here.
    mutating func obey(_ order: PageOrder) -> [Effect] {
        // A blind test is not for the page to spoil.
        if case .abx = overlay, case .voice = order { return [] }
        switch order {
        case .play where !deck.player.playing, .pause where deck.player.playing:
            return Command.named("transport.play")?.attempt(&self) ?? []
        case .play, .pause: return []
        case .voice(let voice):
            guard Unavailable.withoutFile(self) == nil else { return [] }
            if voice == .difference { deck.voiceBefore = deck.voice }
            deck.player.voice = voice
            deck.numbersAt = 0
            return [.setVoice(voice)]
        case .seek(let seconds): return seek(to: seconds)
        case .move(let seconds): return seek(to: deck.player.position + seconds)
        }
    }

    mutating func seek(to seconds: Double) -> [Effect] {
        guard Unavailable.withoutFile(self) == nil else { return [] }
        var target = max(0, seconds)
        if let end = deck.duration { target = min(target, end) }
        deck.player.position = target
        deck.shownPosition = (target * 10).rounded(.down) / 10
        return [.seek(target)]
    }
}
