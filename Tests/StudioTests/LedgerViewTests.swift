import Foundation
import Terminal
import Testing
@testable import Studio

@Suite("The ledger's view", .enabled(if: ProcessInfo.processInfo.environment["LATHE_LONG"] == "1"))
struct LedgerViewTests {
    /// From the rows' arrival over the key to the picture; reading them from the store is measured beside it, in `FiguresTests`.
    @Test func itOpensWithTenThousandRowsInFiftyMilliseconds() {
        var state = freshState()
        let rows = (0..<10_000).map { n in
            var row = testLedger[n % testLedger.count]
            (row.id, row.parent, row.expires) = ("row \(n)", n % 3 == 0 ? nil : "row \(n - n % 3)", 1_800_000_000 + Double(n % 977))
            return row
        }
        let start = ContinuousClock.now
        _ = update(&state, .ledger(LedgerSnapshot(rows: rows)))
        press(&state, "5")
        let frame = view(state, size: Size(columns: 200, rows: 60))
        let spent = start.duration(to: .now)
        #expect(text(frame).contains("Ledger"))
        print("figure: the view of 10,000 rows is there after \(spent)")
        #expect(spent <= .milliseconds(50))
    }
}
