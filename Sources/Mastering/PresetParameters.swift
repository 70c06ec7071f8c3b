extension Preset {
    /// Every parameter there is, in the order of the chain. Ranges are data: a parameter exists, is parsed, edited, explained and
    /// hashed because it stands here and for no other reason.
    public static let parameters: [PresetParameter] = {
        var rows: [PresetParameter] = [
            toggle("assistant.on", "Assistant", \.assistant.on,
                   "Listens first: no compressor, no clipper and no more level where the mix is finished, limited or damaged; tames sharp sibilants."),
            number("assistant.amount_pct", "Amount", "%", \.assistant.amountPct, 0...100, 5, 1, decimals: 1,
                   "Scales all that is done on its own: tone, glue, level; 0 leaves the sound as it is."),
            number("condition.input_gain_db", "Input gain", "dB", \.condition.inputGainDB, -24...24, 0.5, 0.1,
                   "Trim before everything; the loudness solve evens it out, the compressor's threshold follows."),
            choice("condition.dc", "DC offset", \.condition.dc, [
                .init(value: "off", effect: "an offset stays"),
                .init(value: "auto", effect: "a channel's mean is taken out where it is over \u{2212}60 dBFS"),
                .init(value: "on", effect: "every channel's mean is taken out"),
            ], "What happens to a waveform that stands off centre: it wastes headroom."),
            number("condition.subsonic_hz", "Subsonic filter", "Hz", \.condition.subsonicHz, 10...40, 1, 0.5, bottom: .off, decimals: 1,
                   "Removes rumble below the corner, 12 dB per octave; off keeps every low note."),
        ]
        for band in 1...bandCount { rows += bandRows(band) }
        rows += toneRows
        for band in 1...dynamicBandCount { rows += dynamicRows(band) }
        rows += [
            toggle("compressor.on", "Compressor", \.compressor.on, "Gentle glue over the whole mix."),
            number("compressor.gr_target_db", "Gain reduction", "dB", \.compressor.gainReductionTargetDB, 0...4, 0.25, 0.05,
                   "How much the loud parts are held back; the threshold follows from it."),
            number("compressor.ratio", "Ratio", ":1", \.compressor.ratio, 1.1...4, 0.1, 0.05,
                   "How firmly: 1.5 breathes, 4 grips."),
            number("compressor.knee_db", "Knee", "dB", \.compressor.kneeDB, 0...18, 1, 0.5,
                   "How softly it sets in around the threshold."),
            number("compressor.attack_ms", "Attack", "ms", \.compressor.attackMs, 0.1...200, 0.25, 0.05, scale: .octaves,
                   "Longer lets drum hits through."),
            number("compressor.release_ms", "Release", "ms", \.compressor.releaseMs, 20...2000, 0.25, 0.05, scale: .octaves,
                   "Shorter is louder and busier, longer is calmer."),
            number("compressor.sidechain_hpf_hz", "Detector high-pass", "Hz", \.compressor.sidechainHighPassHz, 20...300, 0.25, 0.05,
                   scale: .octaves, bottom: .off, decimals: 1, "Keeps the bass from pumping the rest."),
            number("compressor.mix_pct", "Mix", "%", \.compressor.mixPct, 0...100, 5, 1, decimals: 1,
                   "Dry to compressed; below 100 is parallel compression."),
        ]
        rows += multibandRows
        rows += [
            number("saturation.drive_db", "Drive", "dB", \.saturation.driveDB, 0.1...24, 0.5, 0.1, bottom: .off,
                   "How far a full-scale peak is pressed; the loudness stays, density and harmonics grow."),
            choice("saturation.type", "Type", \.saturation.type, [
                .init(value: "tape", effect: "the treble gives way first, odd harmonics"),
                .init(value: "tube", effect: "lopsided, even harmonics too"),
                .init(value: "soft", effect: "plain and symmetric, odd harmonics"),
            ], "The kind of colour."),
            number("saturation.mix_pct", "Mix", "%", \.saturation.mixPct, 0...100, 5, 1, decimals: 1, "Clean to driven."),
            number("stereo.width_pct", "Width", "%", \.stereo.widthPct, 0...150, 5, 1, decimals: 1,
                   "Side level: 0 is mono, 100 unchanged."),
            number("stereo.low_width_pct", "Low width", "%", \.stereo.lowWidthPct, 0...150, 5, 1, decimals: 1,
                   "Side level below 150 Hz, on top of the width."),
            number("stereo.mid_width_pct", "Mid width", "%", \.stereo.midWidthPct, 0...150, 5, 1, decimals: 1,
                   "Side level from 150 Hz to 4 kHz, on top of the width."),
            number("stereo.high_width_pct", "High width", "%", \.stereo.highWidthPct, 0...150, 5, 1, decimals: 1,
                   "Side level above 4 kHz, on top of the width."),
            number("stereo.mono_below_hz", "Mono below", "Hz", \.stereo.monoBelowHz, 40...300, 10, 1, bottom: .off, decimals: 1,
                   "Folds the bass to the centre: steadier on vinyl and big systems."),
            number("target.lufs", "Target loudness", "LUFS", \.target.lufs, -36 ... -5, 0.5, 0.1,
                   "Integrated loudness of the master (BS.1770)."),
            choice("target.scope", "Target is for", \.target.scope, [
                .init(value: "track", effect: "the loudness of the whole track"),
                .init(value: "album", effect: "the loudest track; several files are mastered as one programme"),
                .init(value: "short_term", effect: "the loudest 3 s, which are not to exceed it"),
            ], "What is brought to the target loudness."),
            number("target.tolerance_lu", "Tolerance", "LU", \.target.toleranceLU, 0.05...1, 0.05, 0.01,
                   "How close the solve must come."),
            number("target.ceiling_dbtp", "Ceiling", "dBTP", \.target.ceilingDBTP, -12 ... -0.1, 0.1, 0.05,
                   "No true peak goes above it; -1 leaves room for lossy codecs."),
            number("target.max_limiter_gr_db", "Most limiting", "dB", \.target.maxLimiterGainReductionDB, 0...12, 0.5, 0.1,
                   "Past this the solve stops short of the target and says so."),
            number("target.psr_floor_db", "Least PSR", "dB", \.target.psrFloorDB, 4...16, 0.5, 0.1, bottom: .off, decimals: 1,
                   "Peaks stay this far over the loudest 3 s: the solve stops short of the target before the sound turns dense."),
            number("clip.amount_db", "Clip", "dB", \.clip.amountDB, 0.05...4, 0.25, 0.05, bottom: .off,
                   "Cuts the tips of the highest peaks before the limiter has to: louder for the same limiting, less punch lost."),
            number("clip.knee_pct", "Knee", "%", \.clip.kneePct, 0...100, 5, 1, decimals: 1, "0 cuts hard, 100 bends softly up to the peak."),
            number("limiter.lookahead_ms", "Look-ahead", "ms", \.limiter.lookaheadMs, 0.5...10, 0.5, 0.1,
                   "Longer is smoother, shorter keeps attacks."),
            number("limiter.hold_ms", "Hold", "ms", \.limiter.holdMs, 0...50, 1, 0.5,
                   "Waits before letting go: less distortion on bass."),
            PresetParameter(
                key: "limiter.release", label: "Release", block: .limiter, band: nil, unit: "ms",
                kind: .number(.init(lowest: 10, highest: 2000, step: 0.25, fineStep: 0.05, scale: .octaves, bottom: .automatic, decimals: 2)),
                effect: "Automatic is fast for single peaks and slow under steady reduction.",
                read: { $0.limiter.releaseMs.map(PresetValue.number) ?? .automatic },
                write: { preset, value in
                    if case .number(let ms) = value { preset.limiter.releaseMs = ms } else { preset.limiter.releaseMs = nil }
                }),
            choice("limiter.character", "Character", \.limiter.character, [
                .init(value: "transparent", effect: "isolated peaks are gone at once, lasting reduction moves slowly"),
                .init(value: "punchy", effect: "only the tip of a hit is taken"),
                .init(value: "dense", effect: "the gain comes back as fast as it can: most energy"),
            ], "How the automatic release treats music."),
            number("limiter.link_pct", "Link", "%", \.limiter.linkPct, 0...100, 5, 1, decimals: 1,
                   "How much the channels are turned down together: 100 keeps the image still."),
            toggle("limiter.lf_protect", "Protect lows", \.limiter.protectsLow, "Slows the release under bass, so that its waves are not bent."),
            choice("output.bits", "Bits", \.output.bits, [
                .init(value: "16", effect: "CD and older players"),
                .init(value: "24", effect: "delivery to stores and services"),
                .init(value: "32f", effect: "float, for further work"),
            ], "Sample format of WAV, FLAC, AIFF and CAF masters."),
            choice("output.dither", "Dither", \.output.dither, [
                .init(value: "none", effect: "plain rounding"),
                .init(value: "tpdf", effect: "steady noise in place of rounding distortion"),
                .init(value: "shaped", effect: "at 16 bits, noise moved to where the ear hears it least; a last step only"),
            ], "What happens to what is smaller than the last bit of an integer format."),
            choice("output.rate_hz", "Sample rate", \.output.rate, [
                .init(value: "keep", effect: "the input's own; the nearest the container holds"),
                .init(value: "44100", effect: "CD and most stores"),
                .init(value: "48000", effect: "video and broadcast"),
                .init(value: "88200", effect: "twice CD"),
                .init(value: "96000", effect: "high resolution"),
                .init(value: "176400", effect: "four times CD"),
                .init(value: "192000", effect: "the highest that players take"),
            ], "Sample rate of the master; the ceiling is held after the conversion."),
            toggle("output.bext", "Loudness in WAV", \.output.bext, "A WAV states its own loudness, as broadcasters ask for (bext, EBU Tech 3285)."),
        ]
        return rows
    }()

    /// The row with exactly this key, or the one `--set` means by a shorter spelling: without the unit (`compressor.attack`),
    /// `eq.band.2.hz`, or `limiter.ceiling` for the ceiling of the target.
    public static func parameter(_ key: String) -> PresetParameter? { parametersBySpelling[key].map { parameters[$0] } }

    private static let parametersBySpelling: [String: Int] = {
        var found: [String: Int] = [:]
        for (index, row) in parameters.enumerated() {
            found[row.key] = index
            if let cut = row.key.lastIndex(of: "_"), unitSuffixes.contains(row.key[cut...]) { found[String(row.key[..<cut])] = index }
            if let band = row.band { found["\(row.place.table).\(band).\(row.place.leaf)"] = index }
            if row.key == "target.ceiling_dbtp" { found["limiter.ceiling"] = index; found["limiter.ceiling_dbtp"] = index }
            if row.key == "limiter.release" { found["limiter.release_ms"] = index }
        }
        return found
    }()

    private static let unitSuffixes: Set<Substring> = ["_db", "_dbtp", "_hz", "_ms", "_pct", "_lu", "_lufs"]
}
