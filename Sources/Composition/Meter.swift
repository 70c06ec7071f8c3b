/// A time signature, with the beats that are felt in it.
///
/// Time is counted in ticks, 960 to the quarter note.
public struct Meter: Sendable, Codable, Hashable {
    public static let quarter = 960

    public var count: Int
    public var unit: Int

    public init?(count: Int, unit: Int) {
        guard (1...32).contains(count), [2, 4, 8, 16].contains(unit) else { return nil }
        self.count = count
        self.unit = unit
    }

    private init(_ count: Int, _ unit: Int) {
        self.count = count
        self.unit = unit
    }

    public static let common = Meter(4, 4)

    /// `3/4`.
    public init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "/")
        guard halves.count == 2, let count = Int(halves[0]), let unit = Int(halves[1]) else { return nil }
        self.init(count: count, unit: unit)
    }

    public var name: String { "\(count)/\(unit)" }

    /// Three eighths to a beat: 6/8, 9/8, 12/8.
    public var isCompound: Bool { unit >= 8 && count % 3 == 0 && count > 3 }

    /// Three quarters or halves to a bar.
    public var isTriple: Bool { count == 3 && unit <= 4 }

    public var ticksPerBar: Int { count * 4 * Self.quarter / unit }

    /// Lengths of the felt beats, in ticks: quarters; dotted quarters in compound metres; twos and a last three in metres like 7/8.
    public var beats: [Int] {
        let one = 4 * Self.quarter / unit
        if isCompound { return Array(repeating: 3 * one, count: count / 3) }
        guard unit >= 8, count > 1 else { return Array(repeating: one, count: count) }
        var beats = Array(repeating: 2 * one, count: count / 2)
        if count % 2 == 1 { beats[beats.count - 1] += one }
        return beats
    }

    /// Where each beat begins.
    public var beatStarts: [Int] {
        var at = 0
        return beats.map { length in
            defer { at += length }
            return at
        }
    }

    /// What the tempo counts: dotted quarters in compound metres, else quarters.
    public var tempoUnit: String { isCompound ? "dotted quarter" : "quarter" }

    static func noteName(_ ticks: Int) -> String { [480: "eighths", 960: "quarters", 1440: "dotted quarters", 1920: "halves", 2880: "dotted halves"][ticks] ?? "notes" }

    /// The felt tempo where one is given for another note: quarter = 90 is 60 to the dotted quarter in 6/8.
    public func felt(_ bpm: Double, counting ticks: Int) -> Double { bpm * Double(ticks) / Double(isCompound ? 1440 : 960) }

    /// Quarters per minute when the felt tempo is `bpm`.
    public func quartersPerMinute(_ bpm: Double) -> Double { isCompound ? bpm * 1.5 : bpm }

    /// For each beat, the beat of a bar of four that a pattern written for 4/4 takes its cell from.
    public var cells: [Int] {
        switch beats.count {
        case 1: [0]
        case 2: [0, 1]
        case 3: [0, 1, 3]
        case 4: [0, 1, 2, 3]
        case 5: [0, 2, 1, 2, 3]
        case 6: [0, 2, 1, 0, 2, 3]
        case 7: [0, 1, 2, 3, 0, 1, 3]
        default: beats.indices.map { $0 % 4 }
        }
    }

    /// A pattern for a 4/4 bar in equal steps, told in this metre: for each sign that is not a rest, its place in the bar and its length in ticks.
    func place(_ pattern: [Character]) -> [(tick: Int, sign: Character, length: Int)] {
        guard pattern.count >= 4, pattern.count % 4 == 0 else { return [] }
        let perBeat = pattern.count / 4
        var out: [(tick: Int, sign: Character, length: Int)] = []
        let (beats, starts, cells) = (beats, beatStarts, cells)
        for beat in beats.indices {
            // A whole bar of 4/4 holds cells of a quarter; longer beats stretch theirs, and their second half leans to the last third.
            let thirds = beats[beat] == Self.quarter * 3 / 2
            for step in 0..<perBeat {
                let sign = pattern[cells[beat] * perBeat + step]
                guard sign != ".", sign != " " else { continue }
                let place = Double(step) / Double(perBeat)
                let tick = thirds ? [0, 1, 2, 2][min(3, Int(place * 4))] * beats[beat] / 3 : step * beats[beat] / perBeat
                if thirds, out.last?.tick == starts[beat] + tick { continue }
                out.append((starts[beat] + tick, sign, beats[beat] / (thirds ? 3 : perBeat)))
            }
        }
        return out
    }
}
