/// The ways the sound ends, and the rest after it.
extension AudioThread {
    /// Plays on until silent, then lets the sink finish.
    mutating func fadeOut() {
        mixer.close()
        while mixer.opening > 0, let deck {
            switch output.waitForRoom() {
            case .done: break
            case .notYet:
                if shared.pointee.quit.load(ordering: .relaxed) { return stopSounding() }
                continue
            case .failed: return stopSounding()
            }
            let frames = min(output.periodFrames, deck.pointee.available, mixer.opening)
            guard frames > 0 else { break }
            if case .failed = play(deck, frames: frames, remaining: Int.max) { return stopSounding() }
        }
        output.drain()
        stopSounding()
    }

    /// The end of the file, or the frame where playing had to stop.
    mutating func finish(_ wanted: Int) {
        if sounding { output.drain() }
        shared.pointee.ended.store(true, ordering: .releasing)
        stopWanting(wanted)
        stopSounding()
    }

    /// Nothing takes the sound any more.
    mutating func stop(_ wanted: Int) {
        stopWanting(wanted)
        if sounding { stopSounding() }
    }

    mutating func replaceSink(_ code: Int32, _ wanted: Int) {
        if !output.replace(failedWith: code) { stop(wanted) }
    }

    /// Unless `play` was called again meanwhile.
    mutating func stopWanting(_ wanted: Int) {
        _ = shared.pointee.wanted.compareExchange(expected: wanted, desired: wanted & ~1, ordering: .acquiringAndReleasing)
    }

    mutating func stopSounding() {
        sounding = false
        if let old = leaving { giveBack(old) }
        leaving = nil
        if let deck = held { giveBack(deck) }
        held = nil
        shared.pointee.sounding.store(false, ordering: .releasing)
        publish()
        shared.pointee.feederWakeup.post()
        shared.pointee.scoutWakeup.post()
    }

    mutating func rest() {
        publish()
        if !output.isOpen {
            shared.pointee.audioWakeup.wait()
        } else {
            let before = monotonicNanoseconds()
            shared.pointee.audioWakeup.wait(milliseconds: Self.releaseSeconds * 1000)
            if monotonicNanoseconds() - before >= Self.releaseSeconds * 1_000_000_000 { output.release() }
        }
    }
}
