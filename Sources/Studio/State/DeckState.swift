import Mastering
import Playback

/// One column of a waveform overview: the extremes, full scale 1.
struct WaveColumn: Sendable, Equatable, BitwiseCopyable {
    var low: Float
    var high: Float

    init(low: Float, high: Float) {
        self.low = low
        self.high = high
    }
}

/// What one pass over a file found.
struct FileProfile: Sendable, Equatable {
    var analysis: Analysis
    /// From the start to the end of the file, at most a few thousand columns.
    var wave: [WaveColumn]

    init(analysis: Analysis, wave: [WaveColumn]) {
        self.analysis = analysis
        self.wave = wave
    }
}

/// What the loudness solve found for one setting.
struct SolvedMaster: Sendable, Equatable {
    var parameters: ChainParameters
    var integratedLUFS: Double?
    var truePeakDBTP: Double?
    var limiterMaxReductionDB: Double
    var reached: Bool
    /// Why the target was not reached.
    var note: String?
    /// What the assistant decided, with reasons.
    var moves: [String]
    /// What the tonal balance is compared with; nil where it is compared with nothing.
    var balance: BalanceLine?

    init(parameters: ChainParameters, integratedLUFS: Double?, truePeakDBTP: Double?, limiterMaxReductionDB: Double,
                reached: Bool, note: String?, moves: [String] = []) {
        self.parameters = parameters
        self.integratedLUFS = integratedLUFS
        self.truePeakDBTP = truePeakDBTP
        self.limiterMaxReductionDB = limiterMaxReductionDB
        self.reached = reached
        self.note = note
        self.moves = moves
    }
}

/// Momentary and short-term loudness against the place in the file, so that the picture lies under the waveform and a
/// second pass over the same place draws over the first.
struct LoudnessHistory: Sendable, Equatable {
    static let columns = 1024

    /// LUFS; −infinity where nothing was heard yet.
    private(set) var momentary = [Float](repeating: -.infinity, count: columns)
    private(set) var shortTerm = [Float](repeating: -.infinity, count: columns)
    private var last: Int?

    init() {}

    /// - Parameters:
    ///   - position: seconds from the start.
    ///   - duration: seconds of the whole file, above 0.
    mutating func record(momentary m: Double?, shortTerm s: Double?, position: Double, duration: Double) {
        guard duration > 0, position >= 0 else { last = nil; return }
        let column = min(Self.columns - 1, Int(position / duration * Double(Self.columns)))
        // A short file passes several columns between two readings: they share the later one. A jump back or far ahead is a seek.
        let limit = max(1, Int(0.5 / duration * Double(Self.columns)))
        let from = last.map { column > $0 && column - $0 <= limit ? $0 + 1 : column } ?? column
        for k in from...column {
            momentary[k] = m.map(Float.init) ?? -.infinity
            shortTerm[k] = s.map(Float.init) ?? -.infinity
        }
        last = column
    }

    mutating func clear() { self = LoudnessHistory() }
}

/// The loaded file, its transport and its meters.
struct DeckState: Sendable {
    enum Stage: Sendable, Equatable {
        case empty
        case opening
        case ready
        /// Let go after idle minutes or on request; playing loads it again.
        case resting
        case failed(String)
    }

    var stage = Stage.empty
    /// Full path; not safe to print.
    var path: String?
    /// The take whose sound it is, and what to call it; nil for a file.
    var take: Int?
    var label: String?
    /// Counts openings, so that answers about an earlier file are known as such.
    var opening = 0
    var facts: AudioFacts?
    var profile: FileProfile?
    /// 0…1 while the file is being measured.
    var measuring: Double?
    /// What of a long file has been read looks like, and which share of it that is; nil before and after.
    var growing: (wave: [WaveColumn], share: Double)?
    var measureProblem: String?
    /// What was measured was destroyed, by idle time or on request; the next use of the file measures it again.
    var isMeasurementGone = false
    /// Where to go on once the file is loaded again.
    var resumeAt: Double?
    /// The file on disk is not the one that was opened any more.
    var isChanged = false
    /// It is not played once it is loaded.
    var opensAtRest = false
    /// How the files before this one were heard, while a finished master is heard as it is.
    var before: Listening?

    var player = PlayerSnapshot()
    var output = OutputChoice.automatic
    /// What ALSA offers, once it was asked.
    var devices: [ALSADevice] = []
    /// What ALSA had to say, the newest last; made inert when drawn.
    var log: [String] = []
    /// The louder voice is turned down to the other.
    var matched = true
    /// What is repeated.
    var region: Region?
    /// A recording to compare with, and whether it is heard in the mix's place.
    var reference: ReferenceTrack?
    var hearsReference = false
    /// What was heard before the difference.
    var voiceBefore = Voice.master

    /// The latest readings; the spectra fall slowly, see `Ballistics`.
    var meters: MeterFrame?
    var held: HeldPeaks?
    /// The readings shown as numbers, changed a few times a second so that they can be read.
    var numbers: MeterFrame?
    var numbersAt: Int64 = 0
    /// Since when the play head has not moved although it should; below 0 once that was said.
    var stillSince: Int64?
    /// The tenth of a second that the transport shows.
    var shownPosition = 0.0
    var masterHistory = LoudnessHistory()
    var originalHistory = LoudnessHistory()

    /// Voice and match as the user had them.
    struct Listening: Sendable, Equatable {
        var voice: Voice
        var matched: Bool
    }

    init() {}

    /// Sound of the voice over the file, as far as it was heard.
    var spectrogram = Spectrogram()

    var isLoaded: Bool { stage == .ready }
    var duration: Double? { player.duration ?? facts?.seconds ?? profile?.analysis.seconds }
    var voice: Voice { player.voice }

    /// The readings of the voice that is heard. The difference has none: the meters measure the two voices.
    func heard(_ frame: MeterFrame?) -> MeterFrame.VoiceMeters? {
        switch voice {
        case .master: frame?.master
        case .original: frame?.original
        case .difference: nil
        }
    }

    var heardNumbers: MeterFrame.VoiceMeters? { heard(numbers) }
}

/// How the spectrum's bars move: up at once, down at a steady rate, which the eye can follow and the line can carry.
enum Ballistics {
    /// dB per second.
    static let fall = 36.0
    /// Bars below this are at rest.
    static let floor: Float = -96

    /// `new` with the bands that fell held up by `previous`, `seconds` ago.
    static func settle(_ new: MeterFrame, after previous: MeterFrame, seconds: Double) -> MeterFrame {
        var out = new
        let drop = Float(fall * max(0, min(seconds, 1)))
        for band in 0..<MeterFrame.bandCount {
            out.master.spectrum[band] = max(new.master.spectrum[band], previous.master.spectrum[band] - drop)
            out.original.spectrum[band] = max(new.original.spectrum[band], previous.original.spectrum[band] - drop)
        }
        return out
    }

    /// `new` as the mean of the last seconds: each band on its way from `previous` with a time constant of one second.
    static func average(_ new: MeterFrame, after previous: MeterFrame, seconds: Double) -> MeterFrame {
        var out = new
        let share = Float(min(1, max(0, seconds)))
        for band in 0..<MeterFrame.bandCount {
            let master = previous.master.spectrum[band], original = previous.original.spectrum[band]
            out.master.spectrum[band] = master + share * (new.master.spectrum[band] - master)
            out.original.spectrum[band] = original + share * (new.original.spectrum[band] - original)
        }
        return out
    }

    /// Every band of both voices is at rest.
    static func atRest(_ frame: MeterFrame) -> Bool {
        for band in 0..<MeterFrame.bandCount
        where frame.master.spectrum[band] > floor || frame.original.spectrum[band] > floor { return false }
        return true
    }
}
