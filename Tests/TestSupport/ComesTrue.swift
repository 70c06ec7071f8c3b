/// Looks again and again whether something has come true that another thread or process brings about.
/// - Returns: false when it has not within `limit`.
public func comesTrue(within limit: Duration = .seconds(30), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + limit
    repeat {
        if try await condition() { return true }
        await Task.yield()
    } while ContinuousClock.now < end
    return false
}
