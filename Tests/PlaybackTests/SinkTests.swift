import DSP
import Foundation
import Mastering
@testable import Playback
import Testing

@Suite struct SinkTests {
    @Test func clock_takesAsLongAsTheSound() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 14_400, channels: 2), sampleRate: 48_000)
        let player = Player(options: PlaybackOptions(sink: .null))
        try player.load(path: file, parameters: .busy)
        let start = monotonicNanoseconds()
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        // 0.3 s of sound, less nothing: the end is told when the last frame was heard.
        #expect(monotonicNanoseconds() - start >= 299_000_000)
        let snapshot = player.snapshot()
        #expect(snapshot.frame == 14_400)
        #expect(snapshot.sink == .clock)
        #expect(!snapshot.hasSound)
        #expect(!snapshot.playing)
    }

    @Test func missingDevice_isReplacedByAClock_withTheReason() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 4800, channels: 2), sampleRate: 48_000)
        let player = Player(options: PlaybackOptions(sink: .alsa(device: "no_such_device")))
        try player.load(path: file, parameters: .busy)
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        let snapshot = player.snapshot()
        #expect(snapshot.sink == .standIn)
        #expect(snapshot.sinkDescription == "no sound: there is no sound device no_such_device (aplay -L lists them), running on a clock")
        // What ALSA said went into the log.
        #expect(player.log().contains { $0.contains("no_such_device") })
    }

    @Test func missingDevice_withoutStandIn_stopsAtOnce() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 480_000, channels: 2), sampleRate: 48_000)
        var options = PlaybackOptions(sink: .alsa(device: "no_such_device"))
        options.standIn = false
        let player = Player(options: options)
        try player.load(path: file, parameters: .busy)
        player.play()
        #expect(player.wait(seconds: deadline) { !$0.playing })
        #expect(player.snapshot().sink == .refused)
        #expect(player.snapshot().frame == 0)
    }

    /// The `file` plug-in on a full disk fails in the middle of playing, as an unplugged device does.
    @Test func deviceThatFailsWhilePlaying_isReplacedByAClock_andPlayingGoesOn() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 48_000, channels: 2), sampleRate: 48_000)
        let player = Player(options: PlaybackOptions(sink: .alsa(device: "lathe_capture:/dev/full")))
        try player.load(path: file, parameters: .busy)
        player.play()
        #expect(player.wait(seconds: deadline) { $0.sink == .standIn })
        #expect(player.snapshot().sinkDescription.contains("the sound device failed"))
        #expect(player.wait(seconds: deadline) { $0.ended })
    }

    @Test func refusals_haveReasonsForPeople() {
        #expect(DeviceRefusal(code: EBUSY).reason == "the sound device is in use by another program")
        #expect(DeviceRefusal(code: ENODEV).reason == "the sound device is gone")
        #expect(DeviceRefusal(code: EACCES).reason.contains("audio group"))
    }

    @Test func closedPipe_stopsPlaying_withoutASignal() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 480_000, channels: 2), sampleRate: 48_000)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        close(ends[0])
        let player = Player(options: PlaybackOptions(sink: .stream(fileDescriptor: ends[1], format: .float32LE)))
        try player.load(path: file, parameters: .busy)
        player.play()
        #expect(player.wait(seconds: deadline) { !$0.playing })
        #expect(player.snapshot().sink == .streamFailed)
        #expect(player.snapshot().sinkProblem == "its reader went away")
        player.shutdown()
        close(ends[1])
    }

    @Test func shutdownWhilePlaying_fadesOut_andReturns() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 480_000, channels: 2), sampleRate: 48_000)
        for _ in 0..<20 {
            let player = Player(options: PlaybackOptions(sink: .null))
            try player.load(path: file, parameters: .busy)
            player.play()
            #expect(player.wait(seconds: deadline) { $0.frame > 0 })
            player.shutdown()
            #expect(!player.snapshot().loaded)
        }
    }

    @Test func shutdown_returnsThoughTheStreamsReaderHasStalled() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 480_000, channels: 2), sampleRate: 48_000)
        let pipe = try SteppedPipe()
        let player = Player(options: PlaybackOptions(sink: .stream(fileDescriptor: pipe.writeEnd, format: .float32LE)))
        try player.load(path: file, parameters: .busy)
        player.play()
        _ = pipe.read(bytes: 8)
        player.shutdown()
        _ = pipe.closeAndCollect()
    }

    @Test(arguments: [(SampleEncoding.int32, 0.5, [0, 0, 0, 0x40]), (.int24Packed, -1, [0, 0, 0x80]), (.int24In32, 0.25, [0, 0, 0x20, 0]),
                      (.float32, 1, [0, 0, 0x80, 0x3F]), (.int32, 1, [0xFF, 0xFF, 0xFF, 0x7F])] as [(SampleEncoding, Double, [UInt8])])
    func encodings_areLittleEndianTwosComplement(encoding: SampleEncoding, value: Double, bytes: [UInt8]) {
        let buffer = AudioBuffer(channels: 1, frames: 1)
        buffer.block[0][0] = value
        var out = [UInt8](repeating: 0, count: 8)
        out.withUnsafeMutableBytes { encoding.encode(buffer.block, frames: 1, firstFrame: 0, to: $0.baseAddress!) }
        #expect(Array(out.prefix(bytes.count)) == bytes)
    }

    /// TPDF dither of 2 LSB peak to peak leaves an error of mean 0 and variance 1/4 LSB² (Lipshitz, Wannamaker, Vanderkooy 1992).
    @Test func sixteenBits_areDithered() {
        let frames = 4096
        var sum = 0.0, squares = 0.0
        let buffer = AudioBuffer(channels: 1, frames: frames)
        var out = [Int16](repeating: 0, count: frames)
        for block in 0..<16 {
            for i in 0..<frames { buffer.block[0][i] = 0.3 / 32768 }
            out.withUnsafeMutableBytes { SampleEncoding.int16.encode(buffer.block, frames: frames, firstFrame: block * frames, to: $0.baseAddress!) }
            for value in out {
                let error = Double(value) - 0.3
                sum += error
                squares += error * error
            }
        }
        let count = Double(16 * frames)
        #expect(abs(sum / count) < 0.01)
        #expect(abs(squares / count - 0.25) < 0.01)
    }

    /// The device's folder appears only while the clock plays: at the next try the sound goes there.
    @Test func deviceThatComesBack_isUsedAgain() throws {
        let scene = try Scene()
        let file = try scene.wav(.test(frames: 480_000, channels: 2), sampleRate: 48_000)
        var options = PlaybackOptions(sink: .alsa(device: "lathe_capture:\(scene.path("later/out.raw"))"))
        options.retrySeconds = nil
        let player = Player(options: options)
        try player.load(path: file, parameters: .busy)
        player.play()
        #expect(player.wait(seconds: deadline) { $0.sink == .standIn })
        try FileManager.default.createDirectory(atPath: scene.path("later"), withIntermediateDirectories: true)
        player.retryDevice()
        #expect(player.wait(seconds: deadline) { $0.sink == .device })
        #expect(player.wait(seconds: deadline) { $0.ended })
        #expect(player.snapshot().hasSound)
        player.shutdown()
        #expect(FileManager.default.fileExists(atPath: scene.path("later/out.raw")))
    }
}
