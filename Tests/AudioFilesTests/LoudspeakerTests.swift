import DSP
import Foundation
import Testing
@testable import AudioFiles

/// Which loudspeaker a channel is for, from file to file.
@Suite struct LoudspeakerTests {
    private static let layouts: [(channels: Int, mask: UInt32)] = [
        (3, 0xB), (4, 0xF), (4, 0x107), (4, 0x33), (6, 0x3F), (6, 0x60F), (8, 0x63F), (8, 0xFF), (7, 0x13F),
    ]

    @Test(arguments: [OutputFormat.Container.wav, .flac], layouts)
    func aFileSaysItsLoudspeakers(container: OutputFormat.Container, _ one: (channels: Int, mask: UInt32)) throws {
        let folder = try Folder(), layout = ChannelLayout(channels: one.channels, mask: one.mask)
        let sound = Sound.tones(channels: one.channels, frames: 500)
        let path = try write(sound, to: folder["x.\(container)"], container, layout: layout)
        let reader = try AudioReader(path: path)
        #expect(reader.info.layout == layout)
        #expect(try readAll(reader) == readAll(write(sound, to: folder["y.wav"], .wav)))
        if container == .wav {
            // The mask stands 20 bytes into the extended format, which begins behind "RIFF…WAVEfmt ….".
            let head = try bytes(path)
            #expect(UInt32(head[40]) | UInt32(head[41]) << 8 == one.mask & 0xFFFF)
        }
    }

    /// A file that says nothing means what is usual: seven channels and more were written with none.
    @Test(arguments: [3, 4, 5, 6, 7, 8])
    func channelsWithoutAMaskAreTakenForTheUsual(channels: Int) throws {
        let folder = try Folder()
        let path = try folder.write("x.wav", WaveBytes.file(data: [UInt8](repeating: 0, count: 20 * channels), channels: channels))
        #expect(try AudioReader(path: path).info.layout == .usual(channels))
        let path9 = try folder.write("y.wav", WaveBytes.file(data: [UInt8](repeating: 0, count: 180), channels: 9))
        #expect(try AudioReader(path: path9).info.layout.mask == 0)
    }

    /// Layouts that libsndfile has a tag for come back; the others are refused, never called something else.
    @Test(arguments: [OutputFormat.Container.caf, .aiff], layouts + [(6, 0x707), (7, 0x637), (5, 0x607)])
    func cafAndAIFFSayTheLoudspeakersOrAreRefused(container: OutputFormat.Container, _ one: (channels: Int, mask: UInt32)) throws {
        let folder = try Folder(), layout = ChannelLayout(channels: one.channels, mask: one.mask)
        do {
            let path = try write(.tones(channels: one.channels, frames: 500), to: folder["x.\(container)"], container, layout: layout)
            #expect(try AudioReader(path: path).info.layout.isLike(layout))
        } catch AudioFileError.unsupportedOutput(_, let detail) {
            #expect(detail.contains("no place for the loudspeakers") && !layout.isLike(.usual(one.channels)))
        }
    }

    /// Core Audio Format Specification: by a bitmap, which is that of WAVE; by labels; by a tag that stands for an order.
    @Test(arguments: [
        ([1 << 16, 0x6CB, 0], 7, [0, 1, 3, 6, 7, 9, 10]), ([133 << 16 | 3, 0, 0], 3, [0, 1, 3]), ([136 << 16 | 4, 0, 0], 4, [0, 1, 2, 3]),
        ([110 << 16 | 6, 0, 0], 6, [0, 1, 4, 5, 2, 8]), ([128 << 16 | 8, 0, 0], 8, [0, 1, 2, 3, 9, 10, 4, 5]), ([0, 0, 3, 1, 0, 0, 0, 0, 4, 0, 0, 0, 0, 2], 3, [0, 3, 1]),
        ([1 << 16, 0xFFFF_FFFF, 0], 4, []), ([0, 0, 0xFFFF_FFFF], 4, []), ([121 << 16 | 5, 0, 0], 6, []), ([9999 << 16 | 6, 0, 0], 6, []),
        ([0, 0, 3, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2], 3, []),
    ] as [([Int], Int, [UInt8])], [true, false])
    func layoutChunksAreRead(_ one: (words: [Int], channels: Int, speakers: [UInt8]), isCAF: Bool) throws {
        let folder = try Folder()
        func big(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) } }
        var chunk = one.words.flatMap { big($0, 4) }
        chunk += [UInt8](repeating: 0, count: one.words.count > 3 ? 16 : 0)
        let bytes = isCAF
            ? Array("caff".utf8) + big(1, 2) + big(0, 2) + Array("desc".utf8) + big(4, 8) + big(0, 4) + Array("chan".utf8) + big(chunk.count, 8) + chunk
            : Array("FORM".utf8) + big(0, 4) + Array("AIFFNAME".utf8) + big(3, 4) + [65, 65, 65, 0] + Array("CHAN".utf8) + big(chunk.count, 4) + chunk
        let path = try folder.write("x", bytes)
        let source = ByteSource(descriptor: try ByteSource.open(path))
        #expect(AppleLayout.speakers(source, isCAF ? .caf : .aiff, channels: one.channels) == one.speakers)
    }

    @Test func aLayoutThatAContainerHasNoPlaceForIsRefused() throws {
        let format = OutputFormat(container: .ogg, bits: .int16, sampleRate: 48_000, layout: ChannelLayout(channels: 4, mask: 0xF))
        #expect(format.objection == "Ogg Vorbis has no place for the loudspeakers of 3.1; use WAV or FLAC")
        #expect(OutputFormat(container: .opus, bits: .int16, sampleRate: 48_000, layout: ChannelLayout(channels: 6, mask: 0x60F)).objection == nil)
        #expect(OutputFormat(container: .mp3, bits: .int16, sampleRate: 48_000, channels: 2).objection == nil)
    }

    /// Apple's kAudioChannelLayoutTag_MPEG_5_1_C, (123 << 16) | 6: L C R Ls Rs LFE (CoreAudioBaseTypes.h).
    @Test func anotherOrderIsBroughtIntoThatOfWAV() throws {
        let folder = try Folder(), frames = 100
        func big(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) } }
        let samples = (0..<frames).flatMap { frame in (0..<6).flatMap { big(1000 * ($0 + 1) + frame, 2) } }
        let file = Array("caff".utf8) + big(1, 2) + big(0, 2) + Array("desc".utf8) + big(32, 8) + big(Int(48_000.0.bitPattern), 8)
            + Array("lpcm".utf8) + big(0, 4) + big(12, 4) + big(1, 4) + big(6, 4) + big(16, 4)
            + Array("chan".utf8) + big(12, 8) + big(123 << 16 | 6, 4) + big(0, 4) + big(0, 4) + Array("data".utf8) + big(samples.count + 4, 8) + big(0, 4) + samples
        let reader = try AudioReader(path: folder.write("x.caf", file))
        #expect(reader.info.layout == .usual(6))
        let sound = try readAll(reader)
        // Left, right, centre, effects, surrounds: the file's first, third, second, sixth, fourth, fifth.
        #expect(sound.rows.map { ($0[0] * 32768 / 1000).rounded() } == [1, 3, 2, 6, 4, 5])
        #expect(sound.rows[3][7] == 6007.0 / 32768)
    }
}

/// What FLAC says in comments that libsndfile does not know.
@Suite struct FLACCommentTests {
    @Test func theCodeOfARecordingComesBack() throws {
        let folder = try Folder(), sound = Sound.tones(channels: 2, frames: 5000)
        let tags = ["isrc": "GBABC2600001", "title": "Tide", "artist": "Ute"]
        let path = try write(sound, to: folder["x.flac"], .flac, tags: tags)
        let reader = try AudioReader(path: path)
        for (name, value) in tags { #expect(reader.info.tags[name] == value) }
        #expect(try readAll(reader) == readAll(write(sound, to: folder["plain.flac"], .flac)))
        // The field that RFC 9639, section 8.6, and every player that shows a code look for.
        let file = try bytes(path)
        #expect(file.count < 40_000 && String(decoding: file.prefix(1000), as: Unicode.ASCII.self).contains("ISRC=GBABC2600001"))
    }

    @Test func withoutSoundAndWithTagsThatFillTheBufferToo() throws {
        let folder = try Folder()
        let long = String(repeating: "é", count: 4096)
        let tags = ["title": long, "artist": long, "comment": long, "copyright": long, "isrc": "USRC17607839"]
        let path = try write(.tones(channels: 1, frames: 50), to: folder["x.flac"], .flac, tags: tags)
        #expect(try AudioReader(path: path).info.tags["isrc"] == "USRC17607839" && AudioReader(path: path).info.tags["copyright"] == long)
    }

    /// Lengths and counts that cannot be, in a comment block behind a real head.
    @Test func commentsThatCannotBeAreLeftOut() throws {
        let folder = try Folder()
        let good = try bytes(write(.tones(channels: 2, frames: 300), to: folder["good.flac"], .flac, tags: ["isrc": "GBABC2600001"]))
        let at = try #require((0..<good.count - 12).first { good[$0..<$0 + 5].elementsEqual("ISRC=".utf8) })
        for (offset, bytes) in [(-4, [255, 255, 255, 255]), (-4, [0, 0, 0, 128]), (0, Array("ISRX".utf8)), (5, Array("\u{1B}[31m1234567".utf8))] as [(Int, [UInt8])] {
            var bad = good
            bad.replaceSubrange((at + offset)..<(at + offset + bytes.count), with: bytes)
            let path = try folder.write("bad.flac", bad)
            if let reader = try? AudioReader(path: path) { #expect(reader.info.tags["isrc"] == nil) }
        }
    }
}
