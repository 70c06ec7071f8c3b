import Foundation
import Testing
@testable import PrivacyLedger

/// Decisions of the ledger, without a disk or a clock.
struct LedgerCoreTests {
    static func instant(_ seconds: Double) -> LedgerInstant {
        LedgerInstant(bootNanoseconds: Int64(seconds * 1e9), wallSeconds: 1_800_000_000 + seconds)
    }

    var core = LedgerCore(run: "run", memoryQuota: 1000)

    /// A row that the store has accepted.
    mutating func add(_ kind: ItemKind, _ place: ItemPlace = .ram, parent: RowID? = nil, bytes: Int64 = 0,
                      rule: RetentionRule? = nil, at seconds: Double = 0) -> RowID {
        let id = RowID()
        let effects = core.handle(
            .create(id, request(kind, place, parent: parent, bytes: bytes, rule: rule), commitment: nil), now: Self.instant(seconds))
        guard case .insert(let record)? = effects.first, effects.count == 1 else {
            Issue.record("not accepted: \(effects)")
            return id
        }
        #expect(record.id == id && record.state == .intent)
        _ = core.handle(.inserted(id), now: Self.instant(seconds))
        return id
    }

    func expired(_ effects: [LedgerCore.Effect]) -> Set<RowID> {
        Set(effects.flatMap { effect -> [RowID] in if case .erase(let ids) = effect { ids } else { [] } })
    }

    @Test(arguments: ItemKind.allCases)
    mutating func everyKindHasAFiniteEnd(kind: ItemKind) throws {
        let parent = kind.defaultRule == .withParent ? add(.analysis) : nil
        let id = add(kind, parent: parent)
        let end = try #require(core.open[id]).expires.seconds(since: Self.instant(0))
        #expect(end > 0 && end <= 30 * 86_400)
        let effects = core.handle(.tick, now: Self.instant(end))
        #expect(expired(effects).contains(id))
    }

    @Test mutating func useProlongsAnOpenFileTenMinutesAtATimeButNotBeyondTwelveHours() throws {
        let id = add(.analysis)
        var seconds = 0.0
        while seconds < 12 * 3600 - 300 {
            seconds += 300
            _ = core.handle(.touched(id), now: Self.instant(seconds))
            #expect(expired(core.handle(.tick, now: Self.instant(seconds))).isEmpty)
        }
        #expect(core.open[id]?.expires == Self.instant(12 * 3600))
        #expect(expired(core.handle(.tick, now: Self.instant(12 * 3600))) == [id])
    }

    @Test mutating func idleTenMinutesEndAnOpenFile() {
        let id = add(.analysis)
        _ = core.handle(.touched(id), now: Self.instant(100))
        #expect(expired(core.handle(.tick, now: Self.instant(699.9))).isEmpty)
        #expect(expired(core.handle(.tick, now: Self.instant(700))) == [id])
    }

    @Test mutating func derivedDataEndsWithItsParent_andFirst() {
        let parent = add(.analysis)
        let child = add(.waveform, parent: parent)
        let grandchild = add(.spectrum, parent: child)
        _ = core.handle(.touched(parent), now: Self.instant(60))
        #expect(core.open[grandchild]?.expires == core.open[parent]?.expires)
        let effects = core.handle(.destroy([parent], .fileClosed), now: Self.instant(61))
        guard case .erase(let order)? = effects.last else { Issue.record("nothing erased"); return }
        #expect(order == [grandchild, child, parent])
        let saves = core.handle(.erased(order), now: Self.instant(61))
        guard case .save(let closed, false)? = saves.first else { Issue.record("nothing saved"); return }
        #expect(closed.map(\.reason) == [.parentGone, .parentGone, .fileClosed])
        #expect(core.open.isEmpty)
    }

    @Test mutating func noUseProlongsAnItemBeyondItsParent() {
        let take = add(.unsavedTake)
        let preview = add(.previewRender, parent: take)
        for second in stride(from: 500.0, through: 1500, by: 500) { _ = core.handle(.touched(preview), now: Self.instant(second)) }
        #expect(core.open[preview]?.expires == Self.instant(1800) && core.open[take]?.expires == Self.instant(1800))
    }

    @Test mutating func nothingIsDerivedFromWhatHasEnded() {
        let parent = add(.analysis)
        _ = core.handle(.destroy([parent], .fileClosed), now: Self.instant(1))
        let effects = core.handle(.create(RowID(), request(.waveform, parent: parent), commitment: nil), now: Self.instant(1))
        #expect(effects == [.refuse(.parentGone)])
    }

    @Test mutating func memoryIsPromisedOnlyOnce() {
        let first = add(.decodedAudio, bytes: 700)
        let refused = core.handle(.create(RowID(), request(.decodedAudio, bytes: 301), commitment: nil), now: Self.instant(0))
        #expect(refused == [.refuse(.overQuota(wantedBytes: 301, freeBytes: 300))])
        _ = core.handle(.destroy([first], .fileClosed), now: Self.instant(1))
        _ = core.handle(.erased([first]), now: Self.instant(1))
        _ = add(.decodedAudio, bytes: 1000, at: 1)
    }

    @Test mutating func aRowTheStoreRefusedLeavesNothing() {
        let id = RowID()
        _ = core.handle(.create(id, request(.decodedAudio, bytes: 900), commitment: nil), now: Self.instant(0))
        _ = core.handle(.notInserted(id), now: Self.instant(0))
        #expect(core.open.isEmpty && core.nextWake == nil)
        _ = add(.decodedAudio, bytes: 900)
    }

    @Test mutating func aNameIsAnnouncedBeforeItsRemoval_andNothingElseIs() {
        let unnamed = add(.renderScratch, .disk), named = add(.renderScratch, .disk)
        let needsRecord = core.handle(.named(named, path: "/x/.lathe-0000000000000000.part"), now: Self.instant(0))
        guard case .save(_, required: true)? = needsRecord.first else { Issue.record("a name needs its record"); return }
        #expect(core.handle(.destroy([unnamed], .cancelled), now: Self.instant(1)) == [.erase([unnamed])])
        let effects = core.handle(.destroy([named], .cancelled), now: Self.instant(1))
        guard case .save(let announced, _)? = effects.first else { Issue.record("not announced"); return }
        #expect(announced.map(\.state) == [.destroying] && effects.last == .erase([named]))
    }

    @Test mutating func whatResistsIsOverdueAfterASecond_andTriedAgain() throws {
        let id = add(.renderScratch, .disk)
        _ = core.handle(.destroy([id], .cancelled), now: Self.instant(10))
        _ = core.handle(.erasePending([id]), now: Self.instant(10))
        #expect(expired(core.handle(.tick, now: Self.instant(10.9))).isEmpty)
        let late = core.handle(.tick, now: Self.instant(11))
        #expect(core.open[id]?.state == .overdue)
        #expect(expired(late) == [id])
        _ = core.handle(.eraseFailed(id, placeMissing: false), now: Self.instant(11))
        let wake = try #require(core.nextWake)
        #expect(wake <= Self.instant(16).bootNanoseconds)
        #expect(expired(core.handle(.tick, now: LedgerInstant(bootNanoseconds: wake, wallSeconds: 0))) == [id])
    }

    @Test mutating func aSettledRowIsOfferedToTheStoreUntilItIsSaved() throws {
        let id = add(.analysis)
        _ = core.handle(.destroy([id], .fileClosed), now: Self.instant(1))
        _ = core.handle(.erased([id]), now: Self.instant(1))
        _ = core.handle(.notSaved([id]), now: Self.instant(1))
        let wake = try #require(core.nextWake)
        let effects = core.handle(.tick, now: LedgerInstant(bootNanoseconds: wake, wallSeconds: 0))
        guard case .save(let records, _)? = effects.first else { Issue.record("not offered again"); return }
        #expect(records.map(\.id) == [id] && records.first?.state == .destroyed)
        _ = core.handle(.saved([id]), now: Self.instant(7))
        #expect(core.unsaved.isEmpty)
    }

    @Test mutating func aSteadyClockThatGoesBackLengthensNoLife() throws {
        let id = add(.unsavedTake, at: 1000)
        _ = core.handle(.tick, now: Self.instant(2000))
        _ = core.handle(.extended(id), now: Self.instant(500))
        // 30 minutes from the latest moment that was ever seen.
        #expect(core.open[id]?.expires.bootNanoseconds == Self.instant(2000 + 1800).bootNanoseconds)
        #expect(expired(core.handle(.tick, now: Self.instant(3800))) == [id])
    }

    @Test mutating func takesAreExtendable_andDerivedDataIsNot() {
        let take = add(.unsavedTake)
        #expect(core.open[take]?.expires == Self.instant(1800))
        _ = core.handle(.extended(take), now: Self.instant(1000))
        #expect(core.open[take]?.expires == Self.instant(2800))
        let peaks = add(.waveform, parent: take, at: 1000)
        #expect(core.open[peaks]?.expires == Self.instant(2800))
        #expect(core.handle(.extended(peaks), now: Self.instant(1001)) == [.refuse(.notExtendable(peaks, rule: .withParent))])
    }

    @Test func noConfigurationMakesAnItemImmortal() {
        let rules = RetentionRules(overrides: [
            .unsaved: (nil, .infinity), .fileOpen: (.nan, 1e12), .job: (-5, 0), .metrics: (nil, 1e18),
        ])
        for rule in RetentionRule.allCases {
            let retention = rules[rule]
            // What lies at a tier is the tier's to keep; its row is finite all the same.
            #expect(retention.hardSeconds >= 1 && retention.hardSeconds <= (rule.isTheTiers ? 400 : 30) * 86_400)
            #expect((retention.idleSeconds ?? 1) >= 1 && rules.period(of: rule) <= retention.hardSeconds)
        }
    }
}

/// Whether the hour-long forms are asked for.
let long = ProcessInfo.processInfo.environment["LATHE_LONG"] != nil

/// SplitMix64 (Steele, Lea, Flood 2014): a failing seed replays exactly.
struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
    mutating func chance(_ p: Double) -> Bool { Double(next() >> 11) / 9_007_199_254_740_992 < p }
}
