import Playback

extension StudioState {
    /// Milliseconds without a sample after which a sound that should go on stands still.
    private static let stillAfter: Int64 = 3000

    /// Says once that the sound stands still, which no picture could: disks and devices that do not answer give no error either.
    private mutating func noteProgress(_ snapshot: PlayerSnapshot, at milliseconds: Int64) {
        // Cut off while it was open: its header still promises more.
        if snapshot.ended, !deck.player.ended, snapshot.problem == nil, deck.isLoaded, deck.take == nil, !deck.hearsReference, let length = snapshot.duration, snapshot.position < length - 1 {
            say(Path.name(of: deck.path ?? "the file") + ": ended at " + Format.duration(snapshot.position, tenths: true) + ", before its announced end; open it again to see what it is now", .warning)
        }
        guard snapshot.playing, deck.player.playing, snapshot.position == deck.player.position else {
            deck.stillSince = nil
            return
        }
        guard let since = deck.stillSince else {
            deck.stillSince = milliseconds
            return
        }
        guard since >= 0, milliseconds - since >= Self.stillAfter else { return }
        deck.stillSince = -1
        say("the sound stands still: the disk with " + Path.name(of: deck.path ?? "the file") + ", or the sound device, does not answer", .warning)
    }

    /// Milliseconds between changes of the numbers, so that they can be read.
    private static let numberInterval: Int64 = 250

    mutating func take(_ snapshot: PlayerSnapshot, _ meters: MeterFrame?, at milliseconds: Int64) {
        if let problem = snapshot.problem, problem != deck.player.problem { say(problem, .error) }
        noteProgress(snapshot, at: milliseconds)
        deck.player = snapshot
        if snapshot.hasSound {
            toldNoSound = nil
        } else if message == nil, snapshot.playing, deck.output != .silent, !snapshot.sinkDescription.isEmpty, toldNoSound != snapshot.sinkDescription {
            toldNoSound = snapshot.sinkDescription
            // One line at 80 columns: the play head must stay in sight. The panel behind `o` has the reason in full.
            say("no sound, running on a clock; " + keymap.name(of: "transport.output") + " says why", .warning)
        }
        deck.shownPosition = (snapshot.position * 10).rounded(.down) / 10
        guard deck.isLoaded, var meters else { return }
        if !snapshot.playing {
            // The last readings stay as numbers; what moves comes to rest.
            let quiet = MeterFrame()
            (meters.master.spectrum, meters.original.spectrum) = (quiet.master.spectrum, quiet.original.spectrum)
            (meters.compressorReduction, meters.bandReductions, meters.limiterReduction) = (0, .zero, 0)
            (meters.master.peakLeft, meters.master.peakRight) = (MeterFrame.floorDB, MeterFrame.floorDB)
            (meters.original.peakLeft, meters.original.peakRight) = (MeterFrame.floorDB, MeterFrame.floorDB)
        }
        let elapsed = Double(milliseconds - lastMeters) / 1000
        deck.meters = deck.meters.map { before in
            switch spectrum.averaging {
            case .fast: Ballistics.settle(meters, after: before, seconds: elapsed)
            case .slow: Ballistics.average(meters, after: before, seconds: elapsed)
            }
        } ?? meters
        if spectrum.holdsPeaks, let shown = deck.meters {
            if deck.held == nil { deck.held = HeldPeaks() }
            deck.held?.take(shown)
        }
        lastMeters = milliseconds
        guard snapshot.playing else { return }
        if deck.numbers == nil || milliseconds - deck.numbersAt >= Self.numberInterval {
            deck.numbers = deck.meters
            deck.numbersAt = milliseconds
        }
        if let duration = deck.duration, !deck.hearsReference {
            deck.spectrogram.record(meters, position: meters.position, duration: duration)
            deck.masterHistory.record(momentary: meters.master.momentary, shortTerm: meters.master.shortTerm,
                                      position: meters.position, duration: duration)
            deck.originalHistory.record(momentary: meters.original.momentary, shortTerm: meters.original.shortTerm,
                                        position: meters.position, duration: duration)
        }
    }
}
