import DSP
import Foundation
import Rendering
import Testing

@Suite(.enabled(if: ProcessInfo.processInfo.environment["LATHE_LONG"] == "1"))
struct TakeSoundTests {
    /// The longest there is in plain memory. In pages of the usual size the kernel takes some 200 ms to free it.
    @Test func aGibibyteOfATakeIsGoneInATenthOfASecond() throws {
        let frames = (1 << 30) / 8, block = AudioBuffer(channels: 2, frames: 1 << 15)
        for c in 0..<2 { for i in 0..<(1 << 15) { block.block[c][i] = 0.25 } }
        let sound = try TakeSound(frames: frames, rate: 48_000)
        let writing = ContinuousClock.now
        for at in stride(from: 0, to: frames, by: 1 << 15) { try #require(sound.write(block.block, at: at, frames: 1 << 15)) }
        let written = writing.duration(to: .now), start = ContinuousClock.now
        #expect(sound.erase() == .gone)
        let spent = start.duration(to: .now)
        print("figure: 1 GiB of a take in memory: written in \(written), destroyed in \(spent)")
        #expect(spent <= .milliseconds(100))
    }
}
