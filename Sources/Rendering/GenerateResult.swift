import Composition
import Instruments
import Mastering

/// What a finished track is: the plan, field for field as `lathe generate --json` gives it.
public struct GenerateResult: Sendable, Codable, Equatable {
    public struct Plan: Sendable, Codable, Equatable {
        public var prompt_language: String
        public var genre: String
        public var mood: [String]
        public var bpm: Double
        /// Which note the tempo counts.
        public var bpm_unit: String
        public var key: String
        public var meter: String
        public var seconds: Double
        public var bars: Int
        public var instruments: [String]
        public var seed: UInt64
        public var loop: Bool
    }
    public struct PlannedSection: Sendable, Codable, Equatable {
        public var name: String
        public var bar: Int
        public var bars: Int
        public var start_seconds: Double
        public var energy: Double
    }
    public struct PlannedChord: Sendable, Codable, Equatable {
        public var start_seconds: Double
        public var seconds: Double
        public var symbol: String
    }
    public struct PlannedPart: Sendable, Codable, Equatable {
        public var name: String
        public var role: String
        public var instrument: String
        /// Name of its file in the folder of stems.
        public var stem: String?
    }
    public struct Files: Sendable, Codable, Equatable {
        public var mix: String
        public var midi: String?
        public var brief: String?
        public var chart: String?
        public var stems: [String]
    }
    public struct SoundFont: Sendable, Codable, Equatable {
        public var name: String
        public var sha256: String
        public var licence: String
    }
    /// Of the master; nil without one.
    public struct Mastered: Sendable, Codable, Equatable {
        public var preset: String
        public var integrated_lufs: Double?
        public var true_peak_dbtp: Double?
        public var target_reached: Bool
    }

    public struct Reference: Sendable, Codable, Equatable {
        public var file: String
        /// `image` or `video`.
        public var kind: String
        public var features: PictureFeatures
        public var mapping: [PictureMapping.Line]
    }

    public var brief: Plan
    public var understood: [Reading.Understood]
    public var ignored: [Reading.Ignored]
    public var sections: [PlannedSection]
    public var chords: [PlannedChord]
    public var parts: [PlannedPart]
    public var files: Files
    /// The picture or clip that was looked at.
    public var reference: Reference?
    public var engine: String
    public var soundfonts: [SoundFont]
    public var master: Mastered?
    /// Length of the sound over the time it took to make.
    public var realtime_factor: Double
    public var tier: String
    /// What a tier could take as words only, and what was measured of it; empty when it was made here.
    public var requested_in_text: [TextWish] = []

    /// Of sound that came from elsewhere: what the prompt says and what was measured, and nothing of how it was made.
    init(remote brief: Brief, _ reading: Reading, _ analysis: Analysis, tier: String, engine: String, request: GenerateRequest, requestedInText: [TextWish]) {
        self.brief = Plan(
            prompt_language: brief.language, genre: brief.genre.id, mood: brief.moods.map(\.name), bpm: brief.bpm, bpm_unit: brief.meter.tempoUnit,
            key: brief.key.name, meter: brief.meter.name, seconds: analysis.seconds, bars: brief.bars, instruments: brief.voices.map(\.name), seed: brief.seed,
            loop: false)
        understood = reading.understood
        ignored = reading.ignored
        (sections, chords, parts, soundfonts) = ([], [], [], [])
        files = Files(mix: request.output, midi: nil, stems: [])
        self.engine = engine
        realtime_factor = 0
        self.tier = tier
        requested_in_text = requestedInText
    }

    init(_ score: Score, _ reading: Reading, stemFiles: [String], tier: String, request: GenerateRequest) {
        let brief = score.brief
        let bar = brief.secondsPerBar
        self.brief = Plan(
            prompt_language: brief.language, genre: brief.genre.id, mood: brief.moods.map(\.name), bpm: brief.bpm, bpm_unit: brief.meter.tempoUnit,
            key: brief.key.name, meter: brief.meter.name, seconds: brief.length, bars: brief.bars,
            instruments: Self.instruments(score), seed: brief.seed, loop: brief.isLoop)
        understood = reading.understood
        ignored = reading.ignored
        sections = score.sections.map { .init(name: $0.name, bar: $0.bar, bars: $0.bars, start_seconds: Double($0.bar) * bar, energy: $0.energy) }
        chords = score.chords.map { span in
            .init(start_seconds: Double(span.start) * brief.secondsPerTick, seconds: Double(span.length) * brief.secondsPerTick, symbol: span.chord.symbol)
        }
        parts = score.tracks.enumerated().map { index, track in
            .init(name: track.name, role: track.part.role.rawValue, instrument: track.voice.name, stem: stemFiles.indices.contains(index) ? fileName(of: stemFiles[index]) : nil)
        }
        files = Files(mix: request.output, midi: request.midi, brief: request.briefFile, chart: request.chart, stems: stemFiles)
        engine = Engine.name
        soundfonts = []
        realtime_factor = 0
        self.tier = tier
    }

    /// What was asked for first, then what else plays.
    private static func instruments(_ score: Score) -> [String] {
        var out = score.brief.voices.filter { score.brief.allows($0) }.map(\.name)
        for track in score.tracks where !out.contains(track.voice.name) { out.append(track.voice.name) }
        return out
    }
}
