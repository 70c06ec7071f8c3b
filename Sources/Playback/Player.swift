import CALSA
import Glibc
import Mastering
import Synchronization

/// Plays one file at a time through the mastering chain, with the file itself as the second voice.
///
/// A real-time thread owns the sink; a feeder reads the file, a scout keeps seeks exact, an analyser makes meters. With trims of
/// 0 dB what reaches the sink as 32-bit float is bit for bit what a render with the same parameters gives.
///
/// All methods may be called from any thread. `load`, `unload` and `shutdown` may take some 60 ms (they open the file, and fade
/// out what is playing); everything else returns at once.
public final class Player: Sendable {
    private struct State {
        var session: Session?
        var voice = Voice.master
        var masterTrim = 1.0
        var originalTrim = 1.0
    }

    public let options: PlaybackOptions
    private let state = Mutex(State())
    /// Held while a file is loaded or unloaded.
    private let loading = Mutex(())
    private let announcements = Announcements()
    /// Set when the sound goes to a listener's page.
    private var line: PageLine? { if case .page(let line) = options.sink { line } else { nil } }

    public init(options: PlaybackOptions = PlaybackOptions()) {
        self.options = options
        lathe_alsa_capture_log()
    }

    deinit { state.withLock { $0.session }?.close() }

    // MARK: Files

    /// Opens `path` in place of the file before, silent and ready at `startSeconds`.
    /// - Throws: `AudioFileError`; `PlaybackError` when the system gives no thread.
    public func load(path: String, parameters: ChainParameters, startSeconds: Double = 0) throws {
        try loading.withLock { _ in
            closeSession()
            let before = state.withLock { $0 }
            let session = try Session(
                path: path, parameters: parameters, startSeconds: startSeconds, voice: before.voice, options: options,
                announcements: announcements)
            state.withLock {
                session.set($0.voice)
                session.set(masterTrim: $0.masterTrim, originalTrim: $0.originalTrim)
                $0.session = session
            }
        }
        announce()
    }

    /// Fades out and forgets the file. The sound device is free afterwards.
    public func unload() {
        loading.withLock { _ in closeSession() }
        announce()
    }

    /// As `unload`; for the end of the program.
    public func shutdown() { unload() }

    private func closeSession() {
        let session = state.withLock { state in
            defer { state.session = nil }
            return state.session
        }
        session?.close()
    }

    var session: Session? { state.withLock { $0.session } }

    private func announce() {
        announcements.announce()
        line?.nudge()
    }

    // MARK: Transport

    /// Plays on; after the end, from the beginning.
    public func play() {
        session?.play()
        announce()
    }

    /// Fades out within some ms and stays there.
    public func pause() {
        session?.pause()
        announce()
    }

    /// Goes to `seconds`, playing or not, with a short crossfade.
    public func seek(to seconds: Double) {
        guard let session, seconds.isFinite else { return }
        session.seek(to: Int((max(0, min(seconds, 1e9)) * session.sampleRate).rounded()))
        announce()
    }

    /// Playing ends at `seconds` with a short fade, as at the end of the file; nil is the end of the file.
    public func stop(at seconds: Double?) {
        guard let session else { return }
        session.stop(at: seconds.map { Int((max(0, min($0, 1e9)) * session.sampleRate).rounded()) } ?? Int.max)
    }

    /// Repeats a part of the file: whenever its end is reached the sound goes on at its start, to the frame. nil ends that; another file has no loop.
    public func loop(_ seconds: ClosedRange<Double>?) {
        guard let session else { return }
        session.loop(seconds.map { range in
            let first = Int((max(0, min(range.lowerBound, 1e9)) * session.sampleRate).rounded())
            return first..<max(first + 1, Int((max(0, min(range.upperBound, 1e9)) * session.sampleRate).rounded()))
        })
    }

    // MARK: Sound

    /// Makes these the chain's parameters: heard with the next block while playing, gliding over some 20 ms.
    public func setParameters(_ parameters: ChainParameters) {
        session?.set(parameters)
        announce()
    }

    /// Switches what is heard, with a crossfade of 8 ms.
    public func setVoice(_ voice: Voice) {
        state.withLock {
            $0.voice = voice
            $0.session?.set(voice)
        }
        announce()
    }

    /// Trims in dB (≤ 0; more is taken as 0, so that matching never clips), for hearing both voices equally loud.
    public func setMatch(masterDB: Double, originalDB: Double) {
        func gain(_ decibels: Double) -> Double { decibels < 0 ? pow(10, decibels / 20) : 1 }
        state.withLock {
            $0.masterTrim = gain(masterDB)
            $0.originalTrim = gain(originalDB)
            $0.session?.set(masterTrim: $0.masterTrim, originalTrim: $0.originalTrim)
        }
        announce()
    }

    /// Trims that make both voices equally loud by turning the louder one down; both 0 when a loudness is missing.
    public static func match(masterLUFS: Double?, originalLUFS: Double?) -> (masterDB: Double, originalDB: Double) {
        guard let masterLUFS, let originalLUFS else { return (0, 0) }
        let difference = masterLUFS - originalLUFS
        return (min(0, -difference), min(0, difference))
    }

    /// Tries to get the sound device (back) now, while a clock stands in for it.
    public func retryDevice() { session?.retryDevice() }

    // MARK: Readings

    /// Held peaks, integrated loudness and range begin anew.
    public func resetMeters() { session?.resetMeters() }

    /// What the player is doing now.
    public func snapshot() -> PlayerSnapshot {
        var snapshot = session?.snapshot() ?? PlayerSnapshot()
        if !snapshot.loaded { snapshot.voice = state.withLock { $0.voice } }
        return snapshot
    }

    /// The meters of what is being heard now; nil before the first sound.
    public func latestMeters() -> MeterFrame? { session?.meters() }

    /// Waits until `holds`, asked again after every block and every order, or until `seconds` are over. Returns its last answer.
    public func wait(seconds: Double, until holds: (PlayerSnapshot) -> Bool) -> Bool {
        announcements.wait(deadline: monotonicNanoseconds() + Int(seconds * 1e9)) { holds(snapshot()) }
    }

    /// What ALSA had to say, newest last. ALSA never writes to standard error while a player exists.
    public func log() -> [String] { Self.log() }

    public static func log() -> [String] {
        let text = [CChar](unsafeUninitializedCapacity: 64 * 257) { buffer, count in
            count = lathe_alsa_log(buffer.baseAddress, buffer.count)
        }
        return String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
