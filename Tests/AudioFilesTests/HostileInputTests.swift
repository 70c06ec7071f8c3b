import AudioFiles
import DSP
import Foundation
import Testing

@Suite struct HostileInputTests {
    @Test func namesThatAreNoFilesAreRefusedAtOnce() throws {
        let folder = try Folder()
        #expect(failure(folder["missing.wav"]) == .notFound(path: folder["missing.wav"]))
        #expect(failure(folder.path) == .notAFile(path: folder.path, kind: "a folder"))
        // Opening a pipe that nobody writes to would wait for ever.
        #expect(mkfifo(folder["pipe.wav"], 0o600) == 0)
        #expect(failure(folder["pipe.wav"]) == .notAFile(path: folder["pipe.wav"], kind: "a pipe"))
        try FileManager.default.createSymbolicLink(atPath: folder["device.wav"], withDestinationPath: "/dev/zero")
        #expect(failure(folder["device.wav"]) == .notAFile(path: folder["device.wav"], kind: "a device"))
        try FileManager.default.createSymbolicLink(atPath: folder["dangling.wav"], withDestinationPath: "nowhere")
        #expect(failure(folder["dangling.wav"]) == .notFound(path: folder["dangling.wav"]))
        try FileManager.default.createSymbolicLink(atPath: folder["loop.wav"], withDestinationPath: "loop.wav")
        guard case .unreadable? = failure(folder["loop.wav"]) else { throw Complaint("\(String(describing: failure(folder["loop.wav"])))") }
    }

    @Test func fileWithoutReadPermissionIsUnreadable() throws {
        let folder = try Folder()
        let path = try folder.write("secret.wav", WaveBytes.file(data: [0, 0]))
        #expect(chmod(path, 0) == 0)
        // Root may read everything, so this thread alone takes another identity for file access (setfsuid(2)).
        typealias SetFileUser = @convention(c) (UInt32) -> Int32
        let setFileUser = unsafeBitCast(try #require(dlsym(nil, "setfsuid")), to: SetFileUser.self)
        if geteuid() == 0 { _ = setFileUser(65_534) }
        let error = failure(path)
        if geteuid() == 0 { _ = setFileUser(0) }
        #expect(error == .unreadable(path: path, reason: "Permission denied") && error?.exitCode == 66)
    }

    @Test func linkToAFileIsFollowed() throws {
        let folder = try Folder()
        let path = try folder.write("a.wav", WaveBytes.file(data: [1, 0]))
        try FileManager.default.createSymbolicLink(atPath: folder["link.wav"], withDestinationPath: path)
        #expect(failure(folder["link.wav"]) == nil)
    }

    @Test func whatIsNotAudioIsRefused() throws {
        let folder = try Folder()
        var noise: UInt64 = 1
        let random = (0..<100_000).map { _ in
            noise = noise &* 6_364_136_223_846_793_005 &+ 1
            return UInt8(truncatingIfNeeded: noise >> 33)
        }
        let cases: [(String, [UInt8], AudioFileError)] = [
            ("empty.wav", [], .empty(path: folder["empty.wav"])),
            ("text.wav", Array("Dear reader, this is no sound but a letter.".utf8), .notAudio(path: folder["text.wav"])),
            ("random.wav", random, .notAudio(path: folder["random.wav"])),
            ("head.wav", Array(WaveBytes.file(data: []).prefix(20)), .notAudio(path: folder["head.wav"])),
            ("rifftext.wav", Array("RIFF....WAVE and then a letter, nothing else".utf8), .notAudio(path: folder["rifftext.wav"])),
            ("silent.wav", WaveBytes.file(data: []), .empty(path: folder["silent.wav"])),
            // A format that libsndfile parses and Lathe does not pass on: Creative Voice.
            ("old.wav", Array("Creative Voice File\u{1A}".utf8) + random, .notAudio(path: folder["old.wav"])),
        ]
        for (name, content, expected) in cases {
            #expect(failure(try folder.write(name, content)) == expected)
            #expect(expected.exitCode == 65)
        }
    }

    @Test(arguments: [(0, 44_100), (33, 44_100), (2, 0), (2, 4000), (2, 4_000_000)])
    func channelsAndRatesOutsideTheLimitsAreRefused(channels: Int, rate: Int) throws {
        let folder = try Folder()
        let data = [UInt8](repeating: 0, count: 33 * 2 * 100)
        let path = try folder.write("a.wav", WaveBytes.file(data: data, channels: channels, rate: rate))
        switch failure(path) {
        case .unsupported, .notAudio: break
        default: Issue.record("\(channels) channels at \(rate) Hz: \(String(describing: failure(path)))")
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity, .signalingNaN])
    func sampleThatIsNoNumberIsNamedByItsTime(bad: Float) throws {
        let folder = try Folder()
        var samples = [Float](repeating: 0.25, count: 88_200)
        samples[66_150 + 1] = bad
        let data = samples.flatMap { WaveBytes.little(Int($0.bitPattern), 4) }
        let path = try folder.write("a.wav", WaveBytes.file(data: data, channels: 2, bits: 32, format: 3))
        #expect(failure(path) == .notFinite(path: path, seconds: Double(33_075) / 44_100))
        #expect(failure(path)?.message.contains("0:00.750") == true)
    }

    @Test func doublesThatNoFloatHoldsCountAsInfinite() throws {
        let folder = try Folder()
        let data = [0.5, 1e300].flatMap { WaveBytes.little(Int(bitPattern: UInt(truncatingIfNeeded: $0.bitPattern)), 8) }
        let path = try folder.write("a.wav", WaveBytes.file(data: data, bits: 64, format: 3))
        #expect(failure(path) == .notFinite(path: path, seconds: 1.0 / 44_100))
    }

    private static let containers: [OutputFormat.Container] = [.wav, .aiff, .caf, .flac, .ogg, .opus, .mp3]

    @Test(arguments: containers)
    func cutFileIsTruncated_atTheTimeOfTheCut(container: OutputFormat.Container) throws {
        let folder = try Folder()
        let whole = try bytes(write(.tones(channels: 2, frames: 192_000), to: folder["whole"], container))
        let path = try folder.write("half", Array(whole.prefix(whole.count / 2)))
        guard case .truncated(_, let seconds)? = failure(path) else { throw Complaint("\(String(describing: failure(path)))") }
        // Half of four seconds; Ogg tells it to the last page, and CAF's parser gives up before it knows the rate.
        if let seconds { #expect(seconds <= 2.3 && seconds >= (container == .ogg || container == .opus ? 0 : 1.7)) }
        #expect(seconds != nil || container == .caf)
        #expect(failure(path)?.exitCode == 65)
    }

    @Test(arguments: containers.filter { $0 != .mp3 })
    func oneMissingByteIsTruncation(container: OutputFormat.Container) throws {
        let folder = try Folder()
        let whole = try bytes(write(.tones(channels: 1, frames: 96_000), to: folder["whole"], container))
        let path = try folder.write("short", Array(whole.dropLast()))
        guard case .truncated? = failure(path) else { throw Complaint("\(container): \(String(describing: failure(path)))") }
    }

    @Test(arguments: [0, 0x7FFF_F000, 0x7FFF_FFFF, 0xFFFF_FFFF])
    func lengthThatAPipeCouldNotKnowIsNoTruncation(claimed: Int) throws {
        let folder = try Folder()
        let data = (0..<2000).flatMap { WaveBytes.little($0, 2) }
        let path = try folder.write("a.wav", WaveBytes.file(data: data, claimedData: claimed))
        #expect(try readAll(path).rows[0].count == 2000)
    }

    @Test(arguments: [OutputFormat.Container.flac, .ogg, .mp3])
    func damageInTheMiddleIsReported(container: OutputFormat.Container) throws {
        let folder = try Folder()
        var file = try bytes(write(.tones(channels: 2, frames: 192_000), to: folder["whole"], container))
        for i in (file.count / 2)..<(file.count / 2 + 3000) { file[i] = 0 }
        let path = try folder.write("damaged", file)
        guard case .damaged(_, let seconds)? = failure(path) else { throw Complaint("\(String(describing: failure(path)))") }
        #expect(seconds < 2.5)
    }

    /// RFC 3533 §4: streams one behind the other make one file. A decoder that plays only the first would lose the rest without a word.
    @Test(arguments: [OutputFormat.Container.ogg, .opus])
    func aChainOfRecordingsIsRefused(container: OutputFormat.Container) throws {
        let folder = try Folder()
        let one = try bytes(write(.tones(channels: 1, frames: 48_000), to: folder["one"], container))
        let path = try folder.write("both", one + one)
        #expect(failure(path) == .unsupported(path: path, detail: "holds several recordings one behind the other"))
        // Bytes behind the end that begin no recording are left alone, as before.
        #expect(try readAll(folder.write("tagged", one + Array("TAG and some text".utf8))).rows[0].count > 40_000)
    }

    /// STREAMINFO (RFC 9639 §8.2) starts at byte 8; its 36-bit count of samples ends in bytes 13…17.
    private func flac(claiming frames: UInt64, _ folder: Folder) throws -> String {
        var file = try bytes(write(.tones(channels: 2, frames: 48_000), to: folder["whole.flac"], .flac))
        file[21] = file[21] & 0xF0 | UInt8(frames >> 32)
        for i in 0..<4 { file[22 + i] = UInt8(truncatingIfNeeded: frames >> (24 - 8 * UInt64(i))) }
        return try folder.write("claim.flac", file)
    }

    @Test func flacThatDoesNotKnowItsLengthIsReadToItsEnd() throws {
        // libsndfile reports such a file as 2⁶³−1 frames.
        let folder = try Folder()
        let path = try flac(claiming: 0, folder)
        let reader = try AudioReader(path: path)
        #expect(reader.info.claimedFrames == nil)
        #expect(try readAll(reader) == .tones(channels: 2, frames: 48_000))
        try reader.seek(to: 20_000)
        #expect(try readAll(reader).frames == 28_000)
    }

    @Test func flacThatClaimsWeeksIsCutWhereItsSoundEnds() throws {
        let folder = try Folder()
        let path = try flac(claiming: (1 << 36) - 1, folder)
        #expect(failure(path) == .truncated(path: path, seconds: 1))
    }

    @Test func everyMessageIsOneLineThatCannotSteerATerminal() {
        let path = "evil\n\u{1B}]0;x\u{7}\u{202E}\u{9B}name.wav"
        let all: [AudioFileError] = [
            .notFound(path: path), .unreadable(path: path, reason: "r"), .notAFile(path: path, kind: "a pipe"), .empty(path: path),
            .notAudio(path: path), .unsupported(path: path, detail: "has \u{1B}"), .truncated(path: path, seconds: 61.25),
            .truncated(path: path, seconds: nil), .damaged(path: path, seconds: .nan), .notFinite(path: path, seconds: -1),
            .readFailed(path: path, reason: "r"), .unsupportedOutput(path: path, detail: "d"), .outputIsInput(path: path),
            .outputExists(path: path), .missingFolder(path: path, folder: path), .outputNotAFile(path: path, kind: "a folder"),
            .cannotCreate(path: path, reason: "r"), .tooLong(path: path, detail: "d"), .diskFull(path: path), .writeFailed(path: path, reason: "r"),
            .tooShort(path: path),
        ]
        for error in all {
            #expect(error.message.contains("evil\\n\\u{1B}]0;x\\u{7}\\u{202E}\\u{9B}name.wav: "))
            #expect(!error.message.unicodeScalars.contains { $0.value < 32 || (127..<160).contains($0.value) || $0.value == 0x202E })
            #expect([64, 65, 66, 73, 74].contains(error.exitCode))
        }
        #expect(all[6].message.contains("1:01.250"))
    }
}

/// What a test saw instead of what it claims.
struct Complaint: Error { init(_ text: String) { Issue.record(Comment(rawValue: text)) } }
