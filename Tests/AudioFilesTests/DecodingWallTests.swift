@testable import AudioFiles
import DSP
import Foundation
import TestSupport
import Testing

/// Readers whose decoders are processes of their own. The keeper is the tests' second program, whose decoders a file can tell to do harm.
@Suite(.serialized) struct DecodingWallTests {
    private let folder: AudioFilesTests.Folder
    private let wall: DecodingWall

    init() throws {
        folder = try AudioFilesTests.Folder()
        wall = try #require(Self.raised(patience: 20))
    }

    private static func raised(patience: Int) -> DecodingWall? {
        guard case .apart(let wall) = DecodingWall.raise(program: ChildProcess.probePath, patience: patience) else { return nil }
        return wall
    }

    /// The processes that `process` has started and that have not ended.
    private func descendants(of process: Int32) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").flatMap { thread in
            try String(contentsOfFile: "/proc/\(process)/task/\(thread)/children", encoding: .utf8).split(separator: " ").compactMap { Int32($0) }
        }
    }

    /// A process that is gone has none.
    private func isWithoutChildren(_ process: Int32) -> Bool { (try? descendants(of: process))?.isEmpty ?? true }

    /// Gone, or only waiting to be taken away by whoever inherited it.
    private func isGone(_ process: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return true }
        // proc(5): the state is the first field behind the name in brackets.
        return text.split(separator: ")").last?.split(separator: " ").first == "Z"
    }

    private func opening(_ name: String) throws -> AudioFileError? {
        do {
            _ = try AudioReader(path: folder[name], in: .apart(wall))
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        (OutputFormat.Container.wav, OutputFormat.SampleBits.int24), (.wav, .int16), (.wav, .float32), (.flac, .int16), (.aiff, .int16), (.caf, .float32),
        (.ogg, .int16), (.opus, .int16), (.mp3, .int16),
    ])
    func whatComesThroughIsWhatAReaderHereGives(_ format: (container: OutputFormat.Container, bits: OutputFormat.SampleBits)) throws {
        let path = try write(.tones(channels: 2, frames: 50_000), to: folder["a"], format.container, format.bits, tags: ["title": "Tönе", "isrc": "GBAYE6700001"])
        let here = try AudioReader(path: path, in: .thisProcess), apart = try AudioReader(path: path, in: .apart(wall))
        #expect(apart.info == here.info)
        #expect(try readAll(apart) == readAll(here))
        for place: Int64 in [40_000, 100, 30_011, 30_011, 0, 1 << 40] {
            try here.seek(to: place)
            try apart.seek(to: place)
            #expect(apart.position == here.position)
            #expect(try readAll(apart, size: 777) == readAll(here))
        }
    }

    @Test func chunksComeThroughAtAnyMoment() throws {
        var chunk = BroadcastExtension()
        chunk.description = "said"
        let output = try AtomicOutput(target: folder["a.wav"], force: false, inputs: [])
        let format = OutputFormat(container: .wav, bits: .int16, sampleRate: 48_000, channels: 1)
        let writer = try AudioWriter(fileDescriptor: output.fileDescriptor, path: folder["a.wav"], format: format, tags: [:], broadcast: chunk)
        let sound = Sound.tones(channels: 1, frames: 60_000)
        try sound.withBlock { try writer.write($0, frames: sound.frames) }
        try writer.finish()
        let reader = try AudioReader(path: output.commit(), in: .apart(wall))
        #expect(try reader.broadcast?.description == "said" && reader.cart == nil)
        let start = try Sound.tones(channels: 1, frames: 1000).withBlock { (block) throws -> [Double] in
            #expect(try reader.read(into: block, frames: 1000) == 1000)
            return Array(UnsafeBufferPointer(start: block[0], count: 1000))
        }
        #expect(try reader.broadcast?.description == "said")
        #expect(try start + readAll(reader).rows[0] == sound.rows[0])
    }

    @Test func refusalsAreTheSameOnBothSides() throws {
        _ = try folder.write("empty.wav", [])
        _ = try folder.write("text.wav", Array("no sound at all, only words".utf8))
        _ = try folder.write("cut.wav", WaveBytes.file(data: [0, 0], claimedData: 4000))
        _ = try folder.write("wide.wav", WaveBytes.file(data: [UInt8](repeating: 0, count: 80), channels: 40))
        _ = try folder.write("slow.wav", WaveBytes.file(data: [0, 0], rate: 4000))
        for name in try folder.names() + ["absent.wav"] {
            let error = try #require(try opening(name), "\(name)")
            #expect(failure(folder[name]) == error)
        }
    }

    /// Plain samples are read on this side, without the decoder that read their header.
    @Test(arguments: [OutputFormat.SampleBits.int16, .int24, .float32])
    func aFileThatShrinksWhileItIsReadIsTruncated(bits: OutputFormat.SampleBits) throws {
        let frames = 200_000, width = bits == .int16 ? 2 : bits == .int24 ? 3 : 4
        let path = try write(.tones(channels: 2, frames: frames), to: folder["shrinks.wav"], .wav, bits)
        let reader = try AudioReader(path: path, in: .apart(wall))
        let buffer = AudioBuffer(channels: 2, frames: frames)
        #expect(try reader.read(into: buffer.block, frames: 1000) == 1000)
        // The head in front of the sound is some ten frames long.
        #expect(truncate(path, off_t(150_000 * 2 * width)) == 0)
        do {
            _ = try reader.read(into: buffer.block, frames: frames)
            Issue.record("read to the end")
        } catch AudioFileError.truncated(let named, let seconds) {
            let at = try #require(seconds)
            #expect(named == path && (at * 48_000 - 150_000).magnitude < 60)
        }
    }

    @Test func aSampleThatIsNoNumberIsFoundOnThisSide() throws {
        let path = try folder.write("nan.wav", Array("nan\0\0\0\0\0".utf8))
        let reader = try AudioReader(path: path, in: .apart(wall))
        #expect(throws: AudioFileError.notFinite(path: path, seconds: 2.0 / 44_100)) { try readAll(reader) }
    }

    @Test(arguments: [
        ("crash", DecoderEnd.crashed), ("wide", .nonsense), ("fast", .nonsense), ("long", .nonsense), ("minus", .nonsense), ("tags", .nonsense), ("word", .nonsense),
        ("twice", .nonsense), ("beyond", .nonsense), ("fewer", .nonsense),
    ])
    func aDecoderThatBreaksDownIsNamedWithItsFileAndIsGone(_ harm: (word: String, end: DecoderEnd)) async throws {
        let path = try folder.write("a.wav", Array((harm.word + "\0\0\0\0\0\0\0").utf8))
        #expect(try opening("a.wav") == .decoderBrokeDown(path: path, end: harm.end))
        #expect(await comesTrue { isWithoutChildren(wall.keeperID) })
        // And the next file has a decoder.
        let good = try write(.tones(channels: 1, frames: 100), to: folder["good.wav"], .wav)
        #expect(try AudioReader(path: good, in: .apart(wall)).info.claimedFrames == 100)
    }

    @Test(arguments: ["more", "less"])
    func countsThatCannotBeSizeNothing(word: String) throws {
        let path = try folder.write("a.wav", Array((word + "\0\0\0\0\0\0\0").utf8))
        let reader = try AudioReader(path: path, in: .apart(wall))
        #expect(throws: AudioFileError.decoderBrokeDown(path: path, end: .nonsense)) { try readAll(reader) }
    }

    @Test(arguments: ["stall", "spin"])
    func aDecoderThatDoesNotAnswerIsEnded(word: String) async throws {
        let path = try folder.write("a.wav", Array((word + "\0\0\0\0\0\0\0").utf8))
        let impatient = try #require(Self.raised(patience: 1))
        #expect(throws: AudioFileError.decoderBrokeDown(path: path, end: .stuck)) { try AudioReader(path: path, in: .apart(impatient)) }
        #expect(await comesTrue { isWithoutChildren(impatient.keeperID) })
    }

    @Test func aDecoderHasOnlyItsShareOfMemory() throws {
        let path = try folder.write("a.wav", Array("eat\0\0\0\0\0".utf8))
        let megabytes = try #require(try AudioReader(path: path, in: .apart(wall)).info.claimedFrames)
        #expect((16...96).contains(megabytes))
    }

    @Test func aDecoderCanNeitherOpenNorMakeNorReachNorStartAnything() throws {
        let path = try folder.write("a.wav", Array("reach\0\0\0".utf8))
        // One bit for each of fifteen attempts that succeeded.
        #expect(try AudioReader(path: path, in: .apart(wall)).info.claimedFrames == 0)
    }

    @Test(arguments: [SIGKILL, SIGSEGV, SIGSTOP])
    func aDecoderThatIsStruckDownLeavesATypedError(_ signal: Int32) async throws {
        let wall = try #require(Self.raised(patience: 1))
        let path = try write(.tones(channels: 2, frames: 200_000), to: folder["a.flac"], .flac)
        let reader = try AudioReader(path: path, in: .apart(wall))
        let decoder = try #require(try descendants(of: wall.keeperID).first)
        #expect(kill(decoder, signal) == 0)
        #expect(throws: AudioFileError.decoderBrokeDown(path: path, end: signal == SIGSTOP ? .stuck : .crashed)) { try readAll(reader) }
        withExtendedLifetime(reader) {}
    }

    @Test func withTheKeeperGoneFilesAreRefused() async throws {
        let path = try write(.tones(channels: 1, frames: 100), to: folder["a.flac"], .flac)
        let reader = try AudioReader(path: path, in: .apart(wall))
        let decoder = try #require(try descendants(of: wall.keeperID).first)
        #expect(kill(wall.keeperID, SIGKILL) == 0)
        #expect(await comesTrue { isGone(decoder) })
        #expect(throws: AudioFileError.decoderBrokeDown(path: path, end: .crashed)) { try readAll(reader) }
        #expect { try AudioReader(path: path, in: .apart(wall)) } throws: { ($0 as? AudioFileError)?.exitCode == 75 }
        #expect { try AudioReader(path: path, in: .nowhere(code: EPERM)) } throws: { ($0 as? AudioFileError)?.exitCode == 75 }
    }

    @Test func nothingIsLeftWhenTheWallComesDown() async throws {
        let path = try write(.tones(channels: 1, frames: 100), to: folder["a.wav"], .wav)
        let reader = try AudioReader(path: path, in: .apart(wall))
        let all = try [wall.keeperID] + descendants(of: wall.keeperID)
        #expect(all.count == 2)
        wall.lower()
        #expect(kill(all[0], 0) != 0 && errno == ESRCH)
        #expect(await comesTrue { isGone(all[1]) })
        withExtendedLifetime(reader) {}
    }

    @Test func nothingIsLeftWhenTheProgramIsKilled() async throws {
        let path = try write(.tones(channels: 1, frames: 100), to: folder["a.wav"], .wav)
        let program = try ChildProcess(probe: "read", path)
        _ = try await program.lines(until: "reading")
        let keeper = try #require(try descendants(of: program.id).first)
        let all = try [keeper] + descendants(of: keeper)
        #expect(all.count == 2)
        program.kill()
        #expect(await comesTrue { all.allSatisfy(isGone) })
    }

    @Test func manyFilesAtOnceHaveEachTheirOwnDecoder() async throws {
        let paths = try (0..<12).map { try write(.tones(channels: 1, frames: 20_000 + $0), to: folder["\($0).flac"], .flac) }
        let frames = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for (index, path) in paths.enumerated() {
                group.addTask { [wall] in (index, try readAll(AudioReader(path: path, in: .apart(wall))).frames) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for index in paths.indices { #expect(frames[index] == 20_000 + index) }
    }
}
