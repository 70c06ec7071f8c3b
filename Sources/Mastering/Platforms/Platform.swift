/// What a service does to the level of what it plays, as far as it says or others have measured.
public struct Platform: Sendable, Equatable {
    public enum Turns: String, Sendable, CaseIterable {
        case none
        /// Loud material only.
        case down
        /// Quiet material too, as far as its peaks allow.
        case both
        /// Quiet material too, whatever its peaks, into a limiter.
        case limited
    }

    public var id: String
    public var name: String
    /// LUFS; nil for a service that leaves levels alone.
    public var targetLUFS: Double?
    public var turns: Turns
    /// Where peaks stop a rise, dBTP.
    public var peakRoomDBTP: Double
    /// What it asks masters to stay under, dBTP.
    public var advisedPeakDBTP: Double
    /// The same for masters louder than the target.
    public var advisedPeakLoudDBTP: Double?
    public var source: String
    /// The service's own word.
    public var isFirstHand: Bool
    /// When the source itself was last looked at, `2026-11-21`; nil when only reports of others were.
    public var verified: String?

    /// What becomes of a file there.
    public struct Preview: Sendable, Equatable {
        public var platform: Platform
        /// 0 for left alone.
        public var gainDB: Double
        /// LUFS.
        public var playsAt: Double
        /// After the gain; a limiter would hold it lower.
        public var peakDBTP: Double
        /// LU that are missing to the target because peaks stop the rise.
        public var shortByLU: Double
        /// Part of the rise that goes into the service's limiter, dB.
        public var limitedDB: Double
        /// The file stays under the peak that the service asks for.
        public var isPeakSafe: Bool

        public var json: JSON {
            .object([
                ("id", .string(platform.id)), ("name", .string(platform.name)), ("target_lufs", .measured(platform.targetLUFS)),
                ("gain_db", .measured(gainDB)), ("plays_at_lufs", .measured(playsAt)), ("peak_dbtp", .measured(peakDBTP)),
                ("short_by_lu", .measured(shortByLU)), ("limited_db", .measured(limitedDB)), ("peak_safe", .bool(isPeakSafe)),
                ("source", .string(platform.source)), ("first_hand", .bool(platform.isFirstHand)), ("verified", .optional(platform.verified)),
            ])
        }
    }

    /// - Returns: nil for a file without loudness.
    public func preview(of analysis: Analysis) -> Preview? {
        guard let loudness = analysis.integratedLUFS, let peak = analysis.truePeakDBTP else { return nil }
        let wanted = (targetLUFS ?? loudness) - loudness
        var gain = wanted, limited = 0.0
        switch turns {
        case .none: gain = 0
        case .down: gain = min(0, wanted)
        // A file that is above the room already is not turned down for it.
        case .both: gain = wanted <= 0 ? wanted : max(0, min(wanted, peakRoomDBTP - peak))
        case .limited: limited = max(0, min(wanted, peak + wanted - peakRoomDBTP))
        }
        let advised = loudness > (targetLUFS ?? .infinity) + 0.05 ? advisedPeakLoudDBTP ?? advisedPeakDBTP : advisedPeakDBTP
        return Preview(
            platform: self, gainDB: gain, playsAt: loudness + gain, peakDBTP: peak + gain,
            shortByLU: turns == .both ? max(0, wanted - gain) : 0, limitedDB: limited, isPeakSafe: peak <= advised + 0.05)
    }
}
