extension Command {
    static let spectrum: [Command] = [
        Command("spectrum.tilt", "Spectrum tilt", keys: [.character("t")],
                help: "Flat, 3 or 4.5 dB per octave: with a tilt a balanced mix lies level.") { state in
            state.spectrum.tilt = state.spectrum.tilt.next
            state.say(state.spectrum.tilt == .flat ? "spectrum without tilt" : "spectrum tilted by " + Format.fixed(state.spectrum.tilt.rawValue, 1) + " dB per octave")
            return []
        },
        Command("spectrum.average", "Spectrum averaging", keys: [.character("T")], help: "Fast bars, or the mean of the last seconds.") { state in
            state.spectrum.averaging = state.spectrum.averaging == .fast ? .slow : .fast
            state.say(state.spectrum.averaging == .fast ? "fast spectrum" : "spectrum averaged over the last seconds")
            return []
        },
        Command("spectrum.time", "Spectrogram", keys: [.character("W")], help: "The spectrum along the file instead of bars, filled as it is heard; again shows bars.") { state in
            state.spectrum.showsTime.toggle()
            state.say(state.spectrum.showsTime ? "spectrogram: time to the right, frequency upwards" : "spectrum of the moment")
            return []
        },
        Command("meters.reset", "Reset the meters", keys: [.character("z")],
                help: "Held peaks, integrated loudness, range and PSR begin anew from here.", unavailable: Unavailable.withoutFile) { state in
            state.deck.held = nil
            state.say("peaks, integrated loudness and range begin anew")
            return [.resetMeters]
        },
        Command("meters.scale", "Loudness scale", keys: [.character("E")],
                help: "The loudness panel around the target in LUFS, or in EBU mode: LU above -23 LUFS, on the +9 or the +18 scale.") { state in
            state.loudnessScale = state.loudnessScale.next
            state.say(state.loudnessScale.words)
            return []
        },
        Command("spectrum.hold", "Hold spectrum peaks", keys: [.character("P")], help: "Marks the highest level of each band from now on; again forgets them.") { state in
            state.spectrum.holdsPeaks.toggle()
            state.deck.held = nil
            state.say(state.spectrum.holdsPeaks ? "the spectrum's peaks are held; " + state.keymap.name(of: "spectrum.hold") + " forgets them" : "peaks forgotten")
            return []
        },
    ]
}
