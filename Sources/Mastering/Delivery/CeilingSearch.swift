/// The search for the highest ceiling at which every codec holds the preset's, in as few renders as can be.
struct CeilingSearch {
    static let maximumTries = 5
    static let lowestCeilingDBTP = -3.0
    /// What a codec makes of a peak is aimed this far under the ceiling.
    private static let reserveDB = 0.05
    /// A ceiling that much lower than it need be is looked at no further.
    static let wasteDB = 0.15
    /// How far, at the least and at the most, what a codec makes of the peaks goes down with them: its noise stays.
    private static let yields = 0.4...1.0

    private struct Try {
        var ceilingDBTP: Double
        /// Of the codec that goes highest.
        var overshootDB: Double
    }

    private var tries = 0
    /// The lowest ceiling that some codec went over, and the highest that all held.
    private var failed: Try?
    private var held: Try?

    /// By the secant of two tries; the first step as if what a codec makes of the peaks came down as far as the ceiling does.
    ///
    /// - Parameters:
    ///   - ceilingDBTP: that was rendered for.
    ///   - overshootDB: of the highest codec over the preset's ceiling.
    /// - Returns: the ceiling to render for next; nil when the render in hand is the one to keep.
    mutating func next(after ceilingDBTP: Double, overshootDB: Double) -> Double? {
        tries += 1
        let now = Try(ceilingDBTP: ceilingDBTP, overshootDB: overshootDB)
        let before = failed
        let isHeld = overshootDB <= CodecCheck.slackDB
        if isHeld { held = now } else { failed = now }
        guard let failed else { return nil }
        if isHeld {
            let waste = min(-overshootDB, failed.ceilingDBTP - ceilingDBTP)
            // The last try but one has to leave one to come back.
            guard waste > Self.wasteDB, tries < Self.maximumTries - 1 else { return nil }
        } else if tries >= Self.maximumTries {
            return nil
        }
        if let held {
            // Known to hold: the same sound comes out again.
            if !isHeld, tries == Self.maximumTries - 1 { return held.ceilingDBTP }
            let slope = (failed.overshootDB - held.overshootDB) / (failed.ceilingDBTP - held.ceilingDBTP)
            let aim = held.ceilingDBTP + (-Self.reserveDB - held.overshootDB) / max(slope, Self.yields.lowerBound)
            return min(max(aim, held.ceilingDBTP + 0.05), failed.ceilingDBTP - 0.05)
        }
        guard ceilingDBTP > Self.lowestCeilingDBTP else { return nil }
        var yield = Self.yields.upperBound
        if let before, before.ceilingDBTP > ceilingDBTP {
            yield = (before.overshootDB - overshootDB) / (before.ceilingDBTP - ceilingDBTP)
        }
        let step = (overshootDB + Self.reserveDB) / min(max(yield, Self.yields.lowerBound), Self.yields.upperBound)
        return max(Self.lowestCeilingDBTP, ceilingDBTP - step)
    }
}
