import DSP

extension ChainParameters {
    /// A preset's settings as numbers, with the thresholds that follow from the input and no make-up gain yet.
    ///
    /// - Parameters:
    ///   - preset: with the assistant's settings in the place of its own, where it has a say (`Assistant.Plan.applied`).
    ///   - plan: what was decided from the material.
    ///   - outputRate: of the file, Hz; what the preset says when nil.
    init(preset: Preset, profile: InputProfile, plan: Assistant.Plan, outputRate: Int? = nil) {
        self.init()
        if let rate = outputRate ?? preset.output.rate.hz, rate < profile.analysis.sampleRate { bandEndHz = Double(rate) / 2 }
        let traits = profile.analysis.traits
        for (c, offset) in Offset.removed(traits.channelMeans, stands: traits.offsetsStand, preset.condition.dc).prefix(32).enumerated() {
            offsets[c] = offset
        }
        inputGainDB = preset.condition.inputGainDB
        subsonicHz = preset.condition.subsonicHz
        if subsonicHz == 0, preset.condition.dc != .off, traits.offsetWanders { subsonicHz = Offset.filterHz }
        for (i, source) in preset.eq.prefix(8).enumerated() { bands[i] = Band(source) }
        toneMid = plan.tone.curve.mid
        toneSide = plan.tone.curve.side
        for (i, source) in preset.dyneq.prefix(4).enumerated() { dynamicBands[i] = DynamicEqualizer.Band(source) }
        if let deEss = plan.deEss, let free = (0..<4).first(where: { !dynamicBands[$0].on }) { dynamicBands[free] = DynamicEqualizer.Band(deEss) }
        setGlue(preset.compressor, profile)
        multiband = MultibandCompressor.Settings(preset.multiband)
        saturation.driveDB = preset.saturation.driveDB
        saturation.mix = preset.saturation.mixPct / 100
        saturation.curve = switch preset.saturation.type {
        case .tape: .tape
        case .tube: .tube
        case .soft: .soft
        }
        // The same drive for the same music, however high its export was: full scale is where a mix of −18 LUFS has it.
        if let loudness = profile.analysis.integratedLUFS { saturationLevelDB = min(max(-18 - loudness - inputGainDB, -24), 24) }
        width = preset.stereo.widthPct / 100
        bandWidths = SIMD3(preset.stereo.lowWidthPct, preset.stereo.midWidthPct, preset.stereo.highWidthPct) / 100
        monoBelowHz = preset.stereo.monoBelowHz
        clip.amountDB = preset.clip.amountDB
        clip.knee = preset.clip.kneePct / 100
        if let album = plan.asAlbum {
            if let threshold = album.thresholdDB { thresholdDB = threshold }
            compressorOn = album.thresholdDB != nil
            saturationLevelDB = album.saturationLevelDB
        }
        limiterOn = !plan.limiterRests
        ceilingDBTP = preset.target.ceilingDBTP
        lookaheadMs = preset.limiter.lookaheadMs
        holdMs = preset.limiter.holdMs
        limiterReleaseMs = preset.limiter.releaseMs ?? 0
        limiterLink = preset.limiter.linkPct / 100
        limiterProtectsLow = preset.limiter.protectsLow
        limiterCharacter = switch preset.limiter.character {
        case .transparent: .transparent
        case .punchy: .punchy
        case .dense: .dense
        }
    }

    private mutating func setGlue(_ glue: Preset.Compressor, _ profile: InputProfile) {
        ratio = glue.ratio
        kneeDB = glue.kneeDB
        attackMs = glue.attackMs
        releaseMs = glue.releaseMs
        sidechainHighPassHz = glue.sidechainHighPassHz
        mix = glue.mixPct / 100
        var curve = Compressor.Settings()
        curve.ratio = ratio
        curve.kneeDB = kneeDB
        let threshold = profile.levels.threshold(reducing: glue.gainReductionTargetDB, curve, offsetDB: inputGainDB)
        compressorOn = glue.on && threshold != nil
        thresholdDB = threshold ?? 0
    }
}

extension ChainParameters.Band {
    init(_ source: Preset.Band) {
        self.init()
        kind = switch source.type {
        case _ where !source.on: .off
        case .bell: source.db == 0 ? .off : .bell
        case .lowShelf: source.db == 0 ? .off : .lowShelf
        case .highShelf: source.db == 0 ? .off : .highShelf
        case .tilt: source.db == 0 ? .off : .tilt
        case .highPass: .highPass
        case .lowPass: .lowPass
        case .notch: .notch
        }
        target = switch source.channel {
        case .stereo: .stereo
        case .mid: .mid
        case .side: .side
        }
        hz = source.hz
        db = source.db
        q = source.q
        isLinear = source.phase == .linear
    }
}

extension DynamicEqualizer.Band {
    init(_ source: Preset.DynamicBand) {
        self.init()
        on = source.on && source.rangeDB != 0
        hz = source.hz
        q = source.q
        automatic = source.thresholdDB == nil
        thresholdDB = source.thresholdDB ?? 0
        rangeDB = source.rangeDB
        attackMs = source.attackMs
        releaseMs = source.releaseMs
    }

    /// Fast enough for a consonant, gone before the vowel.
    init(_ deEss: Assistant.DeEss) {
        self.init()
        on = deEss.rangeDB != 0
        hz = deEss.hz
        q = deEss.q
        rangeDB = deEss.rangeDB
        attackMs = 1
        releaseMs = 60
    }
}

extension MultibandCompressor.Settings {
    init(_ source: Preset.Multiband) {
        self.init()
        on = source.on
        bands = 4
        crossoverHz = SIMD3(source.lowHz, source.midHz, source.highHz)
        automatic = true
        for (i, band) in source.bands.enumerated() {
            ratio[i] = band.ratio
            rangeDB[i] = band.rangeDB
            attackMs[i] = band.attackMs
            releaseMs[i] = band.releaseMs
        }
    }
}
