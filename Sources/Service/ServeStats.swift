import Mastering
import PrivacyLedger

/// What a server tells anybody about its work: counters in groups of at least ten jobs. Smaller groups are told together, or not at all while they are fewer than ten together.
enum ServeStats {
    static let least = 10

    struct Group: Equatable {
        var event: String, setting: String, outcome: String
        var count: Int
        var soundMilliseconds: Int64, spentMilliseconds: Int64
    }

    /// Over all days that are kept.
    static func groups(_ counts: [UsageCount]) -> [Group] {
        var cells: [[String]: Group] = [:]
        for one in counts {
            add(one, to: &cells, [one.event.rawValue, one.setting, one.outcome.rawValue])
        }
        var out = cells.values.filter { $0.count >= least }
        var rest: [[String]: Group] = [:]
        for cell in cells.values where cell.count < least {
            var together = rest[[cell.event]] ?? Group(event: cell.event, setting: "other", outcome: "any", count: 0, soundMilliseconds: 0, spentMilliseconds: 0)
            together.count += cell.count
            together.soundMilliseconds += cell.soundMilliseconds
            together.spentMilliseconds += cell.spentMilliseconds
            rest[[cell.event]] = together
        }
        out += rest.values.filter { $0.count >= least }
        return out.sorted { ($0.event, $0.setting, $0.outcome) < ($1.event, $1.setting, $1.outcome) }
    }

    private static func add(_ one: UsageCount, to cells: inout [[String]: Group], _ key: [String]) {
        var cell = cells[key] ?? Group(event: key[0], setting: key[1], outcome: key[2], count: 0, soundMilliseconds: 0, spentMilliseconds: 0)
        cell.count += one.count
        cell.soundMilliseconds += one.soundMilliseconds
        cell.spentMilliseconds += one.spentMilliseconds
        cells[key] = cell
    }

    static func json(_ counts: [UsageCount]) -> JSON {
        .object([("at_least", .int(least)), ("groups", .array(groups(counts).map {
            .object([
                ("event", .string($0.event)), ("setting", .string($0.setting)), ("outcome", .string($0.outcome)), ("count", .int($0.count)),
                ("sound_seconds", .measured(Double($0.soundMilliseconds) / 1000)), ("spent_seconds", .measured(Double($0.spentMilliseconds) / 1000)),
            ])
        }))])
    }
}
