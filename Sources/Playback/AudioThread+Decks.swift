import DSP

/// Taking decks and parameters over while something sounds, without a gap.
extension AudioThread {
    mutating func takeMail() {
        if let new = shared.pointee.parameters.take() { newest = new }
        mixer.want(
            masterTrim: Double(bitPattern: shared.pointee.masterTrim.load(ordering: .relaxed)),
            originalTrim: Double(bitPattern: shared.pointee.originalTrim.load(ordering: .relaxed)))
        mixer.want(wantedVoice)
        takeDeck()
        if let deck, sounding, let newest, deck.pointee.version < newest.version {
            deck.pointee.chain.set(newest.parameters, ramp: true)
            deck.pointee.version = newest.version
            deck.pointee.exact = false
            announce(deck)
        }
    }

    mutating func takeDeck() {
        guard leaving == nil else { return }
        if let next = shared.pointee.incoming.exchange(nil, ordering: .acquiringAndReleasing) {
            if let old = held { giveBack(old) }
            held = nil
            if next.pointee.aligned {
                held = next
            } else if next.pointee.seek & 1 == 1 {
                // Heard when the loop's end is reached.
                if let old = looping { giveBack(old) }
                looping = next
            } else {
                tapRestarts = true
                change(to: next, aligned: false)
            }
        }
        if let next = held {
            guard let deck, next.pointee.seek == deck.pointee.seek, next.pointee.version >= deck.pointee.version,
                next.pointee.firstFrame == deck.pointee.frame || (sounding && next.pointee.firstFrame > deck.pointee.frame)
            else {
                held = nil
                return giveBack(next)
            }
            if next.pointee.firstFrame == deck.pointee.frame {
                held = nil
                change(to: next, aligned: true)
            }
        }
    }

    /// Frames before the end of a loop at which its start is made ready, in seconds.
    private static var loopLead: Double { 0.5 }

    /// Keeps the start of a loop ready, and goes there at the frame where the loop ends.
    mutating func turn(at loopEnd: Int) {
        guard let deck else { return }
        if let next = looping {
            if next.pointee.seek < shared.pointee.seeks.load(ordering: .acquiring) || loopEnd == Int.max {
                looping = nil
                // Nobody waits for it any more.
                if deck.pointee.seek < next.pointee.seek { deck.pointee.seek = next.pointee.seek }
                giveBack(next)
                announce(deck)
            } else if deck.pointee.frame >= loopEnd || deck.pointee.atEnd, leaving == nil {
                looping = nil
                tapRestarts = true
                change(to: next, aligned: false, jumps: false)
            }
            return
        }
        let now = shared.pointee.seeks.load(ordering: .acquiring)
        guard loopEnd != Int.max, now == deck.pointee.seek, deck.pointee.frame < loopEnd,
            Double(loopEnd - deck.pointee.frame) < Self.loopLead * sampleRate
        else { return }
        // Unless somebody seeks at this moment: theirs comes first.
        if shared.pointee.seeks.compareExchange(expected: now, desired: (now + 1) | 1, ordering: .acquiringAndReleasing).exchanged {
            shared.pointee.feederWakeup.post()
        }
    }

    /// True while the start of the loop is being made ready: its end is waited at rather than overrun, which a capture faster than any clock would do.
    /// Not during a crossfade, which needs frames to come to its end.
    func awaitsLoop(_ deck: UnsafeMutablePointer<Deck>, until loopEnd: Int) -> Bool {
        let seek = shared.pointee.seeks.load(ordering: .acquiring)
        return loopEnd != Int.max && seek & 1 == 1 && deck.pointee.seek < seek && leaving == nil && deck.pointee.frame <= loopEnd
    }

    mutating func change(to next: UnsafeMutablePointer<Deck>, aligned: Bool, jumps: Bool = true) {
        if let old = deck {
            if sounding {
                leaving = old
                leavingFrames = 0
                leavingIsAligned = aligned
            } else {
                giveBack(old)
            }
        }
        deck = next
        if !aligned {
            if jumps { output.jump() }
            shared.pointee.ended.store(false, ordering: .releasing)
        }
        announce(next)
        publish()
        shared.pointee.feederWakeup.post()
    }

    func announce(_ deck: UnsafeMutablePointer<Deck>) {
        shared.pointee.deckInUse.store(deck, ordering: .releasing)
        shared.pointee.exact.store(deck.pointee.exact, ordering: .releasing)
        shared.pointee.versionInUse.store(deck.pointee.version, ordering: .releasing)
        shared.pointee.seeksDone.store(deck.pointee.seek, ordering: .releasing)
        if !deck.pointee.exact { shared.pointee.scoutWakeup.post() }
    }

    func giveBack(_ deck: UnsafeMutablePointer<Deck>) {
        // There are fewer decks than places in the queue.
        _ = shared.pointee.returned.push(deck)
        shared.pointee.feederWakeup.post()
    }

    /// Adds the deck that is being left to the one that took its place.
    mutating func blendLeaving(_ frames: Int) {
        guard let old = leaving else { return }
        let count = min(frames, mixer.fadeFrames - leavingFrames)
        let heard = min(count, old.pointee.available)
        if heard > 0 { old.pointee.render(master: oldMaster, original: oldOriginal, frames: heard) }
        blend(oldMaster, into: master, count: count, heard: heard)
        blend(oldOriginal, into: original, count: count, heard: heard)
        leavingFrames += count
        if leavingFrames == mixer.fadeFrames {
            giveBack(old)
            leaving = nil
        }
    }

    func blend(_ old: AudioBlock, into new: AudioBlock, count: Int, heard: Int) {
        for c in 0..<new.channels {
            let x = new[c], y = old[c]
            for i in 0..<count {
                var coming = mixer.coming(leavingFrames + i + 1), going = mixer.going(leavingFrames + i + 1)
                // Two takes of the same sound add up in amplitude, two places of a song in power.
                if leavingIsAligned { (coming, going) = (coming * coming, going * going) }
                x[i] = x[i] * coming + (i < heard ? y[i] * going : 0)
            }
        }
    }
}
