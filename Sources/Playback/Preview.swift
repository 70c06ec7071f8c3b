import AudioFiles
import Mastering

/// What `lathe preview` is asked to play.
public struct PreviewRequest: Sendable {
    public var path: String
    /// Nil plays the file as it is.
    public var preset: Preset?
    /// The curve of a reference that the preset follows.
    public var curve: ToneTarget?
    public var sink = PlaybackOptions.Sink.automatic
    /// A device that cannot be used is replaced by a clock; else that is an error.
    public var standIn = true
    public var voice = Voice.master
    /// Where to begin.
    public var startSeconds = 0.0
    /// How long to play; nil is to the end.
    public var seconds: Double?
    /// Keep meters for the `playing` callback.
    public var meters = false

    public init(path: String, preset: Preset? = nil) {
        self.path = path
        self.preset = preset
    }
}

/// How a preview went.
public struct PreviewResult: Sendable, Equatable {
    /// Seconds of the file that were played.
    public var seconds: Double
    /// Where the sound went, or why there was none.
    public var sinkDescription: String
    public var hasSound: Bool
    public var xruns: Int
    /// The reader of the stream went away before the end.
    public var closedByReader: Bool
    /// Why the loudness target was not reached, if it was not.
    public var note: String?
}

/// Plays exactly what a render with the same preset would give: solves first, then plays, exactly, also from the middle of the file.
public enum Preview {
    public enum Stage: Sendable { case measuring, solving }

    /// Returns when all was heard.
    ///
    /// - Parameters:
    ///   - progress: stage and share done, 0…1.
    ///   - playing: about ten times a second while playing.
    /// - Throws: `AudioFileError`, `PresetError`, `PlaybackError`, `CancellationError`.
    public static func run(
        _ request: PreviewRequest,
        progress: (Stage, Double) -> Void = { _, _ in },
        playing: (PlayerSnapshot, MeterFrame?) -> Void = { _, _ in },
        isCancelled: () -> Bool = { false }
    ) throws -> PreviewResult {
        var parameters = ChainParameters()
        var note: String?
        if let preset = request.preset {
            let profile = try InputProfile.measure(request.path, progress: { progress(.measuring, $0) }, isCancelled: isCancelled)
            let solution = try Solve.solve(
                path: request.path, direction: Direction(preset, curve: try ToneTarget.wanted(by: preset, carried: request.curve), profile: profile), profile: profile,
                progress: { progress(.solving, $0) }, isCancelled: isCancelled)
            parameters = solution.parameters
            note = solution.note
        }
        if isCancelled() { throw CancellationError() }

        var options = PlaybackOptions(sink: request.sink)
        options.lossless = true
        options.standIn = request.standIn
        options.meters = request.meters
        let player = Player(options: options)
        defer { player.shutdown() }
        player.setVoice(request.voice)
        try player.load(path: request.path, parameters: parameters, startSeconds: request.startSeconds)
        if let seconds = request.seconds { player.stop(at: request.startSeconds + seconds) }
        return try play(player, request, note: note, playing: playing, isCancelled: isCancelled)
    }

    private static func play(
        _ player: Player, _ request: PreviewRequest, note: String?, playing: (PlayerSnapshot, MeterFrame?) -> Void, isCancelled: () -> Bool
    ) throws -> PreviewResult {
        player.play()
        // A listener may pause; that is not the end.
        var waitsForEnd = false
        if case .page = request.sink { waitsForEnd = true }
        while !player.wait(seconds: 0.1, until: { waitsForEnd ? $0.ended : !$0.playing }) {
            if isCancelled() { throw CancellationError() }
            playing(player.snapshot(), player.latestMeters())
        }
        let end = player.snapshot()
        if let failure = player.session?.readFailure { throw failure }
        let closedByReader = player.session?.readerIsGone ?? false
        if end.sink == .refused { throw PlaybackError.device(name: request.sink.deviceName, reason: end.sinkProblem ?? "") }
        if end.sink == .streamFailed && !closedByReader { throw PlaybackError.stream(reason: end.sinkProblem ?? "") }
        return PreviewResult(
            seconds: max(0, end.position - request.startSeconds), sinkDescription: end.sinkDescription, hasSound: end.hasSound,
            xruns: end.xruns, closedByReader: closedByReader, note: note)
    }
}
