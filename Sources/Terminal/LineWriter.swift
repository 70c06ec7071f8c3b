import Glibc

/// Bytes on their way to the terminal. At most one frame is in flight: what the line does not take at once waits here, and
/// the caller offers no new frame until it has gone.
struct LineWriter {
    enum Outcome: Equatable {
        /// Everything has been handed over.
        case drained
        /// The line is full; `pending` bytes wait for POLLOUT.
        case blocked
        /// The terminal is gone.
        case hungUp
    }

    private var buffer: [UInt8] = []
    private var sent = 0
    private(set) var writes = 0

    var pending: Int { buffer.count - sent }

    /// Adds bytes behind those that wait, and hands over what the line takes now: one write if nothing waited.
    mutating func send(_ bytes: [UInt8], to descriptor: Int32) -> Outcome {
        if pending == 0 {
            buffer = bytes
            sent = 0
        } else {
            buffer += bytes
        }
        return drain(to: descriptor)
    }

    mutating func drain(to descriptor: Int32) -> Outcome {
        while pending > 0 {
            let result = SystemCall.retrying {
                buffer.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent) }
            }
            writes += 1
            switch result {
            case .success(let count): sent += count
            case .failure(let error) where error.wouldBlock: return .blocked
            case .failure: return .hungUp
            }
        }
        return .drained
    }

    /// Drops what waits: the terminal is gone, or will be told anew.
    mutating func drop() {
        buffer = []
        sent = 0
    }
}
