/// The search for the highest ceiling at which no codec goes over the preset's, in as few renders as can be.
///
/// What a codec makes of a peak mostly comes down with the ceiling, but not always: a few decibels less may send it another way.
/// So nothing is taken for granted that was not rendered, and what is kept is the best of what was.
struct CeilingSearch {
    /// A ceiling that much lower than it need be is looked at no further.
    static let wasteDB = 0.15
    /// How far, at the least and at the most, what a codec makes of the peaks goes down with them: its noise stays.
    private static let yields = 0.4...1.0
    /// Between two ceilings that failed a third is tried when they are this far apart.
    private static let gapDB = 0.3

    private struct Try {
        var ceilingDBTP: Double
        /// Of the codec that goes highest.
        var overshootDB: Double
    }

    let lowestCeilingDBTP: Double
    let maximumTries: Int
    /// Beyond the ceiling by no more than this counts as held.
    let slackDB: Double
    /// What a codec makes of a peak is aimed this far under the ceiling.
    let reserveDB: Double
    private var count = 0
    /// From the lowest ceiling up, each once.
    private var tries: [Try] = []

    init(lowestCeilingDBTP: Double, maximumTries: Int, slackDB: Double, reserveDB: Double) {
        self.lowestCeilingDBTP = lowestCeilingDBTP
        self.maximumTries = maximumTries
        self.slackDB = slackDB
        self.reserveDB = reserveDB
    }

    /// For a file that goes through several codecs, each render a whole solve.
    static let ofCodecCheck = CeilingSearch(lowestCeilingDBTP: -3, maximumTries: 8, slackDB: CodecCheck.slackDB, reserveDB: CodecCheck.slackDB)

    /// For what is written, by an encoder or after a rate conversion.
    static func ofSolve(ceilingDBTP: Double) -> CeilingSearch {
        CeilingSearch(lowestCeilingDBTP: ceilingDBTP - 9, maximumTries: 8, slackDB: Solve.ceilingSlackDB, reserveDB: Solve.ceilingSlackDB)
    }

    /// - Parameters:
    ///   - ceilingDBTP: that was rendered for.
    ///   - overshootDB: of the highest codec over the preset's ceiling.
    /// - Returns: the ceiling to render for next, perhaps one that was rendered for before; nil when the render in hand is the one to keep.
    mutating func next(after ceilingDBTP: Double, overshootDB: Double) -> Double? {
        let now = Try(ceilingDBTP: ceilingDBTP, overshootDB: overshootDB)
        count += 1
        tries.removeAll { abs($0.ceilingDBTP - ceilingDBTP) < 0.001 }
        tries.insert(now, at: tries.firstIndex { $0.ceilingDBTP > ceilingDBTP } ?? tries.count)
        guard count < maximumTries else { return nil }
        // The last try is for coming back to the best of the others.
        let mayExplore = count < maximumTries - 1
        if let held = tries.lastIndex(where: isHeld) {
            let best = tries[held]
            let back = best.ceilingDBTP == ceilingDBTP ? nil : best.ceilingDBTP
            // All above failed; that is why a lower one was tried.
            guard held + 1 < tries.count else { return back }
            let failed = tries[held + 1]
            guard min(-best.overshootDB, failed.ceilingDBTP - best.ceilingDBTP) > Self.wasteDB, mayExplore else { return back }
            return between(best, failed)
        }
        if ceilingDBTP > lowestCeilingDBTP, tries[0].ceilingDBTP == ceilingDBTP { return lower(than: now) }
        let gaps = zip(tries, tries.dropFirst()).map { (middle: ($0.ceilingDBTP + $1.ceilingDBTP) / 2, width: $1.ceilingDBTP - $0.ceilingDBTP) }
        if mayExplore, let widest = gaps.max(by: { $0.width < $1.width }), widest.width >= Self.gapDB { return widest.middle }
        let least = tries.min { $0.overshootDB < $1.overshootDB }!
        return least.ceilingDBTP == ceilingDBTP ? nil : least.ceilingDBTP
    }

    private func isHeld(_ one: Try) -> Bool { one.overshootDB <= slackDB }

    /// By the secant of the two.
    private func between(_ held: Try, _ failed: Try) -> Double {
        let slope = (failed.overshootDB - held.overshootDB) / (failed.ceilingDBTP - held.ceilingDBTP)
        let aim = held.ceilingDBTP + (-reserveDB - held.overshootDB) / max(slope, Self.yields.lowerBound)
        return min(max(aim, held.ceilingDBTP + 0.05), failed.ceilingDBTP - 0.05)
    }

    /// By the secant of the last two; the first step as if what a codec makes of the peaks came down as far as the ceiling does.
    private func lower(than now: Try) -> Double {
        var yield = Self.yields.upperBound
        if tries.count > 1 { yield = (tries[1].overshootDB - now.overshootDB) / (tries[1].ceilingDBTP - now.ceilingDBTP) }
        let step = (now.overshootDB + reserveDB) / min(max(yield, Self.yields.lowerBound), Self.yields.upperBound)
        return max(lowestCeilingDBTP, now.ceilingDBTP - step)
    }
}
