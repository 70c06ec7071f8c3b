/// Which sink is in use.
public enum SinkStatus: UInt8, Sendable {
    /// None yet, or given back while nothing sounds.
    case closed
    case device
    /// The clock, because the device cannot be used.
    case standIn
    /// The clock, as asked for.
    case clock
    case stream
    /// The stream took no more: its reader has gone, or the disk is full.
    case streamFailed
    /// A listener's page, who is there or expected.
    case page
    /// The device cannot be used, and nothing may stand in for it.
    case refused
}
