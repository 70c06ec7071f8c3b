import DSP

/// The shape of a whole file at a glance: a bounded row of buckets, whatever the length.
public struct WaveformOverview: Sendable, Equatable {
    public struct Bucket: Sendable, Equatable {
        /// Lowest and highest sample of all channels, full scale ±1.
        public var low: Float
        public var high: Float
        /// Root mean square over all channels.
        public var rms: Float
        public init(low: Float, high: Float, rms: Float) { self.low = low; self.high = high; self.rms = rms }
    }

    /// At most `Builder.capacity`; the last one may stand for fewer frames.
    public var buckets: [Bucket]
    public var framesPerBucket: Int
    public var frames: Int64

    public init(buckets: [Bucket] = [], framesPerBucket: Int = 1, frames: Int64 = 0) {
        self.buckets = buckets
        self.framesPerBucket = framesPerBucket
        self.frames = frames
    }

    /// Builds an overview in one pass; pairs of buckets merge as the file grows. 64 KiB, some 1 ns per sample.
    public struct Builder: ~Copyable {
        public static let capacity = 2048

        private struct Sum {
            var low = Double.infinity
            var high = -Double.infinity
            var squares = 0.0

            mutating func merge(_ other: Sum) {
                low = min(low, other.low)
                high = max(high, other.high)
                squares += other.squares
            }
        }

        private let channels: Int
        private var sums: [Sum] = []
        private var open = Sum()
        private var openFrames = 0
        private var framesPerBucket = 256
        private var frames: Int64 = 0

        public init(channels: Int) {
            self.channels = channels
            sums.reserveCapacity(Self.capacity)
        }

        public mutating func process(_ block: AudioBlock, frames count: Int) {
            var at = 0
            while at < count {
                let take = min(count - at, framesPerBucket - openFrames)
                for c in 0..<channels { Self.add(block[c] + at, take, to: &open) }
                openFrames += take
                at += take
                if openFrames == framesPerBucket { closeBucket() }
            }
            frames += Int64(count)
        }

        private mutating func closeBucket() {
            sums.append(open)
            open = Sum()
            openFrames = 0
            guard sums.count == Self.capacity else { return }
            for i in 0..<(Self.capacity / 2) {
                var pair = sums[2 * i]
                pair.merge(sums[2 * i + 1])
                sums[i] = pair
            }
            sums.removeLast(Self.capacity / 2)
            framesPerBucket *= 2
        }

        private static func add(_ row: UnsafePointer<Double>, _ count: Int, to sum: inout Sum) {
            var low = SIMD4(repeating: sum.low)
            var high = SIMD4(repeating: sum.high)
            var squares = SIMD4<Double>.zero
            var i = 0
            while i + 4 <= count {
                let x = SIMD4(row[i], row[i + 1], row[i + 2], row[i + 3])
                low.replace(with: x, where: x .< low)
                high.replace(with: x, where: x .> high)
                squares += x * x
                i += 4
            }
            var total = Sum(low: low.min(), high: high.max(), squares: sum.squares + squares.sum())
            while i < count {
                let x = row[i]
                total.merge(Sum(low: x, high: x, squares: x * x))
                i += 1
            }
            sum = total
        }

        /// The picture so far.
        public var overview: WaveformOverview {
            let samples = Double(framesPerBucket * channels)
            var buckets = sums.map { Self.bucket($0, samples) }
            if openFrames > 0 { buckets.append(Self.bucket(open, Double(openFrames * channels))) }
            return WaveformOverview(buckets: buckets, framesPerBucket: framesPerBucket, frames: frames)
        }

        public consuming func finish() -> WaveformOverview { overview }

        private static func bucket(_ sum: Sum, _ samples: Double) -> Bucket {
            Bucket(low: Float(sum.low), high: Float(sum.high), rms: Float((sum.squares / samples).squareRoot()))
        }
    }
}
