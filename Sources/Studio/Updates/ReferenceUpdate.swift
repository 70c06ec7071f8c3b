import Mastering
import Playback
import Terminal

/// The third voice: a recording by somebody else, in the mix's place for a moment.
extension StudioState {
    mutating func hearReference() -> [Effect] {
        guard let track = deck.reference else { return [] }
        deck.hearsReference = true
        deck.numbersAt = 0
        // The loudness at which A and B are heard.
        let level = deck.matched ? [loudness.master, loudness.original].compactMap { $0 }.min() : nil
        let trim = level.flatMap { level in track.lufs.map { min(0, level - $0) } } ?? 0
        say("C: " + Sanitise.line(Path.name(of: track.path)) + (trim < 0 ? ", turned down " + Format.fixed(-trim, 1) + " dB to A and B" : ""))
        return [.hearReference(track, trim: trim)]
    }

    mutating func leaveReference() -> [Effect] {
        deck.hearsReference = false
        deck.numbersAt = 0
        return [.hearReference(nil, trim: 0), trimsEffect, .loop(deck.region?.range)]
    }

    /// dB for each voice as the service in this row would turn them, never above 0: what it would turn up is heard as it is.
    func platformTrims(_ row: Int) -> [Effect] {
        guard platforms.indices.contains(row) else { return [] }
        let (a, b) = platformPreviews(platforms[row])
        return [.setTrims(master: min(0, b?.gainDB ?? 0), original: min(0, a?.gainDB ?? 0))]
    }

    /// What becomes of the original and of the master.
    func platformPreviews(_ platform: Platform) -> (original: Platform.Preview?, master: Platform.Preview?) {
        var master = Analysis()
        (master.integratedLUFS, master.truePeakDBTP) = (self.master.solved?.integratedLUFS, self.master.solved?.truePeakDBTP)
        return (deck.profile.flatMap { platform.preview(of: $0.analysis) }, platform.preview(of: master))
    }

    /// A key in the list of services.
    mutating func choosePlatform(_ cursor: Cursor, _ key: KeyStroke) -> [Effect] {
        var cursor = cursor
        switch key.base {
        case .up, .character("k"): cursor.move(by: -1, count: platforms.count)
        case .down, .character("j"): cursor.move(by: 1, count: platforms.count)
        case .character(" "), .character("x"), .character("["), .character("]"):
            return keymap.command(for: key, in: .master)?.attempt(&self) ?? []
        default:
            overlay = nil
            return [trimsEffect]
        }
        overlay = .platforms(cursor)
        return platformTrims(cursor.index)
    }
}
