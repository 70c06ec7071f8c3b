/// A piece of the drum kit that can be asked for, or left out, by itself.
public enum DrumPiece: String, Sendable, Codable, CaseIterable {
    case kick, snare, toms, ride, crash, cymbals
    case hiHat = "hi-hat"

    /// As the reader's vocabulary has it: `ride` and `crash` alone are everyday words.
    init?(word: String) {
        switch word {
        case "ride-cymbal": self = .ride
        case "crash-cymbal": self = .crash
        case "ride", "crash": return nil
        default: self.init(rawValue: word)
        }
    }

    /// Keys of the drum channel (General MIDI 1). A snare is also struck on its rim and with brushes; a hi-hat is a pair of cymbals.
    public var keys: Set<Int> {
        switch self {
        case .kick: [35, 36]
        case .snare: [37, 38, 40]
        case .hiHat: [42, 44, 46]
        case .toms: [41, 43, 45, 47, 48, 50]
        case .ride: [51, 53, 59]
        case .crash: [49, 52, 55, 57]
        case .cymbals: Self.hiHat.keys.union(Self.ride.keys).union(Self.crash.keys)
        }
    }

    /// The line of a groove that plays it, and what it plays where the genre's grooves have none: sixteenths of a bar of 4/4.
    var line: (name: String, pattern: String) {
        switch self {
        case .kick: ("kick", "X...X...X...X...")
        case .snare: ("snare", "....X.......X...")
        case .hiHat: ("hat", "x.x.x.x.x.x.x.x.")
        case .toms: ("tom", "X.....x.....x.xx")
        case .ride, .cymbals: ("ride", "x.x.x.x.x.x.x.x.")
        case .crash: ("crash", "X...............")
        }
    }

    /// Keys that must not be struck when these names are forbidden: pieces, and percussion that a groove has too.
    static func silenced(by names: [String]) -> Set<Int> {
        names.reduce(into: []) { keys, name in
            if let piece = DrumPiece(rawValue: name) { keys.formUnion(piece.keys) } else if name != "drums", let voice = Voice.named(name), voice.program == nil { keys.formUnion(voice.keys) }
        }
    }
}
