/// A chord by its root and quality, over a bass of its own where one is named.
public struct Chord: Sendable, Codable, Hashable {
    public enum Quality: String, Sendable, Codable, CaseIterable {
        case major = "", minor = "m", diminished = "dim", augmented = "aug", power = "5", sus2, sus4
        case dominant7 = "7", major7 = "maj7", minor7 = "m7", halfDiminished = "m7b5", diminished7 = "dim7", minorMajor7 = "mMaj7"
        case six = "6", minor6 = "m6", add9, minorAdd9 = "madd9", nine = "9", major9 = "maj9", minor9 = "m9"
        case sevenSus4 = "7sus4", thirteen = "13", sevenFlat9 = "7b9", sevenSharp9 = "7#9", sixNine = "69", minor11 = "m11"
        case eleven = "11", major13 = "maj13", minor13 = "m13", major7Sharp11 = "maj7#11", sevenSharp11 = "7#11", sevenFlat5 = "7b5", sevenSharp5 = "7#5"
        case nineSus4 = "9sus4", add11, sevenAltered = "7alt"

        /// Semitones above the root.
        public var intervals: [Int] {
            switch self {
            case .major: [0, 4, 7]
            case .minor: [0, 3, 7]
            case .diminished: [0, 3, 6]
            case .augmented: [0, 4, 8]
            case .power: [0, 7]
            case .sus2: [0, 2, 7]
            case .sus4: [0, 5, 7]
            case .dominant7: [0, 4, 7, 10]
            case .major7: [0, 4, 7, 11]
            case .minor7: [0, 3, 7, 10]
            case .halfDiminished: [0, 3, 6, 10]
            case .diminished7: [0, 3, 6, 9]
            case .minorMajor7: [0, 3, 7, 11]
            case .six: [0, 4, 7, 9]
            case .minor6: [0, 3, 7, 9]
            case .add9: [0, 4, 7, 14]
            case .minorAdd9: [0, 3, 7, 14]
            case .nine: [0, 4, 7, 10, 14]
            case .major9: [0, 4, 7, 11, 14]
            case .minor9: [0, 3, 7, 10, 14]
            case .sevenSus4: [0, 5, 7, 10]
            case .thirteen: [0, 4, 7, 10, 21]
            case .sevenFlat9: [0, 4, 7, 10, 13]
            case .sevenSharp9: [0, 4, 7, 10, 15]
            case .sixNine: [0, 4, 7, 9, 14]
            case .minor11: [0, 3, 7, 10, 17]
            case .eleven: [0, 4, 7, 10, 17]
            case .major13: [0, 4, 7, 11, 21]
            case .minor13: [0, 3, 7, 10, 21]
            case .major7Sharp11: [0, 4, 7, 11, 18]
            case .sevenSharp11: [0, 4, 7, 10, 18]
            case .sevenFlat5: [0, 4, 6, 10]
            case .sevenSharp5: [0, 4, 8, 10]
            case .nineSus4: [0, 5, 7, 10, 14]
            case .add11: [0, 4, 7, 17]
            // The altered scale: sharp fifth, sharp ninth.
            case .sevenAltered: [0, 4, 8, 10, 15]
            }
        }

        /// The spellings people use, longest first, so that `maj7` is not read as `m` and a rest.
        static let spellings: [(String, Quality)] = [
            ("maj7", .major7), ("M7", .major7), ("Δ7", .major7), ("Δ", .major7), ("maj9", .major9), ("M9", .major9), ("maj", .major),
            ("m7b5", .halfDiminished), ("m7♭5", .halfDiminished), ("ø7", .halfDiminished), ("ø", .halfDiminished),
            ("mMaj7", .minorMajor7), ("mmaj7", .minorMajor7), ("madd9", .minorAdd9), ("min7", .minor7), ("min9", .minor9), ("min", .minor),
            ("m11", .minor11), ("m7", .minor7), ("m9", .minor9), ("m6", .minor6), ("-7", .minor7), ("m", .minor),
            ("dim7", .diminished7), ("dim", .diminished), ("°7", .diminished7), ("°", .diminished), ("o7", .diminished7), ("aug", .augmented),
            ("+", .augmented), ("7sus4", .sevenSus4), ("sus4", .sus4), ("sus2", .sus2), ("sus", .sus4), ("add9", .add9), ("69", .sixNine),
            ("7b9", .sevenFlat9), ("7#9", .sevenSharp9), ("11", .eleven), ("maj13", .major13), ("M13", .major13), ("m13", .minor13), ("min11", .minor11), ("min13", .minor13),
            ("maj7#11", .major7Sharp11), ("M7#11", .major7Sharp11), ("7#11", .sevenSharp11), ("7b5", .sevenFlat5), ("7♭5", .sevenFlat5), ("7#5", .sevenSharp5), ("aug7", .sevenSharp5),
            ("+7", .sevenSharp5), ("7alt", .sevenAltered), ("alt", .sevenAltered), ("7altered", .sevenAltered), ("6add9", .sixNine), ("7+", .sevenSharp5), ("7aug", .sevenSharp5), ("7b13", .sevenSharp5),
            ("mM7", .minorMajor7), ("minmaj7", .minorMajor7), ("minadd9", .minorAdd9), ("madd2", .minorAdd9), ("9sus", .nineSus4), ("Δ9", .major9), ("Maj9", .major9), ("Maj", .major), ("ma9", .major9), ("mi", .minor),
            ("mi9", .minor9), ("h7", .halfDiminished), ("no3", .power), ("add4", .add11), ("9sus4", .nineSus4), ("add11", .add11), ("min6", .minor6), ("min7b5", .halfDiminished), ("-7b5", .halfDiminished), ("maj6", .six), ("-", .minor),
            ("Maj7", .major7), ("ma7", .major7), ("mi7", .minor7), ("dom7", .dominant7), ("7sus", .sevenSus4), ("add2", .add9), ("2", .sus2), ("4", .sus4), ("13", .thirteen), ("9", .nine), ("7", .dominant7), ("6", .six), ("5", .power), ("", .major),
        ]

        public init?(spelling: some StringProtocol) {
            guard let found = Self.spellings.first(where: { $0.0 == spelling }) else { return nil }
            self = found.1
        }

        /// The longest spelling that this one begins with, for figures nobody has a rule for: `7b9b13` has `7b9` in it.
        static func nearest(to spelling: some StringProtocol) -> Quality? {
            let known = spellings.filter { known in !known.0.isEmpty && spelling.hasPrefix(known.0) && isAlterations(spelling.dropFirst(known.0.count)) }
            return known.max { $0.0.count < $1.0.count }?.1
        }

        private static let alterations = ["maj7", "sus4", "sus2", "add11", "add13", "add9", "no3", "no5", "b13", "#11", "b11", "#13", "sus", "b5", "#5", "b9", "#9", "b6", "11", "13", "9", "6"]

        /// Nothing but alterations and additions, one after another.
        private static func isAlterations(_ text: some StringProtocol) -> Bool {
            var rest = String(text.map { $0 == "♭" ? "b" : $0 == "♯" ? "#" : $0 })[...]
            while !rest.isEmpty {
                guard let next = alterations.first(where: { rest.hasPrefix($0) }) else { return false }
                rest = rest.dropFirst(next.count)
            }
            return true
        }
    }

    public var root: Tone
    public var quality: Quality
    public var bass: Tone?

    public init(root: Tone, quality: Quality, bass: Tone? = nil) {
        self.root = root
        self.quality = quality
        self.bass = bass
    }

    /// `F#m7`, `C/E`.
    public var symbol: String { root.name + quality.rawValue + (bass.map { "/" + $0.name } ?? "") }

    /// A chord symbol as people write it; the root is a capital letter.
    public init?(symbol: some StringProtocol) {
        guard symbol.count <= 24 else { return nil }
        let plain = String(symbol).filter { !"()".contains($0) }.replacing("6/9", with: "69").replacing("m/maj7", with: "mmaj7")
        let halves = plain.split(separator: "/", omittingEmptySubsequences: false)
        guard let main = halves.first, let first = main.first, first.isUppercase, halves.count <= 2 else { return nil }
        let signs = main.dropFirst().prefix { "#♯b♭".contains($0) }.prefix(1)
        guard let root = Tone(String(first) + signs), let quality = Quality(spelling: main.dropFirst(1 + signs.count)) else { return nil }
        var bass: Tone?
        if halves.count == 2 {
            guard halves[1].first?.isUppercase == true, let low = Tone(halves[1]) else { return nil }
            bass = low
        }
        self.init(root: root, quality: quality, bass: bass)
    }

    /// What a symbol with figures of its own comes nearest to; nil for what is no chord at all.
    static func nearest(to symbol: some StringProtocol) -> Chord? {
        guard symbol.count <= 24, let first = symbol.first, first.isUppercase else { return nil }
        let plain = String(symbol).filter { !"()".contains($0) }
        let main = plain.split(separator: "/", omittingEmptySubsequences: false).first ?? ""
        let signs = main.dropFirst().prefix { "#♯b♭".contains($0) }.prefix(1)
        let figures = main.dropFirst(1 + signs.count)
        guard let root = Tone(String(first) + signs), figures.contains(where: \.isNumber), figures.allSatisfy({ $0.isNumber || "#b♯♭+-°øΔmMajinorsudlt".contains($0) }) else { return nil }
        return Quality.nearest(to: figures).map { Chord(root: root, quality: $0) }
    }

    /// A scale degree in Roman numerals (`i`, `bVII`, `V7`, `iiø7`), case giving the third, in the scale of `key`.
    public init?(numeral: some StringProtocol, in key: Key) {
        var rest = numeral[...]
        var alteration = 0
        while let sign = rest.first, sign == "b" || sign == "#" {
            alteration += sign == "#" ? 1 : -1
            rest.removeFirst()
        }
        let figures = rest.prefix { "IViv".contains($0) }
        guard let degree = ["I", "II", "III", "IV", "V", "VI", "VII"].firstIndex(of: figures.uppercased()) else { return nil }
        rest = rest.dropFirst(figures.count)
        let isMinor = figures.first?.isLowercase == true
        let root = key.tone(degree: degree, alteration: alteration)
        let text = String(rest)
        let quality: Quality?
        if isMinor, ["", "7", "9", "6", "11", "add9"].contains(text) { quality = Quality(spelling: "m" + text) } else { quality = Quality(spelling: text) }
        guard let quality else { return nil }
        self.init(root: root, quality: quality)
    }

    /// Pitch classes, the root's first.
    public var pitchClasses: [Int] { quality.intervals.map { (root.pitchClass + $0) % 12 } }

    /// Root, third and fifth (or what stands in their place).
    public var triad: [Int] { Array(pitchClasses.prefix(3)) }

    /// Pitch class of the lowest tone.
    public var lowest: Int { (bass ?? root).pitchClass }

    public func contains(_ pitch: Int) -> Bool { pitchClasses.contains(((pitch % 12) + 12) % 12) }
}
