import AudioFiles
import Mastering

/// What `lathe master` says of a finished file, for people.
extension MasterResult {
    var json: JSON {
        .object([
            ("input", .string(input)), ("output", .string(output)), ("preset", .string(preset)), ("engine", .string(engine)),
            ("seconds", .measured(seconds)), ("realtime_factor", .measured(realtimeFactor)), ("tier", .string(tier)),
            ("before", before.json), ("after", after.json), ("target_lufs", .measured(targetLUFS)), ("target_reached", .bool(targetReached)),
            ("note", .optional(note)), ("gain_db", .measured(gainDB)), ("limiter_max_reduction_db", .measured(limiterMaxReductionDB)),
            ("sha256", .string(sha256)), ("preset_hash", .string(presetHash)), ("clamped_samples", .int(clampedSamples)),
            ("deliverables", .array(deliverables.map(\.json))), ("manifest", .optional(manifest)),
        ])
    }

    var report: String {
        let line = "\(output.printable)  \(Text.number(after.integratedLUFS, "LUFS"))  \(Text.number(after.truePeakDBTP, "dBTP"))  "
            + "was \(Text.number(before.integratedLUFS, "LUFS"))  gain \(Text.number(gainDB, "dB", plus: true))  "
            + "limiter \(Text.number(-abs(limiterMaxReductionDB), "dB"))  \(Text.number(realtimeFactor, places: 0)) x real time"
        var lines = [line] + (note.map { ["  " + $0.printable] } ?? [])
        for file in deliverables {
            lines.append("  \(file.output.printable)  \(file.after.format) \(file.after.encoding), \(file.after.sampleRate) Hz  "
                + "\(Text.number(file.after.integratedLUFS, "LUFS"))  \(Text.number(file.after.truePeakDBTP, "dBTP"))"
                + (file.ceilingHeld ? "" : "  over the ceiling"))
        }
        if let manifest { lines.append("  \(manifest.printable)") }
        return lines.joined(separator: "\n")
    }
}
