import Composition

/// The sound of each voice. Figures are tastes; the sources behind them are the instruments' own acoustics.
enum PatchLibrary {
    static func patch(_ name: String) -> Patch {
        var patch = unnamed(name)
        if case .table(var sound) = patch.source {
            sound.name = name
            patch.source = .table(sound)
        }
        return patch
    }

    private static func unnamed(_ name: String) -> Patch {
        switch name {
        case "piano", "upright piano": piano(bright: name == "piano")
        case "electric piano", "rhodes": electricPiano(warm: name == "rhodes")
        case "harpsichord": plucked(decay: 2.2, slope: 2.5, position: 0.09, strike: 0.25, damp: 0.12, partials: 34, lowCut: 110)
        case "clavinet": plucked(decay: 1.6, slope: 3.5, position: 0.07, strike: 0.3, damp: 0.06, partials: 28, lowCut: 120)
        case "celesta": bar([1, 3.0, 6.2], [1, 0.3, 0.12], decay: 1.6, strike: 0.1)
        case "glockenspiel": bar([1, 2.756, 5.404], [1, 0.35, 0.15], decay: 2.4, strike: 0.15)
        case "music box": bar([1, 2.9, 5.6, 8.9], [1, 0.25, 0.14, 0.06], decay: 1.9, strike: 0.12)
        case "bells": bar([0.5, 1, 1.19, 1.5, 2, 2.67, 3.01, 4.1], [0.35, 1, 0.5, 0.4, 0.6, 0.3, 0.2, 0.15], decay: 4.5, strike: 0.1)
        case "vibraphone": vibraphone
        case "marimba": bar([1, 3.93, 9.24], [1, 0.18, 0.05], decay: 0.75, strike: 0.25, keyDecay: 1.0, lowCut: 90)
        case "xylophone": bar([1, 3.0, 6.1], [1, 0.35, 0.15], decay: 0.5, strike: 0.35)
        case "kalimba": bar([1, 2.76, 5.4, 6.3], [1, 0.12, 0.08, 0.1], decay: 1.3, strike: 0.3)
        case "steel drums": bar([1, 2, 3.01, 4.1, 5.3], [1, 0.7, 0.35, 0.15, 0.08], decay: 1.1, strike: 0.1)
        case "timpani": drumTuned([1, 1.5, 1.98, 2.44, 2.9], decay: 2.2, strike: 0.5)
        case "taiko": drumTuned([1, 1.59, 2.14, 2.3, 2.65, 2.92], decay: 0.9, strike: 1.0)
        case "nylon guitar", "ukulele": plucked(decay: name == "ukulele" ? 1.4 : 2.6, slope: 7, position: 0.22, strike: 0.12, damp: 0.12, partials: 22, lowCut: 80)
        case "acoustic guitar", "mandolin": plucked(decay: name == "mandolin" ? 1.5 : 3.2, slope: 4, position: 0.16, strike: 0.2, damp: 0.1, partials: 30, lowCut: 90)
        case "jazz guitar": plucked(decay: 2.6, slope: 9, position: 0.3, strike: 0.08, damp: 0.1, partials: 16, lowCut: 90)
        case "electric guitar": electricGuitar(drive: 4, decay: 4)
        case "muted guitar": plucked(decay: 0.5, slope: 6, position: 0.18, strike: 0.25, damp: 0.05, partials: 18, lowCut: 110)
        case "overdriven guitar": electricGuitar(drive: 18, decay: 7)
        case "distorted guitar": electricGuitar(drive: 38, decay: 9)
        case "banjo": plucked(decay: 0.9, slope: 2.5, position: 0.12, strike: 0.45, damp: 0.08, partials: 26, lowCut: 160)
        case "harp": plucked(decay: 3.4, slope: 7, position: 0.4, strike: 0.06, damp: 0.6, partials: 22, lowCut: 70)
        case "koto", "shamisen": plucked(decay: name == "koto" ? 2.2 : 0.9, slope: 3.6, position: 0.1, strike: 0.35, damp: 0.2, partials: 28, lowCut: 110)
        case "sitar": plucked(decay: 3, slope: 1.5, position: 0.06, strike: 0.2, damp: 0.4, partials: 40, lowCut: 120)
        case "pizzicato": plucked(decay: 0.42, slope: 8, position: 0.25, strike: 0.2, damp: 0.1, partials: 16, lowCut: 90)
        case "upright bass": bassString(decay: 1.6, slope: 9, strike: 0.25, position: 0.28)
        case "bass", "picked bass", "fretless bass", "slap bass": bassString(decay: 3, slope: name == "fretless bass" ? 9 : name == "bass" ? 7.5 : 5, strike: name == "slap bass" ? 0.5 : 0.18, position: 0.17)
        case "synth bass": synthBass(cutoff: 320, envelope: 2.2, resonance: 1.1)
        case "acid bass": synthBass(cutoff: 260, envelope: 3.4, resonance: 5)
        case "sub bass": subBass
        default: sustained(name)
        }
    }

    private static func piano(bright: Bool) -> Patch {
        var m = ModalSound()
        m.partials = 26
        m.inharmonicity = 0.0004
        m.position = 0.123
        m.slope = bright ? 5.5 : 7
        m.softness = 9
        m.decay = 5
        m.keyDecay = 0.75
        m.partialDecay = 0.62
        m.damp = 0.22
        m.strike = 0.45
        m.strikeSeconds = 0.06
        m.strikeHz = 4200
        m.width = 0.7
        m.beating = 1.6
        return Patch(source: .modal(m), lowCut: 60)
    }

    private static func electricPiano(warm: Bool) -> Patch {
        var f = FMSound()
        f.index = warm ? 1.1 : 1.5
        f.tineLevel = warm ? 0.14 : 0.18
        f.decay = 3.2
        return Patch(source: .frequencyModulation(f), driveDB: warm ? 3 : 0, chorus: 0.35, tremolo: 0.22, tremoloPerBeat: 1, lowCut: 90)
    }

    private static func plucked(decay: Double, slope: Double, position: Double, strike: Double, damp: Double, partials: Int, lowCut: Double) -> Patch {
        var m = ModalSound()
        m.partials = partials
        m.inharmonicity = 0.00006
        m.position = position
        m.slope = slope
        m.softness = 7
        m.decay = decay
        m.keyDecay = 0.5
        m.partialDecay = 0.75
        m.damp = damp
        m.strike = strike * 1.6
        m.strikeSeconds = 0.035
        m.strikeHz = 3600
        m.width = 0.7
        return Patch(source: .modal(m), lowCut: lowCut)
    }

    private static func electricGuitar(drive: Double, decay: Double) -> Patch {
        var m = ModalSound()
        m.partials = drive > 10 ? 16 : 24
        m.inharmonicity = 0.00005
        m.position = 0.14
        m.slope = drive > 10 ? 5 : 4
        m.softness = 5
        m.decay = decay
        m.partialDecay = 0.6
        m.damp = 0.08
        m.strike = 0.25
        m.strikeSeconds = 0.03
        m.strikeHz = 3000
        m.width = 0
        return Patch(source: .modal(m), driveDB: drive, chorus: drive > 10 ? 0.12 : 0.25, lowCut: 95, highCut: drive > 10 ? 6500 : 9000)
    }

    private static func bar(_ ratios: [Double], _ levels: [Double], decay: Double, strike: Double, keyDecay: Double = 0.5, lowCut: Double = 140) -> Patch {
        var m = ModalSound()
        m.ratios = ratios
        m.levels = levels
        m.slope = 0
        m.softness = 4
        m.position = 0
        m.decay = decay
        m.keyDecay = keyDecay
        m.partialDecay = 0.8
        m.damp = nil
        m.strike = strike * 1.6
        m.strikeSeconds = 0.025
        m.strikeHz = 3200
        m.width = 0.6
        return Patch(source: .modal(m), lowCut: lowCut)
    }

    private static var vibraphone: Patch {
        var patch = bar([1, 4.0, 10.1], [1, 0.18, 0.05], decay: 4.5, strike: 0.1)
        if case .modal(var m) = patch.source {
            m.motor = 0.45
            m.motorRate = 4.6
            m.damp = 0.5
            patch.source = .modal(m)
        }
        return patch
    }

    private static func drumTuned(_ ratios: [Double], decay: Double, strike: Double) -> Patch {
        var patch = bar(ratios, [1, 0.6, 0.4, 0.3, 0.2, 0.15], decay: decay, strike: strike, lowCut: 30)
        if case .modal(var m) = patch.source {
            m.strikeHz = 500
            m.strikeSeconds = 0.06
            m.width = 0
            m.keyDecay = 0.2
            patch.source = .modal(m)
        }
        patch.isMono = true
        return patch
    }

    private static func bassString(decay: Double, slope: Double, strike: Double, position: Double) -> Patch {
        var m = ModalSound()
        m.partials = 18
        m.position = position
        m.slope = slope
        m.softness = 5
        m.decay = decay
        m.keyDecay = 0.2
        m.partialDecay = 0.7
        m.damp = 0.09
        m.strike = strike * 1.6
        m.strikeSeconds = 0.025
        m.strikeHz = 2200
        m.width = 0
        return Patch(source: .modal(m), driveDB: 3, lowCut: 30, highCut: 6000, isMono: true)
    }

    private static func synthBass(cutoff: Double, envelope: Double, resonance: Double) -> Patch {
        var t = TableSound()
        t.spectrum = Spectrum(slope: 6)
        t.attack = 0.004
        t.decay = 0.35
        t.sustain = 0.75
        t.release = 0.06
        t.cutoff = cutoff
        t.filterEnvelope = envelope
        t.filterDecay = 0.28
        t.resonance = resonance
        t.tracking = 0.5
        return Patch(source: .table(t), driveDB: 6, lowCut: 28, highCut: 9000, isMono: true)
    }

    private static var subBass: Patch {
        var t = TableSound()
        t.spectrum = Spectrum(drawn: [1, 0.22, 0.1, 0.04])
        t.attack = 0.006
        t.decay = 1.4
        t.sustain = 0.55
        t.release = 0.09
        t.scoop = 5
        t.scoopTime = 0.03
        return Patch(source: .table(t), driveDB: 8, lowCut: 25, highCut: 4000, isMono: true)
    }
}
