import DSP

/// What a master's `software` tag says of its sound, behind `Engine.signature`: by this a later pass tells it from one that somebody has worked on
/// since, whose tag came along.
///
/// Held against the sound by the distance of its peak from its loudness, which a change of level leaves alone and hardly anything else does.
enum MasterSeal {
    /// More than meters differ by between a master and its copy with other word lengths, dB.
    static let toleranceDB = 0.03
    private static let width = 7

    /// Of the same length whatever the numbers, so that it can be filled in when they are known.
    static func text(integratedLUFS: Double?, truePeakDBTP: Double?) -> String {
        ", \(field(integratedLUFS)) LUFS, \(field(truePeakDBTP)) dBTP"
    }

    static let open = text(integratedLUFS: nil, truePeakDBTP: nil)

    private static func field(_ value: Double?) -> String {
        let text = value.map { fixedDecimal($0, places: 2) } ?? "-"
        return String(repeating: " ", count: max(0, width - text.utf8.count)) + text.prefix(width)
    }

    /// Whether `software` begins with `signature` and goes on with a seal that fits the sound. libsndfile adds its own name behind.
    static func holds(_ software: String, signature: String, _ analysis: Analysis) -> Bool {
        guard software.hasPrefix(signature) else { return false }
        let parts = software.dropFirst(signature.count).split(separator: ",").map { $0.split(separator: " ") }
        guard parts.count == 2, parts[0].count == 2, parts[1].count >= 2, parts[0][1] == "LUFS", parts[1][1] == "dBTP" else { return false }
        guard let loudness = Double(parts[0][0]), let peak = Double(parts[1][0]) else {
            return parts[0][0] == "-" && analysis.integratedLUFS == nil
        }
        guard let now = analysis.plrDB else { return false }
        return (now - (peak - loudness)).magnitude <= toleranceDB
    }
}
