import Mastering

/// The plan of a track, field for field as `lathe generate --json` and `--plan` give it.
extension GenerateResult {
    public var json: JSON {
        .object([
            ("brief", brief.json),
            ("understood", .array(understood.map { .object([("text", .string($0.text)), ("as", .string($0.as))]) })),
            ("ignored", .array(ignored.map { .object([("text", .string($0.text)), ("why", .string($0.why))]) })),
            ("sections", .array(sections.map {
                .object([("name", .string($0.name)), ("bar", .int($0.bar)), ("bars", .int($0.bars)), ("start_seconds", .measured($0.start_seconds)), ("energy", .measured($0.energy))])
            })),
            ("chords", .array(chords.map {
                .object([("start_seconds", .measured($0.start_seconds)), ("seconds", .measured($0.seconds)), ("symbol", .string($0.symbol))])
            })),
            ("parts", .array(parts.map {
                .object([("name", .string($0.name)), ("role", .string($0.role)), ("instrument", .string($0.instrument)), ("stem", .optional($0.stem))])
            })),
            ("files", .object([("mix", .string(files.mix)), ("midi", .optional(files.midi)), ("brief", .optional(files.brief)), ("chart", .optional(files.chart)), ("stems", .array(files.stems.map { .string($0) }))])),
            ("reference", reference?.json ?? .null),
            ("engine", .string(engine)),
            ("soundfonts", .array(soundfonts.map {
                .object([("name", .string($0.name)), ("sha256", .string($0.sha256)), ("licence", .string($0.licence))])
            })),
            ("master", master?.json ?? .null),
            ("realtime_factor", .measured(realtime_factor)), ("tier", .string(tier)),
            ("requested_in_text", .array(requested_in_text.map {
                .object([("what", .string($0.what.rawValue)), ("asked", .string($0.asked)), ("measured", .optional($0.measured))])
            })),
        ])
    }
}

extension GenerateResult.Plan {
    var json: JSON {
        .object([
            ("prompt_language", .string(prompt_language)), ("genre", .string(genre)), ("mood", .array(mood.map { .string($0) })),
            // In full: a loop's length in frames follows from it.
            ("bpm", .number(bpm)), ("bpm_unit", .string(bpm_unit)), ("key", .string(key)), ("meter", .string(meter)), ("seconds", .measured(seconds)), ("bars", .int(bars)),
            ("instruments", .array(instruments.map { .string($0) })), ("seed", .int(Int(clamping: seed))), ("loop", .bool(loop)),
        ])
    }
}

extension GenerateResult.Reference {
    var json: JSON {
        let clip: JSON = features.clip.map { clip in
            .object([("seconds", .measured(clip.seconds)), ("motion", .measured(clip.motion)), ("cuts", .int(clip.cuts.count)), ("cuts_per_minute", .measured(clip.cutsPerMinute))])
        } ?? .null
        return .object([
            ("file", .string(file)), ("kind", .string(kind)),
            ("features", .object([
                ("brightness", .measured(features.brightness)), ("contrast", .measured(features.contrast)), ("saturation", .measured(features.saturation)),
                ("warmth", .measured(features.warmth)), ("edges", .measured(features.edges)), ("palette", .array(features.palette.map { .string($0) })), ("clip", clip),
            ])),
            ("mapping", .array(mapping.map { .object([("from", .string($0.from)), ("to", .string($0.to))]) })),
        ])
    }
}

extension GenerateResult.Mastered {
    var json: JSON {
        .object([
            ("preset", .string(preset)), ("integrated_lufs", .measured(integrated_lufs)), ("true_peak_dbtp", .measured(true_peak_dbtp)),
            ("target_reached", .bool(target_reached)),
        ])
    }
}
