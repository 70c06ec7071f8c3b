import DSP

extension LevelCourse {
    /// How far peaks may be expected over the limiter's threshold, dB: deeper, what the limiter costs in loudness can no longer be left out.
    private static let mostLimitingDB = 2.5

    /// The make-up gain, dB, that should lead a file to its preset's loudness; nil where only measuring the chain tells: in an album, for
    /// another measure than the integrated loudness, with a block whose effect is not foretold here, and where the limiter has much to do.
    static func foretoldGain(_ programme: Programme, _ direction: Direction, _ parameters: ChainParameters) -> Double? {
        let preset = direction.preset
        guard let course = programme.profile.course, programme.files.count == 1, direction.plan.asAlbum == nil, !direction.isIdle,
            preset.target.scope == .track, parameters.isToneAndGlueOnly, let peak = programme.profile.analysis.truePeakDBTP
        else { return nil }
        let ratios = programme.profile.analysis.traits.spectrum.powerRatios(
            mid: parameters.toneMid, side: programme.channels == 2 ? parameters.toneSide : parameters.toneMid, sampleRate: programme.sampleRate)
        let trim = FastMath.amplitude(dB: 2 * parameters.inputGainDB)
        guard let loudness = course.integratedLUFS(weighted: ratios.weighted * trim, plain: ratios.plain * trim, compressor: parameters.glue)
        else { return nil }
        let gain = preset.target.lufs - loudness
        // Peaks are where the loud parts are, which the compressor lowers by what it was asked for.
        let glue = parameters.compressorOn ? preset.compressor.gainReductionTargetDB * parameters.mix : 0
        let over = peak + parameters.inputGainDB + FastMath.decibels(ratios.plain) / 2 - glue + gain
            - (preset.target.ceilingDBTP - Limiter.marginDB)
        return over <= min(Self.mostLimitingDB, preset.target.maxLimiterGainReductionDB) ? gain : nil
    }
}

extension ChainParameters {
    /// Tonal balance, trim and glue compressor are all that works before the limiter.
    var isToneAndGlueOnly: Bool {
        for i in 0..<8 where bands[i].kind != .off { return false }
        for i in 0..<4 where dynamicBands[i].on { return false }
        let warms = saturation.driveDB > 0 && saturation.mix > 0
        return subsonicHz == 0 && !multiband.on && !warms && width == 1 && bandWidths == ChainParameters().bandWidths && monoBelowHz == 0
            && clip.amountDB == 0
    }
}
