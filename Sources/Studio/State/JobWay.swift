/// The way of a job through the tiers, as the screen shows it.
struct JobWay: Sendable, Equatable {
    /// A tier and how it stands, for the lamps in the top line.
    struct Lamp: Sendable, Equatable {
        enum Standing: Sendable { case working, good, out, closed }
        var name: String
        var standing: Standing
    }
    /// What only the user can decide; the job waits for it.
    struct Ask: Sendable, Equatable {
        var text: String
        /// Whether a yes may hold from now on.
        var isConsent: Bool
    }

    /// `gpu ✗ (3 timeouts, again in 0:41) → space ✗ (third party: not allowed) → local ✓ 0:38`.
    var line: String
    /// Every decision with its time and its reason.
    var reasons: [String]
    var lamps: [Lamp]
    /// How far it is at a tier, as that says.
    var told: String?
    /// A line for each tier: where it is, what was decided last, when it can be asked again.
    var standings: [String] = []
    var ask: Ask?
    /// Grows with each decision.
    var decisions: Int
}

extension StudioState {
    /// What is asked, when something is.
    var question: Question? { if case .question(let question)? = overlay { question } else { nil } }

    /// Of the newest job that had a choice; nil where none had.
    var lamps: [JobWay.Lamp]? { queue.jobs.last { $0.way != nil }?.way?.lamps }

    /// Puts what a job waits for before the user, when nothing else is open. Each is shown once.
    mutating func askForTiers() {
        guard overlay == nil, !(view == .generate && generate.isEditing) else { return }
        for job in queue.jobs {
            guard let way = job.way, let ask = way.ask, queue.asked.insert("\(job.id) \(way.decisions)").inserted else { continue }
            overlay = .question(Question(ask.text, .tier(job: job.id, isConsent: ask.isConsent)))
            return
        }
    }
}
