import AudioFiles
import DSP
import Foundation
import Testing

@Suite struct WaveformOverviewTests {
    private func overview(_ sound: Sound, size: Int) -> WaveformOverview {
        var builder = WaveformOverview.Builder(channels: sound.rows.count)
        sound.withBlock { block in
            for at in stride(from: 0, to: sound.frames, by: size) {
                builder.process(block.advanced(by: at), frames: min(size, sound.frames - at))
            }
        }
        return builder.finish()
    }

    private func noise(channels: Int, frames: Int) -> Sound {
        var state: UInt64 = 7
        return Sound(rows: (0..<channels).map { _ in
            (0..<frames).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Double(Int64(bitPattern: state) >> 11) * 0x1p-52
            }
        })
    }

    @Test(arguments: [100, 256, 257, 5000, 524_288, 524_289, 1_200_000])
    func bucketsHoldTheExtremesAndPowerOfTheirFrames(frames: Int) {
        let sound = noise(channels: 2, frames: frames)
        let picture = overview(sound, size: 4096)
        #expect(picture.frames == Int64(frames) && picture.buckets.count <= WaveformOverview.Builder.capacity)
        #expect(picture.buckets.count == (frames + picture.framesPerBucket - 1) / picture.framesPerBucket)
        for (index, bucket) in picture.buckets.enumerated() where index % 97 == 0 || index == picture.buckets.count - 1 {
            let range = (index * picture.framesPerBucket)..<min(frames, (index + 1) * picture.framesPerBucket)
            let samples = sound.rows.flatMap { $0[range] }
            #expect(bucket.low == Float(samples.min()!) && bucket.high == Float(samples.max()!))
            let rms = (samples.reduce(0) { $0 + $1 * $1 } / Double(samples.count)).squareRoot()
            #expect((Double(bucket.rms) - rms).magnitude < 1e-6)
        }
    }

    @Test(arguments: [1, 100, 65_536])
    func pictureDoesNotDependOnBlockSize(size: Int) {
        let sound = noise(channels: 1, frames: 150_000)
        let (one, other) = (overview(sound, size: size), overview(sound, size: 150_000))
        #expect(one.framesPerBucket == other.framesPerBucket && one.buckets.count == other.buckets.count)
        for (a, b) in zip(one.buckets, other.buckets) {
            #expect(a.low == b.low && a.high == b.high && (a.rms - b.rms).magnitude < 1e-6)
        }
    }

    @Test func nothingHasNoBuckets() {
        #expect(WaveformOverview.Builder(channels: 2).finish() == WaveformOverview(framesPerBucket: 256))
    }
}
