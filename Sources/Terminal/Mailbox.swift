import CTerminal
import Glibc
import Synchronization

/// The way from any thread to the terminal thread: `post` from anywhere, the loop takes everything at its next turn.
public final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    /// Readable while there may be messages; closed when the last owner lets go of the mailbox.
    let wakeDescriptor: Int32

    public init() throws(TerminalError) {
        wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        if wakeDescriptor < 0 { throw .system(call: "eventfd", code: errno) }
    }

    deinit { Glibc.close(wakeDescriptor) }

    /// Any thread but the audio thread (takes a lock for the length of an append). Wakes the loop.
    public func post(_ message: Message) {
        let wasEmpty = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        // The counter cannot overflow: it is written only when the first message of a batch arrives.
        if wasEmpty { _ = SystemCall.retrying { withUnsafeBytes(of: UInt64(1)) { write(wakeDescriptor, $0.baseAddress, 8) } } }
    }

    /// Terminal thread: everything posted so far, oldest first.
    func take() -> [Message] {
        var counter: UInt64 = 0
        _ = withUnsafeMutableBytes(of: &counter) { read(wakeDescriptor, $0.baseAddress, 8) }
        return messages.withLock { messages in
            defer { messages.removeAll() }
            return messages
        }
    }
}
