import AudioFiles
import TOMLKit

/// The file form of a sequence:
///
/// ```toml
/// schema = 1
/// title = "First Light"
/// artist = "The Band"
/// upc = "0012345678905"
/// gap_seconds = 2.0             # between tracks that say nothing
///
/// [[track]]
/// file = "mixes/01.wav"         # relative to this file; absent: from the command line
/// title = "Opening"
/// isrc = "GB-ABC-26-00001"
/// head_ms = 250                 # cut off the beginning
/// fade_out_ms = 4000
/// fade = "cos"                  # lin, cos or exp
///
/// [[track]]
/// file = "mixes/02.wav"
/// gap_seconds = 0               # before it: flows out of the first
/// ```
extension AlbumSequence {
    /// Largest file that is read, bytes.
    public static let fileSizeLimit = 64 * 1024
    private static let mostGapSeconds = 600.0
    private static let mostTrimMs = 3_600_000.0

    /// - Throws: `.missing`, `.unusable` with line and column at what is wrong, `.inputOutput`.
    public static func read(_ path: String) throws(PresetError) -> AlbumSequence {
        try parse(toml: SmallTextFile.read(path, noun: "sequence", limit: fileSizeLimit), file: path)
    }

    /// - Parameter file: the path, for errors.
    public static func parse(toml text: String, file: String) throws(PresetError) -> AlbumSequence {
        let toml = try StrictTOML(text, file: file, noun: "sequence", limit: fileSizeLimit)
        let root = toml.root
        try toml.refuseUnknown(root, at: [], known: ["schema", "title", "artist", "upc", "gap_seconds", "track"])
        guard root["schema"]?.int == schema else {
            throw toml.error([.key("schema")], "schema must be \(schema)", "this version of Lathe reads schema \(schema) only")
        }
        var out = AlbumSequence()
        out.title = try toml.line("title", in: root, limit: 160)
        out.artist = try toml.line("artist", in: root, limit: 160)
        if let code = try toml.line("upc", in: root, limit: 32) {
            guard let upc = UPC(code) else {
                throw toml.error([.key("upc")], "'\(code)' is no UPC or EAN", "write its 12 or 13 digits, the check digit included")
            }
            out.upc = upc
        }
        out.gapSeconds = try toml.number("gap_seconds", in: root, range: 0...mostGapSeconds) ?? 0
        let path: [StrictTOML.Step] = [.key("track")]
        guard let tracks = root["track"]?.array, (1...mostTracks).contains(tracks.count) else {
            throw toml.error(path, "a sequence has 1 to \(mostTracks) tracks", "write [[track]] for each")
        }
        for i in 0..<tracks.count { out.tracks.append(try track(toml, tracks[i].table, path + [.index(i)])) }
        let named = out.tracks.filter { $0.file != nil }.count
        guard named == 0 || named == out.tracks.count else {
            throw toml.error(path, "some tracks name a file and some do not", "name a file for each, or for none and give them to the command")
        }
        return out
    }

    private static func track(_ toml: StrictTOML, _ table: TOMLTable?, _ here: [StrictTOML.Step]) throws(PresetError) -> Track {
        guard let table else { throw toml.error(here, "a track is a table", "write [[track]]") }
        try toml.refuseUnknown(table, at: here, known: [
            "file", "gap_seconds", "title", "artist", "isrc", "head_ms", "tail_ms", "fade_in_ms", "fade_out_ms", "fade",
        ])
        var out = Track()
        out.file = try toml.line("file", in: table, at: here, limit: 4096)
        if out.file == "" { throw toml.error(here + [.key("file")], "file is empty", "name the track's file") }
        out.title = try toml.line("title", in: table, at: here, limit: 160)
        out.artist = try toml.line("artist", in: table, at: here, limit: 160)
        if let code = try toml.line("isrc", in: table, at: here, limit: 32) {
            guard let isrc = ISRC(code) else {
                throw toml.error(here + [.key("isrc")], "'\(code)' is no ISRC", "write it like GB-ABC-26-00001")
            }
            out.isrc = isrc
        }
        out.gapSeconds = try toml.number("gap_seconds", in: table, at: here, range: 0...mostGapSeconds)
        out.placement.headMs = try toml.number("head_ms", in: table, at: here, range: 0...mostTrimMs) ?? 0
        out.placement.tailMs = try toml.number("tail_ms", in: table, at: here, range: 0...mostTrimMs) ?? 0
        out.placement.fadeInMs = try toml.number("fade_in_ms", in: table, at: here, range: 0...mostTrimMs) ?? 0
        out.placement.fadeOutMs = try toml.number("fade_out_ms", in: table, at: here, range: 0...mostTrimMs) ?? 0
        out.placement.fade = try toml.word("fade", in: table, at: here, as: TrackPlacement.FadeShape.self) ?? .cosine
        return out
    }
}
