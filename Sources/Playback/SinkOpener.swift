import Synchronization

/// Opens and closes the sound device on a thread of its own: both may take long, and neither may hold up the sound.
final class SinkOpener: Sendable {
    private let device: String
    private let sampleRate: Double
    private let channels: Int
    private let periodSeconds: Double
    private let retrySeconds: Double?
    private nonisolated(unsafe) let shared: UnsafeMutablePointer<SharedState>

    private struct Words {
        var description = ""
        var refusal: DeviceRefusal?
    }
    private let words = Mutex(Words())

    init(device: String, sampleRate: Double, channels: Int, options: PlaybackOptions, shared: UnsafeMutablePointer<SharedState>) {
        self.device = device
        self.sampleRate = sampleRate
        self.channels = channels
        // Short enough for a knob to be heard at once; captures have time.
        periodSeconds = options.lossless ? 0.04 : 0.01
        retrySeconds = options.retrySeconds
        self.shared = shared
    }

    /// The device in use, for people.
    var description: String { words.withLock { $0.description } }
    /// Why the last try failed; nil after a success.
    var refusal: DeviceRefusal? { words.withLock { $0.refusal } }

    func run() {
        while !shared.pointee.quit.load(ordering: .acquiring) {
            closeDiscarded()
            if shared.pointee.device.wanted.exchange(false, ordering: .acquiringAndReleasing) || (isMissed && retrySeconds != nil) {
                open()
            }
            if isMissed, let retrySeconds {
                shared.pointee.openerWakeup.wait(milliseconds: Int(retrySeconds * 1000))
            } else {
                shared.pointee.openerWakeup.wait()
            }
        }
    }

    /// A clock plays in the device's place. While nothing plays, nobody misses it.
    private var isMissed: Bool {
        shared.pointee.device.status.load(ordering: .relaxed) == SinkStatus.standIn.rawValue && shared.pointee.sounding.load(ordering: .relaxed)
    }

    /// After the audio thread has ended.
    func closeEverything() {
        closeDiscarded()
        if let unused = shared.pointee.device.opened.exchange(nil, ordering: .acquiringAndReleasing) { dispose(unused) }
    }

    private func open() {
        do {
            let sink = try ALSASink(device: device, sampleRate: sampleRate, channels: channels, periodSeconds: periodSeconds)
            let place = UnsafeMutablePointer<ALSASink>.allocate(capacity: 1)
            place.initialize(to: sink)
            words.withLock { $0 = Words(description: sink.description, refusal: nil) }
            if let unused = shared.pointee.device.opened.exchange(place, ordering: .acquiringAndReleasing) { dispose(unused) }
        } catch {
            words.withLock { $0.refusal = error }
            shared.pointee.device.refusals.add(1, ordering: .releasing)
        }
        shared.pointee.audioWakeup.post()
    }

    private func closeDiscarded() {
        while let sink = shared.pointee.device.discarded.pop() { dispose(sink) }
    }

    private func dispose(_ sink: UnsafeMutablePointer<ALSASink>) {
        sink.pointee.close()
        sink.deinitialize(count: 1)
        sink.deallocate()
    }
}
