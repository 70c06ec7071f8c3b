import AudioFiles
import DSP

/// The account of a render: what went in, what was set, what came out, each with its hash, and every number that was measured.
///
/// Names without folders and no time of day: the same render gives the same manifest, wherever and whenever it is made.
struct Manifest {
    static let schema = 1

    var result: MasterResult
    var preset: Preset
    /// Of an album's track, before the chain.
    var trimDB: Double
    var parameters: ChainParameters
    var inputSHA256: String
    var inputSound: String
    /// Of the master, then of the deliverables.
    var outputSounds: [String]

    var json: JSON {
        let outputs = [(result.output, result.sha256, result.after, result.clampedSamples)]
            + result.deliverables.map { ($0.output, $0.sha256, $0.after, $0.clampedSamples) }
        return .object([
            ("manifest", .int(Self.schema)), ("engine", .string(result.engine)),
            ("preset", .object([("id", .string(preset.id)), ("sha256", .string(result.presetHash))])),
            ("settings", .object(Preset.parameters.compactMap(setting))),
            ("input", .object([
                ("file", .string(Self.name(result.input))), ("sha256", .string(inputSHA256)), ("audio_sha256", .string(inputSound)),
                ("measured", Self.measured(result.before)),
            ])),
            ("solved", .object([
                ("target_lufs", .measured(result.targetLUFS)), ("target_reached", .bool(result.targetReached)), ("note", .optional(result.note)),
                ("gain_db", .number(result.gainDB)), ("trim_db", .number(trimDB)), ("makeup_gain_db", .number(parameters.makeupGainDB)),
                ("compressor_threshold_db", parameters.compressorOn ? .number(parameters.thresholdDB) : .null),
                ("tone_mid_db", Self.curve(parameters.toneMid)), ("tone_side_db", Self.curve(parameters.toneSide)),
                ("clip_max_reduction_db", .measured(result.clipMaxReductionDB)),
                ("limiter_ceiling_dbtp", .number(parameters.ceilingDBTP)),
                ("limiter_max_reduction_db", .measured(result.limiterMaxReductionDB)), ("ceiling_dbtp", .measured(result.ceilingDBTP)),
                ("moves", .array(result.moves.map { .string($0.text) })),
            ])),
            ("codec_check", .array(result.codecCheck.map(\.json))),
            ("outputs", .array(zip(outputs, outputSounds).map { output, sound in
                .object([
                    ("file", .string(Self.name(output.0))), ("sha256", .string(output.1)), ("audio_sha256", .string(sound)),
                    ("clamped_samples", .int(output.3)), ("measured", Self.measured(output.2)),
                ])
            })),
        ])
    }

    /// What is switched off is left out.
    private func setting(_ row: PresetParameter) -> (String, JSON)? {
        guard preset.isInPath(row) else { return nil }
        let value: JSON = switch row.read(preset) {
        case .number(let x): .number(x)
        case .automatic: .string("auto")
        case .choice(let word): .string(word)
        case .toggle(let on): .bool(on)
        }
        return (row.key, value)
    }

    /// dB at the 121 points of a tone curve; null when it changes nothing.
    private static func curve(_ curve: GainCurve) -> JSON {
        curve.isNeutral ? .null : .array((0..<GainCurve.pointCount).map { .number(curve.db[$0]) })
    }

    private static func measured(_ analysis: Analysis) -> JSON {
        var named = analysis
        named.file = name(analysis.file)
        return named.json
    }

    private static func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }
}
