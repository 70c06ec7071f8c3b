import Foundation
import Mastering
@testable import Playback
import Testing

@Suite struct LoopTests {
    /// Each sample says where it comes from, so the capture shows which frame followed which.
    private func staircase(_ frames: Int) -> Sound { Sound(rows: [(0..<frames).map { Double(Float($0) / 65_536) }]) }

    @Test func theLoopsStartFollowsItsEnd_toTheFrame() throws {
        let scene = try Scene()
        let rate = 48_000, start = 9_600, end = 24_000
        let file = try scene.wav(staircase(rate), sampleRate: rate)
        let pipe = try SteppedPipe()
        let player = Player(options: PlaybackOptions(sink: .stream(fileDescriptor: pipe.writeEnd, format: .float32LE)))
        player.setVoice(.original)
        try player.load(path: file, parameters: ChainParameters())
        player.loop(Double(start) / Double(rate)...Double(end) / Double(rate))
        player.play()
        let rounds = 3
        let heard = Scene.sound(raw: pipe.read(bytes: 4 * (end + rounds * (end - start))), channels: 1).rows[0]
        pipe.drainInBackground()
        player.loop(nil)
        #expect(player.wait(seconds: deadline) { $0.ended }, "without the loop the file comes to its end")
        player.shutdown()
        _ = pipe.closeAndCollect()
        func frame(_ x: Double) -> Int { Int((x * 65_536).rounded()) }
        #expect((0..<end).allSatisfy { frame(heard[$0]) == $0 })
        let fade = Int(Double(rate) * 0.008)
        for round in 0..<rounds {
            let from = end + round * (end - start)
            // Behind the crossfade each frame is the one that the loop has there.
            let wrong = (fade..<(end - start)).first { frame(heard[from + $0]) != start + $0 }
            #expect(wrong == nil, "round \(round): at frame \(wrong ?? 0) of the loop stands \(wrong.map { frame(heard[from + $0]) - start } ?? 0)")
        }
    }

    @Test func aSeekDuringALoopIsFollowed() throws {
        let scene = try Scene()
        let rate = 8000
        let file = try scene.wav(staircase(rate * 4), sampleRate: rate)
        let player = Player(options: PlaybackOptions(sink: .null))
        try player.load(path: file, parameters: ChainParameters())
        player.loop(0.1...0.5)
        player.play()
        #expect(player.wait(seconds: deadline) { $0.position > 0.3 })
        #expect(player.wait(seconds: deadline) { $0.position < 0.2 }, "around")
        player.seek(to: 2)
        #expect(player.wait(seconds: deadline) { $0.position > 2.05 && $0.playing })
        player.pause()
        #expect(player.wait(seconds: deadline) { !$0.playing && $0.position < 3.5 })
    }
}
