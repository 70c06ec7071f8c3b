import AudioFiles
import DSP

/// An audio CD to be made of a render: as a cue sheet with one WAV, as a DDP 2.00 image, or both.
public struct Disc: Sendable, Codable, Equatable {
    public struct Track: Sendable, Codable, Equatable {
        public var title: String?
        public var artist: String?
        public var isrc: ISRC?
        public init(title: String? = nil, artist: String? = nil, isrc: ISRC? = nil) {
            (self.title, self.artist, self.isrc) = (title, artist, isrc)
        }
    }

    /// The cue sheet; its sound lies beside it, under the same name with the ending `.wav`.
    public var cue: String?
    /// The folder of the DDP image; made when it does not exist.
    public var ddp: String?
    public var title: String?
    public var artist: String?
    public var upc: UPC?
    /// One for each track of the album.
    public var tracks: [Track]

    public init(tracks: [Track]) { self.tracks = tracks }

    /// The files of a DDP image. `DDPID` comes last: without it the others are no image.
    enum DDPFile: String, CaseIterable {
        case image = "IMAGE.DAT", pq = "PQDESCR", text = "CDTEXT.BIN", map = "DDPMS", sheet = "PQSHEET.TXT", checksum = "CHECKSUM.MD5", id = "DDPID"
    }

    /// Whether there is anything for CD-Text to say.
    var hasText: Bool { title != nil || tracks.contains { $0.title != nil } }
    var ddpFiles: [DDPFile] { DDPFile.allCases.filter { $0 != .text || hasText } }

    public var cueSound: String? { cue.map { ($0.lowercased().hasSuffix(".cue") ? String($0.dropLast(4)) : $0) + ".wav" } }

    /// Every file, in the order in which `Master` takes their descriptors: the cue sheet's sound, the sheet, those of the DDP image.
    var outputs: [String] {
        var out = [cueSound, cue].compactMap(\.self)
        out += ddpFiles.compactMap { path(of: $0) }
        return out
    }

    /// Files of an earlier image in the same folder that this one does not have: read with it they would say what is not true of it.
    public var stale: [String] { ddp == nil ? [] : DDPFile.allCases.filter { !ddpFiles.contains($0) }.compactMap { path(of: $0) } }

    /// Where a file of the DDP image lies; nil when none is asked for.
    func path(of file: DDPFile) -> String? { ddp.map { ($0.hasSuffix("/") ? $0 : $0 + "/") + file.rawValue } }
}

/// Where the tracks of a disc begin, in sectors of 1/75 s from the end of the first track's pause.
struct DiscLayout: Sendable, Equatable {
    static let sectorsPerSecond = 75
    /// Before the first track (IEC 60908).
    static let pauseSectors = 150
    static let shortestTrackSectors = 4 * sectorsPerSecond
    /// Pause and programme of a disc of 80 minutes.
    static let mostSectors = 80 * 60 * sectorsPerSecond

    struct Track: Sendable, Equatable {
        /// Index 00, where the silence before the track begins; nil when there is none.
        var pause: Int?
        /// Index 01: the sector that holds the track's first frame.
        var start: Int
    }

    var tracks: [Track]
    /// The programme's length.
    var end: Int

    /// - Parameter path: of what is to be made, for errors.
    /// - Throws: `.unsupportedOutput` for what no disc can hold.
    init(_ programme: Programme, path: String) throws(AudioFileError) {
        guard programme.channels == 2 else {
            throw .unsupportedOutput(path: path, detail: "a CD has two channels, not \(programme.channels); mix down first")
        }
        let rate = programme.profile.analysis.sampleRate
        let boundaries = programme.boundaries
        func frames(_ position: Int64) -> Int { Int(SampleRateConverter.outputFrames(position, from: rate, to: 44_100)) }
        let perSector = DiscImageWriter.framesPerSector
        tracks = programme.tracks.indices.map { index in
            let start = frames(boundaries[index]) / perSector
            guard index > 0 else { return Track(start: start) }
            let soundEnd = frames(boundaries[index - 1] + programme.tracks[index - 1].analysis.frames)
            let pause = (soundEnd + perSector - 1) / perSector
            return Track(pause: pause < start ? pause : nil, start: start)
        }
        end = (frames(boundaries[boundaries.count - 1]) + perSector - 1) / perSector
        guard tracks.count <= AlbumSequence.mostTracks else {
            throw .unsupportedOutput(path: path, detail: "a CD has at most \(AlbumSequence.mostTracks) tracks, not \(tracks.count); make two discs")
        }
        for index in tracks.indices where (index + 1 < tracks.count ? tracks[index + 1].pause ?? tracks[index + 1].start : end) - tracks[index].start
            < Self.shortestTrackSectors
        {
            throw .unsupportedOutput(path: path, detail: "track \(index + 1) is shorter than the 4 s that a CD asks for; join it with a neighbour")
        }
        guard end + Self.pauseSectors <= Self.mostSectors else {
            throw .unsupportedOutput(path: path, detail: "the album runs \(Self.time(end)), and a CD holds 79:58:00; make two discs")
        }
    }

    /// `03:19:41`: minutes, seconds, sectors.
    static func time(_ sectors: Int) -> String {
        [sectors / (60 * sectorsPerSecond), sectors / sectorsPerSecond % 60, sectors % sectorsPerSecond].map { $0 < 10 ? "0\($0)" : "\($0)" }
            .joined(separator: ":")
    }
}
