/// What was asked of the queue and does not stand in it yet: a script that waits for its render must not find the queue empty before the job has come.
struct OutstandingOrders: Equatable {
    private var isPlanning = false
    /// Effects that the queue has not answered.
    private var asked = 0
    /// Jobs it has taken that no list has shown.
    private var taken: Set<String> = []

    var isEmpty: Bool { !isPlanning && asked == 0 && taken.isEmpty }

    mutating func note(_ effect: Effect) {
        switch effect {
        case .plan: isPlanning = true
        case .render, .exportTake, .sendTake: asked += 1
        default: break
        }
    }

    mutating func note(_ event: StudioEvent, shown: [JobRow]) {
        switch event {
        case .planned: isPlanning = false
        case .queued(let ids):
            asked = max(0, asked - 1)
            taken.formUnion(ids)
            taken.subtract(shown.map(\.id))
        case .jobs(let jobs): taken.subtract(jobs.map(\.id))
        // An engine that was lost has no jobs to show.
        case .notice(let notice) where notice.tone == .error: taken = []
        default: break
        }
    }
}
