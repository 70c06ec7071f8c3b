import Synchronization

/// How the sound device gets from the opener's thread to the audio thread and back. Wait-free.
struct DeviceExchange: ~Copyable {
    /// Audio thread: a device is wanted (again).
    let wanted = Atomic<Bool>(false)
    /// Opener: the device, ready.
    let opened = Atomic<UnsafeMutablePointer<ALSASink>?>(nil)
    /// Opener: tries that failed so far.
    let refusals = Atomic<Int>(0)
    /// Audio thread: devices to close.
    let discarded = ValueQueue<UnsafeMutablePointer<ALSASink>>(capacity: 8)
    /// Audio thread: the errno that ended the device or the stream in use; 0 for none.
    let failure = Atomic<Int32>(0)
    let status = Atomic<UInt8>(SinkStatus.closed.rawValue)
}
