import Foundation
import Testing
@testable import AudioFiles

/// Vorbis and Opus have an order of speakers of their own; what goes in as WAV has it comes out so.
@Suite struct ChannelOrderTests {
    private let rate = 48_000

    /// One second of tone in one channel after the other.
    private func tones(_ channels: Int) -> Sound {
        func row(_ c: Int) -> [Double] {
            let step = 2 * Double.pi * Double(400 + 300 * c) / Double(rate)
            return (0..<(rate * channels)).map { (i: Int) -> Double in i / rate == c ? 0.2 * sin(step * Double(i)) : 0 }
        }
        return Sound(rows: (0..<channels).map(row))
    }

    private func loudest(_ sound: Sound, second: Int) -> (channel: Int, power: Double) {
        let range = (second * rate + 6000)..<((second + 1) * rate - 6000)
        let powers = sound.rows.map { row in range.reduce(0) { $0 + row[$1] * row[$1] } / Double(range.count) }
        let most = powers.indices.max { powers[$0] < powers[$1] }!
        return (most, powers[most])
    }

    @Test(arguments: [OutputFormat.Container.ogg, .opus], [2, 3, 4, 5, 6, 7, 8])
    func everyChannelComesBackInItsPlace(container: OutputFormat.Container, channels: Int) throws {
        let folder = try Folder()
        let path = try write(tones(channels), to: folder["x.\(container.rawValue)"], container, rate: rate)
        let back = try readAll(path)
        for c in 0..<channels {
            // The effects channel of WAV's 5.1 and above is coded as one, and keeps no tone over 120 Hz.
            if channels >= 6, c == 3 { continue }
            let found = loudest(back, second: c)
            #expect(found.channel == c && (10 * log10(found.power) + 17).magnitude < 1.5, "channel \(c): \(found)")
        }
    }

    /// Vorbis I, section 4.3.9; RFC 7845, section 5.1.1.2: 5.1 is left, centre, right, the surrounds, effects.
    @Test func theStreamIsInItsOwnOrder() {
        let order = VorbisChannels.order(6)
        #expect(order == [0, 2, 1, 4, 5, 3])
        for channels in 1...8 {
            guard let order = VorbisChannels.order(channels) else { continue }
            #expect(order.sorted() == Array(0..<channels))
            var there: [Float] = (0..<(2 * channels)).map(Float.init)
            there.withUnsafeMutableBufferPointer { VorbisChannels.toStream($0.baseAddress!, frames: 2, order: order) }
            #expect((0..<channels).allSatisfy { there[$0] == Float(order[$0]) })
        }
    }
}

/// What a WAV states of itself.
@Suite struct WaveHeaderTests {
    /// Every format but plain integers states the size of its extension, and how many samples there are
    /// (Microsoft, Multimedia Data Standards Update, revision 3.0, 1994).
    @Test(arguments: [1, 2, 6])
    func floatingPointHasExtensionAndFact(channels: Int) throws {
        let folder = try Folder()
        let file = try bytes(write(.tones(channels: channels, frames: 1234), to: folder["x.wav"], .wav, .float32))
        func little(_ at: Int, _ count: Int) -> Int { (0..<count).reduce(0) { $0 | Int(file[at + $1]) << (8 * $1) } }
        var chunks: [String: (at: Int, size: Int)] = [:]
        var at = 12
        while at + 8 <= file.count {
            chunks[String(decoding: file[at..<(at + 4)], as: UTF8.self)] = (at + 8, little(at + 4, 4))
            at += 8 + little(at + 4, 4)
        }
        let format = try #require(chunks["fmt "]), fact = try #require(chunks["fact"])
        #expect(format.size == 18 + little(format.at + 16, 2))
        // The format itself, or its number at the head of the subformat's GUID.
        #expect(little(format.at, 2) == 3 || little(format.at, 2) == 0xFFFE && little(format.at + 24, 2) == 3)
        #expect(fact.size == 4 && little(fact.at, 4) == 1234 && little(4, 4) == file.count - 8)
    }

    /// A pipe's header has no length: whether the end is missing shows only where the file stops within a frame.
    @Test(arguments: [(400, -1, AudioFileInfo.Ending.open), (401, -1, .cut), (402, -1, .cut), (401, 0, .cut), (404, 0x7FFF_FFFF, .open), (400, 400, .stated)])
    func anEndThatIsNotStatedIsKnown(count: Int, claimed: Int, ending: AudioFileInfo.Ending) throws {
        let folder = try Folder()
        let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let path = try folder.write("x.wav", WaveBytes.file(data: data, channels: 2, claimedData: claimed))
        #expect(try AudioReader(path: path, in: .thisProcess).info.ending == ending)
        #expect(try AudioReader(path: path).info.ending == ending)
    }
}
