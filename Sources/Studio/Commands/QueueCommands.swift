extension Command {
    static let queue: [Command] = [
        Command("queue.open", "Open the result", keys: [KeyStroke(.enter)], in: [.queue], footer: ("open", 3),
                help: "Plays the finished file as it is: A, the match off. The next file is heard as before.",
                unavailable: { state in
                    guard let job = state.queue.selected else { return "there is no job" }
                    if case .done = job.stage { return nil }
                    return "there is no result to open"
                }) { state in
            guard let job = state.queue.selected else { return [] }
            let effects = state.openResult(job.output)
            state.say(Path.name(of: job.output) + " as it is; B would master it once more")
            return effects
        },
        Command("queue.cancel", "Cancel", keys: [.character("c")], in: [.queue], footer: ("cancel", 4),
                help: "Stops the job; nothing is written, an older file stays.",
                unavailable: { state in
                    guard let job = state.queue.selected else { return "there is no job" }
                    return job.isActive ? nil : "the job has ended"
                }) { state in
            guard let job = state.queue.selected else { return [] }
            return [.cancelJob(job.id)]
        },
        Command("queue.why", "Why this tier", keys: [.character("w")], in: [.queue], footer: ("why", 5), help: "Says why the job runs where it runs.",
                unavailable: { $0.queue.selected == nil ? "there is no job" : nil }) { state in
            guard let job = state.queue.selected else { return [] }
            state.overlay = .note(title: "Why " + job.tier, lines: job.way.map { [$0.line, ""] + $0.reasons } ?? [job.why])
            return []
        },
        Command("queue.tiers", "Tiers and counts", keys: [.character("s")], in: [.queue],
                help: "How each tier stands and when it can be asked again, and how much was made where.") { state in
            let way = state.queue.jobs.last { $0.way != nil }?.way
            return [.showUsage(after: (way?.standings ?? ["local (this machine): the only tier"]) + [""])]
        },
    ]
}
