import Testing
@testable import DSP

/// What lets meters and the limiter pass over a block unread.
@Suite struct HalfBandCascadeTests {
    /// Signals that reach far between their samples: noise, alternating signs around a gap, sines near half the rate, single samples.
    private static func signals(_ seed: UInt64) -> [[Float]] {
        var random = seed
        func next() -> Float {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: random >> 32)) * 0x1p-31
        }
        let count = 4 * HalfBandCascade.blockFrames, middle = count / 2 + Int(seed % 37)
        let noise = (0..<count).map { _ in next() }
        let worst = (0..<count).map { i -> Float in (i - middle).isMultiple(of: 2) == (i < middle) ? 1 : -1 }
        let cycles = 0.41 + 0.08 * Double(seed % 10) / 10
        let sine = (0..<count).map { Float(FastMath.sinPi(2 * (cycles * Double($0)).truncatingRemainder(dividingBy: 1) - 1)) }
        let single = (0..<count).map { $0 == middle ? Float(-1) : 0 }
        return [noise, worst, sine, single, zip(noise, worst).map { 0.3 * $0 + 0.7 * $1 }]
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func noReadingAndNoVertexPassesTheBound(seed: UInt64) {
        let cascade = HalfBandCascade()
        defer { cascade.deallocate() }
        let n = HalfBandCascade.blockFrames
        for (kind, signal) in Self.signals(seed).enumerated() {
            var line = [Float](repeating: 0, count: HalfBandCascade.lineCount)
            line.withUnsafeMutableBufferPointer { buffer in
                let line = buffer.baseAddress!
                for start in stride(from: 0, to: signal.count, by: n) {
                    HalfBandCascade.shift(line)
                    for i in 0..<n { HalfBandCascade.incoming(line)[i] = signal[start + i] }
                    let (peak, bound) = cascade.extent(line)
                    cascade.oversample(line)
                    // Eight places a frame, in order; the parabola through three of them has its vertex where the limiter looks for it.
                    let places = (0..<8 * n).map { cascade.phase($0 % 8, of: line)[$0 / 8].magnitude }
                    var highest = places.max()!
                    for i in 1..<places.count - 1 where places[i] >= places[i - 1] && places[i] >= places[i + 1] {
                        let curvature = 2 * places[i] - places[i - 1] - places[i + 1], slope = places[i + 1] - places[i - 1]
                        if curvature > 0 { highest = max(highest, places[i] + slope * slope / (8 * curvature)) }
                    }
                    #expect(highest <= bound, "seed \(seed), signal \(kind), block \(start / n)")
                    #expect(peak <= bound)
                }
            }
        }
    }

    /// Music moves slowly between its samples: the bound may not lie far above it, or nothing is ever passed over.
    @Test func theBoundOfABassNoteIsNear() {
        let cascade = HalfBandCascade()
        defer { cascade.deallocate() }
        var line = [Float](repeating: 0, count: HalfBandCascade.lineCount)
        line.withUnsafeMutableBufferPointer { buffer in
            for i in 0..<buffer.count { buffer[i] = Float(FastMath.sinPi(2 * 0.002 * Double(i) - 0.3)) }
            let (peak, bound) = cascade.extent(buffer.baseAddress!)
            #expect(bound < 1.03 * peak)
        }
    }
}
