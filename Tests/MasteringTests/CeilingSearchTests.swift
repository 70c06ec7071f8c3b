import Testing
@testable import Mastering

/// The search against codecs whose peaks are a known function of the ceiling.
@Suite struct CeilingSearchTests {
    /// - Returns: ceiling and overshoot of the last render, and how many there were.
    private func run(from start: Double, _ overshoot: (Double) -> Double) -> (ceiling: Double, overshoot: Double, renders: Int) {
        var search = CeilingSearch.ofCodecCheck
        var ceiling = start, renders = 1
        while let next = search.next(after: ceiling, overshootDB: overshoot(ceiling)), abs(next - ceiling) > 0.005 {
            ceiling = next
            renders += 1
            if renders > 9 { break }
        }
        return (ceiling, overshoot(ceiling), renders)
    }

    /// Peaks over −1 dBTP by so much, that come down with the ceiling by so much per decibel.
    @Test(arguments: [0.06, 0.2, 0.5, 1.0], [0.4, 0.6, 0.8, 1.0])
    func theCeilingEndsNoLowerThanNeeded(over: Double, yield: Double) {
        let found = run(from: -1) { over + yield * ($0 + 1) }
        let needed = -1 - over / yield
        #expect(found.renders <= CeilingSearch.ofCodecCheck.maximumTries)
        if needed >= CeilingSearch.ofCodecCheck.lowestCeilingDBTP {
            #expect(found.overshoot <= CodecCheck.slackDB + 1e-9, "\(found)")
            #expect(found.ceiling >= needed - 0.3, "\(found), needed \(needed)")
        } else {
            #expect(found.ceiling == CeilingSearch.ofCodecCheck.lowestCeilingDBTP)
        }
    }

    @Test func whatHoldsIsRenderedOnce() {
        #expect(run(from: -1) { _ in -0.2 } == (-1, -0.2, 1))
        #expect(run(from: -3) { _ in 0.8 }.renders == 1)
    }

    /// A codec that answers in jumps: the last file is one that holds, when any did.
    @Test(arguments: 0..<50)
    func aRestlessCodecIsLeftAtACeilingThatHeld(seed: Int) {
        func noise(_ ceiling: Double) -> Double {
            let x = Double(seed) * 12.9898 + ceiling * 78.233
            return (x * 43_758.5453).truncatingRemainder(dividingBy: 1).magnitude * 0.3 - 0.15
        }
        var tried: [(Double, Double)] = []
        let found = run(from: -1) { let over = 0.7 + 0.6 * ($0 + 1) + noise($0); tried.append(($0, over)); return over }
        #expect(found.renders <= CeilingSearch.ofCodecCheck.maximumTries)
        if tried.contains(where: { $0.1 <= CodecCheck.slackDB }) { #expect(found.overshoot <= CodecCheck.slackDB, "\(tried)") }
    }

    /// The lowest ceiling is not the best for a codec that holds above it: what was found between is kept.
    @Test func aCeilingThatHoldsBetweenTwoThatFailIsFound() {
        let found = run(from: -1) { (-2.7 ... -2.3).contains($0) ? -0.1 : 0.9 }
        #expect((-2.7 ... -2.3).contains(found.ceiling), "\(found)")
    }

    /// What nowhere holds is left where least goes over.
    @Test func whatNeverHoldsIsLeftWhereLeastGoesOver() {
        var lowest = Double.infinity
        let found = run(from: -1) { let over = 0.6 + 0.3 * ($0 + 2).magnitude; lowest = min(lowest, over); return over }
        #expect(found.overshoot == lowest, "\(found)")
    }

    /// An encoder whose peaks rise before they fall, as one did: it ends near the highest ceiling that holds, not 3 dB lower.
    @Test func aStepThatWentTooFarIsTakenBack() {
        var search = CeilingSearch.ofSolve(ceilingDBTP: -1)
        func over(_ ceiling: Double) -> Double { ceiling > -2 ? 1.9 : ceiling > -3.4 ? 3.2 : -3.87 + 2.0 * (ceiling + 6.18) }
        var ceiling = -1.0
        while let next = search.next(after: ceiling, overshootDB: over(ceiling)), abs(next - ceiling) > 0.005 { ceiling = next }
        #expect(over(ceiling) <= Solve.ceilingSlackDB && ceiling > -4.8, "\(ceiling)")
    }
}
