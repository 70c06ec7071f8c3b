/// The JSON of `lathe master`, field for field.
extension MasterResult {
    public var json: JSON {
        .object([
            ("input", .string(input)), ("output", .string(output)), ("preset", .string(preset)), ("engine", .string(engine)),
            ("seconds", .measured(seconds)), ("realtime_factor", .measured(realtimeFactor)), ("tier", .string(tier)),
            ("before", before.json), ("after", after.json), ("target_lufs", .measured(targetLUFS)), ("target_reached", .bool(targetReached)),
            ("note", .optional(note)), ("gain_db", .measured(gainDB)),
            ("clip_max_reduction_db", .measured(clipMaxReductionDB)), ("limiter_max_reduction_db", .measured(limiterMaxReductionDB)),
            ("moves", .array(moves.map(\.json))), ("sha256", .string(sha256)),
            ("preset_hash", .string(presetHash)), ("clamped_samples", .int(clampedSamples)),
            ("deliverables", .array(deliverables.map(\.json))), ("manifest", .optional(manifest)),
            ("codec_check", .array(codecCheck.map(\.json))), ("ceiling_dbtp", .measured(ceilingDBTP)),
            ("disc", disc?.json ?? .null), ("signature", .optional(signature)),
        ])
    }
}

extension Move {
    public var json: JSON {
        .object([
            ("block", .string(block.rawValue)), ("code", .string(code)), ("db", .measured(db)), ("hz", .measured(hz)),
            ("low_hz", .measured(lowHz)), ("high_hz", .measured(highHz)), ("channel", .optional(channel)),
            ("deviation_db", .measured(deviationDB)), ("band_db", .measured(bandDB)), ("after_deviation_db", .measured(afterDeviationDB)),
            ("text", .string(text)),
        ])
    }
}
