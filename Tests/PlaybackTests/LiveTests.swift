import Foundation
import Mastering
@testable import Playback
import Testing

/// What a hand on the keys does while it plays.
@Suite struct LiveTests {
    @Test func parameterChange_isHeardWithinOneBlockOfWhatIsWaiting() throws {
        let scene = try Scene()
        let rate = 48_000
        let sound = Sound(rows: [[Double](repeating: 0.25, count: rate * 2)])
        let file = try scene.wav(sound, sampleRate: rate)
        let pipe = try SteppedPipe()
        let player = Player(options: PlaybackOptions(sink: .stream(fileDescriptor: pipe.writeEnd, format: .float32LE)))
        var parameters = ChainParameters()
        try player.load(path: file, parameters: parameters)
        player.play()
        let before = Scene.sound(raw: pipe.read(bytes: 20_000 * 4), channels: 1)
        #expect(before.rows[0].allSatisfy { $0 == 0.25 })
        parameters.makeupGainDB = -20
        player.setParameters(parameters)
        pipe.drainInBackground()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        let after = Scene.sound(raw: pipe.closeAndCollect(), channels: 1).rows[0]
        // In the pipe: a page of 1024 frames and one block of the stream, 1024 frames; in the making one more, and the chain's own
        // delay. From there on 20 ms of glide.
        let chain = MasteringChain(sampleRate: Double(rate), channels: 1)
        let changed = after.firstIndex { $0 != 0.25 } ?? after.count
        #expect(changed <= 3 * 1024 + chain.latency + 64)
        #expect(abs(after[min(after.count - 1, changed + 1100)] - 0.025) < 1e-6)
        // A glide, not a step: 20 ms are 960 frames of at most 0.225.
        let steepest = zip(after, after.dropFirst()).map { abs($0 - $1) }.max() ?? 1
        #expect(steepest < 0.001)
    }

    @Test func parametersSetBeforePlaying_holdExactlyFromTheFirstFrame() throws {
        let scene = try Scene()
        let sound = Sound.test(frames: 40_000, channels: 2)
        let file = try scene.wav(sound, sampleRate: 44_100)
        let player = Player(options: scene.captureOptions())
        try player.load(path: file, parameters: ChainParameters())
        player.setParameters(.busy)
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        #expect(try scene.captured("out.raw", channels: 2).firstDifference(from: sound.mastered(.busy, sampleRate: 44_100)) == nil)
    }

    /// Far into a long file a seek is answered with a pre-roll at once; when the scout has been there the sound is the render's, to the bit.
    @Test func farSeek_isTheRenderToTheBit_onceTheScoutHasCaughtUp() throws {
        let scene = try Scene()
        let rate = 8000
        let sound = Sound.test(frames: rate * 60, channels: 2)
        let file = try scene.wav(sound, sampleRate: rate)
        let pipe = try SteppedPipe()
        let player = Player(options: PlaybackOptions(sink: .stream(fileDescriptor: pipe.writeEnd, format: .float32LE)))
        try player.load(path: file, parameters: .busy)
        player.play()
        var data = pipe.read(bytes: 8)
        player.seek(to: 50)
        #expect(player.wait(seconds: deadline) { $0.frame >= rate * 50 })
        // A little is heard at a time, as by a listener; the background work has its time in between.
        while !player.snapshot().exact && !player.snapshot().ended {
            data.append(pipe.read(bytes: 512 * 8))
            _ = player.wait(seconds: 0.1) { $0.exact }
        }
        let exactFrom = player.snapshot().frame
        #expect(player.snapshot().exact)
        pipe.drainInBackground()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        data.append(pipe.closeAndCollect())
        let captured = Scene.sound(raw: data, channels: 2)
        let tail = sound.frames - exactFrom - 64
        try #require(tail > rate)
        #expect(captured.suffix(tail).firstDifference(from: sound.mastered(.busy, sampleRate: rate).suffix(tail)) == nil)
    }

    @Test func pause_fadesToSilence_andPlayGoesOnWhereItStopped() throws {
        let scene = try Scene()
        let rate = 48_000
        let sound = Sound(rows: [[Double](repeating: 0.5, count: rate)])
        let file = try scene.wav(sound, sampleRate: rate)
        let pipe = try SteppedPipe()
        let player = Player(options: PlaybackOptions(sink: .stream(fileDescriptor: pipe.writeEnd, format: .float32LE)))
        try player.load(path: file, parameters: ChainParameters())
        player.play()
        var data = pipe.read(bytes: 10_000 * 4)
        player.pause()
        pipe.drainInBackground()
        #expect(player.wait(seconds: deadline) { _ in player.session?.isSounding == false })
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        data.append(pipe.closeAndCollect())
        let captured = Scene.sound(raw: data, channels: 1).rows[0]
        #expect(captured.count == rate)
        #expect(captured.contains { $0 == 0 })
        #expect(captured.first == 0.5 && captured.last == 0.5)
        // 8 ms of fade: 384 frames, steepest 0.5 · π/2 / 384.
        let steepest = zip(captured, captured.dropFirst()).map { abs($0 - $1) }.max() ?? 1
        #expect(steepest < 0.0025)
    }

    @Test func difference_isMasterMinusOriginal() throws {
        let scene = try Scene()
        let sound = Sound.test(frames: 30_000, channels: 1)
        let file = try scene.wav(sound, sampleRate: 44_100)
        let player = Player(options: scene.captureOptions())
        player.setVoice(.difference)
        try player.load(path: file, parameters: ChainParameters())
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        player.shutdown()
        // A neutral chain leaves nothing.
        #expect(try scene.captured("out.raw", channels: 1).rows[0].allSatisfy { $0 == 0 })
    }

    @Test func damageInTheMiddle_endsThere_andIsTold() throws {
        let scene = try Scene()
        var sound = Sound.test(frames: 48_000, channels: 1)
        sound.rows[0][24_000] = .nan
        let file = try scene.wav(sound, sampleRate: 48_000)
        let player = Player(options: scene.captureOptions())
        try player.load(path: file, parameters: ChainParameters())
        player.play()
        #expect(player.wait(seconds: deadline) { $0.ended })
        #expect(player.snapshot().problem?.contains("not a number") == true)
        #expect(player.snapshot().frame <= 24_000)
    }
}
