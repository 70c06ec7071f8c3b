/// What a temporary item is. A closed list: a new kind of data needs a new case, and so a rule.
public enum ItemKind: String, Sendable, Codable, CaseIterable {
    case decodedAudio = "decoded_audio"
    case previewRender = "preview_render"
    case analysis
    case waveform
    case spectrum
    case loudnessHistory = "loudness_history"
    /// Sound on its way out of the process: to a device or sound server, or into a pipe.
    case playedSound = "played_sound"
    /// What the loudness solve tries out and finds.
    case solve
    /// The file being rendered, until it is linked under the name the user asked for.
    case renderScratch = "render_scratch"
    case unsavedTake = "unsaved_take"
    case unsavedMaster = "unsaved_master"
    case prompt
    case undoHistory = "undo_history"
    case session
    case log
    case metrics
    case tierInput = "tier_input"
    case tierOutput = "tier_output"
    /// What a job is to do, from its submission to its end.
    case queuedJob = "queued_job"
    /// What a tier gave and the check of results refused: kept to be listened to.
    case rejectedResult = "rejected_result"

    /// The rule that applies unless a request names another.
    public var defaultRule: RetentionRule {
        switch self {
        case .decodedAudio, .previewRender, .analysis: .fileOpen
        case .waveform, .spectrum, .loudnessHistory, .solve, .playedSound: .withParent
        case .renderScratch, .queuedJob: .job
        case .unsavedTake, .unsavedMaster, .rejectedResult: .unsaved
        case .prompt, .undoHistory, .log: .untilQuit
        case .session: .resumable
        case .metrics: .metrics
        case .tierInput: .tierInput
        case .tierOutput: .tierOutput
        }
    }
}

/// Where an item came from.
public enum ItemOrigin: String, Sendable, Codable, CaseIterable {
    case openedFile = "opened_file"
    case renderJob = "render_job"
    case playback
    case prompt
    case session
    case service
}

/// What an item is for. Training is not on the list, and nothing outside the list can be recorded.
public enum ItemPurpose: String, Sendable, Codable, CaseIterable {
    case analysis
    case preview
    case mastering
    case generation
    case recovery
    case diagnosis
}

/// Where an item lies.
public enum ItemPlace: Sendable, Hashable {
    case ram
    case disk
    /// On a remote tier, by its name in the configuration.
    case tier(String)

    /// `ram`, `disk` or `tier:NAME`.
    public var text: String {
        switch self {
        case .ram: "ram"
        case .disk: "disk"
        case .tier(let name): "tier:" + name
        }
    }

    public init?(text: String) {
        switch text {
        case "ram": self = .ram
        case "disk": self = .disk
        case _ where text.hasPrefix("tier:") && text.utf8.count > 5: self = .tier(String(text.dropFirst(5)))
        default: return nil
        }
    }

    public var tierName: String? {
        if case .tier(let name) = self { name } else { nil }
    }
}

/// Where an item stands in its life.
public enum ItemState: String, Sendable, Codable, CaseIterable {
    /// Recorded; no byte exists yet.
    case intent
    case live
    /// Being destroyed; some byte may still exist.
    case destroying
    /// Should be gone and is not, or its absence cannot be confirmed. Tried again until it is.
    case overdue
    /// Its place cannot be reached (an unplugged disk). Tried again at every start.
    case lost
    case destroyed
    /// The user's own file now.
    case handedOver = "handed_over"

    /// Nothing of ours exists any more. (`lost` can be the last word too, about what lay at a tier: whoever asks looks at `settled`.)
    public var isClosed: Bool { self == .destroyed || self == .handedOver }
}

/// What the destruction of an item is worth.
public enum ErasureClass: String, Sendable, Codable, CaseIterable {
    /// Memory only.
    case e0 = "E0"
    /// Ciphertext whose key exists in the memory of its run only.
    case e1 = "E1"
    /// Ciphertext whose key is also in a file, on disk or in memory that other programs of the user can read, or may be swapped out.
    case e2 = "E2"
    /// A plain file the user asked for, or one on its way to be.
    case e3 = "E3"
    /// At a tier that signs receipts: a signed claim.
    case e4 = "E4"
    /// At a tier that only declares a period.
    case e5 = "E5"

    public var sentence: String {
        switch self {
        case .e0: "in memory only; gone with the memory"
        case .e1: "sealed on disk, the key in the memory of its run only; gone with the key"
        case .e2: "sealed on disk, the key in a file too or where memory is swapped to; who reads both can read it"
        case .e3: "a plain file you asked for; unfinished, it has no name or a registered one, and blocks of the disk that it gives back may hold its sound until they are written over"
        case .e4: "at a tier that signs a receipt, which is a claim and not a proof"
        case .e5: "at a tier that only declares a period"
        }
    }
}

/// Why an item ended.
public enum DestroyReason: String, Sendable, Codable, CaseIterable {
    case expired
    case userRequest = "user_request"
    case fileClosed = "file_closed"
    case jobEnded = "job_ended"
    case cancelled
    /// It lay idle, and something else needed the room.
    case evicted
    case parentGone = "parent_gone"
    case quit
    /// The run that made it died; its memory and unnamed files died with it.
    case runEnded = "run_ended"
    case neverBegan = "never_began"
    case handedOver = "handed_over"
    /// The tier signed that it is gone.
    case receipt
    /// The period that the tier declares is over.
    case declaredPeriod = "declared_period"
    /// The tier said so when it was asked, without a signature.
    case tierAnswer = "tier_answer"
    /// A tier never said that it is gone, and the wait was given up.
    case neverConfirmed = "never_confirmed"
}

/// Identifies a row: 80 random bits, never derived from content or name. Sixteen characters of Crockford's base 32.
public struct RowID: RawRepresentable, Sendable, Hashable, Codable, CustomStringConvertible {
    public let rawValue: String

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")

    public init?(rawValue: String) {
        guard rawValue.utf8.count == 16, rawValue.allSatisfy(Self.alphabet.contains) else { return nil }
        self.rawValue = rawValue
    }

    public init() {
        var generator = SystemRandomNumberGenerator()
        rawValue = String((0..<16).map { _ in Self.alphabet[Int(generator.next() & 31)] })
    }

    public var description: String { rawValue }
}
