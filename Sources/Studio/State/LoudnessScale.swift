/// What the loudness panel and its numbers are read against.
enum LoudnessScale: String, Sendable, CaseIterable {
    /// 30 LU below a step above the target, in LUFS.
    case target
    /// EBU Tech 3341, clause 2.6: 0 LU is −23 LUFS; the scale from −18 to +9 LU.
    case ebu9
    /// The same, from −36 to +18 LU.
    case ebu18

    /// LUFS at 0 LU (EBU R 128).
    static let reference = -23.0

    var next: Self { Self.allCases[(Self.allCases.firstIndex(of: self).map { $0 + 1 } ?? 0) % Self.allCases.count] }

    /// LUFS from the bottom to the top of the graph.
    func range(target: Double) -> (bottom: Double, top: Double) {
        switch self {
        case .target:
            let top = min(0, (target / 6).rounded(.up) * 6 + 6)
            return (top - 30, top)
        case .ebu9: return (Self.reference - 18, Self.reference + 9)
        case .ebu18: return (Self.reference - 36, Self.reference + 18)
        }
    }

    /// An absolute loudness in this scale's numbers.
    func reading(_ lufs: Double?) -> String {
        guard self != .target, let lufs, lufs.isFinite, lufs >= -90 else { return Format.reading(lufs) }
        return Format.signed(lufs - Self.reference, 1)
    }

    /// Nothing where the numbers are in LUFS, as everywhere else.
    var unit: String { self == .target ? "" : " LU" }

    var words: String {
        switch self {
        case .target: "loudness in LUFS, the scale follows the target"
        case .ebu9: "EBU mode, +9 scale: 0 LU is -23 LUFS"
        case .ebu18: "EBU mode, +18 scale: 0 LU is -23 LUFS"
        }
    }
}
