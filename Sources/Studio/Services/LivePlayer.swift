import AudioFiles
import Dispatch
import DSP
import Mastering
import Page
import Playback
import PrivacyLedger
import Synchronization
import Terminal

/// The player, its automatic settings, and the ledger row its buffers live under.
///
/// What may take a while (opening, changing the output) happens in order on one queue; knobs go straight to the player.
final class LivePlayer: Playing {
    private struct State: Sendable {
        var player: Player?
        var path: String?
        var opening = 0
        var row: RowID?
        /// Of the sound that leaves the process; nil where none does, and for the page, which has a row of its own.
        var soundRow: RowID?
        var preset = Preset()
        var profile: InputProfile?
        var parameters = ChainParameters()
        /// dB between the solved and the estimated make-up gain: what the estimate cannot know changes little from one step to the next.
        var correction = 0.0
        var output = OutputChoice.automatic
        var voice = Voice.master
        /// What the player said last, while another one takes its place.
        var leaving: PlayerSnapshot?
        /// Where the mix goes on when the reference has been heard.
        var mixAt: Double?
        /// Where the reference goes on when it is heard again.
        var referenceAt = 0.0
    }

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "lathe.player", qos: .userInitiated)
    private let sink: PlaybackOptions.Sink
    private let backend: Backend
    private let page: LivePage
    private let post: Post
    /// Most that rings and the states kept for seeking may occupy.
    private static let bufferBytes: Int64 = 12 << 20

    init(sink: PlaybackOptions.Sink, backend: Backend, post: @escaping Post) {
        state = Mutex(State(output: sink == .null ? .silent : .automatic))
        self.sink = sink
        self.backend = backend
        page = LivePage(backend: backend, post: post)
        self.post = post
    }

    private var player: Player? { state.withLock { $0.player } }

    // MARK: Files

    func open(_ path: String, opening: Int, preset: Preset) {
        page.line.setTitle(path.hasPrefix("/proc/self/fd/") ? "a take" : Sanitise.line(Path.name(of: path)))
        page.keep()
        state.withLock { state in
            (state.path, state.opening, state.preset, state.correction) = (path, opening, preset, 0)
            (state.mixAt, state.referenceAt) = (nil, 0)
            state.parameters = Self.estimate(preset, state.profile)
        }
        Task { [self] in
            do {
                // The row comes before the bytes.
                let ledger = try await backend.parts.ledger
                let row = try await ledger.create(ItemRequest(
                    kind: .decodedAudio, origin: .playback, purpose: .preview, place: .ram, reservedBytes: Self.bufferBytes,
                    displayName: path.hasPrefix("/proc/self/fd/") ? "a take" : Path.name(of: path)))
                let soundRow = try await recordSound(to: state.withLock { $0.output }, of: row, ledger)
                // A file system that does not answer keeps only this thread: another file can be opened meanwhile.
                BackgroundThread.start("open") { [self] in
                    let facts: Result<AudioFacts, AudioFileError>
                    do throws(AudioFileError) { facts = .success(AudioFacts(try AudioReader(path: path).info)) } catch { facts = .failure(error) }
                    queue.async { [self] in load(path, opening, facts, row, soundRow, ledger) }
                }
            } catch let error as LedgerError {
                post(.openFailed(opening: opening, error.message))
            } catch {
                post(.openFailed(opening: opening, Path.name(of: path) + ": \(error)"))
            }
        }
    }

    /// On the queue.
    private func load(_ path: String, _ opening: Int, _ known: Result<AudioFacts, AudioFileError>, _ row: RowID, _ soundRow: RowID?, _ ledger: Ledger) {
        let (isCurrent, parameters, before) = state.withLock { ($0.opening == opening, $0.parameters, $0.row) }
        guard isCurrent else { return settle(row, ledger, .neverBegan) }
        let player = self.player ?? Player(options: options(for: state.withLock { $0.output }))
        let voice = state.withLock { state in
            state.player = player
            return state.voice
        }
        player.setVoice(voice)
        do {
            let facts = try known.get()
            try player.load(path: path, parameters: parameters)
            let latest = state.withLock { state in
                (state.row, state.soundRow) = (row, soundRow)
                return state.parameters
            }
            if let before { settle(before, ledger, .fileClosed) }
            // A knob may have been turned while the file was being opened.
            if latest != parameters { player.setParameters(latest) }
            let soundBytes = options(for: state.withLock { $0.output }).sink.mostBytesOnTheirWay
            let holder = BufferHolder { [weak self] in self?.letGo(row, ledger) ?? .gone }
            Task { [post] in
                do throws(LedgerError) {
                    try await ledger.attach(holder, bytes: Self.bufferBytes, to: row)
                    if let soundRow { try await ledger.attach(soundHolder(soundRow, of: row, ledger), bytes: soundBytes, to: soundRow) }
                } catch {
                    post(.notice(Notice(error.message, .error)))
                }
            }
            post(.opened(opening: opening, facts))
        } catch {
            settle(row, ledger, .neverBegan)
            // The file before was closed to make room for this one; it must not play on under the other's name.
            player.unload()
            let old = state.withLock { state in
                defer { (state.row, state.soundRow) = (nil, nil) }
                return state.row
            }
            if let old { settle(old, ledger, .fileClosed) }
            let words = switch error {
            case let error as AudioFileError: error.message
            case let error as PlaybackError: error.message
            default: Path.name(of: path) + ": \(error)"
            }
            post(.openFailed(opening: opening, Path.shortened(words, path)))
        }
    }

    /// The ledger wants the row's bytes gone: idle for too long, or the user's wish.
    private func letGo(_ row: RowID, _ ledger: Ledger) -> EraseOutcome {
        if player == nil { return .gone }
        queue.async { [self] in
            let opening = state.withLock { state -> Int? in
                guard state.row == row else { return nil }
                (state.row, state.soundRow) = (nil, nil)
                return state.opening
            }
            if let opening {
                player?.unload()
                post(.unloaded(opening: opening))
            }
            settle(row, ledger, .userRequest)
        }
        return .pending
    }

    // MARK: Where it goes

    /// A row for the sound that will leave the process, before the first of it does.
    /// - Throws: `LedgerError`; then nothing may leave.
    private func recordSound(to output: OutputChoice, of row: RowID, _ ledger: Ledger) async throws(LedgerError) -> RowID? {
        let sink = options(for: output).sink
        guard output != .page, let place = sink.placeOutside else { return nil }
        return try await ledger.create(ItemRequest(
            kind: .playedSound, origin: .playback, purpose: .preview, place: .ram, reservedBytes: sink.mostBytesOnTheirWay, parent: row,
            erasureClass: sink.isStream ? .e3 : nil, displayName: place))
    }

    /// Whoever ends that row while the file stays open ends the sound.
    private func soundHolder(_ soundRow: RowID, of row: RowID, _ ledger: Ledger) -> BufferHolder {
        BufferHolder { [weak self] in
            guard let self else { return .gone }
            Task { [self] in
                // With the file's own row it is the file that is let go, not the output.
                let isCurrent = state.withLock { $0.soundRow == soundRow }
                guard isCurrent, await ledger.isOpen(row) else { return settle(soundRow, ledger, .parentGone) }
                change(to: .silent, nil, ledger)
                post(.soundEnded)
            }
            return .pending
        }
    }

    private func settle(_ row: RowID, _ ledger: Ledger, _ reason: DestroyReason) {
        Task { await ledger.released(row, because: reason) }
    }

    // MARK: Transport

    func play() { player?.play() }
    func pause() { player?.pause() }
    func seek(to seconds: Double) { player?.seek(to: seconds) }
    func setVoice(_ voice: Voice) {
        let player = state.withLock { state in
            state.voice = voice
            return state.player
        }
        player?.setVoice(voice)
    }

    func setTrims(master: Double, original: Double) { player?.setMatch(masterDB: master, originalDB: original) }

    func choose(_ output: OutputChoice) {
        Task { [self] in
            do {
                let ledger = try await backend.parts.ledger
                if output == .page { post(.pageOpened(try await page.open())) }
                let row = state.withLock { $0.row }
                let soundRow: RowID?
                do {
                    soundRow = if let row { try await recordSound(to: output, of: row, ledger) } else { nil }
                } catch LedgerError.parentGone {
                    // The file was let go meanwhile; the next one brings a row.
                    soundRow = nil
                }
                if let row, let soundRow { try await ledger.attach(soundHolder(soundRow, of: row, ledger), bytes: options(for: output).sink.mostBytesOnTheirWay, to: soundRow) }
                change(to: output, soundRow, ledger)
                if output != .page { await page.close() }
            } catch let error as PageError {
                post(.notice(Notice(error.message, .error)))
            } catch let error as LedgerError {
                post(.notice(Notice(error.message, .error)))
            } catch {
                post(.notice(Notice("the page: \(error)", .error)))
            }
        }
    }

    func setBlind(_ isBlind: Bool) { page.line.setBlind(isBlind) }

    func listOutputs() {
        // ALSA's configuration may ask a sound server, which may hang.
        BackgroundThread.start("devices") { [self] in
            let devices = ALSADevice.all()
            post(.outputs(devices, log: player?.log() ?? Player.log()))
        }
    }

    func loop(_ seconds: ClosedRange<Double>?) { queue.async { [self] in player?.loop(seconds) } }
    func resetMeters() { player?.resetMeters() }

    func hear(_ track: ReferenceTrack?, trim: Double) {
        queue.async { [self] in
            guard let player, let path = state.withLock({ $0.path }) else { return }
            let was = player.snapshot()
            do {
                if let track {
                    state.withLock { if $0.mixAt == nil { $0.mixAt = was.position } }
                    try player.load(path: track.path, parameters: ChainParameters(), startSeconds: state.withLock { $0.referenceAt })
                    player.setVoice(.original)
                    player.setMatch(masterDB: 0, originalDB: trim)
                    player.play()
                } else if let at = state.withLock({ state in
                    defer { state.mixAt = nil }
                    return state.mixAt
                }) {
                    state.withLock { $0.referenceAt = was.ended ? 0 : was.position }
                    let (parameters, voice) = state.withLock { ($0.parameters, $0.voice) }
                    try player.load(path: path, parameters: parameters, startSeconds: at)
                    player.setVoice(voice)
                    player.play()
                }
            } catch {
                post(.notice(Notice(Path.name(of: track?.path ?? path) + ": \((error as? AudioFileError)?.message ?? "\(error)")", .error)))
                if track != nil {
                    post(.referenceLeft)
                    hear(nil, trim: 0)
                }
            }
        }
    }

    private func change(to output: OutputChoice, _ soundRow: RowID?, _ ledger: Ledger) {
        queue.async { [self] in
            let (old, path, parameters, soundBefore) = state.withLock { state in
                defer { (state.output, state.soundRow) = (output, soundRow) }
                return (state.player, state.path, state.parameters, state.soundRow)
            }
            defer { if let soundBefore { settle(soundBefore, ledger, .userRequest) } }
            guard let old else { return }
            var was = old.snapshot()
            // The mix comes back with the new output.
            if let at = state.withLock({ state in
                defer { state.mixAt = nil }
                return state.mixAt
            }) { was.position = at }
            state.withLock { $0.leaving = was }
            defer { state.withLock { $0.leaving = nil } }
            // The device must be free before it can be had again.
            old.shutdown()
            let new = Player(options: options(for: output))
            new.setVoice(state.withLock { $0.voice })
            state.withLock { $0.player = new }
            guard was.loaded, let path else { return }
            do {
                try new.load(path: path, parameters: parameters, startSeconds: was.position)
                if was.playing { new.play() }
                post(.outputChanged)
            } catch {
                post(.notice(Notice(Path.name(of: path) + ": \(error)", .error)))
            }
        }
    }

    private func options(for output: OutputChoice) -> PlaybackOptions {
        switch output {
        case .automatic: PlaybackOptions(sink: sink == .null ? .automatic : sink)
        case .device(let name): PlaybackOptions(sink: .alsa(device: name))
        case .page: PlaybackOptions(sink: .page(page.line))
        case .silent: PlaybackOptions(sink: .null)
        }
    }

    // MARK: Sound

    func know(_ profile: InputProfile?) {
        state.withLock { state in
            state.profile = profile
            state.correction = 0
        }
    }

    func audition(_ preset: Preset) {
        let (player, parameters) = state.withLock { state in
            state.preset = preset
            state.parameters = Self.estimate(preset, state.profile)
            state.parameters.makeupGainDB += state.correction
            return (state.player, state.parameters)
        }
        player?.setParameters(parameters)
    }

    func use(_ parameters: ChainParameters) {
        let player = state.withLock { state in
            state.parameters = parameters
            state.correction = parameters.makeupGainDB - Self.estimate(state.preset, state.profile).makeupGainDB
            return state.player
        }
        player?.setParameters(parameters)
    }

    /// Before the file is measured only what needs no measurement is heard: no make-up gain, no compression and no tonal balance.
    ///
    /// A curve that cannot be read leaves the balance as it is here; the solve that follows says why.
    private static func estimate(_ preset: Preset, _ profile: InputProfile?) -> ChainParameters {
        let profile = profile ?? InputProfile(analysis: Analysis(), overview: .init(), levels: DetectorHistogram())
        let curve: ToneTarget?
        do { curve = try ToneTarget.wanted(by: preset) } catch { curve = nil }
        return Solve.estimate(Direction(preset, curve: curve, profile: profile), profile: profile)
    }

    // MARK: Readings

    func readings() -> (PlayerSnapshot, MeterFrame?) {
        let (player, leaving) = state.withLock { ($0.player, $0.leaving) }
        if let leaving { return (leaving, nil) }
        guard let player else { return (PlayerSnapshot(), nil) }
        page.keep()
        return (player.snapshot(), player.latestMeters())
    }

    func shutDown() {
        page.line.left()
        queue.sync {
            state.withLock { state in
                defer { state.player = nil }
                return state.player
            }?.shutdown()
        }
    }
}

/// Stands for the player's buffers in the ledger.
private final class BufferHolder: Erasable {
    private let letGo: @Sendable () -> EraseOutcome
    init(_ letGo: @escaping @Sendable () -> EraseOutcome) { self.letGo = letGo }

    func erase() -> EraseOutcome { letGo() }
}
