/// What Lathe does with temporary data, as sentences made from the configuration in force. Each names the checks that prove it: tests of
/// the project, and of the kit in `Tests/Outsider/privacy`.
public struct LedgerPolicy: Sendable, Equatable, Codable {
    public struct Sentence: Sendable, Equatable, Codable {
        public var id: String
        public var text: String
        public var checks: [String]
    }

    public var sentences: [Sentence]
    /// SHA-256 over ids and texts, hexadecimal: the same policy has the same hash everywhere.
    public var hash: String { hexadecimal(HashTree.hash(Array(sentences.map { $0.id + "\n" + $0.text + "\n" }.joined().utf8))) }

    /// - Parameters:
    ///   - tiers: those that are configured; none is the default.
    ///   - keepsSessions: what is open in the studio is kept for its next start, which has to be asked for.
    ///   - queue: where the engine's jobs are kept until they end.
    public init(rules: RetentionRules, surroundings: Surroundings, tiers: [TierPromise] = [], keepsSessions: Bool = false, queue: QueueStorage = .sealed) {
        sentences = Self.collection(tiers) + Self.retention(rules, keepsSessions, queue) + Self.storage(surroundings, queue, rules) + Self.ends(rules) + Self.log(rules) + Self.rights
    }

    private enum CodingKeys: String, CodingKey { case sentences, hash }

    public init(from decoder: any Decoder) throws {
        sentences = try decoder.container(keyedBy: CodingKeys.self).decode([Sentence].self, forKey: .sentences)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(sentences, forKey: .sentences)
        try container.encode(hash, forKey: .hash)
    }

    /// One page for people.
    public var page: String {
        let lines = sentences.map { "- \($0.text)\n  [\($0.id): \($0.checks.joined(separator: ", "))]" }
        return "# What Lathe does with temporary data\n\n\(lines.joined(separator: "\n"))\n\nPolicy \(hash.prefix(16))\n"
    }

    /// What changes from `other` to this, in words; empty when nothing does.
    public func differences(from other: LedgerPolicy) -> [String] {
        let before = Dictionary(other.sentences.map { ($0.id, $0.text) }, uniquingKeysWith: { first, _ in first })
        let now = Set(sentences.map(\.id))
        return sentences.compactMap { sentence in
            switch before[sentence.id] {
            case nil: "\(sentence.id): new: \(sentence.text)"
            case sentence.text: nil
            case let text?: "\(sentence.id): was: \(text)\n  now: \(sentence.text)"
            }
        } + other.sentences.filter { !now.contains($0.id) }.map { "\($0.id): no longer: \($0.text)" }
    }

    // MARK: Its parts

    private static func collection(_ tiers: [TierPromise]) -> [Sentence] {
        let network = tiers.isEmpty ? "a network (unless a tier is configured, or for lathe serve; the listener's page, where you choose it, has the one address 127.0.0.1), " : ""
        return [
        Sentence(id: "collects-nothing", text: "Lathe asks for no name, address or payment. Only lathe serve knows accounts, each a keyed hash of an SSH key. It counts nothing for others.",
                 checks: ["the_export_keeps_to_its_published_form", "it_works_where_there_is_no_network_at_all"]),
        ] + TierPromise.sentences(tiers) + [
        Sentence(id: "kernel", text: "The kernel itself refuses Lathe \(network)other programs (but ffmpeg, shut away, for a codec check), other processes' memory and new rights, from before the first file is read.",
                 checks: ["the_kernel_refuses_what_is_not_needed"]),
        Sentence(id: "wall", text: "Each audio file is decoded in a process of its own that can open, make, reach and start nothing; one that a file brings down harms nothing else.",
                 checks: ["aDecoderCanNeitherOpenNorMakeNorReachNorStartAnything", "aDecoderThatBreaksDownIsNamedWithItsFileAndIsGone", "nothingIsLeftWhenTheProgramIsKilled",
                          "every_decoder_is_shut_away_and_ends_with_its_program"]),
        Sentence(id: "row-first", text: "Temporary data is made only after the ledger holds a committed row for it. Where no row can be written on disk, nothing is made there and nothing is sent; only lathe analyze and lathe preview go on, in memory alone, with rows in memory, and say so. "
                    + "Working memory has no row of its own: the heap, the picture of the screen, and the room of 1.75 MiB through which each decoder hands its last few blocks to the program that reads them. It ends with its process and is never in a file with a name.",
                 checks: ["aRowIsOnDiskWhenCreateReturns", "onAFullDiskNothingIsMade_andEverythingCanBeDestroyed",
                          "every_command_makes_its_row_before_its_bytes_and_reaches_for_no_network", "the_studio_makes_its_rows_before_its_bytes_and_reaches_for_no_network"]),
        Sentence(id: "purposes", text: "Each item has one purpose out of a closed list: \(ItemPurpose.allCases.map(\.rawValue).joined(separator: ", ")). Training is not on it.",
                 checks: ["trainingIsNoPurpose"]),
        Sentence(id: "no-names", text: "File names, tags and prompts are never written to the ledger, its history or its export; the screen shows a name while this run remembers it.",
                 checks: ["aFileNameNeverReachesTheDisk", "nothing_is_left_of_a_command_however_it_ends"]),
        ]
    }

    /// A sentence for each rule that some kind of item lives under.
    private static func retention(_ rules: RetentionRules, _ keepsSessions: Bool, _ queue: QueueStorage) -> [Sentence] {
        let checks: [RetentionRule: [String]] = [
            .fileOpen: ["idleTenMinutesEndAnOpenFile", "useProlongsAnOpenFileTenMinutesAtATimeButNotBeyondTwelveHours"],
            .withParent: ["derivedDataEndsWithItsParent_andFirst"], .unsaved: ["takesAreExtendable_andDerivedDataIsNot"],
            .untilQuit: ["closingSettlesEverything"],
        ]
        return RetentionRule.allCases.compactMap { rule in
            // A job that is kept for the next engine lives under another rule than its kind.
            let kinds = ItemKind.allCases.filter { $0.defaultRule == rule && ($0 != .queuedJob || queue == .memory) }.map(\.words)
            guard !kinds.isEmpty else { return nil }
            // What lies at tiers has sentences of its own.
            if rule.isTheTiers { return nil }
            if rule == .resumable { return session(rules, keepsSessions, kinds) }
            let extendable = rules[rule].extendable ? ", and can be extended" : ""
            let place = rule == .tierInput || rule == .tierOutput ? ", on this machine" : ""
            return Sentence(
                id: "kept-" + rule.rawValue.replacing("_", with: "-"),
                text: "Kept \(rules[rule].sentence)\(extendable)\(place): \(kinds.joined(separator: ", ")).", checks: ["everyKindHasAFiniteEnd"] + (checks[rule] ?? []))
        }
    }

    private static func session(_ rules: RetentionRules, _ isKept: Bool, _ kinds: [String]) -> Sentence {
        let checks = ["everyKindHasAFiniteEnd", "aSessionIsFoundOnceByTheNextRun", "aSessionThatNobodyTakesEndsAfterADay_andAnybodyCanDestroyIt", "nothing_is_left_of_a_session_that_was_kept_but_what_is_sealed"]
        return isKept
            ? Sentence(id: "kept-resumable", text: "Kept \(rules[.resumable].sentence): \(kinds.joined(separator: ", ")), because you asked for it: which file is open, where, and how it is set. It is sealed, and its key lies beside it: "
                + "whoever reads both can read it.", checks: checks)
            : Sentence(id: "kept-resumable", text: "Of the studio nothing is kept for a later start, unless you ask for it: no \(kinds.joined(separator: ", ")).", checks: ["nothingIsKeptUnlessItIsAskedFor"])
    }

    private static func storage(_ surroundings: Surroundings, _ queue: QueueStorage, _ rules: RetentionRules) -> [Sentence] {
        let swap = switch surroundings.swap {
        case .none: "This machine has no swap, so memory stays memory."
        case .memory: "This machine swaps to compressed memory, so memory stays memory."
        case .disk: "This machine swaps to disk, so parts of memory may be written there, and are then beyond what Lathe can destroy."
        }
        return [
            Sentence(id: "unnamed", text: "What must be on disk is in a file without a name, or under a name that the ledger holds: it ends with the process, also by kill -9 or a power cut. What is kept for a later run on purpose (a session, the engine's jobs) outlives it, sealed.",
                     checks: ["scratchHasNoName_andItsSpaceReturnsWithItsRow", "aFileWithoutARowIsRemovedAtTheStart_andAnIncident", "killedAtAnyCallNothingIsLeftAfterTheNextStart",
                              "after_a_kill_the_scratch_of_a_master_holds_no_bytes"]),
            Sentence(id: "your-files", text: "A finished file is yours, under the name you asked for. Lathe keeps no copy of it, or of what it was made from. While it is made it is a plain file without a name beside the finished ones; if it is given up or the machine stops, blocks that the disk has taken back may hold some of its sound until they are written over.",
                     checks: ["on_a_disk_that_fills_up_every_destruction_works_and_no_output_is_partial", "nothing_is_left_of_a_command_however_it_ends"]),
            Sentence(id: "memory", text: "Memory is not written to core files, and other programs of the same user cannot read it.",
                     checks: ["no_process_survives_and_nobody_of_the_same_user_may_look_into_one"]),
            Sentence(id: "swap", text: swap, checks: ["swapIsToldAsItIs"]),
            Sentence(id: "quota", text: "All items in memory together get at most \(surroundings.memoryQuota >> 20) MiB, a quarter of this machine's.",
                     checks: ["memoryIsPromisedOnlyOnce"]),
            Sentence(id: "disk-quota", text: "Items on disk that are not on their way to be your files get at most a quarter of what is free there when Lathe starts. What lies idle makes room for what is used.",
                     checks: ["theDiskIsPromisedOnlyOnce", "whatLiesIdleMakesRoom_whatIsUsedDoesNot"]),
            Sentence(id: "sealed", text: "What is too large for memory and nobody's file yet is sealed on disk; its key is in this run's memory only\(surroundings.swap == .disk ? ", which may be swapped to disk" : "").",
                     checks: ["sealedBytesComeBackAndAreNowhereInTheFile", "aDestroyedSealIsNoise"]),
            Sentence(id: "queue", text: queue.sentence(rules), checks: ["aJobOfADeadEngineIsFoundOnceAndEndsWithItsRow", "aKilledEnginesJobIsDoneByTheNextOne", "engine_killed"]),
            Sentence(id: "no-wiping", text: "Lathe does not claim that overwriting erases flash memory; each item's class says what its destruction is worth.",
                     checks: ["listJSONHasTheFieldsOfTheContract"]),
        ]
    }

    private static func ends(_ rules: RetentionRules) -> [Sentence] {
        [
            Sentence(id: "on-time", text: "An item ends within a second of its time while Lathe runs, and at the next start otherwise. Turning the clock lengthens no life: within a boot only the steady clock counts, also for what a killed run has left; across boots the clock on the wall is asked once, and never believed to be earlier than the latest event on record.",
                     checks: ["theThreadWakesByItself", "aRunThatLivesIsNotOver_whateverBootAndClockSay", "itemsEndWhenTheirTimeHasCome_whateverTheWallClockSays", "aSteadyClockThatGoesBackLengthensNoLife", "theClockOnTheWallEndsAndLengthensNothingThatWasLeft", "anotherBootAsksTheClockOnTheWallOnce"]),
            Sentence(id: "no-immortality", text: "No configuration makes an item immortal: every period is finite and shown.",
                     checks: ["noConfigurationMakesAnItemImmortal", "settingsAreReadStrictly_eachComplaintWithItsLine"]),
            Sentence(id: "full-disk", text: "Destruction works on a full or read-only disk: the bytes go first, the record follows.",
                     checks: ["onAFullDiskTheBallastMakesRoomForTheRecord", "onAReadOnlyDiskNothingIsMade_andTheRestWaitsForTheNextStart",
                              "on_a_disk_that_fills_up_every_destruction_works_and_no_output_is_partial"]),
            Sentence(id: "settled", text: "The row of an ended item is kept \(duration(rules.historySeconds)), then only counted.",
                     checks: ["historyBecomesCountsAfterThirtyDays"]),
            Sentence(id: "history", text: "Every change of a row, every consent, receipt and record of the log is in a signed history. A change, cut or replacement of it is found; against the invention of a whole new one helps an export kept elsewhere.",
                     checks: ["everyTamperingIsFound", "anExportProvesLaterThatTheHistoryIsStillTheSame", "the_exported_history_is_proven_by_other_code"]),
        ]
    }

    private static let rights = [
        Sentence(id: "see", text: "You can see all of it at any moment, as it was a second ago (sizes that grow, five): lathe ledger list, why, export and verify, and the Ledger view.",
                 checks: ["exportIsOneDocumentAndOnePage_andReplacesNothing", "whyTellsRulePlaceAndLineage", "othersSeeSizesAndStatesWithinASecond"]),
        Sentence(id: "erase", text: "You can end all of it at any moment: lathe ledger destroy, and erase --everything, which forgets the history too.",
                 checks: ["eraseEverythingForgetsHistoryToo", "anotherProcessDestroysWhenAsked"]),
    ]

    private static func log(_ rules: RetentionRules) -> [Sentence] {
        [Sentence(id: "log", text: "Lathe writes no log files. In the ledger it notes of each render its kind, how it ended, how long it took and how much sound it was: numbers and words of closed lists, "
                    + "at most \(Ledger.mostLogRecords), for \(duration(rules[.metrics].hardSeconds)); lathe ledger log shows them, and the signed history covers them.",
                  checks: ["theLogHasNoPlaceForWords", "noRecordOfTheLogCanBeChangedUnseen", "theLogEndsWithItsTime_andHoldsOnlySoMuch", "eraseEverythingForgetsHistoryToo"]),
         Sentence(id: "counters", text: "It counts by day which presets and genres that come with Lathe were used on which tier, and how it went, for \(duration(rules[.metrics].hardSeconds)), here and nowhere else; "
                    + "lathe stats shows it.",
                  checks: ["countersAddUpByDay_andEndWithTheirTime", "countersHaveNoPlaceForNames"])]
    }
}

extension QueueStorage {
    fileprivate func sentence(_ rules: RetentionRules) -> String {
        let kept = "until it ends, \(duration(rules[.resumable].hardSeconds)) at most (queued job)"
        return switch self {
        case .sealed:
            "A job given to the engine (its file names, settings and prompt) is sealed on disk \(kept). The key is in a file in memory (/dev/shm), outside the engine: the next engine takes up what a killed one left, and nobody what a machine "
                + "left that was switched off. Other programs of this user can read that file; who has copied key and job can read the job also after its end."
        case .disk: "A job given to the engine (its file names, settings and prompt) is sealed on disk \(kept), and so is its key, as you asked: the next engine takes up what is left, after a restart too."
        case .memory: "A job given to the engine (queued job) is in its memory only, as you asked, and ends with it."
        }
    }
}
