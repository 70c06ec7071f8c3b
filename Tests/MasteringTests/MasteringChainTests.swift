import DSP
import Foundation
import Testing
@testable import Mastering

private struct Random {
    var state: UInt64
    mutating func next() -> Double {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Double(Int64(bitPattern: state &* 0x2545_F491_4F6C_DD1D) >> 11) * 0x1p-52
    }
}

private func noise(channels: Int, frames: Int, seed: UInt64, level: Double = 0.5) -> AudioBuffer {
    var random = Random(state: seed)
    let made = AudioBuffer(channels: channels, frames: frames)
    for c in 0..<channels { for i in 0..<frames { made.block[c][i] = random.next() * level } }
    return made
}

/// Every block at work.
private func everything() -> ChainParameters {
    var p = ChainParameters()
    p.inputGainDB = 1.5
    p.subsonicHz = 20
    let kinds: [ChainParameters.Band.Kind] = [.lowShelf, .bell, .bell, .bell, .notch, .bell, .highShelf, .lowPass]
    for i in 0..<8 {
        p.bands[i].kind = kinds[i]
        p.bands[i].hz = 60 * pow(2.2, Double(i))
        p.bands[i].db = i % 2 == 0 ? 2.5 : -3
        p.bands[i].target = i == 2 ? .mid : i == 3 ? .side : .stereo
    }
    p.compressorOn = true
    p.thresholdDB = -20
    p.ratio = 2
    p.width = 1.2
    p.monoBelowHz = 120
    p.makeupGainDB = 9
    p.limiterOn = true
    for i in 0..<121 {
        p.toneMid.db[i] = 2 * sin(Double(i) * 0.1)
        p.toneSide.db[i] = 1.5 * cos(Double(i) * 0.07)
    }
    p.bands[5].isLinear = true
    p.dynamicBands[0].on = true
    p.dynamicBands[2].on = true
    p.dynamicBands[2].hz = 300
    p.dynamicBands[2].automatic = false
    p.multiband.on = true
    p.saturation.driveDB = 3
    p.saturationLevelDB = -2
    p.clip.amountDB = 1.5
    p.clip.peakDB = 8
    p.limiterCharacter = .punchy
    return p
}

private func run(
    _ input: AudioBuffer, frames: Int, rate: Double = 44100, _ parameters: ChainParameters, blocks: (Int) -> Int
) -> (AudioBuffer, latency: Int) {
    var chain = MasteringChain(sampleRate: rate, channels: input.block.channels)
    chain.set(parameters, ramp: false)
    let total = frames + chain.latency
    let out = AudioBuffer(channels: input.block.channels, frames: total)
    out.block.copy(from: input.block, frames: frames)
    var at = 0
    while at < total {
        let n = min(blocks(at), total - at)
        chain.process(out.block.advanced(by: at), frames: n)
        at += n
    }
    return (out, chain.latency)
}

private func differ(_ a: AudioBlock, _ b: AudioBlock, _ range: Range<Int>) -> Int? {
    for c in 0..<a.channels { for i in range where a[c][i] != b[c][i] { return i } }
    return nil
}

@Suite struct MasteringChainTests {
    @Test(arguments: [1, 2, 3, 6])
    func neutralIsBitExact(channels: Int) {
        let input = noise(channels: channels, frames: 10000, seed: 1)
        let (out, latency) = run(input, frames: 10000, ChainParameters()) { _ in 4096 }
        #expect(differ(out.block.advanced(by: latency), input.block, 0..<10000) == nil)
    }

    @Test func blockSizeNeverChangesABit() {
        let frames = 70000
        let input = noise(channels: 2, frames: frames, seed: 2)
        let (reference, latency) = run(input, frames: frames, everything()) { _ in 4096 }
        for size in [1, 7, 64, 511, 4096, 65536] {
            let (out, _) = run(input, frames: frames, everything()) { _ in size }
            #expect(differ(out.block, reference.block, 0..<(frames + latency)) == nil, "blocks of \(size)")
        }
        let seed = UInt64.random(in: 1...UInt64.max)
        var random = Random(state: seed)
        var sizes: [Int] = []
        let (out, _) = run(input, frames: frames, everything()) { _ in
            sizes.append(1 + Int(abs(random.next()) * 3000))
            return sizes.last!
        }
        #expect(differ(out.block, reference.block, 0..<(frames + latency)) == nil, "random blocks, seed \(seed)")
    }

    @Test(arguments: [8000.0, 44100, 48000, 96000, 192_000, 384_000])
    func anImpulseComesOutAtTheDeclaredLatency(rate: Double) {
        let input = AudioBuffer(channels: 2, frames: 5000)
        input.block[0][1234] = 0.5
        input.block[1][1234] = 0.5
        var p = ChainParameters()
        p.limiterOn = true
        let (out, latency) = run(input, frames: 5000, rate: rate, p) { _ in 333 }
        #expect(out.block[0][1234 + latency] == 0.5)
    }

    @Test func aSnapshotContinuesExactlyWhereItWasTaken() {
        let frames = 40000, cut = 13579
        let input = noise(channels: 2, frames: frames, seed: 3)
        var first = MasteringChain(sampleRate: 44100, channels: 2)
        first.set(everything(), ramp: false)
        let whole = AudioBuffer(channels: 2, frames: frames)
        whole.block.copy(from: input.block, frames: frames)
        first.process(whole.block, frames: cut)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: first.stateByteCount, alignment: 64)
        defer { memory.deallocate() }
        first.saveState(to: memory)
        first.process(whole.block.advanced(by: cut), frames: frames - cut)

        var second = MasteringChain(sampleRate: 44100, channels: 2)
        second.restoreState(from: memory)
        let rest = AudioBuffer(channels: 2, frames: frames)
        rest.block.copy(from: input.block, frames: frames)
        second.process(rest.block.advanced(by: cut), frames: frames - cut)
        #expect(differ(rest.block, whole.block, cut..<frames) == nil)
    }

    @Test func resetForgetsTheSignal() {
        let input = noise(channels: 2, frames: 20000, seed: 4)
        var chain = MasteringChain(sampleRate: 48000, channels: 2)
        chain.set(everything(), ramp: false)
        let first = AudioBuffer(channels: 2, frames: 20000), second = AudioBuffer(channels: 2, frames: 20000)
        first.block.copy(from: input.block, frames: 20000)
        second.block.copy(from: input.block, frames: 20000)
        chain.process(first.block, frames: 20000)
        chain.reset()
        chain.process(second.block, frames: 20000)
        #expect(differ(first.block, second.block, 0..<20000) == nil)
    }

    /// A knob turned during a steady tone must glide: the largest step between samples stays near the tone's own.
    @Test func turningEveryKnobMakesNoClick() {
        let frames = 48000, amplitude = 0.1, hz = 200.0
        let tone = AudioBuffer(channels: 2, frames: frames)
        for i in 0..<frames {
            tone.block[0][i] = amplitude * sin(2 * .pi * hz * Double(i) / 48000)
            tone.block[1][i] = 0.5 * tone.block[0][i]
        }
        var chain = MasteringChain(sampleRate: 48000, channels: 2)
        var p = ChainParameters()
        p.limiterOn = true
        chain.set(p, ramp: false)
        chain.process(tone.block, frames: 24000)
        p.inputGainDB = 3
        p.bands[0].kind = .bell
        p.bands[0].hz = 200
        p.bands[0].db = 3
        p.compressorOn = true
        p.thresholdDB = -30
        p.width = 0.5
        p.makeupGainDB = 2
        for i in 0..<121 { p.toneMid.db[i] = 1 }
        chain.set(p, ramp: true)
        chain.process(tone.block.advanced(by: 24000), frames: 24000)
        // Curvature shows a step as an impulse; a gliding sine stays at its own a·w².
        let own = amplitude * pow(10, 9.0 / 20) * pow(2 * .pi * hz / 48000, 2)
        var worst = 0.0
        for i in (chain.latency + 2000)..<(frames - 2) { worst = max(worst, abs(tone.block[0][i + 1] - 2 * tone.block[0][i] + tone.block[0][i - 1])) }
        #expect(worst < 1.5 * own, "curvature \(worst), a steady sine's is \(own)")
    }

    @Test func silenceComesOutAsExactZeros() {
        let frames = 480_000
        let input = AudioBuffer(channels: 2, frames: frames)
        let burst = noise(channels: 2, frames: 4800, seed: 6)
        input.block.copy(from: burst.block, frames: 4800)
        let (out, latency) = run(input, frames: frames, rate: 48000, everything()) { _ in 4096 }
        #expect(out.block[0][frames + latency - 1] == 0 && out.block[1][frames + latency - 1] == 0)
    }

    /// Each block, alone, makes a difference: none is left out of the path or of what is set.
    @Test(arguments: ["tone", "linear band", "band", "dynamic EQ", "multiband", "saturation", "stereo", "clip", "character", "link", "protects lows"])
    func everyBlockIsHeard(block: String) {
        let frames = 60_000
        let input = noise(channels: 2, frames: frames, seed: 8, level: 0.3)
        // Bass, and hits on one side, for what listens to them.
        for i in 0..<frames {
            let hit = i % 6000 < 40 ? 2.0 : 1
            input.block[0][i] = hit * input.block[0][i] + 0.3 * sin(2 * .pi * 50 * Double(i) / 44100)
            input.block[1][i] += 0.3 * sin(2 * .pi * 50 * Double(i) / 44100)
        }
        var p = ChainParameters()
        if ["character", "link", "protects lows"].contains(block) {
            p.limiterOn = true
            p.ceilingDBTP = -9
        }
        let (plain, latency) = run(input, frames: frames, p) { _ in 4096 }
        switch block {
        case "tone": for i in 0..<121 { (p.toneMid.db[i], p.toneSide.db[i]) = (3, 3) }
        case "linear band": (p.bands[0].kind, p.bands[0].db, p.bands[0].isLinear) = (.bell, 3, true)
        case "band": (p.bands[0].kind, p.bands[0].db) = (.bell, 3)
        case "dynamic EQ": (p.dynamicBands[0].on, p.dynamicBands[0].automatic, p.dynamicBands[0].thresholdDB) = (true, false, -50)
        case "multiband": p.multiband.on = true
        case "saturation": p.saturation.driveDB = 3
        case "stereo": p.width = 1.2
        case "clip": (p.clip.amountDB, p.clip.peakDB) = (3, -3)
        case "character": p.limiterCharacter = .dense
        case "link": p.limiterLink = 0
        default: p.limiterProtectsLow = false
        }
        let (heard, _) = run(input, frames: frames, p) { _ in 4096 }
        #expect(differ(heard.block, plain.block, latency..<frames) != nil)
        if block == "tone" {
            // 3 dB at every frequency is a gain of 10^(3/20), whatever the signal.
            for i in stride(from: 20_000, to: 50_000, by: 997) {
                #expect((heard.block[0][i] / plain.block[0][i] - pow(10, 0.15)).magnitude < 1e-6)
            }
        }
    }

    @Test func gainReductionIsReadAndCleared() {
        let input = AudioBuffer(channels: 1, frames: 20000)
        for i in 0..<20000 { input.block[0][i] = 2 * sin(0.1 * Double(i)) }
        var chain = MasteringChain(sampleRate: 44100, channels: 1)
        var p = ChainParameters()
        p.limiterOn = true
        p.ceilingDBTP = -1
        chain.set(p, ramp: false)
        chain.process(input.block, frames: 20000)
        // 2 is +6.02 dBFS; threshold −1.05: 7.07 dB.
        #expect(abs(chain.takeGainReduction().limiterDB + 7.07) < 0.1)
        #expect(chain.takeGainReduction().limiterDB == 0)
    }

    /// A tone in the lowest band that begins softly and becomes loud: only that band gives way, by its range.
    @Test func theReductionOfEachBandIsReadAndCleared() {
        let rate = 48000, input = AudioBuffer(channels: 1, frames: 6 * rate)
        for i in 0..<6 * rate {
            // It swells within a fifth of a second: a jump would sound in every band.
            let swell = 0.5 - 0.5 * cos(.pi * max(0, min(1, (Double(i) / Double(rate) - 4) * 5)))
            input.block[0][i] = (0.02 + 0.38 * swell) * sin(2 * .pi * 60 * Double(i) / Double(rate))
        }
        var chain = MasteringChain(sampleRate: Double(rate), channels: 1)
        var p = ChainParameters()
        p.multiband.on = true
        p.multiband.ratio = SIMD4(repeating: 4)
        chain.set(p, ramp: false)
        chain.process(input.block, frames: 4 * rate)
        _ = chain.takeGainReduction()
        chain.process(input.block.advanced(by: 4 * rate), frames: 2 * rate)
        let taken = chain.takeGainReduction().bandsDB
        #expect(taken[0] < -2.5 && taken[0] >= -3.01 && taken[3] > -0.1, "\(taken)")
        #expect(chain.takeGainReduction().bandsDB == .zero)
        p.multiband.on = false
        chain.set(p, ramp: false)
        chain.process(input.block, frames: rate)
        #expect(chain.takeGainReduction().bandsDB == .zero)
    }

    /// What the solve measures is what limiter and clipper are then given.
    @Test func theToneAloneIsTheWholeChainWithoutWhatComesAfterIt() {
        var parameters = everything()
        parameters.makeupGainDB = 0
        parameters.clip.amountDB = 0
        parameters.limiterOn = false
        let frames = 44_100
        var whole = MasteringChain(sampleRate: 44_100, channels: 2), tone = MasteringChain(sampleRate: 44_100, channels: 2, toneOnly: true)
        whole.set(parameters, ramp: false)
        // These it has no use for.
        parameters.makeupGainDB = 7
        parameters.clip.amountDB = 2
        parameters.limiterOn = true
        tone.set(parameters, ramp: false)
        let first = noise(channels: 2, frames: frames, seed: 5), second = noise(channels: 2, frames: frames, seed: 5)
        whole.process(first.block, frames: frames)
        tone.process(second.block, frames: frames)
        let late = whole.latency - tone.latency
        #expect(late > 0)
        for c in 0..<2 { for i in 0..<frames - late { #expect(first.block[c][i + late] == second.block[c][i]) } }
    }
}
