@testable import DSP
import Foundation
import Testing

private typealias Reading = (peak: Double, itu: Double, sample: Double)

private func prove(_ channels: [[Double]], size: Int = 8192) -> Reading {
    var proof = TruePeakProof(channels: channels.count)
    let frames = channels[0].count
    let signal = buffer(channels: channels.count, frames: frames) { channels[$0][$1] }
    var at = 0
    while at < frames {
        let count = min(size, frames - at)
        proof.process(signal.block.advanced(by: at), frames: count)
        at += count
    }
    proof.finish()
    withExtendedLifetime(signal) {}
    return (proof.peak, proof.ituPeak, proof.samplePeak)
}

/// A sine with edges of 20 ms, so that it does not ring.
private func sine(_ cyclesPerFrame: Double, phase: Double, amplitude: Double = 1, frames: Int = 6000) -> [Double] {
    (0..<frames).map { i in
        let edge = min(1, Double(min(i, frames - 1 - i)) / 960)
        return amplitude * pow(sin(.pi / 2 * edge), 2) * sin(2 * .pi * (cyclesPerFrame * Double(i) + phase))
    }
}

/// 16 places a frame by windowed sincs of 128 taps (Kaiser β 10) in double precision, none left out: an independent ruler.
private func brute(_ x: [Double]) -> Double {
    func bessel(_ x: Double) -> Double {
        var (s, t) = (1.0, 1.0)
        for k in 1..<60 { t *= pow(x / 2 / Double(k), 2); s += t }
        return s
    }
    let rows = (0..<16).map { p -> [Double] in
        let row = (0..<128).map { k -> Double in
            let t = Double(k - 63) - Double(p) / 16
            let w = 1 - pow(t / 64, 2)
            return (t == 0 ? 1 : sin(.pi * t) / (.pi * t)) * (w > 0 ? bessel(10 * w.squareRoot()) / bessel(10) : 0)
        }
        let sum = row.reduce(0, +)
        return row.map { $0 / sum }
    }
    let padded = [Double](repeating: 0, count: 130) + x + [Double](repeating: 0, count: 130)
    var peak = 0.0
    padded.withUnsafeBufferPointer { padded in
        for n in 63..<padded.count - 64 {
            for row in rows {
                var sum = 0.0
                for k in 0..<128 { sum += row[k] * padded[n - 63 + k] }
                peak = max(peak, sum.magnitude)
            }
        }
    }
    return peak
}

@Suite struct TruePeakProofTests {
    @Test func sinesReadTheirAmplitude_toWithin0_05dBUpTo0_45OfTheRate_atAnyPhase() {
        for step in 1...45 {
            for phase in stride(from: 0.0, to: 0.5, by: 0.061) {
                let read = decibels(prove([sine(Double(step) / 100, phase: phase)]).peak)
                #expect(read.magnitude <= 0.05, "\(Double(step) / 100) of the rate, phase \(phase): \(read)")
            }
        }
    }

    // EBU Tech 3341 (2023) Table 1, cases 15 to 19: what a sine between samples really reaches.
    @Test(arguments: [(4, 0, 0.5, -6), (4, 45, 0.5, -6), (6, 60, 0.5, -6), (8, 67.5, 0.5, -6), (4, 45, 1.41, 3)] as [(Double, Double, Double, Double)])
    func tech3341Cases15To19(framesPerPeriod: Double, degrees: Double, amplitude: Double, expected: Double) {
        let read = prove([sine(1 / framesPerPeriod, phase: degrees / 360, amplitude: amplitude)])
        #expect((decibels(read.peak) - expected).magnitude < 0.05)
        #expect((-0.4...0.2).contains(decibels(read.itu) - expected))
    }

    // EBU Tech 3341 (2023) Table 1, cases 20 to 23: a sine of fs/6 at half scale with one period of fs/4 at full scale, made at four times the
    // rate and decimated at offsets 0 to 3. The rate cancels out.
    @Test(arguments: 0..<4)
    func tech3341Cases20To23(offset: Int) {
        let (slow, quick) = (24, 16)
        let before = 600 * slow
        var fine = (0..<before).map { 0.5 * sin(2 * .pi * Double($0) / Double(slow)) }
        fine += (0..<quick).map { sin(2 * .pi * Double($0) / Double(quick)) }
        fine += (0..<before).map { 0.5 * sin(2 * .pi * Double($0) / Double(slow)) }
        for i in 0..<200 {
            fine[i] *= Double(i) / 200
            fine[fine.count - 1 - i] *= Double(i) / 200
        }
        // Decimated as a converter does it: what the lower rate cannot hold is removed.
        var samples: [Double] = []
        var converter = SampleRateConverter(from: 192_000, to: 48_000, channels: 1)
        let signal = buffer(channels: 1, frames: fine.count - offset) { fine[$1 + offset] }
        converter.process(signal.block, frames: fine.count - offset) { samples.append(contentsOf: UnsafeBufferPointer(start: $0[0], count: $1)) }
        converter.finish { samples.append(contentsOf: UnsafeBufferPointer(start: $0[0], count: $1)) }
        withExtendedLifetime(signal) {}
        let read = prove([samples])
        #expect((-0.4...0.2).contains(decibels(read.peak)), "\(decibels(read.peak))")
        #expect((-0.4...0.2).contains(decibels(read.itu)), "\(decibels(read.itu))")
    }

    @Test func noiseReadsAsTheLongWindowedSincDoes() {
        var noise = Noise(seed: 31)
        for (low, gain) in [(0.0, 1.0), (0.7, 3.0), (0.9, 8.0)] {
            // Plain, smoothed and clipped; the smoothed kinds leave most groups out.
            var last = 0.0
            let x = (0..<3000).map { _ -> Double in
                last = low * last + (1 - low) * noise.uniform()
                return min(max(gain * last, -0.9), 0.9)
            }
            let (read, expected) = (prove([x]).peak, brute(x))
            #expect((decibels(read) - decibels(expected)).magnitude < 0.05, "\(low): \(decibels(read)), \(decibels(expected))")
        }
    }

    @Test func passingOverChangesNothing() {
        // Read alone, each passage starts from nothing and is computed; behind a louder one most of it is passed over.
        var noise = Noise(seed: 32)
        for trial in 0..<12 {
            let smooth = 0.08 * Double(trial)
            var passages: [[Double]] = []
            for level in [0.5, 0.5, 0.49, 0.52] {
                var last = 0.0
                passages.append((0..<700).map { _ in
                    last = smooth * last + (1 - smooth) * noise.uniform()
                    return min(max(last * level * 4, -level), level)
                })
            }
            let silence = [Double](repeating: 0, count: 160)
            let together = prove([passages.reduce([]) { $0 + $1 + silence }])
            let alone = passages.map { prove([$0]) }
            #expect(together.peak == alone.map(\.peak).max() && together.itu == alone.map(\.itu).max())
        }
    }

    @Test func noReadingExceedsItsBound() {
        var noise = Noise(seed: 33)
        let itu = InterpolationRows.itu()
        let halves = InterpolationRows.halves()
        let sixteenths = InterpolationRows.sixteenths()
        func check(_ rows: borrowing InterpolationRows) {
            for _ in 0..<300 {
                // Against the signs of the kernel of second differences: nothing comes closer to the bound than alternating sounds.
                let x = (0..<200).map { Float(noise.uniform() * 0.2 + ($0 % 2 == 0 ? 0.7 : -0.7) * (noise.uniform() > 0 ? 1 : -1)) }
                x.withUnsafeBufferPointer { x in
                    for r in 0..<rows.count {
                        let read = rows.read(x.baseAddress! + 96, row: r)
                        var bend: Float = 0
                        for i in 2..<200 { bend = max(bend, abs(x[i] - 2 * x[i - 1] + x[i - 2])) }
                        for i in 0..<8 {
                            let peak = max(abs(x[96 + i]), abs(x[97 + i]))
                            #expect(abs(read[i]) <= rows.edge * peak + rows.bend * bend)
                        }
                    }
                }
            }
        }
        check(itu)
        check(halves)
        check(sixteenths)
        // Straight lines have no second difference: their bound is what the neighbours reach.
        #expect(halves.edge < 1.001 && sixteenths.edge < 1.001 && itu.edge < 1.01 && halves.bend < 0.8 && itu.bend < 0.8)
    }

    @Test func ituReadingIsThePlain48TapFilters() {
        var noise = Noise(seed: 34)
        let x = (0..<500).map { _ in noise.uniform() }
        // BS.1770-5 Annex 2, first two phases; the others are these turned round.
        let phase0 = [
            0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625, 0.9721679687500,
            -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500,
        ]
        let phase1 = [
            -0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250, 0.7797851562500,
            -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375,
        ]
        var expected = 0.0
        for phase in [phase0, phase1, phase1.reversed(), phase0.reversed()] {
            for n in 0..<x.count + 11 {
                var sum = 0.0
                for k in 0..<12 where x.indices.contains(n - k) { sum += phase[k] * x[n - k] }
                expected = max(expected, sum.magnitude)
            }
        }
        #expect((prove([x]).itu - expected).magnitude < 1e-6)
        // It cannot see a sine at 0.45 of the rate in full.
        #expect(decibels(prove([sine(0.45, phase: 0.1)]).itu) < -0.3)
    }

    @Test func readingsAreBitIdentical_atAnyBlockSize() {
        var noise = Noise(seed: 35)
        let x = (0..<3).map { _ in (0..<5000).map { _ in noise.uniform() } }
        let whole = prove(x, size: 5000)
        for size in [1, 7, 64, 511, 4096] { #expect(prove(x, size: size) == whole) }
    }

    @Test func recentPeakMissesNothingAndBeginsAnew() {
        var noise = Noise(seed: 36)
        let x = (0..<4000).map { i in noise.uniform() * (i < 2000 ? 1 : 0.3) }
        let signal = buffer(channels: 1, frames: 4000) { x[$1] }
        var proof = TruePeakProof(channels: 1)
        var taken: [Double] = []
        for at in stride(from: 0, to: 4000, by: 500) {
            proof.process(signal.block.advanced(by: at), frames: 500)
            taken.append(proof.takeRecentPeak())
        }
        proof.finish()
        taken.append(proof.takeRecentPeak())
        #expect(taken.max() == prove([x]).peak && proof.peak == taken.max())
        // Read alone, the quiet half's highest value is the same as after the loud half.
        #expect(taken[5...].max() == prove([Array(x[2000...])]).peak || taken[5...].max()! < 0.6)
        withExtendedLifetime(signal) {}
    }

    @Test func anImpulseAtTheVeryEndIsSeen() {
        // Half-way between two ones a band-limited signal stands at 4/π; nothing follows them.
        for tail in [0, 1, 63, 64, 100] {
            let read = prove([[Double](repeating: 0, count: 200) + [1, 1] + [Double](repeating: 0, count: tail)])
            #expect((read.peak - 4 / .pi).magnitude < 0.02 && read.sample == 1)
        }
    }
}
