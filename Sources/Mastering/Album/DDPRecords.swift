import AudioFiles

/// The records of a DDP 2.00 image (Disc Description Protocol, DCA Inc., level 2.00): fixed fields of ASCII, blank where nothing is said.
struct DDPRecords {
    let disc: Disc
    let layout: DiscLayout

    /// `DDPID`: what the image is, 128 bytes.
    var id: [UInt8] {
        var record = Record(128)
        record.put("DDP 2.00", at: 0, width: 8)
        record.put(disc.upc?.description ?? "", at: 8, width: 13)
        record.put([disc.artist, disc.title].compactMap(\.self).joined(separator: " - "), at: 38, width: 48)
        record.put("CD", at: 87, width: 2)
        return record.bytes
    }

    /// `DDPMS`: which file is what, 128 bytes for each.
    func map(textBytes: Int?, pqBytes: Int) -> [UInt8] {
        var out: [UInt8] = []
        if let textBytes {
            var text = stream("S0", Disc.DDPFile.text, length: textBytes)
            text.put("CDTEXT", at: 30, width: 8)
            text.put("00", at: 55, width: 2)
            out += text.bytes
        }
        var pq = stream("S0", Disc.DDPFile.pq, length: pqBytes)
        pq.put("PQ DESCR", at: 30, width: 8)
        out += pq.bytes
        var sound = stream("D0", Disc.DDPFile.image, length: DiscLayout.pauseSectors + layout.end)
        // Digital audio, in whole sectors of 2352 bytes, as they are; the pause before the first track is in the file.
        sound.put("DA", at: 38, width: 2)
        sound.put("7", at: 40, width: 1)
        sound.put("1", at: 41, width: 1)
        sound.put(Self.number(DiscLayout.pauseSectors, 4), at: 46, width: 4)
        return out + sound.bytes
    }

    private func stream(_ type: String, _ file: Disc.DDPFile, length: Int) -> Record {
        var record = Record(128)
        record.put("VVVM", at: 0, width: 4)
        record.put(type, at: 4, width: 2)
        record.put(Self.number(length, 8), at: 14, width: 8)
        record.put("017", at: 71, width: 3)
        record.put(file.rawValue, at: 74, width: 17)
        return record
    }

    /// `PQDESCR`: lead-in, every index, lead-out, 64 bytes for each. Times count from the beginning of the pause before the first track.
    var pq: [UInt8] {
        var out = entry("00", 0, 0, upc: disc.upc?.description ?? "")
        for (index, track) in layout.tracks.enumerated() {
            let number = Self.number(index + 1, 2), isrc = disc.tracks[index].isrc?.description ?? ""
            let pause = index == 0 ? 0 : track.pause.map { $0 + DiscLayout.pauseSectors }
            if let pause { out += entry(number, 0, pause, isrc: isrc) }
            out += entry(number, 1, track.start + DiscLayout.pauseSectors, isrc: pause == nil ? isrc : "")
        }
        return out + entry("AA", 1, layout.end + DiscLayout.pauseSectors)
    }

    private func entry(_ track: String, _ index: Int, _ sectors: Int, isrc: String = "", upc: String = "") -> [UInt8] {
        var record = Record(64)
        record.put("VVVS", at: 0, width: 4)
        record.put(track, at: 4, width: 2)
        record.put(Self.number(index, 2), at: 6, width: 2)
        record.put(DiscLayout.time(sectors).filter { $0 != ":" }, at: 10, width: 6)
        // Audio without pre-emphasis, no copying allowed: control 0, mode 1.
        record.put("01", at: 16, width: 2)
        record.put(isrc, at: 20, width: 12)
        record.put(upc, at: 32, width: 13)
        return record.bytes
    }

    /// The sheet for people that goes with the image.
    var sheet: String {
        var lines = ["PQ sheet", ""]
        func say(_ label: String, _ value: String?) { if let value { lines.append(label + value.printable) } }
        say("Title    ", disc.title)
        say("Artist   ", disc.artist)
        say("UPC/EAN  ", disc.upc?.description)
        lines += ["Tracks   \(layout.tracks.count)", "Length   \(DiscLayout.time(layout.end))  (minutes:seconds:sectors of 1/75 s)", ""]
        lines.append("Track  Index  On disc   Length    ISRC          Title")
        func row(_ track: String, _ index: Int, _ at: Int, _ length: Int?, _ rest: String = "") {
            let line = "\(track)     0\(index)     \(DiscLayout.time(at))  \(length.map(DiscLayout.time) ?? "        ")  \(rest)"
            lines.append(line.trimmingEnd)
        }
        for (index, track) in layout.tracks.enumerated() {
            let number = Self.number(index + 1, 2), words = disc.tracks[index]
            let begin = track.start + DiscLayout.pauseSectors
            let next = index + 1 < layout.tracks.count ? layout.tracks[index + 1] : nil
            let end = (next.map { $0.pause ?? $0.start } ?? layout.end) + DiscLayout.pauseSectors
            if let pause = index == 0 ? 0 : track.pause.map({ $0 + DiscLayout.pauseSectors }) { row(number, 0, pause, begin - pause) }
            row(number, 1, begin, end - begin, "\(words.isrc?.description ?? "            ")  \((words.title ?? "").printable)")
        }
        row("AA", 1, layout.end + DiscLayout.pauseSectors, nil)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func number(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// Blank-filled fields.
private struct Record {
    private(set) var bytes: [UInt8]

    init(_ length: Int) { bytes = Array(repeating: UInt8(ascii: " "), count: length) }

    /// Printable ASCII alone, cut to the field.
    mutating func put(_ text: String, at offset: Int, width: Int) {
        for (i, scalar) in text.unicodeScalars.prefix(width).enumerated() {
            bytes[offset + i] = (0x20...0x7E).contains(scalar.value) ? UInt8(scalar.value) : UInt8(ascii: "?")
        }
    }
}

extension String {
    fileprivate var trimmingEnd: String { String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)]) }
}
