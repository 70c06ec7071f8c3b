import DSP
import Foundation
import Testing

@testable import AudioFiles

@Suite struct AtomicOutputTests {
    private func fill(_ output: AtomicOutput, _ text: String) {
        #expect(Foundation.write(output.fileDescriptor, text, text.utf8.count) == text.utf8.count)
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func refusal(_ target: String, force: Bool = false, inputs: [String] = []) -> AudioFileError? {
        do {
            _ = try AtomicOutput(target: target, force: force, inputs: inputs)
            return nil
        } catch {
            return error
        }
    }

    @Test func nothingShowsBeforeCommit_andAllAfter() throws {
        let folder = try Folder()
        let output = try AtomicOutput(target: folder["out.wav"], force: false, inputs: [])
        fill(output, "new")
        #expect(try folder.names() == (output.scratchPath == nil ? [] : [String(output.scratchPath!.split(separator: "/").last!)]))
        #expect(try output.commit().hasSuffix("/out.wav"))
        #expect(try folder.names() == ["out.wav"] && text(folder["out.wav"]) == "new")
    }

    @Test(arguments: [true, false])
    func abandonLeavesNothing_andTheOldFileAsItWas(unnamed: Bool) throws {
        let folder = try Folder()
        try "old".write(toFile: folder["out.wav"], atomically: false, encoding: .utf8)
        let output = try AtomicOutput(target: folder["out.wav"], force: true, inputs: [], scratchName: nil, unnamed: unnamed)
        fill(output, "half")
        output.abandon()
        #expect(try folder.names() == ["out.wav"] && text(folder["out.wav"]) == "old")
    }

    @Test(arguments: [true, false])
    func forgottenOutputLeavesNothing(unnamed: Bool) throws {
        let folder = try Folder()
        do {
            let output = try AtomicOutput(target: folder["out.wav"], force: false, inputs: [], scratchName: nil, unnamed: unnamed)
            fill(output, "half")
        }
        #expect(try folder.names() == [])
    }

    @Test func existingFileNeedsForce() throws {
        let folder = try Folder()
        try "old".write(toFile: folder["out.wav"], atomically: false, encoding: .utf8)
        #expect(refusal(folder["out.wav"]) == .outputExists(path: folder["out.wav"]))
        #expect(AudioFileError.outputExists(path: "x").exitCode == 73)
        #expect(chmod(folder["out.wav"], 0o640) == 0)
        let output = try AtomicOutput(target: folder["out.wav"], force: true, inputs: [])
        fill(output, "new")
        _ = try output.commit()
        #expect(try text(folder["out.wav"]) == "new" && folder.names() == ["out.wav"])
        let mode = try FileManager.default.attributesOfItem(atPath: folder["out.wav"])[.posixPermissions] as? Int
        #expect(mode == 0o640)
    }

    @Test(arguments: [true, false])
    func fileThatAppearedMeanwhileIsNotOverwritten(unnamed: Bool) throws {
        let folder = try Folder()
        let output = try AtomicOutput(target: folder["out.wav"], force: false, inputs: [], scratchName: nil, unnamed: unnamed)
        fill(output, "new")
        try "theirs".write(toFile: folder["out.wav"], atomically: false, encoding: .utf8)
        #expect(throws: AudioFileError.outputExists(path: folder["out.wav"])) { try output.commit() }
        output.abandon()
        #expect(try text(folder["out.wav"]) == "theirs" && folder.names() == ["out.wav"])
    }

    @Test func withoutUnnamedFilesAHiddenOneBesideTheTargetServes() throws {
        let folder = try Folder()
        try "old".write(toFile: folder["out.wav"], atomically: false, encoding: .utf8)
        for force in [true, false] {
            let target = folder[force ? "out.wav" : "second.wav"]
            let output = try AtomicOutput(target: target, force: force, inputs: [], scratchName: ".mine", unnamed: false)
            #expect(output.scratchPath == folder[".mine"])
            fill(output, "new")
            _ = try output.commit()
            #expect(try text(target) == "new")
        }
        #expect(try folder.names() == ["out.wav", "second.wav"])
    }

    @Test func inputIsNeverOverwritten_throughAnyName() throws {
        let folder = try Folder()
        let input = folder["in.wav"]
        try "mix".write(toFile: input, atomically: false, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: folder["soft.wav"], withDestinationPath: "in.wav")
        try FileManager.default.linkItem(atPath: input, toPath: folder["hard.wav"])
        for target in [input, folder["soft.wav"], folder["hard.wav"], folder.path + "/./in.wav"] {
            #expect(refusal(target, force: true, inputs: [folder["other.wav"], input]) == .outputIsInput(path: target))
        }
        #expect(refusal(input, force: true, inputs: [folder["soft.wav"]]) == .outputIsInput(path: input))
        #expect(try text(input) == "mix")
    }

    @Test func inputThatTookTheTargetsNameMeanwhileSurvives() throws {
        let folder = try Folder()
        try "mix".write(toFile: folder["in.wav"], atomically: false, encoding: .utf8)
        let output = try AtomicOutput(target: folder["out.wav"], force: true, inputs: [folder["in.wav"]])
        try FileManager.default.moveItem(atPath: folder["in.wav"], toPath: folder["out.wav"])
        #expect(throws: AudioFileError.self) { try output.commit() }
        #expect(try text(folder["out.wav"]) == "mix")
    }

    @Test func targetsThatAreNoFilesAreLeftAlone() throws {
        let folder = try Folder()
        #expect(mkfifo(folder["pipe"], 0o600) == 0)
        try FileManager.default.createDirectory(atPath: folder["dir"], withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: folder["dangling"], withDestinationPath: "nowhere")
        #expect(refusal(folder["pipe"], force: true) == .outputNotAFile(path: folder["pipe"], kind: "a pipe"))
        #expect(refusal(folder["dir"], force: true) == .outputNotAFile(path: folder["dir"], kind: "a folder"))
        #expect(refusal("/dev/null", force: true) == .outputNotAFile(path: "/dev/null", kind: "a device"))
        guard case .outputNotAFile? = refusal(folder["dangling"], force: true) else { throw Complaint("dangling link") }
        #expect(refusal(folder["no/out.wav"]) == .missingFolder(path: folder["no/out.wav"], folder: folder["no"]))
        guard case .cannotCreate? = refusal(folder["pipe/out.wav"]) else { throw Complaint("a pipe is no folder") }
        guard case .cannotCreate? = refusal(folder["dir/"]) else { throw Complaint("a folder's name") }
        guard case .cannotCreate? = refusal("") else { throw Complaint("no name") }
    }

    @Test func targetThatIsALinkStaysOne() throws {
        let folder = try Folder()
        try "old".write(toFile: folder["real.wav"], atomically: false, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: folder["link.wav"], withDestinationPath: "real.wav")
        let output = try AtomicOutput(target: folder["link.wav"], force: true, inputs: [])
        fill(output, "new")
        #expect(try output.commit().hasSuffix("real.wav"))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder["link.wav"]) == "real.wav")
        #expect(try text(folder["real.wav"]) == "new")
    }

    @Test(arguments: OutputFormat.Container.allCases)
    func fullDiskIsReported(container: OutputFormat.Container) throws {
        // Every write to /dev/full fails with ENOSPC (full(4)).
        let descriptor = open("/dev/full", O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let format = OutputFormat(container: container, bits: .int16, sampleRate: 48_000, channels: 2)
        #expect(throws: AudioFileError.diskFull(path: "out")) {
            let writer = try AudioWriter(fileDescriptor: descriptor, path: "out", format: format, tags: [:])
            try Sound.tones(channels: 2, frames: 48_000).withBlock { try writer.write($0, frames: 48_000) }
            try writer.finish()
        }
        #expect(AudioFileError.diskFull(path: "x").exitCode == 74)
    }

    @Test(arguments: [Double.nan, .infinity], [OutputFormat.SampleBits.int24, .float32])
    func sampleThatIsNoNumberNeverReachesAFile(bad: Double, bits: OutputFormat.SampleBits) throws {
        let folder = try Folder()
        #expect(throws: AudioFileError.notFinite(path: folder["a.wav"], seconds: 2.0 / 48_000)) {
            try write(Sound(rows: [[0, 0.5, bad]]), to: folder["a.wav"], .wav, bits)
        }
        #expect(try folder.names() == [])
    }
}
