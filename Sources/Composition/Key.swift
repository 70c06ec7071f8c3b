/// The scale a piece is in.
public enum Mode: String, Sendable, Codable, CaseIterable {
    case major, minor, dorian, phrygian, lydian, mixolydian, locrian
    case harmonicMinor = "harmonic minor"

    /// Semitones above the tonic, seven of them.
    public var steps: [Int] {
        switch self {
        case .major: [0, 2, 4, 5, 7, 9, 11]
        case .minor: [0, 2, 3, 5, 7, 8, 10]
        case .dorian: [0, 2, 3, 5, 7, 9, 10]
        case .phrygian: [0, 1, 3, 5, 7, 8, 10]
        case .lydian: [0, 2, 4, 6, 7, 9, 11]
        case .mixolydian: [0, 2, 4, 5, 7, 9, 10]
        case .locrian: [0, 1, 3, 5, 6, 8, 10]
        case .harmonicMinor: [0, 2, 3, 5, 7, 8, 11]
        }
    }

    /// The third above the tonic is minor.
    public var isMinor: Bool { steps[2] == 3 }
}

/// A spelled pitch class, e.g. F♯: a letter 0…6 (C…B) and an alteration in semitones.
public struct Tone: Sendable, Codable, Hashable {
    public var letter: Int
    public var alteration: Int

    static let naturals = [0, 2, 4, 5, 7, 9, 11]
    static let letters = Array("CDEFGAB")

    public init(letter: Int, alteration: Int) {
        self.letter = letter
        self.alteration = alteration
    }

    /// 0…11, C = 0.
    public var pitchClass: Int { ((Self.naturals[letter] + alteration) % 12 + 12) % 12 }

    /// `F#`, `Bb`.
    public var name: String {
        String(Self.letters[letter]) + String(repeating: alteration < 0 ? "b" : "#", count: abs(alteration))
    }

    /// `F#`, `bb`, `E♭` at the start of the text, and how many characters that took.
    public init?(_ text: some StringProtocol) {
        var rest = text[...]
        guard let first = rest.popFirst(), let letter = Self.letters.firstIndex(of: Character(first.uppercased())) else { return nil }
        var alteration = 0
        while let sign = rest.first {
            if sign == "#" || sign == "♯" { alteration += 1 } else if sign == "b" || sign == "♭" { alteration -= 1 } else { break }
            rest.removeFirst()
        }
        guard rest.isEmpty, abs(alteration) <= 2 else { return nil }
        self.init(letter: letter, alteration: alteration)
    }

    /// The pitch class on another letter, spelled from there.
    func spelled(letter: Int, pitchClass: Int) -> Tone {
        var alteration = (pitchClass - Self.naturals[letter] + 24) % 12
        if alteration > 6 { alteration -= 12 }
        return Tone(letter: letter, alteration: alteration)
    }
}

/// A tonic and a mode.
public struct Key: Sendable, Codable, Hashable {
    public var tonic: Tone
    public var mode: Mode

    public init(tonic: Tone, mode: Mode) {
        self.tonic = tonic
        self.mode = mode
    }

    /// `F# minor`; of the minor scales only the third tells, so harmonic minor is called minor.
    public var name: String { tonic.name + " " + (mode == .harmonicMinor ? "minor" : mode.rawValue) }

    /// Sharps (+) or flats (−) of the major or minor key on this tonic, −7…7; keys beyond are respelled by their neighbour.
    public var signature: Int {
        let fifths = [0, 2, 4, -1, 1, 3, 5][tonic.letter] + 7 * tonic.alteration - (mode.isMinor ? 3 : 0)
        return fifths > 7 ? fifths - 12 : fifths < -7 ? fifths + 12 : fifths
    }

    /// The key with a signature that exists: G♯ major becomes A♭ major.
    public var spelledSimply: Key {
        let fifths = [0, 2, 4, -1, 1, 3, 5][tonic.letter] + 7 * tonic.alteration - (mode.isMinor ? 3 : 0)
        guard abs(fifths) > 7 else { return self }
        let letter = (tonic.letter + (fifths > 0 ? 1 : 6)) % 7
        return Key(tonic: tonic.spelled(letter: letter, pitchClass: tonic.pitchClass), mode: mode)
    }

    /// Pitch classes of the scale, from the tonic.
    public var scale: [Int] { mode.steps.map { (tonic.pitchClass + $0) % 12 } }

    public func contains(_ pitch: Int) -> Bool { scale.contains(((pitch % 12) + 12) % 12) }

    /// The scale degree 0…6, altered by semitones.
    public func tone(degree: Int, alteration: Int = 0) -> Tone {
        let pitchClass = (scale[degree] + alteration + 12) % 12
        return tonic.spelled(letter: (tonic.letter + degree) % 7, pitchClass: pitchClass)
    }
}
