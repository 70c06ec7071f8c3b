import AudioFiles

/// Why a preset, or one of its values, was refused.
public struct PresetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Of `sysexits.h`.
    public enum Kind: Int32, Sendable {
        case usage = 64, unusable = 65, missing = 66, cannotCreate = 73, inputOutput = 74
    }

    public var kind: Kind
    /// The file, or what stands for it (`--set`).
    public var file: String
    /// Counted from 1, with `column` in Unicode scalars; nil when the whole file is meant.
    public var line: Int?
    public var column: Int?
    public var problem: String
    public var remedy: String

    public init(_ kind: Kind = .unusable, file: String, line: Int? = nil, column: Int? = nil, problem: String, remedy: String) {
        self.kind = kind
        self.file = file
        self.line = line
        self.column = column
        self.problem = problem
        self.remedy = remedy
    }

    public var exitCode: Int32 { kind.rawValue }

    /// One line, safe to print: `pop.toml:12:3: unknown key 'ratoi'; did you mean 'ratio'?`
    public var message: String {
        var place = file
        if let line { place += ":\(line)" }
        if line != nil, let column { place += ":\(column)" }
        return (place + ": " + problem + "; " + remedy).printable
    }

    public var description: String { message }
}

/// The closest of `words` when it is close enough to be meant, by edit distance.
func nearest(_ word: some StringProtocol, among words: some Sequence<String>) -> String? {
    let wanted = Array(word.prefix(64).unicodeScalars)
    var best: (word: String, distance: Int)?
    for candidate in words {
        let other = Array(candidate.unicodeScalars)
        var row = Array(0...other.count)
        for i in wanted.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in other.indices {
                let substituted = diagonal + (wanted[i] == other[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        let distance = row[other.count]
        if distance <= (wanted.count < 5 ? 1 : max(2, wanted.count / 3)), distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
}
