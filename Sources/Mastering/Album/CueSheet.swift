import AudioFiles

/// A cue sheet of a disc whose sound is one WAV.
struct CueSheet {
    let disc: Disc
    let layout: DiscLayout
    /// Name of the sound's file, without its folder.
    let soundName: String

    /// Lines end as on the systems that the format comes from.
    var text: String {
        var lines: [String] = []
        if let upc = disc.upc { lines.append("CATALOG \(upc)") }
        if let artist = disc.artist { lines.append("PERFORMER \(Self.quoted(artist))") }
        if let title = disc.title { lines.append("TITLE \(Self.quoted(title))") }
        lines.append("FILE \"\(soundName)\" WAVE")
        for (index, track) in layout.tracks.enumerated() {
            let words = disc.tracks[index], number = index + 1 < 10 ? "0\(index + 1)" : "\(index + 1)"
            lines.append("  TRACK \(number) AUDIO")
            if let title = words.title { lines.append("    TITLE \(Self.quoted(title))") }
            if let artist = words.artist ?? disc.artist { lines.append("    PERFORMER \(Self.quoted(artist))") }
            if let isrc = words.isrc { lines.append("    ISRC \(isrc)") }
            if let pause = track.pause { lines.append("    INDEX 00 \(DiscLayout.time(pause))") }
            lines.append("    INDEX 01 \(DiscLayout.time(track.start))")
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    /// The format has no way to write a quotation mark inside a text, and takes 80 characters.
    private static func quoted(_ text: String) -> String {
        "\"" + String(text.printable.map { $0 == "\"" ? "'" : $0 }.prefix(80)) + "\""
    }

    /// Why a name cannot stand in a cue sheet; nil when it can.
    static func objection(to path: String) -> AudioFileError? {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        guard name.contains("\"") || name.printable != name else { return nil }
        return .unsupportedOutput(path: path, detail: "a cue sheet cannot name a file with quotation marks or control characters; choose another name")
    }
}
