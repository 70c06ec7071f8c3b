import AudioFiles
import DSP
import Foundation
import Testing
@testable import Mastering

@Suite struct DiscTests {
    private let rate = 44100

    private func disc(_ seconds: [Double], _ folder: Folder, gaps: [Double]) throws -> [MasterRequest] {
        var preset = Preset()
        preset.target.lufs = -12
        preset.target.maxLimiterGainReductionDB = 12
        var requests: [MasterRequest] = []
        for (index, length) in seconds.enumerated() {
            let input = folder["in\(index).wav"]
            try write(mix(seconds: length, rate: rate, level: 0.4), frames: Int(length * Double(rate)), to: input, rate: rate)
            var request = MasterRequest(input: input, output: folder["out\(index).wav"], preset: preset, container: .wav, force: true)
            request.delivery.deliverables = [Deliverable(output: folder["cd\(index).wav"], container: .wav, bits: .int16, sampleRate: 44_100)]
            request.placement.gapSeconds = gaps[index]
            requests.append(request)
        }
        var disc = Disc(tracks: seconds.indices.map { Disc.Track(title: "Track \($0 + 1)", isrc: ISRC("GBABC260000\($0 + 1)")) })
        (disc.title, disc.artist, disc.upc) = ("First \"Light\"", "The Bänd", UPC("012345678905"))
        disc.cue = folder["album.cue"]
        disc.ddp = folder["ddp"]
        requests[0].delivery.disc = disc
        return requests
    }

    @discardableResult
    private func render(_ requests: [MasterRequest]) throws -> [MasterResult] {
        if let ddp = requests[0].delivery.disc?.ddp { try FileManager.default.createDirectory(atPath: ddp, withIntermediateDirectories: true) }
        let outputs = try requests.flatMap(\.outputs).map { try AtomicOutput(target: $0, force: true, inputs: []) }
        let results = try Master.album(requests, fileDescriptors: outputs.map(\.fileDescriptor), progress: { _, _ in }, isCancelled: { false })
        for output in outputs { _ = try output.commit() }
        return results
    }

    private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    private func field(_ bytes: [UInt8], _ at: Int, _ width: Int) -> String { String(decoding: bytes[at..<at + width], as: UTF8.self) }

    /// Samples of a 16-bit WAV, as the bytes stand in its data chunk.
    private func sound(_ path: String) throws -> ArraySlice<UInt8> {
        let all = try bytes(path)
        var at = 12
        while String(decoding: all[at..<at + 4], as: UTF8.self) != "data" {
            at += 8 + (Int(all[at + 4]) | Int(all[at + 5]) << 8 | Int(all[at + 6]) << 16)
        }
        let length = Int(all[at + 4]) | Int(all[at + 5]) << 8 | Int(all[at + 6]) << 16 | Int(all[at + 7]) << 24
        return all[(at + 8)..<(at + 8 + length)]
    }

    /// The image is two seconds of silence, then to the byte what the 16-bit files of the tracks are, one after another, in whole sectors.
    @Test func theImageIsThePauseAndTheTracks() throws {
        let folder = try Folder()
        let requests = try disc([5, 4.5, 4.2], folder, gaps: [1.5, 0, 0])
        let results = try render(requests)
        let image = try bytes(folder["ddp/IMAGE.DAT"])
        #expect(image.count % 2352 == 0)
        let pause = 150 * 2352
        #expect(image[..<pause].allSatisfy { $0 == 0 })
        let tracks = try (0..<3).flatMap { try sound(folder["cd\($0).wav"]) }
        #expect(tracks.count == 4 * Int((5 + 1.5 + 4.5 + 4.2) * 44_100))
        #expect(image[pause..<(pause + tracks.count)].elementsEqual(tracks))
        #expect(image[(pause + tracks.count)...].allSatisfy { $0 == 0 } && image.count - pause - tracks.count < 2352)
        #expect(try sound(folder["album.wav"]).elementsEqual(tracks))
        #expect(results[0].disc?.tracks.map(\.start) == ["00:00:00", "00:06:37", "00:11:00"])
        #expect(results[0].disc?.tracks.map(\.pause) == [nil, "00:05:00", nil])
        #expect(results[1].disc == nil)
    }

    /// Field positions of DDP level 2.00.
    @Test func theRecordsSayWhatTheImageIs() throws {
        let folder = try Folder()
        try render(disc([5, 4.5], folder, gaps: [1.5, 0]))
        let id = try bytes(folder["ddp/DDPID"]), map = try bytes(folder["ddp/DDPMS"]), pq = try bytes(folder["ddp/PQDESCR"])
        #expect(id.count == 128 && field(id, 0, 8) == "DDP 2.00" && field(id, 8, 13) == "0012345678905" && field(id, 87, 2) == "CD")
        #expect(map.count == 3 * 128)
        let sectors = 150 + 11 * 75
        let streams = stride(from: 0, to: map.count, by: 128).map { Array(map[$0..<$0 + 128]) }
        #expect(streams.allSatisfy { field($0, 0, 4) == "VVVM" && field($0, 71, 3) == "017" })
        #expect(streams.map { field($0, 74, 17).trimmingCharacters(in: .whitespaces) } == ["CDTEXT.BIN", "PQDESCR", "IMAGE.DAT"])
        #expect(streams.map { field($0, 4, 2) } == ["S0", "S0", "D0"])
        #expect(Int(field(streams[2], 14, 8)) == sectors && field(streams[2], 38, 2) == "DA" && Int(field(streams[2], 46, 4)) == 150)
        #expect(Int(field(streams[1], 14, 8)) == pq.count && field(streams[1], 30, 8) == "PQ DESCR")
        let entries = stride(from: 0, to: pq.count, by: 64).map { Array(pq[$0..<$0 + 64]) }
        #expect(entries.allSatisfy { field($0, 0, 4) == "VVVS" && field($0, 8, 2) == "  " && field($0, 16, 2) == "01" })
        #expect(entries.map { field($0, 4, 4) } == ["0000", "0100", "0101", "0200", "0201", "AA01"])
        #expect(entries.map { field($0, 10, 6) } == ["000000", "000000", "000200", "000700", "000837", "001300"])
        #expect(entries.map { field($0, 20, 12).trimmingCharacters(in: .whitespaces) } == ["", "GBABC2600001", "", "GBABC2600002", "", ""])
        #expect(field(entries[0], 32, 13) == "0012345678905")
        for record in [id, map, pq] { #expect(record.allSatisfy { (0x20...0x7E).contains($0) }) }
    }

    /// Bytes from an encoder of another make (cue2ddp 1.1) for the same words.
    @Test func cdTextIsWhatAnotherEncoderMakes() throws {
        var disc = Disc(tracks: ["Track One", "Track Two", "Track Three"].map { Disc.Track(title: $0) })
        (disc.title, disc.artist) = ("Disc", "Artist")
        let golden = "gAAAAERpc2MAVHJhY2sgT0gEgAEBB25lAFRyYWNrIFR3b1XJgAICCQBUcmFjayBUaHJlZeZvgAMDCwAAAAAAAAAAAAAAAF33gQAEAEFydGlzdABBcnRpc/0igQEFBXQAQXJ0aXN0"
            + "AEFydIwlgQMGA2lzdAAAAAAAAAAAAGKsjwAHAAABAwAEAwAAAAAAAED7jwEIAAAAAAAAAAADCQAAANamjwIJAAAAAAAJAAAAAAAAAApO"
        #expect(CDText.packs(disc) == [UInt8](try #require(Data(base64Encoded: golden))))
    }

    @Test func cdTextOfMuchAndForeignTextFitsItsBlock() throws {
        var disc = Disc(tracks: (1...99).map { Disc.Track(title: String(repeating: "Ωé\u{7}", count: 60), artist: "Artist \($0)") })
        disc.title = "Disc"
        let packs = try #require(CDText.packs(disc))
        #expect(packs.count % 18 == 0 && packs.count / 18 <= 256)
        #expect(packs[(packs.count - 54)] == 0x8F)
    }

    @Test func theCueSheetPlacesTheTracks_andNoTextBreaksItsLines() throws {
        let folder = try Folder()
        try render(disc([5, 4.5], folder, gaps: [1.5, 0]))
        let text = String(decoding: try bytes(folder["album.cue"]), as: UTF8.self)
        #expect(text == [
            "CATALOG 0012345678905", "PERFORMER \"The Bänd\"", "TITLE \"First 'Light'\"", "FILE \"album.wav\" WAVE",
            "  TRACK 01 AUDIO", "    TITLE \"Track 1\"", "    PERFORMER \"The Bänd\"", "    ISRC GBABC2600001", "    INDEX 01 00:00:00",
            "  TRACK 02 AUDIO", "    TITLE \"Track 2\"", "    PERFORMER \"The Bänd\"", "    ISRC GBABC2600002", "    INDEX 00 00:05:00",
            "    INDEX 01 00:06:37", "",
        ].joined(separator: "\r\n"))
        var hostile = Disc(tracks: [Disc.Track(title: "a\"\r\nFILE \"x\" WAVE\u{1B}[2J")])
        hostile.title = "b"
        var layout = try layout([10], gaps: [0])
        layout.end = 750
        let lines = CueSheet(disc: hostile, layout: layout, soundName: "x.wav").text.split(separator: "\r\n")
        #expect(lines.filter { $0.contains("FILE ") && $0.hasPrefix("FILE") }.count == 1 && !lines.joined().contains("\u{1B}"))
    }

    private func layout(_ seconds: [Double], gaps: [Double], channels: Int = 2, rate: Int = 44_100) throws -> DiscLayout {
        let tracks = seconds.map { length in
            var analysis = Analysis()
            (analysis.sampleRate, analysis.channels, analysis.frames) = (rate, channels, Int64(length * Double(rate)))
            return InputProfile(analysis: analysis, overview: WaveformOverview(), levels: DetectorHistogram())
        }
        let programme = Programme(placed: zip(seconds.indices, gaps).map { index, gap in
            var file = PlacedFile(path: "\(index).wav")
            file.placement.gapSeconds = gap
            return file
        }, tracks: tracks)
        return try DiscLayout(programme, path: "disc")
    }

    /// Limits of IEC 60908: four seconds for a track, 99 tracks; and what a disc of 80 minutes holds.
    @Test func whatNoDiscHoldsIsRefused() throws {
        #expect(throws: AudioFileError.self) { try layout([10, 3.98], gaps: [0, 0]) }
        #expect(try layout([10, 4], gaps: [0, 0]).tracks.count == 2)
        #expect(throws: AudioFileError.self) { try layout(Array(repeating: 5, count: 100), gaps: Array(repeating: 0, count: 100)) }
        #expect(throws: AudioFileError.self) { try layout([4799, 10], gaps: [0, 0]) }
        #expect(throws: AudioFileError.self) { try layout([10], gaps: [0], channels: 6) }
    }

    /// A mark stands at the sector that holds the track's first frame, so no sound is lost; at most 1/75 s early.
    @Test func marksStandAtOrBeforeTheSound_atEveryRate() throws {
        for rate in [44_100, 48_000, 96_000] {
            let layout = try layout([5.003, 4.777, 6], gaps: [0.51, 0, 0], rate: rate)
            var at = 0.0
            for (index, track) in layout.tracks.enumerated() {
                #expect(Double(track.start) / 75 <= at + 1e-9 && Double(track.start) / 75 > at - 1.0 / 75, "\(rate) Hz, track \(index)")
                at += [5.003 + 0.51, 4.777, 6][index]
            }
            #expect(Double(layout.tracks[1].pause!) / 75 >= 5.003 && layout.tracks[2].pause == nil)
        }
    }
}
