import AsyncHTTPClient
import NIOCore

/// What an answer from outside may be at most, and how long anything may take.
public struct HTTPLimits: Sendable, Equatable {
    /// Until the connection stands.
    public var connectSeconds = 5.0
    /// Until the head of the answer is there.
    public var firstByteSeconds = 30.0
    /// Between two pieces of it.
    public var stallSeconds = 20.0
    /// Bytes of a body that is read as text or JSON.
    public var textBytes = 1 << 20
    /// Bytes of a body that is sound.
    public var soundBytes: Int64 = 2 << 30
    /// Bytes of one event of a stream.
    public var eventBytes = 1 << 20

    public init() {}
}
