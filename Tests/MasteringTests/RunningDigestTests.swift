import AudioFiles
import DSP
import Testing
@testable import Mastering

@Suite struct RunningDigestTests {
    /// `Digest.file`, which reads the finished file, is the reference; it is held against `sha256sum` elsewhere.
    @Test(arguments: [
        // Frames in one buffer of the writer, in many, and a last byte that is filled up.
        (OutputFormat.SampleBits.int24, 2, 1000), (.int24, 2, 200_000), (.int24, 1, 99_999), (.int16, 2, 70_001),
    ])
    func aWAVIsHashedAsItIsWritten(_ bits: OutputFormat.SampleBits, channels: Int, frames: Int) throws {
        let (running, read) = try digests(OutputFormat(container: .wav, bits: bits, sampleRate: 44_100, channels: channels), frames: frames)
        #expect(running == read)
    }

    /// A header that holds more than lengths, a container of another form, fewer frames than were announced.
    @Test func whatCannotBeForeseenIsLeftToReading() throws {
        let wav = OutputFormat(container: .wav, bits: .int24, sampleRate: 44_100, channels: 2)
        let flac = OutputFormat(container: .flac, bits: .int24, sampleRate: 44_100, channels: 2)
        #expect(try digests(wav, frames: 50_000, broadcast: BroadcastExtension()).running == nil)
        #expect(try digests(flac, frames: 50_000).running == nil)
        #expect(try digests(wav, frames: 50_000, announced: 60_000).running == nil)
    }

    private func digests(
        _ format: OutputFormat, frames: Int, announced: Int? = nil, broadcast: BroadcastExtension? = nil
    ) throws -> (running: String?, read: String) {
        let folder = try Folder(), path = folder["out"]
        let out = try AtomicOutput(target: path, force: false, inputs: [])
        defer { out.abandon() }
        let digest = RunningDigest(
            dataBytes: Int64(announced ?? frames) * (format.bytesPerFrame ?? 0), tailBytes: AudioWriter.tailBytes(["software": "a test"]))
        let writer = try AudioWriter(
            fileDescriptor: out.fileDescriptor, path: path, format: format, tags: ["software": "a test", "title": "Tönе"],
            expectedFrames: Int64(announced ?? frames), broadcast: broadcast, observer: { digest.take($0, at: $1) })
        let sound = mix(seconds: Double(frames) / 44_100 + 0.01, rate: 44_100, level: 0.5)
        try writer.write(AudioBlock(base: sound.block.base, channels: format.channels, stride: sound.block.stride, capacity: sound.block.capacity), frames: frames)
        var loudness = BroadcastExtension.Loudness()
        loudness.integrated = -14
        try writer.finish(loudness: loudness)
        return (digest.end(out.fileDescriptor), try Digest.file(out.fileDescriptor, path: path))
    }
}
