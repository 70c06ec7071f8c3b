/// The part of the file that is repeated.
struct Region: Sendable, Equatable {
    /// Seconds.
    var start: Double
    var end: Double?
    var isOn = false

    /// What the player is asked to repeat.
    var range: ClosedRange<Double>? {
        guard isOn, let end, end > start else { return nil }
        return start...end
    }

    /// Shorter ones would be a tone.
    static let shortest = 0.05
}

/// A recording that was measured to be compared with.
struct ReferenceTrack: Sendable, Equatable {
    /// Full path; not safe to print.
    var path: String
    var lufs: Double?
}
