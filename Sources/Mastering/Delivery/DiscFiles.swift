import AudioFiles
import Crypto
import DSP

/// The open files of a disc, and what is written into them.
struct DiscFiles {
    let disc: Disc
    let layout: DiscLayout
    /// The cue sheet's sound, the DDP image's: written with the other renditions.
    let renditions: [Rendition]
    private let descriptors: [String: Int32]

    /// - Parameters:
    ///   - descriptors: one for each of `disc.outputs`.
    ///   - notes: of the inputs; what the disc does not say of a track is taken from there.
    /// - Throws: `.unsupportedOutput` for what no disc can hold.
    init(_ disc: Disc, _ descriptors: ArraySlice<Int32>, programme: Programme, dither: Preset.Dither, notes: [FileNotes]) throws {
        precondition(disc.tracks.count == programme.files.count && descriptors.count == disc.outputs.count, "a track and a descriptor for each")
        let paths = disc.outputs
        if let cueSound = disc.cueSound, let objection = CueSheet.objection(to: cueSound) { throw objection }
        layout = try DiscLayout(programme, path: disc.cue ?? disc.ddp ?? paths[0])
        self.descriptors = Dictionary(uniqueKeysWithValues: zip(paths, descriptors))
        var named = disc
        // Titles from tags make no CD-Text of their own: the image's list of files stands before any input is read.
        let takesTitles = disc.ddp == nil || disc.hasText
        for (index, note) in notes.enumerated() {
            if named.tracks[index].isrc == nil { named.tracks[index].isrc = note.tags["isrc"].flatMap { ISRC($0) } }
            if takesTitles, named.tracks[index].title == nil { named.tracks[index].title = note.tags["title"] }
            if takesTitles, named.tracks[index].artist == nil { named.tracks[index].artist = note.tags["artist"] }
        }
        self.disc = named
        let format = OutputFormat(container: .wav, bits: .int16, sampleRate: 44_100, channels: 2)
        let places = [(disc.cueSound, Rendition.Form.whole), (disc.path(of: .image), .discImage)]
        renditions = try places.compactMap { path, form in
            guard let path, let index = paths.firstIndex(of: path) else { return nil }
            let count = programme.files.count
            return try Rendition(
                programme, format: format, dither: dither, paths: Array(repeating: path, count: count),
                fileDescriptors: Array(repeating: descriptors[descriptors.startIndex + index], count: count), notes: notes, form: form)
        }
    }

    /// Writes what is no sound. Call after the renditions.
    func writeRecords() throws {
        if let cue = disc.cue, let sound = disc.cueSound {
            let name = sound.split(separator: "/").last.map(String.init) ?? sound
            try put(Array(CueSheet(disc: disc, layout: layout, soundName: name).text.utf8), cue)
        }
        guard disc.ddp != nil else { return }
        let records = DDPRecords(disc: disc, layout: layout)
        let text = CDText.packs(disc)
        try put(records.pq, .pq)
        if let text { try put(text, .text) }
        try put(records.map(textBytes: text?.count, pqBytes: records.pq.count), .map)
        try put(Array(records.sheet.utf8), .sheet)
        try put(records.id, .id)
        var sums = ""
        for file in disc.ddpFiles where file != .checksum {
            guard let path = disc.path(of: file), let descriptor = descriptors[path] else { continue }
            sums += "\(try Digest.md5(descriptor, path: path))  \(file.rawValue)\n"
        }
        try put(Array(sums.utf8), .checksum)
    }

    private func put(_ bytes: [UInt8], _ file: Disc.DDPFile) throws(AudioFileError) {
        if let path = disc.path(of: file) { try put(bytes, path) }
    }

    private func put(_ bytes: [UInt8], _ path: String) throws(AudioFileError) {
        if let descriptor = descriptors[path] { try DeliveryFiles.write(bytes, to: descriptor, path: path) }
    }

    /// What a command says of it.
    var summary: DiscSummary {
        DiscSummary(
            cue: disc.cue, image: disc.cueSound, ddp: disc.ddp, upc: disc.upc?.description,
            seconds: Double(layout.end) / Double(DiscLayout.sectorsPerSecond),
            tracks: layout.tracks.enumerated().map { index, track in
                DiscSummary.Track(
                    title: disc.tracks[index].title, isrc: disc.tracks[index].isrc?.description, pause: track.pause.map(DiscLayout.time),
                    start: DiscLayout.time(track.start))
            })
    }
}

/// A finished disc; times are minutes, seconds and sectors of 1/75 s from the beginning of the first track.
public struct DiscSummary: Sendable, Codable, Equatable {
    public struct Track: Sendable, Codable, Equatable {
        public var title: String?
        public var isrc: String?
        /// Where the silence before the track begins; nil when there is none.
        public var pause: String?
        public var start: String
    }

    public var cue: String?
    public var image: String?
    public var ddp: String?
    public var upc: String?
    public var seconds: Double
    public var tracks: [Track]

    public var json: JSON {
        .object([
            ("cue", .optional(cue)), ("image", .optional(image)), ("ddp", .optional(ddp)), ("upc", .optional(upc)), ("seconds", .measured(seconds)),
            ("tracks", .array(tracks.map {
                .object([("title", .optional($0.title)), ("isrc", .optional($0.isrc)), ("pause", .optional($0.pause)), ("start", .string($0.start))])
            })),
        ])
    }
}
