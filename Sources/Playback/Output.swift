import DSP

/// Which sink the audio thread plays into: the device it asks the opener for, the clock that stands in for it, or a stream.
///
/// The audio thread alone. Nothing here opens, closes, allocates or waits for longer than a block.
struct Output: ~Copyable {
    enum Readiness { case ready, notYet, refused }

    private(set) var sink = ActiveSink.none
    private let shared: UnsafeMutablePointer<SharedState>
    private let choice: SinkStatus
    private let mayStandIn: Bool
    private let clock: UnsafeMutablePointer<NullSink>
    private let stream: UnsafeMutablePointer<StreamSink>?
    private let page: UnsafeMutablePointer<PageSink>?
    private var askedForDevice = false
    private var refusalsSeen = 0

    /// - Parameters:
    ///   - choice: `.device`, `.clock`, `.stream` or `.page`.
    ///   - mayStandIn: whether the clock replaces a device that cannot be used.
    init(shared: UnsafeMutablePointer<SharedState>, sampleRate: Double, choice: SinkStatus, mayStandIn: Bool, stream: StreamSink?, page: PageSink?) {
        self.shared = shared
        self.choice = choice
        self.mayStandIn = mayStandIn
        clock = .allocate(capacity: 1)
        clock.initialize(to: NullSink(sampleRate: sampleRate))
        self.stream = stream.map { sink in
            let place = UnsafeMutablePointer<StreamSink>.allocate(capacity: 1)
            place.initialize(to: sink)
            return place
        }
        self.page = page.map { sink in
            let place = UnsafeMutablePointer<PageSink>.allocate(capacity: 1)
            place.initialize(to: sink)
            return place
        }
    }

    deinit {
        clock.deallocate()
        stream?.pointee.deallocate()
        stream?.deallocate()
        page?.deallocate()
    }

    var isOpen: Bool {
        if case .none = sink { false } else { true }
    }

    /// A clock plays in the device's place.
    private var standsIn: Bool {
        if case .clock = sink { choice == .device } else { false }
    }

    // MARK: Sound

    var periodFrames: Int { sink.periodFrames }
    mutating func waitForRoom() -> SinkResult { sink.waitForRoom() }
    mutating func delay() -> Int { sink.delay() }
    mutating func drain() { sink.drain() }

    /// A listener who switches by themselves gets both voices, everybody else their mixture.
    mutating func write(_ block: AudioBlock, master: AudioBlock, original: AudioBlock, frames: Int, firstFrame: Int) -> SinkResult {
        if case .page(let page) = sink { return page.pointee.write(master: master, original: original, frames: frames) }
        let result = sink.write(block, frames: frames, firstFrame: firstFrame)
        if case .device(let device) = sink { shared.pointee.xruns.store(device.pointee.interruptions, ordering: .relaxed) }
        return result
    }

    /// What comes next replaces what has been handed over and not heard, where that is possible.
    func jump() {
        if case .page(let page) = sink { page.pointee.jump() } else { page?.pointee.jump() }
    }

    // MARK: Choice

    /// Before every block: takes what is there, or asks for it.
    mutating func prepare() -> Readiness {
        if standsIn, let device = takeOpened() { use(device) }
        guard !isOpen else { return .ready }
        switch choice {
        case .clock:
            sink = .clock(clock)
            tell(.clock)
        case .stream:
            guard let stream else { return .refused }
            sink = .stream(stream)
            tell(.stream)
        case .page:
            guard let page else { return .refused }
            sink = .page(page)
            tell(.page)
        default:
            return prepareDevice()
        }
        return .ready
    }

    private mutating func prepareDevice() -> Readiness {
        if !askedForDevice {
            askedForDevice = true
            refusalsSeen = shared.pointee.device.refusals.load(ordering: .acquiring)
            shared.pointee.device.wanted.store(true, ordering: .releasing)
            shared.pointee.openerWakeup.post()
        }
        if let device = takeOpened() {
            askedForDevice = false
            use(device)
            return .ready
        }
        guard shared.pointee.device.refusals.load(ordering: .acquiring) > refusalsSeen else { return .notYet }
        askedForDevice = false
        return standIn() ? .ready : .refused
    }

    /// The start of playing: whoever plays on a clock would rather have the device.
    func remind() {
        if standsIn { shared.pointee.openerWakeup.post() }
    }

    /// The sink failed with an errno; false when playing cannot go on.
    mutating func replace(failedWith code: Int32) -> Bool {
        shared.pointee.device.failure.store(code, ordering: .relaxed)
        switch sink {
        case .device(let device):
            _ = shared.pointee.device.discarded.push(device)
            return standIn()
        case .stream:
            tell(.streamFailed)
            return false
        case .none, .clock, .page:
            return true
        }
    }

    /// Gives the device to others.
    mutating func release() {
        if case .device(let device) = sink {
            discard(device)
            tell(.closed)
        }
        // One that came back after the playing had ended.
        if let device = takeOpened() { discard(device) }
        sink = .none
    }

    private mutating func use(_ device: UnsafeMutablePointer<ALSASink>) {
        sink = .device(device)
        shared.pointee.device.failure.store(0, ordering: .relaxed)
        tell(.device)
    }

    private mutating func standIn() -> Bool {
        sink = mayStandIn ? .clock(clock) : .none
        tell(mayStandIn ? .standIn : .refused)
        shared.pointee.openerWakeup.post()
        return mayStandIn
    }

    private func takeOpened() -> UnsafeMutablePointer<ALSASink>? {
        guard choice == .device else { return nil }
        return shared.pointee.device.opened.exchange(nil, ordering: .acquiringAndReleasing)
    }

    private func discard(_ device: UnsafeMutablePointer<ALSASink>) {
        // More places than devices that can be open at a time.
        _ = shared.pointee.device.discarded.push(device)
        shared.pointee.openerWakeup.post()
    }

    private func tell(_ status: SinkStatus) {
        shared.pointee.device.status.store(status.rawValue, ordering: .releasing)
        shared.pointee.analyserWakeup.post()
    }
}
