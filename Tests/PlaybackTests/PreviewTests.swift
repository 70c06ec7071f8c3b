import AudioFiles
import Foundation
import Mastering
@testable import Playback
import Testing

@Suite struct PreviewTests {
    /// The render's own 32-bit float file.
    private func rendered(_ file: String, _ preset: Preset, in scene: Scene) throws -> Data {
        let output = scene.path("master.wav")
        let descriptor = open(output, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        let request = MasterRequest(input: file, output: output, preset: preset, container: .wav, force: false)
        _ = try Master.render(request, fileDescriptor: descriptor, progress: { _, _ in }, isCancelled: { false })
        let data = try Data(contentsOf: URL(fileURLWithPath: output))
        let at = try #require(data.range(of: Data("data".utf8)))
        return data[(at.upperBound + 4)...]
    }

    private func preset() -> Preset {
        var preset = Preset()
        preset.output.bits = .float32
        preset.compressor.on = true
        preset.target.lufs = -12
        return preset
    }

    @Test func previewOfAWholeFile_isTheRenderedFileBitForBit() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 150_001, channels: 2), sampleRate: 44_100)
        var request = PreviewRequest(path: file, preset: preset())
        request.sink = .alsa(device: "lathe_capture:\(scene.path("out.raw"))")
        let result = try Preview.run(request)
        #expect(abs(result.seconds - 150_001.0 / 44_100) < 1e-9)
        #expect(result.hasSound)
        let heard = try Data(contentsOf: URL(fileURLWithPath: scene.path("out.raw")))
        #expect(heard == (try rendered(file, preset(), in: scene)).prefix(heard.count))
        #expect(heard.count == 150_001 * 8)
    }

    @Test func previewFromTheMiddle_isTheRenderFromTheFadeOn() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 150_000, channels: 2), sampleRate: 44_100)
        var request = PreviewRequest(path: file, preset: preset())
        request.sink = .alsa(device: "lathe_capture:\(scene.path("out.raw"))")
        request.startSeconds = 1.25
        request.seconds = 1
        let result = try Preview.run(request)
        #expect(abs(result.seconds - 1) < 1e-4)
        let heard = try scene.captured("out.raw", channels: 2)
        let render = Scene.sound(raw: try rendered(file, preset(), in: scene), channels: 2)
        #expect(heard.frames == 44_100)
        let start = 55_125, fade = 352
        let same = (fade..<44_100 - fade).allSatisfy { heard.rows[0][$0] == render.rows[0][start + $0] && heard.rows[1][$0] == render.rows[1][start + $0] }
        #expect(same)
    }

    @Test func streamOfTheOriginal_isTheFile() throws {
        let scene = try Scene()
        let sound = Sound.test(frames: 5000, channels: 2)
        let file = try scene.wav(sound, sampleRate: 48_000)
        let descriptor = open(scene.path("stream.raw"), O_WRONLY | O_CREAT, 0o600)
        var request = PreviewRequest(path: file)
        request.sink = .stream(fileDescriptor: descriptor, format: .float32LE)
        request.voice = .original
        _ = try Preview.run(request)
        close(descriptor)
        #expect(try scene.captured("stream.raw", channels: 2).firstDifference(from: sound) == nil)
    }

    @Test func namedDeviceThatIsMissing_isAnErrorThatSaysWhatToDo() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 5000, channels: 2), sampleRate: 48_000)
        var request = PreviewRequest(path: file)
        request.sink = .alsa(device: "no_such\u{1B}device")
        #expect(try !Preview.run(request).hasSound, "a clock stands in")
        request.standIn = false
        let error = #expect(throws: PlaybackError.self) { try Preview.run(request) }
        #expect(error?.message.contains("--sink null") == true)
        #expect(error?.message.contains("\u{1B}") == false)
        #expect(error?.exitCode == 74)
    }

    @Test func cancelled_whilePlaying_endsWithTheFade() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 480_000, channels: 2), sampleRate: 48_000)
        var request = PreviewRequest(path: file)
        request.sink = .null
        var polls = 0
        #expect(throws: CancellationError.self) {
            try Preview.run(request, isCancelled: {
                polls += 1
                return polls > 2
            })
        }
    }

    @Test func missingFile_isTheFilesError() {
        #expect(throws: AudioFileError.self) { try Preview.run(PreviewRequest(path: "/nonexistent.wav")) }
    }
}
