/// Voices that sound as long as they are held: bowed, blown, sung, and synthesised.
extension PatchLibrary {
    static func sustained(_ name: String) -> Patch {
        switch name {
        case "organ", "church organ": organ([1, 0.8, 0.55, 0.5, 0.1, 0.32, 0.05, 0.35, 0.02, 0.12], attack: 0.006, chorus: 0.3, drive: 0)
        case "rock organ": organ([1, 0.9, 0.85, 0.3, 0.1, 0.25, 0.04, 0.3], attack: 0.004, chorus: 0.5, drive: 7)
        case "accordion", "bandoneon": reed(detune: name == "accordion" ? 14 : 7)
        case "harmonica": blown(Spectrum(slope: 5, even: 0.8, formants: [.init(hz: 1900, gain: 9, width: 0.9)], scattered: true), attack: 0.035, breath: 0.25, vibrato: 9)
        case "bagpipe": blown(Spectrum(slope: 3.5, even: 0.9, scattered: true), attack: 0.02, breath: 0.05, vibrato: 0)
        case "violin", "fiddle": bowed(formants: [(420, 4, 0.5), (1100, 4, 0.7), (2800, 6, 0.6)], attack: name == "fiddle" ? 0.035 : 0.07, vibrato: 16, unison: 1)
        case "viola": bowed(formants: [(350, 4, 0.5), (900, 4, 0.7), (2200, 5, 0.6)], attack: 0.08, vibrato: 15, unison: 1)
        case "cello", "contrabass": bowed(formants: [(250, 5, 0.6), (700, 4, 0.7), (1800, 4, 0.6)], attack: 0.09, vibrato: 13, unison: 1, lowCut: name == "cello" ? 55 : 30)
        case "strings": bowed(formants: [(400, 3, 0.6), (1200, 3, 0.8), (2800, 4, 0.7)], attack: 0.14, vibrato: 9, unison: 4)
        case "slow strings": bowed(formants: [(400, 3, 0.6), (1200, 2, 0.8)], attack: 0.35, vibrato: 8, unison: 4, lowCut: 70)
        case "choir", "voice", "choir pad": sung(unison: name == "voice" ? 2 : 4)
        case "trumpet", "muted trumpet": brass(cutoff: name == "trumpet" ? 1500 : 900, unison: 1, vibrato: 8)
        case "trombone", "tuba", "horn": brass(cutoff: name == "trombone" ? 1000 : 650, unison: 1, vibrato: 6, lowCut: name == "tuba" ? 40 : 80)
        case "brass", "low brass", "synth brass": brass(cutoff: name == "low brass" ? 650 : 1100, unison: 3, vibrato: 5, lowCut: 70)
        case "saxophone", "tenor saxophone": saxophone(low: name == "tenor saxophone")
        case "clarinet": blown(Spectrum(slope: 5.5, even: 0.12, formants: [.init(hz: 1500, gain: 5, width: 0.8)], scattered: true), attack: 0.03, breath: 0.06, vibrato: 4)
        case "oboe", "bassoon": blown(Spectrum(slope: 3.5, formants: [.init(hz: name == "oboe" ? 1100 : 480, gain: 11, width: 0.6), .init(hz: 2900, gain: 6, width: 0.5)], top: 6000, scattered: true),
                                      attack: 0.03, breath: 0.04, vibrato: 10)
        case "flute", "piccolo", "pan flute", "shakuhachi", "recorder", "whistle":
            blown(Spectrum(slope: name == "recorder" ? 12 : 9, even: name == "pan flute" ? 0.2 : 0.7, scattered: true), attack: 0.045,
                  breath: name == "shakuhachi" || name == "pan flute" ? 0.7 : 0.3, vibrato: name == "recorder" ? 4 : 11)
        case "square lead": lead(Spectrum(slope: 6, even: 0), cutoff: 0, unison: 1, detune: 0)
        case "lead", "synth lead", "bass and lead": lead(Spectrum(slope: 6), cutoff: 3200, unison: 3, detune: 14)
        case "pluck": pluck
        case "synth": synth
        case "glass pad", "texture": pad(Spectrum(slope: 6.5, even: 0.4), cutoff: 7000, attack: 0.5, sweep: 0.5, breath: 0.8)
        case "sweep pad": pad(Spectrum(slope: 6), cutoff: 900, attack: 0.6, sweep: 1.4)
        default: pad(Spectrum(slope: 6), cutoff: 1100, attack: 0.4, sweep: 0.4)
        }
    }

    private static func organ(_ drawbars: [Double], attack: Double, chorus: Double, drive: Double) -> Patch {
        var t = TableSound()
        t.spectrum = Spectrum(slope: 0, drawn: drawbars, scattered: true)
        t.attack = attack
        t.sustain = 1
        t.release = 0.06
        t.vibrato = 4
        t.vibratoRate = 6.4
        t.vibratoDelay = 0
        return Patch(source: .table(t), driveDB: drive, chorus: chorus, tremolo: 0.1, tremoloPerBeat: 3, lowCut: 90)
    }

    private static func reed(detune: Double) -> Patch {
        var t = TableSound()
        t.spectrum = Spectrum(slope: 4.5, formants: [.init(hz: 1500, gain: 4, width: 1)], top: 7000, scattered: true)
        t.unison = 2
        t.detune = detune
        t.spread = 0.35
        t.octaveLevel = 0.35
        t.attack = 0.03
        t.sustain = 0.95
        t.release = 0.07
        t.breath = 0.03
        return Patch(source: .table(t), lowCut: 110, highCut: 9000)
    }

    private static func blown(_ spectrum: Spectrum, attack: Double, breath: Double, vibrato: Double) -> Patch {
        var t = TableSound()
        t.spectrum = spectrum
        t.spectrum.slope += 4
        t.bright = spectrum
        t.attack = attack
        t.decay = 0.4
        t.sustain = 0.85
        t.release = 0.09
        t.vibrato = vibrato
        t.vibratoRate = 5.1
        t.vibratoDelay = 0.3
        t.breath = breath
        t.scoop = -0.25
        t.scoopTime = 0.05
        return Patch(source: .table(t), lowCut: 140)
    }

    private static func bowed(formants: [(Double, Double, Double)], attack: Double, vibrato: Double, unison: Int, lowCut: Double = 110) -> Patch {
        var t = TableSound()
        t.spectrum = Spectrum(slope: 7.5, formants: formants.map { .init(hz: $0.0, gain: $0.1, width: $0.2) }, top: 5500, scattered: true)
        t.bright = t.spectrum
        t.bright?.slope = 5
        t.unison = unison
        t.detune = unison > 1 ? 16 : 0
        t.spread = 0.75
        t.attack = attack
        t.decay = 0.8
        t.sustain = 0.88
        t.release = unison > 1 ? 0.4 : 0.16
        t.vibrato = vibrato
        t.vibratoRate = 5.4
        t.vibratoDelay = 0.2
        t.breath = unison > 1 ? 0.03 : 0.08
        return Patch(source: .table(t), chorus: unison > 1 ? 0.25 : 0, lowCut: lowCut, highCut: 11_000)
    }

    private static func sung(unison: Int) -> Patch {
        var t = TableSound()
        t.spectrum = Spectrum(slope: 9, formants: [.init(hz: 650, gain: 13, width: 0.35), .init(hz: 1080, gain: 9, width: 0.3), .init(hz: 2650, gain: 12, width: 0.3)],
                              top: 4500, scattered: true)
        t.unison = unison
        t.detune = 18
        t.spread = 0.8
        t.attack = 0.18
        t.sustain = 0.95
        t.release = 0.4
        t.vibrato = 14
        t.vibratoRate = 5
        t.vibratoDelay = 0.2
        t.breath = 0.06
        return Patch(source: .table(t), chorus: 0.2, lowCut: 130)
    }

    private static func brass(cutoff: Double, unison: Int, vibrato: Double, lowCut: Double = 110) -> Patch {
        var t = TableSound()
        t.spectrum = Spectrum(slope: 5, formants: [.init(hz: 1200, gain: 4, width: 1)], scattered: true)
        t.unison = unison
        t.detune = 9
        t.spread = 0.5
        t.attack = 0.018
        t.decay = 0.5
        t.sustain = 0.8
        t.release = 0.1
        t.cutoff = cutoff
        t.filterEnvelope = 1.6
        t.filterAttack = 0.03
        t.filterDecay = 0.5
        t.resonance = 0.7
        t.tracking = 0.6
        t.vibrato = vibrato
        t.vibratoDelay = 0.35
        t.scoop = -0.5
        t.scoopTime = 0.05
        t.breath = 0.04
        return Patch(source: .table(t), lowCut: lowCut, highCut: 10_000)
    }

    private static func saxophone(low: Bool) -> Patch {
        var patch = blown(Spectrum(slope: 3.8, even: 0.9, formants: [.init(hz: low ? 520 : 700, gain: 6, width: 0.7), .init(hz: 1600, gain: 5, width: 0.6)], top: 6500, scattered: true),
                          attack: 0.035, breath: 0.22, vibrato: 12)
        patch.driveDB = 3
        return patch
    }

    private static func lead(_ spectrum: Spectrum, cutoff: Double, unison: Int, detune: Double) -> Patch {
        var t = TableSound()
        t.spectrum = spectrum
        t.unison = unison
        t.detune = detune
        t.spread = 0.4
        t.attack = 0.006
        t.decay = 0.5
        t.sustain = 0.7
        t.release = 0.12
        t.cutoff = cutoff
        t.filterEnvelope = cutoff > 0 ? 1.2 : 0
        t.filterDecay = 0.5
        t.resonance = 0.9
        t.vibrato = 9
        t.vibratoDelay = 0.3
        return Patch(source: .table(t), lowCut: 150, highCut: 13_000)
    }

    private static var pluck: Patch {
        var t = TableSound()
        t.spectrum = Spectrum(slope: 6)
        t.unison = 2
        t.detune = 9
        t.spread = 0.6
        t.attack = 0.003
        t.decay = 0.35
        t.sustain = 0.05
        t.release = 0.2
        t.cutoff = 900
        t.filterEnvelope = 2.6
        t.filterDecay = 0.22
        t.resonance = 1.2
        return Patch(source: .table(t), lowCut: 170)
    }

    private static var synth: Patch {
        var t = TableSound()
        t.spectrum = Spectrum(slope: 6)
        t.unison = 5
        t.detune = 20
        t.spread = 0.8
        t.attack = 0.008
        t.decay = 0.5
        t.sustain = 0.75
        t.release = 0.18
        t.cutoff = 1800
        t.filterEnvelope = 1.4
        t.filterDecay = 0.4
        return Patch(source: .table(t), lowCut: 150)
    }

    private static func pad(_ spectrum: Spectrum, cutoff: Double, attack: Double, sweep: Double, breath: Double = 0) -> Patch {
        var t = TableSound()
        t.spectrum = spectrum
        t.unison = 3
        t.detune = 16
        t.spread = 0.9
        t.attack = attack
        t.sustain = 1
        t.release = 0.9
        t.cutoff = cutoff
        t.breath = breath
        t.filterEnvelope = 0.4
        t.filterAttack = attack
        t.filterDecay = 3
        t.sweep = sweep
        t.sweepPerBar = 0.25
        t.tracking = 0.4
        return Patch(source: .table(t), chorus: 0.3, lowCut: 150, highCut: 12_000)
    }
}
