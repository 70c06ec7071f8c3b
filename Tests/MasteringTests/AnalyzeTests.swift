import AudioFiles
import DSP
import Foundation
import Testing

@testable import Mastering

/// Runs `sample(channel, frame)` through an analyzer in blocks of `size` frames.
private func analyze(
    seconds: Double, channels: Int = 2, rate: Double = 48_000, bits: Int? = nil, size: Int = 4096, _ sample: (Int, Int) -> Double
) -> Analysis {
    var analyzer = Analyzer(sampleRate: rate, layout: .usual(channels), integerBits: bits)
    let frames = Int(seconds * rate)
    let buffer = AudioBuffer(channels: channels, frames: size)
    for start in stride(from: 0, to: frames, by: size) {
        let count = min(size, frames - start)
        for c in 0..<channels { for i in 0..<count { buffer.block[c][i] = sample(c, start + i) } }
        analyzer.process(buffer.block, frames: count)
    }
    return analyzer.finish()
}

private func sine(_ hz: Double, _ frame: Int, rate: Double = 48_000) -> Double { sin(2 * .pi * hz * Double(frame) / rate) }

/// Pink-like and dynamic, different in each channel but alike: what a finding must not be raised on.
private struct Programme {
    private var state: UInt64 = 99
    private var slow = [0.0, 0.0]

    mutating func sample(_ c: Int, _ frame: Int) -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let white = Double(Int64(bitPattern: state) >> 11) * 0x1p-52
        slow[c] += 0.1 * (white - slow[c])
        let beat = exp(-Double(frame % 24_000) / 3000)
        return 0.3 * beat * sine(90, frame) + (0.02 + 0.2 * beat) * (slow[c] + 0.3 * white) + 0.05 * sine(440, frame)
    }
}

private func isNear(_ value: Double?, _ expected: Double, _ tolerance: Double) -> Bool {
    value.map { ($0 - expected).magnitude < tolerance } ?? false
}

private func codes(_ analysis: Analysis) -> [String] { analysis.findings.map(\.code) }

@Suite struct AnalyzeTests {
    @Test func toneMeasuresWhatTheStandardsSay() throws {
        // 997 Hz at −20 dBFS in both channels: −20 LUFS (BS.1770-5), true and sample peak −20, third-octave band of 1 kHz −20 dB.
        let tone = analyze(seconds: 10) { _, i in 0.1 * sine(997, i) }
        #expect(isNear(tone.integratedLUFS, -20, 0.05))
        #expect(isNear(tone.maxShortTermLUFS, -20, 0.05) && isNear(tone.maxMomentaryLUFS, -20, 0.05))
        #expect(isNear(tone.truePeakDBTP, -20, 0.01) && isNear(tone.samplePeakDBFS, -20, 0.01))
        #expect(isNear(tone.plrDB, 0, 0.05))
        #expect(isNear(tone.loudnessRangeLU, 0, 0.01))
        #expect(isNear(tone.bands.first { $0.hz == 1000 }?.db, -20, 0.02))
        #expect(tone.correlation == 1 && tone.frames == 480_000 && tone.seconds == 10 && tone.channels == 2 && tone.sampleRate == 48_000)
        #expect(tone.bands.count == 31 && tone.bands[0].hz == 20 && tone.bands[30].hz == 20_000)
    }

    @Test func truePeakBetweenSamplesIsFound() throws {
        // A sine at a quarter of the rate, 45° off, has samples at −3.01 dB of its peak (Tech 3341 case 16).
        let tone = analyze(seconds: 2) { _, i in 0.5 * sin(.pi / 2 * Double(i) + .pi / 4) * min(1, Double(min(i, 95_999 - i)) / 4800) }
        #expect(isNear(tone.truePeakDBTP, -6.02, 0.05))
        #expect(isNear(tone.samplePeakDBFS, -9.03, 0.05))
    }

    @Test func jsonHasEveryFieldUnderItsName_andNullForWhatDoesNotExist() throws {
        let silent = analyze(seconds: 1, channels: 1) { _, _ in 0 }
        let json = try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(silent)) as? [String: Any])
        #expect(Set(json.keys) == [
            "file", "format", "encoding", "sample_rate", "channels", "frames", "seconds", "integrated_lufs", "loudness_range_lu",
            "max_momentary_lufs", "max_short_term_lufs", "true_peak_dbtp", "true_peak_itu_dbtp", "sample_peak_dbfs", "plr_db", "correlation", "dc_offset",
            "clipped_samples", "bands", "tempo_bpm", "key", "findings", "band_correlations", "vinyl", "channel_mask",
        ])
        for name in [
            "integrated_lufs", "loudness_range_lu", "max_momentary_lufs", "max_short_term_lufs", "true_peak_dbtp", "sample_peak_dbfs",
            "plr_db", "correlation", "tempo_bpm", "key",
        ] { #expect(json[name] is NSNull, "\(name)") }
        let bands = try #require(json["bands"] as? [[String: Any]])
        #expect(bands.count == 31 && bands.allSatisfy { $0["db"] is NSNull })
        let finding = try #require((json["findings"] as? [[String: Any]])?.first)
        #expect(Set(finding.keys) == ["code", "severity", "at_seconds", "message"] && finding["at_seconds"] is NSNull)
        #expect(try JSONDecoder().decode(Analysis.self, from: JSONEncoder().encode(silent)) == silent)
    }

    @Test func fileAnalysisEqualsTheStreamingOne_andDescribesTheFile() throws {
        let folder = NSTemporaryDirectory() + "lathe-analyze-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/a.wav"
        let output = try AtomicOutput(target: path, force: false, inputs: [])
        let writer = try AudioWriter(
            fileDescriptor: output.fileDescriptor, path: path,
            format: OutputFormat(container: .wav, bits: .float32, sampleRate: 48_000, channels: 2), tags: [:])
        var programme = Programme()
        let frames = 200_000
        let buffer = AudioBuffer(channels: 2, frames: frames)
        for i in 0..<frames { for c in 0..<2 { buffer.block[c][i] = Double(Float(programme.sample(c, i))) } }
        try writer.write(buffer.block, frames: frames)
        try writer.finish()
        _ = try output.commit()

        var reports: [Double?] = []
        let (file, overview) = try Analyze.file(path, progress: { reports.append($0) })
        var streamed = analyze(seconds: Double(frames) / 48_000, size: Pass.blockFrames) { c, i in buffer.block[c][i] }
        streamed.file = path
        streamed.format = "WAV"
        streamed.encoding = "float_32"
        #expect(file == streamed)
        #expect(overview.frames == Int64(frames) && reports.last == 1)
        #expect(throws: CancellationError.self) { try Analyze.file(path, isCancelled: { true }) }
    }

    @Test(arguments: [1, 333, 65_536])
    func measuresDoNotDependOnBlockSize(size: Int) {
        func measure(_ size: Int) -> Analysis {
            var programme = Programme()
            // Mono, because the order in which samples of a programme are drawn must not depend on the blocks.
            var analysis = analyze(seconds: 4, channels: 1, size: size) { c, i in programme.sample(c, i) }
            analysis.dcOffset = (analysis.dcOffset * 1e9).rounded()
            return analysis
        }
        #expect(measure(size) == measure(4096))
    }

    @Test func sixChannelsAndHighRatesAreMeasured() throws {
        let surround = analyze(seconds: 4, channels: 6, rate: 96_000) { c, i in c == 3 ? 0.9 * sine(40, i, rate: 96_000) : 0.1 * sine(1000, i, rate: 96_000) }
        // Three front channels at −23 each (power 0.5 · 0.01 · G(1 kHz)) and two at 1.41 times that; the LFE counts nothing.
        let expected = -23.01 + 10 * log10(3 + 2 * 1.41)
        #expect(isNear(surround.integratedLUFS, expected, 0.05))
        #expect(surround.correlation == nil)
    }
}

@Suite struct FindingsTests {
    @Test func ordinaryProgrammeRaisesNothing() {
        var programme = Programme()
        let analysis = analyze(seconds: 20) { c, i in programme.sample(c, i) }
        #expect(codes(analysis) == [])
    }

    @Test func hardClippingIsFoundWithItsTimeAndCount() throws {
        // A 1 kHz sine of amplitude 2 from 3 s on: of each half period of 24 samples those from 30° to 150°, 17, are flat.
        let analysis = analyze(seconds: 5, bits: 16) { _, i in
            let x = (i < 144_000 ? 0.1 : 2.0) * sine(1000, i)
            return max(-1, min(32767.0 / 32768, (x * 32768).rounded() / 32768))
        }
        let finding = try #require(analysis.findings.first { $0.code == "clipped_samples" })
        #expect(finding.severity == .warning)
        #expect(isNear(finding.atSeconds, 3, 0.001))
        #expect(analysis.clippedSamples == 2 * 2 * 2000 * 17)
    }

    @Test(arguments: [20.0, 55, 440, 997, 6000, 12_000, 17_000], [16, 24])
    func fullScaleSineIsNotClipping(hz: Double, bits: Int) {
        let full = Double(1 << (bits - 1))
        let analysis = analyze(seconds: 2, bits: bits) { _, i in max(-full, min(full - 1, (sine(hz, i) * (full - 1)).rounded())) / full }
        #expect(analysis.clippedSamples == 0 && !codes(analysis).contains("flat_tops"))
    }

    @Test func clippingThatWasTurnedDownLaterIsFound() {
        var programme = Programme()
        let analysis = analyze(seconds: 10) { c, i in 0.7 * max(-0.25, min(0.25, programme.sample(c, i))) / 0.25 }
        #expect(codes(analysis).contains("flat_tops") && analysis.clippedSamples == 0)
    }

    @Test func floatsBeyondFullScaleAreCountedFromTheFirst() throws {
        var programme = Programme()
        let analysis = analyze(seconds: 4) { c, i in programme.sample(c, i) * 0.5 + (c == 1 && i == 100_000 ? 1.5 : 0) }
        let finding = try #require(analysis.findings.first { $0.code == "over_full_scale" })
        #expect(isNear(finding.atSeconds, 100_000.0 / 48_000, 1e-9) && finding.message.hasPrefix("1 samples"))
    }

    @Test func truePeakOverIsFoundAtItsPlace() throws {
        // Samples at 0.95, peak 0.95·√2 = +2.6 dBTP, from 2 s on.
        let analysis = analyze(seconds: 4) { _, i in (i < 96_000 ? 0.1 : 0.95 * 2.0.squareRoot()) * sin(.pi / 2 * Double(i) + .pi / 4) }
        let finding = try #require(analysis.findings.first { $0.code == "true_peak_over" })
        #expect(isNear(finding.atSeconds, 2, 0.1))
    }

    @Test func offsetIsMeasuredAndReported() {
        var programme = Programme()
        let analysis = analyze(seconds: 5) { c, i in programme.sample(c, i) + (c == 1 ? -0.02 : 0) }
        #expect((analysis.dcOffset + 0.02).magnitude < 0.001 && codes(analysis).contains("dc_offset"))
    }

    @Test func silenceAtStartInsideAndEndIsTimed() throws {
        var programme = Programme()
        let analysis = analyze(seconds: 20) { c, i in
            let t = Double(i) / 48_000
            return (1.5..<6).contains(t) || (9..<15.5).contains(t) ? programme.sample(c, i) + 0.01 * sine(200, i) : 0
        }
        func at(_ code: String) -> Double? { analysis.findings.first { $0.code == code }?.atSeconds }
        #expect(at("silence_at_start") == 0)
        #expect(isNear(at("silence_inside"), 6, 0.01))
        #expect(isNear(at("silence_at_end"), 15.5, 0.01))
    }

    @Test func silentFileSaysOnlyThat() {
        #expect(codes(analyze(seconds: 5) { _, _ in 0 }) == ["silent"])
    }

    @Test func limitedProgrammeIsRecognised() {
        var programme = Programme()
        let analysis = analyze(seconds: 10) { c, i in 0.8 * tanh(12 * programme.sample(c, i)) }
        #expect(codes(analysis).contains("already_limited"))
    }

    @Test(arguments: [1, 2, 3, 6, 8])
    func beingLimitedDoesNotDependOnHowManyChannelsSayTheSame(channels: Int) {
        var programme = Programme()
        let mono = (0..<(48_000 * 6)).map { programme.sample(0, $0) }
        #expect(!codes(analyze(seconds: 6, channels: channels) { _, i in mono[i] }).contains("already_limited"))
        #expect(codes(analyze(seconds: 6, channels: channels) { _, i in 0.8 * tanh(12 * mono[i]) }).contains("already_limited"))
    }

    @Test func stereoFaultsAreTold() throws {
        var programme = Programme()
        let mono = (0..<(48_000 * 6)).map { programme.sample(0, $0) }
        #expect(codes(analyze(seconds: 6) { _, i in mono[i] }) == ["mono_content"])
        #expect(codes(analyze(seconds: 6) { c, i in c == 0 ? mono[i] : -mono[i] }) == ["polarity_inverted"])
        #expect(codes(analyze(seconds: 6) { c, i in c == 0 ? mono[i] : 0 }) == ["silent_channel"])
        #expect(codes(analyze(seconds: 6) { c, i in c == 0 ? mono[i] : 0.4 * mono[(i + 7) % mono.count] }) == ["channel_imbalance"])
        let turned = analyze(seconds: 6) { c, i in c == 0 ? mono[i] : (i < 96_000 ? 1 : -0.9) * mono[i] }
        let finding = try #require(turned.findings.first { $0.code == "negative_correlation" })
        #expect(finding.atSeconds == 2)
        #expect(try #require(turned.correlation) < 0)
    }

    @Test func bassThatCancelsInMonoIsTold() {
        var programme = Programme()
        let analysis = analyze(seconds: 10) { c, i in 0.3 * (programme.sample(c, i) * 0.5 + (c == 0 ? 0.2 : -0.2) * sine(63, i) + 0.3 * sine(700, i)) }
        #expect(codes(analysis) == ["bass_out_of_phase"])
    }

    @Test func unusedBitsAreTold() throws {
        var programme = Programme()
        let padded = analyze(seconds: 3, bits: 24) { c, i in (programme.sample(c, i) * 32768).rounded() / 32768 }
        #expect(try #require(padded.findings.first { $0.code == "unused_bits" }).message.contains("only 16"))
        let full = analyze(seconds: 3, bits: 24) { c, i in (programme.sample(c, i) * 8_388_608).rounded() / 8_388_608 }
        #expect(!codes(full).contains("unused_bits"))
        #expect(!codes(analyze(seconds: 3, bits: 16) { c, i in (programme.sample(c, i) * 128).rounded() / 128 }).contains("unused_bits"))
    }

    /// Noise limited to `hz` by a 1001-tap windowed sinc (−74 dB stop band, 160 Hz wide at 48 kHz).
    private func limitedNoise(_ hz: Double, rate: Double, seconds: Double) -> [Double] {
        var state: UInt64 = 5
        let white = (0..<(Int(rate * seconds) + 1001)).map { _ -> Double in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(Int64(bitPattern: state) >> 11) * 0x1p-52
        }
        let taps = (0..<1001).map { k -> Double in
            let t = Double(k - 500), phase = 2 * Double.pi * Double(k) / 1000
            let sinc = k == 500 ? 2 * hz / rate : sin(2 * .pi * hz / rate * t) / (.pi * t)
            return sinc * (0.42 - 0.5 * cos(phase) + 0.08 * cos(2 * phase))
        }
        return (0..<Int(rate * seconds)).map { i in
            var sum = 0.0
            for k in 0..<1001 { sum += taps[k] * white[i + k] }
            return 0.2 * sum
        }
    }

    @Test func wallInTheSpectrumIsTold_slopesAreNot() throws {
        let coded = limitedNoise(16_000, rate: 48_000, seconds: 4)
        let finding = try #require(analyze(seconds: 4, channels: 1) { _, i in coded[i] }.findings.first { $0.code == "band_limited" })
        #expect(finding.message.contains("16.0 kHz") || finding.message.contains("16.3 kHz"))
        let raised = limitedNoise(22_000, rate: 96_000, seconds: 4)
        #expect(codes(analyze(seconds: 4, channels: 1, rate: 96_000) { _, i in raised[i] }).contains("upsampled"))
        // Noise through eight one-pole filters at 6 kHz: 48 dB an octave, steeper than any instrument.
        var state = [Double](repeating: 0, count: 8)
        let white = limitedNoise(23_900, rate: 48_000, seconds: 4)
        let dull = white.map { x -> Double in
            var y = x
            for k in 0..<8 { state[k] += 0.54 * (y - state[k]); y = state[k] }
            return y
        }
        #expect(!codes(analyze(seconds: 4, channels: 1) { _, i in dull[i] }).contains("band_limited"))
        #expect(!codes(analyze(seconds: 4, channels: 1) { _, i in 0.5 * sine(12_000, i) + 0.1 * sine(997, i) }).contains("band_limited"))
    }
}
