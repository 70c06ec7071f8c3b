import Synchronization

/// Where audio files are decoded.
public enum DecodingPlace: Sendable {
    /// Among everything else that this process does: for tests and tools.
    case thisProcess
    /// Each file in a process of its own that can do nothing but decode.
    case apart(DecodingWall)
    /// Files are refused: there is no such process, for this reason (errno).
    case nowhere(code: Int32)

    private static let chosen = Mutex(DecodingPlace.thisProcess)

    /// For every reader that is opened from now on.
    public static var standard: DecodingPlace {
        get { chosen.withLock { $0 } }
        set { chosen.withLock { $0 = newValue } }
    }
}
