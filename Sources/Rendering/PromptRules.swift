import AudioFiles
import Composition
import FoundationEssentials
import Glibc
import Mastering

/// What prompts must not ask for: a public file with a version, looked for on this machine before a prompt is sent anywhere, and by a server once more.
///
/// Nothing is judged that the file does not say, and what matches is never stored: an answer has the rule's id and the place.
public struct PromptRules: Sendable, Codable, Equatable {
    public struct Rule: Sendable, Codable, Equatable {
        public var id: String
        /// Completes "it …".
        public var why: String
        /// Words in order, matched whole, whatever their case, accents and spacing.
        public var phrases: [String]
    }

    public struct Match: Sendable, Equatable {
        public var rule: String
        public var why: String
        /// In Unicode scalars of the prompt.
        public var span: Range<Int>
    }

    public var version: Int
    public var about: String
    public var rules: [Rule]

    private static let mostBytes = 256 << 10

    /// The file beside the presets.
    public static func load() throws(JobFailure) -> PromptRules {
        guard let folder = DataFolder.find("Presets", holding: "prompt-rules.json") else { throw JobFailure(message: "Presets/prompt-rules.json: is not there; install Lathe whole", exitCode: 74) }
        return try load(folder + "/prompt-rules.json")
    }

    public static func load(_ path: String) throws(JobFailure) -> PromptRules {
        guard let data = FileManager.default.contents(atPath: path), data.count <= mostBytes else {
            throw JobFailure(message: "\(path.printable): cannot be read, or has more than 256 KiB", exitCode: 74)
        }
        do { return try JSONDecoder().decode(PromptRules.self, from: data) } catch {
            throw JobFailure(message: "\(path.printable): is no file of prompt rules; see Presets/prompt-rules.json for the form", exitCode: 65)
        }
    }

    /// The first rule that a prompt meets. Cost: the prompt's length times the number of phrases.
    public func match(_ prompt: String) -> Match? {
        let words = Self.words(prompt)
        for rule in rules {
            for phrase in rule.phrases {
                let wanted = Self.words(phrase).map(\.text)
                guard !wanted.isEmpty, words.count >= wanted.count else { continue }
                for first in 0...(words.count - wanted.count) where words[first..<first + wanted.count].lazy.map(\.text).elementsEqual(wanted) {
                    return Match(rule: rule.id, why: rule.why, span: words[first].span.lowerBound..<words[first + wanted.count - 1].span.upperBound)
                }
            }
        }
        return nil
    }

    /// Letters and digits, small and without accents, each word with its place.
    private static func words(_ text: String) -> [(text: String, span: Range<Int>)] {
        var out: [(String, Range<Int>)] = []
        var word = "", first = 0
        for (at, scalar) in text.unicodeScalars.enumerated() {
            let folded = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            let isMark = scalar.properties.generalCategory == .nonspacingMark
            if folded || isMark {
                if word.isEmpty { first = at }
                // The base letter of a composed one comes first in its decomposition.
                if !isMark, let base = String(Character(scalar)).decomposedStringWithCompatibilityMapping.unicodeScalars.first { word.unicodeScalars.append(base) }
            } else if !word.isEmpty {
                out.append((word.lowercased(), first..<at))
                word = ""
            }
        }
        if !word.isEmpty { out.append((word.lowercased(), first..<text.unicodeScalars.count)) }
        return out
    }
}
