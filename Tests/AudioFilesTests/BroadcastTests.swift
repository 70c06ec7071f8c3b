import AudioFiles
import DSP
import Foundation
import Testing

/// Writes a second of tones with the chunks given.
private func write(
    _ path: String, _ container: OutputFormat.Container = .wav, channels: Int = 2, tags: [String: String] = [:],
    broadcast: BroadcastExtension? = nil, cart: CartChunk? = nil, loudness: BroadcastExtension.Loudness? = nil, expected: Int64? = nil
) throws -> String {
    let output = try AtomicOutput(target: path, force: true, inputs: [])
    let format = OutputFormat(container: container, bits: .int24, sampleRate: 48_000, channels: channels)
    let writer = try AudioWriter(
        fileDescriptor: output.fileDescriptor, path: path, format: format, tags: tags, expectedFrames: expected, broadcast: broadcast, cart: cart)
    try Sound.tones(channels: channels, frames: 999, bits: 24).withBlock { try writer.write($0, frames: 999) }
    try writer.finish(loudness: loudness)
    return try output.commit()
}

private var full: BroadcastExtension {
    var made = BroadcastExtension()
    made.description = "A song"
    made.originator = "Lathe"
    made.originatorReference = "XY123"
    made.originationDate = "2024-02-29"
    made.originationTime = "12:34:56"
    made.timeReference = 48_000 * 3600 * 30
    made.umid = Array(1...64)
    made.loudness = .init(integrated: -14.02, range: 6.5, maxTruePeak: -1, maxMomentary: -9.99, maxShortTerm: -11.5)
    made.codingHistory = "A=PCM,F=48000,W=24,M=stereo,T=Lathe\r\n"
    return made
}

@Suite struct BroadcastTests {
    @Test(arguments: [1, 2, 6], [nil, 2_000_000_000] as [Int64?])
    func everyFieldComesBack_alsoInWAVEXAndRF64(channels: Int, expected: Int64?) throws {
        let folder = try Folder()
        let path = try write(folder["a.wav"], channels: channels, broadcast: full, expected: expected)
        let reader = try AudioReader(path: path)
        #expect(try reader.broadcast == full && reader.cart == nil)
        #expect(try readAll(reader) == .tones(channels: channels, frames: 999, bits: 24))
    }

    @Test func fieldsLieWhereTech3285PutsThem() throws {
        let folder = try Folder()
        let file = try bytes(write(folder["a.wav"], broadcast: full))
        let chunk = try #require(file.indices.first { file[$0...].starts(with: Array("bext".utf8)) }) + 8
        func text(_ at: Int, _ count: Int) -> String { String(decoding: file[chunk + at..<chunk + at + count].prefix { $0 != 0 }, as: UTF8.self) }
        func number(_ at: Int, _ count: Int) -> Int { (0..<count).reduce(0) { $0 | Int(file[chunk + at + $1]) << (8 * $1) } }
        // EBU Tech 3285 (2011) §2.3: description 256, originator 32, reference 32, date 10, time 8, time reference 8, version 2, UMID 64,
        // loudness 5 × 2, reserved 180, history.
        #expect(text(0, 256) == "A song" && text(256, 32) == "Lathe" && text(288, 32) == "XY123")
        #expect(text(320, 10) == "2024-02-29" && text(330, 8) == "12:34:56")
        #expect(number(338, 8) == 48_000 * 3600 * 30 && number(346, 2) == 2)
        #expect(file[chunk + 348] == 1 && file[chunk + 411] == 64)
        // §2.4: hundredths, rounded.
        #expect([412, 414, 416, 418, 420].map { Int16(truncatingIfNeeded: number($0, 2)) } == [-1402, 650, -100, -999, -1150])
        #expect(file[chunk + 422..<chunk + 602].allSatisfy { $0 == 0 })
        #expect(text(602, 40) == full.codingHistory)
        #expect(number(-4, 4) % 4 == 0 && number(-4, 4) >= 602 + full.codingHistory.utf8.count)
    }

    @Test func loudnessMeasuredWhileWritingIsFilledInAtTheEnd() throws {
        let folder = try Folder()
        var open = full
        open.loudness = .init()
        // Long tags, so that the chunk does not stand at the very front.
        let tags = ["title": String(repeating: "long ", count: 500), "isrc": "GBAYE6700001"]
        let path = try write(folder["a.wav"], tags: tags, broadcast: open, loudness: full.loudness)
        let reader = try AudioReader(path: path)
        #expect(try reader.broadcast == full)
        #expect(reader.info.tags["isrc"] == "GBAYE6700001")
        #expect(try readAll(reader) == .tones(channels: 2, frames: 999, bits: 24))
        // The same bytes as if it had been known before.
        #expect(try bytes(path) == bytes(write(folder["b.wav"], tags: tags, broadcast: full)))
    }

    @Test func unknownAndUnspeakableLoudnessIsStoredAsUnknown() throws {
        let folder = try Folder()
        var made = full
        made.loudness = .init(integrated: nil, range: 123, maxTruePeak: -.infinity, maxMomentary: 99.99, maxShortTerm: -99.994)
        let path = try write(folder["a.wav"], broadcast: made)
        #expect(try AudioReader(path: path).broadcast?.loudness == .init(maxMomentary: 99.99, maxShortTerm: -99.99))
        let file = try bytes(path)
        let chunk = try #require(file.indices.first { file[$0...].starts(with: Array("bext".utf8)) }) + 8
        // §2.4: 7FFFh means that the value is not there.
        #expect(Array(file[chunk + 412..<chunk + 414]) == [0xFF, 0x7F])
    }

    @Test func textIsCutAndMadeASCII() throws {
        let folder = try Folder()
        var made = BroadcastExtension()
        made.description = String(repeating: "x", count: 300)
        made.originator = "Jürgen\u{0}Ω"
        made.codingHistory = "no end of line"
        let back = try #require(try AudioReader(path: write(folder["a.wav"], broadcast: made)).broadcast)
        #expect(back.description == String(repeating: "x", count: 256) && back.originator == "J?rgen??")
        #expect(back.codingHistory == "no end of line\r\n" && back.umid.isEmpty && back.timeReference == 0)
    }

    @Test func cartComesBackAndLiesWhereAES46PutsIt() throws {
        let folder = try Folder()
        var cart = CartChunk()
        cart.title = "Song"
        cart.artist = "Band"
        cart.cutID = "C1"
        cart.category = "MUS"
        cart.outCue = "…and fade"
        cart.startDate = "2024-01-01"
        cart.startTime = "00:00:00"
        cart.producer = "Lathe"
        cart.userText = "u"
        cart.levelReference = -5
        cart.timers = [.init(usage: "INTs", frame: 48_000), .init(usage: "SEG1", frame: 4_000_000_000)]
        cart.url = "https://example.org/"
        cart.text = "free"
        let path = try write(folder["a.wav"], broadcast: full, cart: cart)
        let reader = try AudioReader(path: path)
        var expected = cart
        expected.outCue = "?and fade"
        #expect(try reader.cart == expected && reader.broadcast == full)
        let file = try bytes(path)
        let chunk = try #require(file.indices.first { file[$0...].starts(with: Array("cart".utf8)) }) + 8
        // AES46-2002 §4: version at 0, title at 4, level reference at 680, first timer at 684, URL at 1024, text at 2048.
        #expect(file[chunk..<chunk + 8].elementsEqual("0101Song".utf8))
        #expect(Array(file[chunk + 680..<chunk + 684]) == [0xFB, 0xFF, 0xFF, 0xFF])
        #expect(file[chunk + 684..<chunk + 688].elementsEqual("INTs".utf8) && file[chunk + 1024..<chunk + 1029].elementsEqual("https".utf8))
        #expect(file[chunk + 2048..<chunk + 2052].elementsEqual("free".utf8))
    }

    @Test func aRecordingCodeIsCarriedInAXML() throws {
        let folder = try Folder()
        let path = try write(folder["a.wav"], tags: ["isrc": "gb-aye-67-00001", "title": "t"])
        #expect(try AudioReader(path: path).info.tags == ["isrc": "GBAYE6700001", "title": "t"])
        let file = String(decoding: try bytes(path), as: UTF8.self)
        #expect(file.contains("axml") && file.contains("<dc:identifier>ISRC:GBAYE6700001</dc:identifier>"))
        // What is no code is not written as one.
        #expect(try AudioReader(path: write(folder["b.wav"], tags: ["isrc": "nonsense"])).info.tags["isrc"] == nil)
        // ID3v2.4 §4.2.1 names the frame TSRC.
        let tagged = try bytes(write(folder["c.mp3"], .mp3, tags: ["isrc": "GBAYE6700001"]))
        #expect(String(decoding: tagged.prefix(60), as: UTF8.self).contains("TSRC"))
    }

    @Test(arguments: [
        ("GBAYE6700001", "GBAYE6700001"), ("us-s1z-99-00001", "USS1Z9900001"), ("QM 123 24 00042", "QM1232400042"), ("G1AYE6700001", nil),
        ("GBAYE670000", nil), ("GBAYE67000011", nil), ("GBAYEX700001", nil), ("GBÄYE6700001", nil), ("", nil),
    ] as [(String, String?)])
    func recordingCodesFollowISO3901(text: String, expected: String?) {
        #expect(ISRC(text)?.description == expected)
    }

    @Test func otherContainersAndPlainFilesHaveNoSuchChunks() throws {
        let folder = try Folder()
        for container in [OutputFormat.Container.aiff, .caf, .flac] {
            let path = try write(folder["a"], container, broadcast: full, loudness: full.loudness)
            #expect(try AudioReader(path: path).broadcast == nil)
        }
        let plain = try write(folder["a.wav"], loudness: full.loudness)
        #expect(try AudioReader(path: plain).broadcast == nil && AudioReader(path: plain).cart == nil)
    }

    @Test func damagedChunksAreLeftAside() throws {
        let folder = try Folder()
        func file(_ id: String, _ claimed: Int, _ content: [UInt8]) -> [UInt8] {
            var file = WaveBytes.file(data: [UInt8](repeating: 1, count: 4000))
            file.insert(contentsOf: Array(id.utf8) + WaveBytes.little(claimed, 4) + content, at: 36)
            file.replaceSubrange(4..<8, with: WaveBytes.little(file.count - 8, 4))
            return file
        }
        // Too short; nothing in it; XML that goes on for ever.
        for (id, content) in [("bext", [UInt8](repeating: 65, count: 100)), ("cart", [1, 2]), ("axml", Array("ISRC:ISRC:ISRC:<".utf8))] {
            let path = try folder.write("a.wav", file(id, content.count, content))
            let reader = try AudioReader(path: path)
            #expect(try reader.broadcast == nil && reader.cart == nil && reader.info.tags["isrc"] == nil)
            #expect(try readAll(reader).frames == 2000)
        }
    }
}
