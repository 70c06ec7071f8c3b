/// Spreads chords over a register so that voices move little: the cheapest path through all spacings, by dynamic programming.
enum Voicing {
    /// - Parameters:
    ///   - count: notes in each voicing.
    ///   - center: pitch around which they lie.
    ///   - plain: root, third and fifth only, whatever the chord adds.
    /// - Returns: for each chord, pitches from low to high. Cost: chords × spacings².
    static func lead(_ chords: [Chord], count: Int, center: Int, low: Int, high: Int, plain: Bool = false) -> [[Int]] {
        guard !chords.isEmpty else { return [] }
        var memory: [Chord: [[Int]]] = [:]
        let options = chords.map { chord in
            if let known = memory[chord] { return known }
            let made = spacings(plain ? chord.triad : chord.pitchClasses, count, center, low, high)
            memory[chord] = made
            return made
        }
        var costs = options[0].map { resting($0, center) }
        var back: [[Int]] = []
        for i in chords.indices.dropFirst() {
            var next: [Double] = []
            var from: [Int] = []
            for to in options[i] {
                var best = (cost: Double.infinity, at: 0)
                for (k, past) in options[i - 1].enumerated() {
                    let cost = costs[k] + (chords[i] == chords[i - 1] && past != to ? 3 : 0) + move(past, to)
                    if cost < best.cost { best = (cost, k) }
                }
                next.append(best.cost + resting(to, center))
                from.append(best.at)
            }
            costs = next
            back.append(from)
        }
        var at = costs.indices.min { costs[$0] < costs[$1] } ?? 0
        var path = [at]
        for from in back.reversed() {
            at = from[at]
            path.append(at)
        }
        return zip(options, path.reversed()).map { $0[$1] }
    }

    private static func spacings(_ tones: [Int], _ count: Int, _ center: Int, _ low: Int, _ high: Int) -> [[Int]] {
        var classes = tones
        // The fifth says least, then the root, which the bass has.
        if classes.count > count, count >= 3 || classes.count > 3, classes.count > 2 { classes.remove(at: 2) }
        while classes.count > max(1, count) { classes.remove(at: classes.count > 3 ? 0 : classes.count - 1) }
        let lowest = max(low, center - 12), highest = min(high, center + 14)
        let extra = count - classes.count
        var out: [[Int]] = []
        for turn in classes.indices {
            for base in stride(from: lowest, through: highest, by: 1) where base % 12 == classes[turn] {
                for open in [false, true] {
                    var pitches = [base]
                    for n in 1..<max(1, count) where count > 1 {
                        let wanted = classes[(turn + n) % classes.count]
                        var pitch = (pitches.last ?? base) + 1
                        while pitch % 12 != wanted { pitch += 1 }
                        pitches.append(pitch)
                    }
                    if open, pitches.count >= 3 {
                        pitches[1] += 12
                        pitches.sort()
                    }
                    if extra > 0 || Set(pitches.map { $0 % 12 }).count == min(count, classes.count), pitches.allSatisfy({ $0 >= low && $0 <= high }) { out.append(pitches) }
                }
            }
        }
        if out.isEmpty {
            // A register too narrow for any spacing: each tone where it fits best.
            let fitted = classes.map { wanted -> Int in
                var pitch = center - 6
                while pitch % 12 != wanted { pitch += 1 }
                return pitch
            }
            out = [fitted.sorted()]
        }
        return out
    }

    private static func resting(_ pitches: [Int], _ center: Int) -> Double {
        let mean = Double(pitches.reduce(0, +)) / Double(pitches.count)
        let spread = Double((pitches.last ?? 0) - (pitches.first ?? 0))
        var cost = abs(mean - Double(center)) * 0.35 + abs(spread - 11) * 0.08
        // Close intervals in the depth are mud.
        for (a, b) in zip(pitches, pitches.dropFirst()) where a < 52 && b - a < 5 { cost += 2 }
        for (a, b) in zip(pitches, pitches.dropFirst()) where b - a == 1 { cost += 1 }
        return cost
    }

    private static func move(_ a: [Int], _ b: [Int]) -> Double {
        guard a.count == b.count else { return Double(abs((a.last ?? 0) - (b.last ?? 0))) }
        var cost = 0.0
        for (x, y) in zip(a, b) { cost += Double(abs(x - y)) }
        // The top voice is heard as a line: small steps, but steps.
        cost += a.last == b.last ? (a == b ? 0 : 3.2) : Double(abs((a.last ?? 0) - (b.last ?? 0))) * 0.5
        // Where nearly everything stays, the chord is hardly heard to change.
        if a != b, zip(a, b).count(where: { $0 == $1 }) >= a.count - 1 { cost += 3 }
        for i in a.indices {
            for j in a.indices where j > i {
                let interval = (a[j] - a[i]) % 12
                let sameWay = (b[i] - a[i]) * (b[j] - a[j]) > 0
                if sameWay, interval == (b[j] - b[i]) % 12, interval == 0 || interval == 7 { cost += 3 }
            }
        }
        return cost
    }
}
