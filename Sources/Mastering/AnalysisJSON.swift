import AudioFiles

extension Analysis {
    /// True peak minus the loudest short-term loudness.
    public var psrDB: Double? {
        guard let truePeakDBTP, let maxShortTermLUFS else { return nil }
        return truePeakDBTP - maxShortTermLUFS
    }

    /// The fields of the command's contract, in its order.
    public var json: JSON {
        .object([
            ("file", .string(file)), ("format", .string(format)), ("encoding", .string(encoding)), ("sample_rate", .int(sampleRate)),
            ("channels", .int(channels)), ("frames", .int(Int(frames))), ("seconds", .measured(seconds)),
            ("integrated_lufs", .measured(integratedLUFS)), ("loudness_range_lu", .measured(loudnessRangeLU)),
            ("max_momentary_lufs", .measured(maxMomentaryLUFS)), ("max_short_term_lufs", .measured(maxShortTermLUFS)),
            ("true_peak_dbtp", .measured(truePeakDBTP)),
            ("true_peak_itu_dbtp", .measured(ituTruePeakDBTP)), ("sample_peak_dbfs", .measured(samplePeakDBFS)), ("plr_db", .measured(plrDB)), ("psr_db", .measured(psrDB)),
            ("correlation", .measured(correlation)), ("dc_offset", .number(dcOffset)), ("clipped_samples", .int(clippedSamples)),
            ("bands", .array(bands.map { .object([("hz", .number($0.hz)), ("db", .measured($0.db))]) })),
            ("tempo_bpm", .measured(tempoBPM)), ("key", .optional(key)),
            ("findings", .array(findings.map { finding in
                .object([
                    ("code", .string(finding.code)), ("severity", .string(finding.severity.rawValue)),
                    ("at_seconds", .measured(finding.atSeconds)), ("message", .string(finding.message)),
                ])
            })),
            ("band_correlations", .array(bandCorrelations.map { .measured($0) })), ("vinyl", vinyl.json),
            ("channel_mask", channelMask.map { .int(Int($0)) } ?? .null),
        ])
    }
}
