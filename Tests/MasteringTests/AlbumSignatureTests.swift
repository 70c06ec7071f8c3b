import AudioFiles
import DSP
import Foundation
import Testing
@testable import Mastering

@Suite struct AlbumSignatureTests {
    private let rate = 44100

    private func render(_ requests: [MasterRequest]) throws -> [MasterResult] {
        let outputs = try requests.flatMap(\.outputs).map { try AtomicOutput(target: $0, force: true, inputs: []) }
        let results = try Master.album(requests, fileDescriptors: outputs.map(\.fileDescriptor), progress: { _, _ in }, isCancelled: { false })
        for output in outputs { _ = try output.commit() }
        return results
    }

    /// A mix with broad noise under it, so that every band holds something.
    private func breathing(seconds: Double, level: Double) -> AudioBuffer {
        let made = mix(seconds: seconds, rate: rate, level: level)
        var state: UInt64 = 7
        for i in 0..<(Int(seconds) * rate) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let hiss = level * 0.05 * Double(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
            for c in 0..<2 { made.block[c][i] += hiss }
        }
        return made
    }

    /// Three mixes of different loudness and colour; silence at the seams.
    private func album(_ folder: Folder, _ preset: Preset) throws -> [MasterRequest] {
        try [0.35, 0.8, 0.2].enumerated().map { index, level in
            let seconds = 9.0, frames = Int(seconds) * rate
            let sound = breathing(seconds: seconds, level: level)
            // A gentle shelf of its own for each: y = x ± a·(x − previous).
            let tilt = [0.0, 0.25, -0.2][index]
            for c in 0..<2 {
                var before = 0.0
                for i in 0..<frames {
                    let x = sound.block[c][i]
                    sound.block[c][i] = i > frames - 2000 ? 0 : x + tilt * (x - before)
                    before = x
                }
            }
            try write(sound, frames: frames, to: folder["in\(index).wav"], rate: rate)
            return MasterRequest(input: folder["in\(index).wav"], output: folder["album\(index).wav"], preset: preset, container: .wav, force: true)
        }
    }

    /// Within 0.1 LU, and 0.3 dB in every third-octave that holds anything, of what the track was on its album.
    @Test(arguments: ["streaming", "pop", "tape"])
    func aTrackAloneLandsWhereItWasOnItsAlbum(name: String) throws {
        let folder = try Folder()
        var preset = try PresetLibrary.load(name)
        preset.target.psrFloorDB = 0
        preset.target.maxLimiterGainReductionDB = 8
        var requests = try album(folder, preset)
        requests[0].delivery.signature = folder["album.signature"]
        let onAlbum = try render(requests)
        let kept = try AlbumSignature.read(folder["album.signature"])
        for (index, request) in requests.enumerated() {
            var alone = MasterRequest(
                input: request.input, output: folder["alone\(index).wav"], preset: try Preset.parse(toml: kept.presetTOML, file: "p"),
                container: .wav, force: true)
            alone.signatureTOML = kept.toml()
            let result = try render([alone])[0]
            let (now, then) = (result.after, onAlbum[index].after)
            #expect(abs(now.integratedLUFS! - then.integratedLUFS!) <= 0.1, "\(name) \(index): \(now.integratedLUFS!) \(then.integratedLUFS!)")
            #expect(result.targetReached, "\(result.note ?? "")")
            for (a, b) in zip(now.bands, then.bands) {
                guard let a = a.db, let before = b.db, before > -70 else { continue }
                #expect(abs(a - before) <= 0.3, "\(name) track \(index) at \(b.hz) Hz: \(a) \(before)")
            }
            #expect(result.moves.contains { $0.code == "beside_album" })
        }
    }

    /// A later mix that was exported much lower and has a hole in its middle comes within the album's spread.
    @Test func aStrangerIsBroughtIntoTheSpread() throws {
        let folder = try Folder()
        var preset = try PresetLibrary.load("streaming")
        preset.tone.settings.amountPct = 100
        var requests = try album(folder, preset)
        requests[0].delivery.signature = folder["album.signature"]
        let onAlbum = try render(requests)
        let kept = try AlbumSignature.read(folder["album.signature"])
        let frames = 9 * rate
        let sound = breathing(seconds: 9, level: 0.02)
        for c in 0..<2 {
            // A hole of 10 dB around 2.5 kHz: what a state-variable band-pass of Q 0.7 lets through, taken out.
            var low = 0.0, band = 0.0
            for i in 0..<frames {
                let x = sound.block[c][i]
                low += 0.354 * band
                band += 0.354 * (x - low - 1.4 * band)
                sound.block[c][i] = x - 0.7 * 1.4 * band
            }
        }
        try write(sound, frames: frames, to: folder["new.wav"], rate: rate)
        var request = MasterRequest(input: folder["new.wav"], output: folder["new-master.wav"], preset: preset, container: .wav, force: true)
        request.signatureTOML = kept.toml()
        let result = try render([request])[0]
        let levels = onAlbum.map { $0.after.integratedLUFS! }
        #expect(result.after.integratedLUFS! >= levels.min()! - 0.1 && result.after.integratedLUFS! <= levels.max()! + 0.1)
        #expect(result.moves.contains { $0.block == .tone && $0.db ?? 0 > 0.5 && (1200...5000).contains($0.hz ?? 0) }, "\(result.moves.map(\.text))")
    }

    @Test func aSignatureIsReadAsItWasWritten_andADamagedOneIsRefused() throws {
        let folder = try Folder()
        var requests = try album(folder, PresetLibrary.load("streaming"))
        requests[0].delivery.signature = folder["album.signature"]
        _ = try render(requests)
        let text = try String(contentsOfFile: folder["album.signature"], encoding: .utf8)
        let kept = try AlbumSignature.parse(toml: text, file: "s")
        #expect(kept.toml() == text)
        for (from, to) in [("schema = 1", "schema = 9"), ("quietest_lufs", "quietest"), ("mid_db = [", "mid_db = [0, "), ("may_clip = ", "may_clip = 1 #")] {
            let error = #expect(throws: PresetError.self) { try AlbumSignature.parse(toml: text.replacingOccurrences(of: from, with: to), file: "s") }
            #expect(error?.exitCode == 65)
        }
    }
}
