import AudioFiles
import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct DeliveryCommandTests {
    private static let further = ["--deliver", "flac:24", "--deliver", "mp3", "--deliver", "wav:16:44100", "--deliver", "opus"]

    private func digest(_ path: String) throws -> String {
        String(try ChildProcess("/usr/bin/sha256sum", [path]).text().prefix(64))
    }

    @Test func theManifestIsTheSameForTheSameRender_whereverItIsMade_andItsHashesAreTrue() throws {
        var manifests: [[UInt8]] = []
        for _ in 0..<2 {
            let place = try Workspace()
            try place.write("mix.wav", WAV.bursts(seconds: 3))
            let outcome = try place.start(["master", "mix.wav", "--manifest", "--json", "--bext"] + Self.further).outcome()
            #expect(outcome.status == 0, "\(outcome.err)")
            #expect(try outcome.object["manifest"] as? String == "mix-master.wav.manifest.json")
            let bytes = try place.bytes("mix-master.wav.manifest.json")
            manifests.append(bytes)
            let manifest = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
            let input = try #require(manifest["input"] as? [String: Any])
            #expect(try input["sha256"] as? String == digest(place.path("mix.wav")))
            // The header of a WAV that this test wrote is 44 bytes; its 16-bit samples stand in the upper half of 32.
            let samples = try place.bytes("mix.wav").dropFirst(44)
            var wide: [UInt8] = []
            for at in stride(from: samples.startIndex, to: samples.endIndex, by: 2) { wide += [0, 0, samples[at], samples[at + 1]] }
            try place.write("sound", wide)
            #expect(try input["audio_sha256"] as? String == digest(place.path("sound")))
            let outputs = try #require(manifest["outputs"] as? [[String: Any]])
            #expect(outputs.map { $0["file"] as? String } == [
                "mix-master.wav", "mix-master.flac", "mix-master.mp3", "mix-master-16-44100.wav", "mix-master.opus",
            ])
            for output in outputs {
                #expect(try output["sha256"] as? String == digest(place.path(#require(output["file"] as? String))), "\(output)")
                #expect(output["clamped_samples"] as? Int == 0)
            }
            // The same sound in two containers.
            #expect(outputs[0]["audio_sha256"] as? String == outputs[1]["audio_sha256"] as? String)
            let settings = try #require(manifest["settings"] as? [String: Any])
            #expect(settings["target.lufs"] as? Double == -14 && settings["output.bext"] as? Bool == true)
            #expect((manifest["preset"] as? [String: Any])?["sha256"] as? String == (try outcome.object["preset_hash"] as? String))
            #expect(try place.openRows().isEmpty)
        }
        #expect(manifests[0] == manifests[1])
    }

    @Test func oneRenderGivesManyFiles_eachUnderTheCeiling() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.bursts(seconds: 3))
        let outcome = try place.start(["master", "mix.wav", "--set", "target.lufs=-11", "--json"] + Self.further).outcome()
        #expect(outcome.status == 0, "\(outcome.err)")
        let files = try #require(try outcome.object["deliverables"] as? [[String: Any]])
        let expected = [("mix-master.flac", "pcm_24", 48_000), ("mix-master.mp3", "mp3", 48_000), ("mix-master-16-44100.wav", "pcm_16", 44_100),
                        ("mix-master.opus", "opus", 48_000)]
        #expect(files.count == 4)
        for (file, wanted) in zip(files, expected) {
            #expect(file["output"] as? String == wanted.0)
            // Measured anew from the file on disk, not taken from the render.
            let found = try place.run("analyze", wanted.0, "--json").object
            #expect(found["encoding"] as? String == wanted.1 && found["sample_rate"] as? Int == wanted.2)
            #expect(try #require(found["true_peak_dbtp"] as? Double) <= -0.9, "\(wanted.0)")
            #expect(try abs(#require(found["integrated_lufs"] as? Double) - #require(file["integrated_lufs"] as? Double)) < 0.01, "\(wanted.0)")
            #expect(file["ceiling_held"] as? Bool == true)
        }
        #expect(try place.names() == Set(["mix.wav", "mix-master.wav"] + expected.map(\.0)))
        #expect(try place.openRows().isEmpty)
    }

    @Test func aDeliverableHasTheBytesOfAMasterOfThatForm() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.bursts(seconds: 2))
        #expect(try place.run("master", "mix.wav", "--deliver", "flac:16", "--deliver", "ogg").status == 0)
        #expect(try place.run("master", "mix.wav", "-o", "alone.flac", "--bits", "16").status == 0)
        #expect(try place.bytes("mix-master.flac") == place.bytes("alone.flac"))
        // Streams of Ogg carry a serial number that encoders make up; here it is part of the render.
        #expect(try place.run("master", "mix.wav", "-o", "again.wav", "--deliver", "ogg").status == 0)
        #expect(try place.bytes("mix-master.ogg") == place.bytes("again.ogg"))
    }

    @Test func tracksOfAnAlbumAreDeliveredEachInEveryForm() throws {
        let place = try Workspace()
        try place.write("one.wav", WAV.tone(dBFS: -20, seconds: 2))
        try place.write("two.wav", WAV.tone(dBFS: -20, seconds: 3))
        let outcome = try place.run("master", "one.wav", "two.wav", "--album", "--deliver", "flac", "--manifest", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        for (name, seconds) in [("one", 2.0), ("two", 3.0)] {
            #expect(try place.run("analyze", "\(name)-master.flac", "--json").object["seconds"] as? Double == seconds)
            let manifest = try JSONSerialization.jsonObject(with: Data(place.bytes("\(name)-master.wav.manifest.json"))) as? [String: Any]
            #expect((manifest?["outputs"] as? [Any])?.count == 2)
        }
    }

    @Test(arguments: ["aac", "wav:12", "mp3:16", "flac:24:24:24", "wav:44100:48000", "", "wav:"])
    func aDeliverableThatIsNoneIsRefused(text: String) throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.tone(dBFS: -20, seconds: 1))
        let outcome = try place.run("master", "mix.wav", "--deliver", text)
        #expect(outcome.status == 64, "\(outcome.err)")
        expectOneLine(outcome.err, "--deliver")
        #expect(try place.names() == ["mix.wav"])
    }

    @Test func noDeliverableTakesTheNameOfAnother_anInput_orAnExistingFile() throws {
        let place = try Workspace()
        let input = WAV.tone(dBFS: -20, seconds: 1)
        try place.write("mix.wav", input)
        try place.write("mix-master.flac", Array("precious".utf8))
        func refused(_ status: Int32, _ words: String, _ arguments: String..., location: SourceLocation = #_sourceLocation) throws {
            let outcome = try place.start(["master", "mix.wav"] + arguments).outcome()
            #expect(outcome.status == status, "\(outcome.err)", sourceLocation: location)
            expectOneLine(outcome.err, words, location: location)
            #expect(!place.exists("mix-master.wav") && !place.exists("mix-master.mp3"), sourceLocation: location)
        }
        try refused(64, "written twice", "--deliver", "mp3", "--deliver", "mp3")
        try refused(64, "written twice", "--deliver", "wav")
        // The whole command is refused before any work: the FLAC's name is taken.
        try refused(73, "mix-master.flac", "--deliver", "mp3", "--deliver", "flac")
        // An input by another name.
        #expect(link(place.path("mix.wav"), place.path("mix-master-16.wav")) == 0)
        try refused(73, "never overwritten", "--deliver", "wav:16", "--force")
        // Two names of one place, through a link.
        #expect(symlink(place.path("there.flac"), place.path("out.flac")) == 0)
        try place.write("there.flac", [1])
        #expect(symlink(place.path("there.flac"), place.path("out.wav")) == 0)
        try refused(64, "written twice", "-o", "out.wav", "--deliver", "flac", "--force")
        #expect(try place.bytes("mix.wav") == input && place.bytes("mix-master.flac") == Array("precious".utf8))
        #expect(try place.openRows().isEmpty)
    }

    @Test func aFormThatAContainerDoesNotHoldIsRefusedWithNothingLeft() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.tone(dBFS: -20, seconds: 1))
        let outcome = try place.run("master", "mix.wav", "--deliver", "opus:44100")
        #expect(outcome.status == 64)
        expectOneLine(outcome.err, "mix-master.opus", "Opus holds 48000 Hz")
        #expect(try place.names() == ["mix.wav"])
        #expect(try place.openRows().isEmpty)
    }

    @Test func theBroadcastPresetWritesItsLoudnessIntoTheWAV_andTheCodeGoesAlong() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.tone(dBFS: -30, seconds: 4))
        let outcome = try place.run("master", "mix.wav", "--preset", "broadcast", "--isrc", "gb-abc-26-00001", "--deliver", "mp3", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        let after = try #require(try outcome.object["after"] as? [String: Any])
        let reader = try AudioReader(path: place.path("mix-master.wav"))
        let chunk = try #require(try reader.broadcast)
        #expect(try abs(#require(chunk.loudness.integrated) - #require(after["integrated_lufs"] as? Double)) <= 0.005)
        #expect(try abs(#require(chunk.loudness.maxTruePeak) - #require(after["true_peak_dbtp"] as? Double)) <= 0.005)
        #expect(try abs(#require(chunk.loudness.integrated) + 23) <= 0.1)
        #expect(chunk.codingHistory.hasPrefix("A=PCM,F=48000,W=24,M=stereo,T=lathe"))
        #expect(reader.info.tags["isrc"] == "GBABC2600001")
        // TSRC, ID3v2.4 §4.2.1.
        let mp3 = try place.bytes("mix-master.mp3").prefix(512)
        #expect(String(decoding: mp3, as: UTF8.self).contains("TSRC") && String(decoding: mp3, as: UTF8.self).contains("GBABC2600001"))
        // Without being asked for there is no chunk, and what an input has goes on.
        #expect(try place.run("master", "mix.wav", "-o", "plain.wav").status == 0)
        #expect(try AudioReader(path: place.path("plain.wav")).broadcast == nil)
        #expect(try place.run("master", "mix-master.wav", "-o", "second.wav", "--rate", "44100").status == 0)
        let carried = try #require(try AudioReader(path: place.path("second.wav")).broadcast)
        #expect(carried.codingHistory.contains("F=48000") && carried.codingHistory.contains("F=44100"))
        #expect(try abs(#require(carried.loudness.integrated) + 14) <= 0.2)
    }

    @Test func anISRCIsCheckedAndForOneRecording() throws {
        let place = try Workspace()
        try place.write("a.wav", WAV.tone(dBFS: -20, seconds: 1))
        try place.write("b.wav", WAV.tone(dBFS: -20, seconds: 1))
        #expect(try place.run("master", "a.wav", "--isrc", "12345").status == 64)
        #expect(try place.run("master", "a.wav", "b.wav", "--isrc", "GBABC2600001").status == 64)
        #expect(try place.names() == ["a.wav", "b.wav"])
    }

    /// What a sequence asks for is asked for as by an option.
    @Test func theCodesOfASequenceGoIntoFLAC_andAreNotLostElsewhere() throws {
        let place = try Workspace()
        try place.write("a.wav", WAV.tone(dBFS: -20, seconds: 1))
        try place.write("order.toml", Array("schema = 1\n[[track]]\nfile = \"a.wav\"\nisrc = \"GB-ABC-26-00001\"\n".utf8))
        let refused = try place.run("master", "--sequence", "order.toml", "--format", "ogg")
        #expect(refused.status == 64 && refused.err.contains("isrc in the sequence"), "\(refused.err)")
        #expect(try place.names() == ["a.wav", "order.toml"])
        let done = try place.run("master", "--sequence", "order.toml", "--format", "flac")
        #expect(done.status == 0, "\(done.err)")
        #expect(try AudioReader(path: place.path("a-master.flac")).info.tags["isrc"] == "GBABC2600001")
    }

    @Test func aCueSheetAndAnImageCannotBeInOnePlace() throws {
        let place = try Workspace()
        try place.write("a.wav", WAV.tone(dBFS: -20, seconds: 5))
        let outcome = try place.run("master", "a.wav", "--cue", "x.cue", "--ddp", "./x.cue")
        #expect(outcome.status == 64 && outcome.err.contains("one place"), "\(outcome.err)")
        #expect(try place.names() == ["a.wav"])
    }
}

@Suite struct CodecCheckTests {
    private static let loud = ["--set", "target.lufs=-8", "--set", "target.max_limiter_gr_db=12"]

    /// Noise bursts: codecs change their waveform most.
    private static func noise() -> [UInt8] {
        var state: UInt64 = 7
        return WAV.file((0..<144_000).flatMap { n -> [Int16] in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let beat = Double(n % 12_000) / 12_000
            let x = (0.05 + 0.5 * exp(-8 * beat)) * (Double(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648)
            return [Int16(32767 * x), Int16(30000 * x)]
        })
    }

    @Test func everyCodecOfTheLibraryIsTriedAndItsPeakIsTrue() throws {
        let place = try Workspace()
        try place.write("mix.wav", Self.noise())
        let outcome = try place.start(["master", "mix.wav", "--codec-check", "report", "--json"] + Self.loud).outcome()
        #expect(outcome.status == 0, "\(outcome.err)")
        let readings = try #require(try outcome.object["codec_check"] as? [[String: Any]])
        #expect(readings.map { $0["codec"] as? String } == ["opus_160", "vorbis_q6", "mp3_320", "aac_256"])
        for reading in readings.prefix(3) {
            #expect(reading["problem"] is NSNull)
            let peak = try #require(reading["true_peak_dbtp"] as? Double), overshoot = try #require(reading["overshoot_db"] as? Double)
            #expect(abs(peak + 1 - overshoot) < 1e-5 && peak > -3 && peak < 3)
        }
        #expect(readings.contains { ($0["overshoot_db"] as? Double ?? 0) > 0.05 })
        // The ceiling is as it was, and nothing of the tries is left.
        #expect(try outcome.object["ceiling_dbtp"] as? Double == -1)
        #expect(try place.names() == ["mix.wav", "mix-master.wav"])
        #expect(try place.openRows().isEmpty)
    }

    private static let ffmpeg: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { $0 + "/ffmpeg" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(.enabled(if: ffmpeg != nil, "there is no ffmpeg on the search path"))
    func aacIsTriedByARealFFmpeg_andItsPeakIsThatOfTheSameByHand() throws {
        let place = try Workspace(), ffmpeg = try #require(Self.ffmpeg)
        try place.write("mix.wav", Self.noise())
        let outcome = try place.start(["master", "mix.wav", "--codec-check", "report", "--json"] + Self.loud).outcome()
        let reading = try #require((try outcome.object["codec_check"] as? [[String: Any]])?.first { $0["codec"] as? String == "aac_256" })
        #expect(reading["problem"] is NSNull)
        let peak = try #require(reading["true_peak_dbtp"] as? Double)
        for arguments in [["-i", "mix-master.wav", "-c:a", "aac", "-b:a", "256k", "-f", "adts", "by-hand.aac"], ["-i", "by-hand.aac", "-f", "f32le", "by-hand.raw"]] {
            #expect(try ChildProcess(ffmpeg, ["-nostdin", "-loglevel", "quiet", "-y"] + arguments, folder: place.folder, output: .null).wait() == 0)
        }
        let bytes = try place.bytes("by-hand.raw")
        let samplePeak = bytes.withUnsafeBytes { raw in (0..<raw.count / 4).reduce(Float(0)) { max($0, raw.loadUnaligned(fromByteOffset: $1 * 4, as: Float.self).magnitude) } }
        // The true peak lies at or above the largest sample, for such noise by less than two decibels.
        let above = peak - 20 * log10(Double(samplePeak))
        #expect(above > -0.01 && above < 2, "\(peak) dBTP over \(samplePeak)")
        #expect(try place.openRows().isEmpty)
    }

    @Test func withoutAnFFmpegAACIsNamedAsNotTried() throws {
        let place = try Workspace()
        try place.write("mix.wav", Self.noise())
        let outcome = try place.start(["master", "mix.wav", "--codec-check", "report", "--json"], environment: ["PATH": place.folder]).outcome()
        #expect(outcome.status == 0, "\(outcome.err)")
        let reading = try #require((try outcome.object["codec_check"] as? [[String: Any]])?.last)
        #expect(reading["codec"] as? String == "aac_256" && reading["problem"] as? String == "there is no ffmpeg on the search path")
    }

    @Test func autoLowersTheCeilingUntilEveryCodecHoldsThePresets() throws {
        let place = try Workspace()
        try place.write("mix.wav", Self.noise())
        let outcome = try place.start(["master", "mix.wav", "--codec-check", "auto", "--json"] + Self.loud).outcome()
        #expect(outcome.status == 0, "\(outcome.err)")
        let ceiling = try #require(try outcome.object["ceiling_dbtp"] as? Double)
        #expect(ceiling < -1.4 && ceiling >= -3)
        let after = try #require(try outcome.object["after"] as? [String: Any])
        #expect(try #require(after["true_peak_dbtp"] as? Double) <= ceiling + 0.05)
        let readings = try #require(try outcome.object["codec_check"] as? [[String: Any]])
        if ceiling > -3 { for reading in readings.prefix(3) { #expect(try #require(reading["overshoot_db"] as? Double) <= 0.05) } }
        #expect(try place.openRows().isEmpty)
    }

    @Test func whatACodecDoesNotHoldIsSaid_andTheOthersAreTried() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.tone(dBFS: -20, seconds: 1, channels: 6))
        let outcome = try place.run("master", "mix.wav", "--codec-check", "report", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        let readings = try #require(try outcome.object["codec_check"] as? [[String: Any]])
        #expect((readings[2]["problem"] as? String)?.contains("MP3 holds at most 2 channels") == true)
        #expect(readings[0]["true_peak_dbtp"] is Double)
    }
}
