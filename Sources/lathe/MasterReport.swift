import AudioFiles
import Mastering

/// What `lathe master` says of a finished file, for people.
extension MasterResult {
    var report: String {
        let line = "\(output.printable)  \(Text.number(after.integratedLUFS, "LUFS"))  \(Text.number(after.truePeakDBTP, "dBTP"))  "
            + "was \(Text.number(before.integratedLUFS, "LUFS"))  gain \(Text.number(gainDB, "dB", plus: true))  "
            + "limiter \(Text.number(-abs(limiterMaxReductionDB), "dB"))  \(Text.number(realtimeFactor, places: 0)) x real time"
        // Level and limiting stand in the line above.
        let reasons = moves.filter { !["gain", "limited", "limiter_idle"].contains($0.code) && $0.text != note }.map(\.text)
        var lines = [line] + ([note].compactMap(\.self) + reasons).map { "  " + $0.printable }
        for file in deliverables {
            lines.append("  \(file.output.printable)  \(file.after.format) \(file.after.encoding), \(file.after.sampleRate) Hz  "
                + "\(Text.number(file.after.integratedLUFS, "LUFS"))  \(Text.number(file.after.truePeakDBTP, "dBTP"))"
                + (file.ceilingHeld ? "" : "  over the ceiling"))
        }
        for reading in codecCheck { lines.append("  " + reading.report) }
        if let disc {
            for path in [disc.cue, disc.image, disc.ddp].compactMap(\.self) {
                lines.append("  \(path.printable)  \(disc.tracks.count) tracks, \(Text.clock(disc.seconds))")
            }
        }
        if let signature { lines.append("  \(signature.printable)") }
        if let manifest { lines.append("  \(manifest.printable)") }
        return lines.joined(separator: "\n")
    }
}

extension CodecCheck.Reading {
    fileprivate var report: String {
        if let problem { return "\(codec.padding(to: 10)) not checked: \(problem.printable)" }
        let over = overshootDB.map { $0 > CodecCheck.slackDB ? ", \(Text.number($0, "dB", places: 2)) over the ceiling" : ", holds the ceiling" } ?? ""
        return "\(codec.padding(to: 10)) decodes to \(Text.number(truePeakDBTP, "dBTP", places: 2))\(over)"
    }
}
