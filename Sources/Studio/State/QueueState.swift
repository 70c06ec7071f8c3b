/// One master to make.
struct RenderOrder: Sendable, Equatable {
    var input: String
    var output: String
    /// The output is there already.
    var exists: Bool

    init(input: String, output: String, exists: Bool) {
        self.input = input
        self.output = output
        self.exists = exists
    }
}

/// A job as the queue shows it.
struct JobRow: Sendable, Equatable {
    enum Stage: Sendable, Equatable {
        case waiting
        case running(what: String, fraction: Double)
        /// With the loudness and peak that were reached.
        case done(lufs: Double?, dbtp: Double?, note: String?)
        case failed(String)
        case cancelled
    }

    var id: String
    var input: String
    var output: String
    var preset: String
    var tier: String
    /// Why it runs there.
    var why: String
    var stage: Stage
    /// What became of it at other machines; nil while there are none.
    var way: JobWay?
    /// It runs in the studio's own process, where no engine could be had.
    var endsWithStudio = false

    init(id: String, input: String, output: String, preset: String, tier: String, why: String, stage: Stage) {
        self.id = id
        self.input = input
        self.output = output
        self.preset = preset
        self.tier = tier
        self.why = why
        self.stage = stage
    }

    var isActive: Bool {
        switch stage {
        case .waiting, .running: true
        case .done, .failed, .cancelled: false
        }
    }
}

/// The Queue view.
struct QueueState: Sendable, Equatable {
    var jobs: [JobRow] = []
    var cursor = Cursor()
    var filter = ""
    /// Questions that were shown once: a job and how many decisions there were.
    var asked: Set<String> = []

    init() {}

    var shown: [JobRow] {
        let pattern = FuzzyPattern(filter)
        return pattern.isEmpty ? jobs : jobs.filter { pattern.score(Path.name(of: $0.output) + " " + $0.preset) != nil }
    }

    var selected: JobRow? {
        let rows = shown
        return rows.indices.contains(cursor.index) ? rows[cursor.index] : nil
    }

    var active: Int { jobs.count { $0.isActive } }
}
