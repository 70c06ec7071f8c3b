/// What a processor can pass through gradually: a set of numbers of which every mixture makes sense.
protocol Mixable: BitwiseCopyable, Equatable {
    /// The point `t` (0…1) of the way to `other`.
    func interpolated(to other: Self, _ t: Double) -> Self
    /// Near enough to `goal` to jump the rest unheard.
    func isNear(_ goal: Self) -> Bool
}

/// A value that moves to its goal without a corner: the caller's ramp, rounded off by two one-pole smoothers from block to block and by a
/// uniform quadratic B-spline inside the block. A mixture at every moment, so it never leaves the values it lies between.
struct Glide<Value: Mixable>: BitwiseCopyable {
    /// Time constant of each smoother.
    static var seconds: Double { 0.005 }

    private var from: Value
    private(set) var goal: Value
    private var follower: Value
    /// The smoothed value at the end of the last block, of the one before, and of the one before that: the spline's control points.
    private var latest: Value, middle: Value, oldest: Value
    /// The value is `goal` and stays there.
    private(set) var settled = true

    init(_ value: Value) { (from, goal, follower, latest, middle, oldest) = (value, value, value, value, value, value) }

    /// The part of the way that a smoother goes in a block of 64 frames.
    static func smoothing(sampleRate: Double) -> Double { 1 - FastMath.exp(-64 / (seconds * sampleRate)) }

    /// Where the ramp in progress stands at `position` (0…1).
    func now(at position: Double) -> Value { from.interpolated(to: goal, position) }

    /// At once.
    mutating func jump(to value: Value) { self = Glide(value) }

    /// Along a ramp that starts with the next block at `position` of the one in progress.
    mutating func move(to value: Value, at position: Double) {
        from = now(at: position)
        goal = value
        settled = settled && from == value
    }

    /// Goes on one block, to `position` of the ramp.
    mutating func advance(to position: Double, smoothing: Double) {
        let aim = from.interpolated(to: goal, position)
        follower = follower.interpolated(to: aim, smoothing)
        var next = latest.interpolated(to: follower, smoothing)
        if position == 1 && next.isNear(goal) && follower.isNear(goal) {
            (next, follower) = (goal, goal)
            settled = latest == goal
        }
        (oldest, middle, latest) = (middle, latest, next)
    }

    /// The value over the present block, `u` from 0 to 1.
    var curve: Curve {
        Curve(start: oldest.interpolated(to: middle, 0.5), middle: middle, end: middle.interpolated(to: latest, 0.5))
    }

    struct Curve {
        fileprivate let start: Value, middle: Value, end: Value

        @inline(__always)
        func value(at u: Double) -> Value {
            start.interpolated(to: middle, u).interpolated(to: middle.interpolated(to: end, u), u)
        }
    }
}

extension SVFCoefficients {
    func isNear(_ goal: SVFCoefficients) -> Bool {
        abs(g - goal.g) <= 1e-8 * goal.g && abs(k - goal.k) <= 1e-8 * max(k, goal.k)
            && abs(m0 - goal.m0) <= 1e-8 && abs(m1 - goal.m1) <= 1e-8 && abs(m2 - goal.m2) <= 1e-8
    }
}

extension MatchedFilter: Mixable {
    func isNear(_ goal: MatchedFilter) -> Bool { main.isNear(goal.main) && correction.isNear(goal.correction) }
}
