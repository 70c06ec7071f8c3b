import AudioFiles
import DSP
import Glibc
import Mastering
import Synchronization

/// One loaded file with the threads that play it. Everything is sized for its sample rate and channels; another file is another session.
final class Session: @unchecked Sendable {
    // Unchecked: `shared` is made of wait-free values; the other parts are constant or have their own protection.
    let info: AudioFileInfo
    let sampleRate: Double
    private let options: PlaybackOptions
    private let shared: UnsafeMutablePointer<SharedState>
    private let settings: Settings
    private let opener: SinkOpener
    private let analyser: Analyser
    private let audio: UnsafeMutablePointer<AudioThread>
    /// Kept to the end: it owns the decks, and the audio thread fades out after the feeder's thread has left.
    private var feeder: Feeder?
    private var audioThread: PlaybackThread?
    private var threads: [PlaybackThread] = []
    /// Those that read the file, and may be kept by a file system that does not answer.
    private var readers: [PlaybackThread] = []
    private let page: (line: PageLine, feed: PageFeed)?

    /// Opens the file and starts the threads, in silence at `startSeconds`.
    init(
        path: String, parameters: ChainParameters, startSeconds: Double, voice: Voice, options: PlaybackOptions, announcements: Announcements
    ) throws {
        let reader = try AudioReader(path: path)
        info = reader.info
        sampleRate = Double(info.sampleRate)
        self.options = options
        let channels = info.channels
        shared = .allocate(capacity: 1)
        shared.initialize(to: SharedState(parameters: parameters, channels: channels, sampleRate: sampleRate, meters: options.meters))
        shared.pointee.seekTarget.store(Int((max(0, min(startSeconds, 1e9)) * sampleRate).rounded()), ordering: .releasing)
        shared.pointee.voice.store(voice.rawValue, ordering: .releasing)
        settings = Settings(parameters)

        let choice: SinkStatus
        var stream: StreamSink?
        switch options.sink {
        case .automatic, .alsa: choice = .device
        case .null: choice = .clock
        case .page: choice = .page
        case .stream(let descriptor, let format):
            choice = .stream
            stream = StreamSink(descriptor: descriptor, format: format, channels: channels, shared: shared)
        }
        var pageSink: PageSink?
        if case .page(let line) = options.sink {
            let feed = line.begin(sampleRate: sampleRate, channels: channels)
            page = (line, feed)
            pageSink = PageSink(feed: feed, waitsForListener: options.lossless, shared: shared)
        } else {
            page = nil
        }
        opener = SinkOpener(device: options.sink.deviceName, sampleRate: sampleRate, channels: channels, options: options, shared: shared)
        analyser = Analyser(shared: shared, announcements: announcements, sampleRate: sampleRate, layout: info.layout)
        audio = .allocate(capacity: 1)
        audio.initialize(to: AudioThread(
            shared: shared, sampleRate: sampleRate, channels: channels,
            output: Output(shared: shared, sampleRate: sampleRate, choice: choice, mayStandIn: options.standIn, stream: stream, page: pageSink)))
        try startThreads(path: path, first: reader, channels: channels)
        page?.line.carry(self)
    }

    private func startThreads(path: String, first: AudioReader, channels: Int) throws {
        let expected = info
        let open: () throws(AudioFileError) -> AudioReader = { () throws(AudioFileError) -> AudioReader in
            let reader = try AudioReader(path: path)
            // Another file under the same name must not be mixed with what is playing.
            guard reader.info == expected else { throw .readFailed(path: path, reason: "the file was replaced while it was open") }
            return reader
        }
        let probe = MasteringChain(sampleRate: sampleRate, channels: channels)
        let store = SnapshotStore(distance: info.sampleRate, stateBytes: probe.stateByteCount)
        let feeder = Feeder(
            shared: shared, settings: settings, store: store, sampleRate: sampleRate, channels: channels, lossless: options.lossless,
            first: first, open: open)
        self.feeder = feeder
        let scout = Scout(shared: shared, settings: settings, store: store, sampleRate: sampleRate, channels: channels, open: open)
        do {
            // The audio thread last: the others can be ended without it.
            readers.append(try PlaybackThread(name: "lathe-feeder", urgency: .normal) { feeder.run() })
            threads.append(try PlaybackThread(name: "lathe-meters", urgency: .normal) { [analyser] in analyser.run() })
            threads.append(try PlaybackThread(name: "lathe-device", urgency: .normal) { [opener] in opener.run() })
            if !options.lossless { readers.append(try PlaybackThread(name: "lathe-scout", urgency: .background) { scout.run() }) }
            nonisolated(unsafe) let audio = self.audio
            audioThread = try PlaybackThread(name: "lathe-audio", urgency: .realTime) { audio.pointee.run() }
        } catch {
            close()
            throw error
        }
    }

    /// Fades out, gives the device back and ends the threads; waits for that, some 60 ms while playing.
    func close() {
        if let page { page.line.end(page.feed) }
        shared.pointee.quit.store(true, ordering: .releasing)
        shared.pointee.wakeAll()
        page?.feed.room.post()
        audioThread?.join()
        audioThread = nil
        shared.pointee.wakeAll()
        for thread in threads { thread.join() }
        threads = []
        opener.closeEverything()
        let stuck = readers.filter { !$0.join(seconds: Self.readerPatience) }
        readers = []
        if !stuck.isEmpty { Self.waitApart(for: stuck, of: self) }
    }

    /// Seconds that a read under way may take before the session is left to it.
    private static let readerPatience = 1.0

    private struct Holding: @unchecked Sendable {
        // Unchecked: released once, by the thread it is given to.
        let session: Unmanaged<Session>
    }

    /// What the threads use lives until they have ended, whenever the file system answers; nobody waits for that.
    private static func waitApart(for stuck: [PlaybackThread], of session: Session) {
        let held = Holding(session: Unmanaged.passRetained(session))
        // Without a thread to wait on the session stays for good: better than memory that is taken from under a reader.
        _ = try? PlaybackThread(name: "lathe-waiting", urgency: .background) {
            for thread in stuck { thread.join() }
            held.session.release()
        }
    }

    deinit {
        audio.deinitialize(count: 1)
        audio.deallocate()
        shared.deinitialize(count: 1)
        shared.deallocate()
    }

    // MARK: Orders

    func play() {
        if shared.pointee.ended.exchange(false, ordering: .acquiringAndReleasing) { seek(to: 0) }
        let now = shared.pointee.wanted.load(ordering: .acquiring)
        shared.pointee.wanted.store((now | 1) + 2, ordering: .releasing)
        shared.pointee.audioWakeup.post()
        shared.pointee.feederWakeup.post()
    }

    func pause() {
        let now = shared.pointee.wanted.load(ordering: .acquiring)
        shared.pointee.wanted.store((now & ~1) + 2, ordering: .releasing)
        shared.pointee.audioWakeup.post()
    }

    func seek(to frame: Int) {
        let last = info.claimedFrames.map { Int(clamping: $0) } ?? Int.max
        shared.pointee.seekTarget.store(max(0, min(frame, last)), ordering: .releasing)
        // The next even number, whatever loop is under way.
        var now = shared.pointee.seeks.load(ordering: .acquiring)
        while true {
            let (isDone, other) = shared.pointee.seeks.compareExchange(expected: now, desired: (now | 1) + 1, ordering: .acquiringAndReleasing)
            if isDone { break }
            now = other
        }
        shared.pointee.feederWakeup.post()
    }

    func stop(at frame: Int) { shared.pointee.stopFrame.store(frame, ordering: .releasing) }

    /// Goes on at the range's first frame whenever its end is reached; nil ends that.
    func loop(_ range: Range<Int>?) {
        shared.pointee.loopEnd.store(Int.max, ordering: .releasing)
        guard let range else { return }
        shared.pointee.loopStart.store(range.lowerBound, ordering: .releasing)
        shared.pointee.loopEnd.store(range.upperBound, ordering: .releasing)
    }

    func resetMeters() { shared.pointee.meterResets.add(1, ordering: .releasing) }

    func set(_ parameters: ChainParameters) {
        let changed = settings.change(parameters) {
            shared.pointee.parameters.put($0)
            shared.pointee.newestVersion.store($0.version, ordering: .releasing)
        }
        guard changed else { return }
        shared.pointee.audioWakeup.post()
        shared.pointee.feederWakeup.post()
        shared.pointee.scoutWakeup.post()
    }

    func set(_ voice: Voice) { shared.pointee.voice.store(voice.rawValue, ordering: .releasing) }

    func set(masterTrim: Double, originalTrim: Double) {
        shared.pointee.masterTrim.store(masterTrim.bitPattern, ordering: .releasing)
        shared.pointee.originalTrim.store(originalTrim.bitPattern, ordering: .releasing)
    }

    func retryDevice() {
        guard shared.pointee.device.status.load(ordering: .acquiring) == SinkStatus.standIn.rawValue else { return }
        shared.pointee.device.wanted.store(true, ordering: .releasing)
        shared.pointee.openerWakeup.post()
    }

    // MARK: Readings

    /// Linear gains of the two voices.
    var trims: (original: Double, master: Double) {
        (Double(bitPattern: shared.pointee.originalTrim.load(ordering: .relaxed)), Double(bitPattern: shared.pointee.masterTrim.load(ordering: .relaxed)))
    }

    func readings(after index: Int) -> [(played: Int, frame: MeterFrame)] { analyser.readings(after: index) }

    /// A listener with a clock of their own says what was heard, also while nothing moves.
    var heardFrames: Int { listener.map(\.heard) ?? shared.pointee.playhead.read().heard(at: monotonicNanoseconds(), sampleRate: sampleRate) }

    private var listener: PageFeed? { page.flatMap { $0.feed.isListenedTo ? $0.feed : nil } }

    func meters() -> MeterFrame? { analyser.latest(heard: heardFrames) }

    func snapshot() -> PlayerSnapshot {
        var snapshot = PlayerSnapshot()
        snapshot.loaded = true
        snapshot.sampleRate = sampleRate
        snapshot.ended = shared.pointee.ended.load(ordering: .acquiring)
        snapshot.playing = shared.pointee.wanted.load(ordering: .acquiring) & 1 == 1
        snapshot.voice = Voice(rawValue: shared.pointee.voice.load(ordering: .relaxed)) ?? .master
        let reading = shared.pointee.playhead.read()
        let asked = shared.pointee.seeks.load(ordering: .acquiring)
        if asked & 1 == 0, asked > shared.pointee.seeksDone.load(ordering: .acquiring) {
            // What was asked for, at once: the sound follows in some ms.
            snapshot.frame = shared.pointee.seekTarget.load(ordering: .acquiring)
        } else {
            var notHeard = reading.played - heardFrames
            // After a seek what is left of the place before is not heard at all.
            if let listener { notHeard = min(notHeard, reading.played - listener.jumped) }
            snapshot.frame = max(0, reading.frame - notHeard)
        }
        snapshot.position = Double(snapshot.frame) / sampleRate
        snapshot.duration = info.claimedFrames.map { Double($0) / sampleRate }
        snapshot.xruns = shared.pointee.xruns.load(ordering: .relaxed)
        snapshot.lateBlocks = shared.pointee.starvations.load(ordering: .relaxed)
        snapshot.clampedSamples = shared.pointee.clamped.load(ordering: .relaxed)
        snapshot.exact = shared.pointee.exact.load(ordering: .acquiring)
            && shared.pointee.versionInUse.load(ordering: .acquiring) == shared.pointee.newestVersion.load(ordering: .acquiring)
            && shared.pointee.seeks.load(ordering: .acquiring) == shared.pointee.seeksDone.load(ordering: .acquiring)
        snapshot.problem = settings.problem?.message
        describeSink(&snapshot)
        return snapshot
    }

    private func describeSink(_ snapshot: inout PlayerSnapshot) {
        snapshot.sink = SinkStatus(rawValue: shared.pointee.device.status.load(ordering: .acquiring)) ?? .closed
        let failure = shared.pointee.device.failure.load(ordering: .acquiring)
        switch snapshot.sink {
        case .standIn, .refused:
            let refusal = failure != 0 ? DeviceRefusal(code: failure) : opener.refusal
            snapshot.sinkProblem = refusal?.reason ?? "the sound device cannot be used"
        case .streamFailed:
            snapshot.sinkProblem = failure == EPIPE ? "its reader went away" : String(cString: strerror(failure))
        case .closed, .device, .clock, .stream, .page:
            break
        }
        let problem = snapshot.sinkProblem ?? ""
        switch snapshot.sink {
        case .closed, .device: snapshot.sinkDescription = opener.description
        case .clock: snapshot.sinkDescription = "no sound, running on a clock"
        case .standIn: snapshot.sinkDescription = "no sound: \(problem), running on a clock"
        case .refused: snapshot.sinkDescription = "no sound: \(problem)"
        case .stream: snapshot.sinkDescription = "raw PCM stream"
        case .page: snapshot.sinkDescription = page?.line.description ?? ""
        case .streamFailed: snapshot.sinkDescription = "the stream ended: \(problem)"
        }
        snapshot.hasSound = [.closed, .device, .stream].contains(snapshot.sink) || listener != nil
        snapshot.sentBytes = page?.line.sentBytes ?? 0
    }

    /// Not at rest: false once a pause has faded out.
    var isSounding: Bool { shared.pointee.sounding.load(ordering: .acquiring) }

    /// Why the file ended early.
    var readFailure: AudioFileError? { settings.problem }

    /// The stream's reader went away.
    var readerIsGone: Bool {
        snapshot().sink == .streamFailed && shared.pointee.device.failure.load(ordering: .acquiring) == EPIPE
    }
}
