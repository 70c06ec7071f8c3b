import AudioFiles
import FoundationEssentials
import PrivacyLedger

/// What a server promises: made from the configuration in force, or the operator's own text, which must say something everywhere.
enum ServePolicy {
    private static let mostBytes = 256 << 10

    static func page(_ ledger: Ledger, _ settings: ServeSettings) -> String {
        let rules = ledger.rules
        func minutes(_ rule: RetentionRule) -> String { "\(Int((rules[rule].hardSeconds / 60).rounded())) minutes" }
        let swap = ledger.surroundings.swap == .disk ? " (which this machine may swap to disk)" : ""
        let account = switch settings.accounts {
        case .none: "There are no accounts; whoever reaches the server may use it."
        case .sshKey: "An account is a keyed hash of an SSH public key, with the day it began, keyed hashes of its tokens (30 days), and its credits. No name, address or payment is asked for or kept."
        }
        return """
            What this server does with what you send it

            - An upload is sealed on disk while it waits; the key is in memory only\(swap). It is destroyed when its job ends, when you say so, and \(minutes(.tierInput)) after it began at the latest.
            - A prompt is in memory only\(swap), until its job ends.
            - A result is sealed on disk. It is destroyed when you acknowledge it, and \(minutes(.tierOutput)) after the job's end at the latest.
            - Files that are worked on have no name and end with the process, also by a crash or a power cut.
            - Every item has a row in the server's ledger before its first byte. Rows hold no names and no content.
            - Each receipt and destruction is signed. A signature is a claim, not a proof.
            - No access log is written. Of each job its kind, outcome, duration and length of sound are noted, for \(Int((rules[.metrics].hardSeconds / 86_400).rounded(.up))) days at most, in numbers and words of closed lists.
            - Prompts are looked through for phrases of a public list (GET /v1/prompt-rules) before they are used. What is refused is not stored; you are told the rule and the place.
            - Nothing you send is used for training or given to anybody else.
            - \(account)

            """
    }

    /// - Throws: `ServeError.placeholder` with the first thing that is still to be filled in.
    static func check(_ text: String, path: String) throws(ServeError) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = String(line)
            for pattern in ["{{", "[your ", "[insert", "[company", "[date", "[email", "<your ", "<insert", "todo", "tbd", "xxx", "lorem ipsum"] {
                guard let found = line.lowercased().range(of: pattern) else { continue }
                throw .placeholder(path: path, line: index + 1, text: String(line.lowercased()[found.lowerBound...].prefix(40)))
            }
        }
        if text.allSatisfy(\.isWhitespace) { throw .placeholder(path: path, line: 1, text: "everything") }
    }

    static func read(_ path: String) throws(ServeError) -> String {
        guard let data = FileManager.default.contents(atPath: path), data.count <= mostBytes, let text = String(data: data, encoding: .utf8) else {
            throw .settings("\(path.printable): cannot be read as text of at most 256 KiB; name the policy's file")
        }
        try check(text, path: path)
        return text
    }
}

extension ServiceDesk {
    nonisolated var policy: String { settings.policy ?? ServePolicy.page(ledger, settings) }
}
