import Synchronization

/// Outputs that are to have no name: a job writes them into a file that its caller holds open, and keeps. Any thread.
public enum ScratchOutput {
    private static let known = Mutex<[String: Int32]>([:])

    /// - Returns: what stands for the open file as a job's output, until `forget`.
    public static func register(_ descriptor: Int32) -> String {
        let path = "/proc/self/fd/\(descriptor)"
        known.withLock { $0[path] = descriptor }
        return path
    }

    public static func forget(_ path: String) { known.withLock { $0[path] = nil } }

    static func descriptor(of path: String) -> Int32? { known.withLock { $0[path] } }
}
