import DSP
import Foundation
import Testing
@testable import Mastering

@Suite struct AssistantTests {
    /// An unlimited mix with room to move, on the mean of commercial music.
    private func mix(_ change: (inout Analysis) -> Void = { _ in }) -> Analysis {
        var out = Analysis()
        out.sampleRate = 48_000
        out.channels = 2
        out.seconds = 200
        out.integratedLUFS = -20
        out.maxShortTermLUFS = -17
        out.loudnessRangeLU = 8
        out.truePeakDBTP = -4
        out.traits.spectrum = spectrum(side: { commercial($0) - 12 }, commercial)
        change(&out)
        return out
    }

    private func commercial(_ hz: Double) -> Double { -20 - 0.659 * pow(log2(hz / 283), 2) }
    private func curve(_ id: String = "commercial") throws -> ToneTarget { try ToneLibrary.load(id) }
    private func plan(_ analysis: Analysis, _ preset: Preset = Preset(), amount: Double = 1, mine: Bool = false) throws -> Assistant.Plan {
        Assistant.plan(analysis, preset: preset, target: try curve(), amount: amount, wasMasteredHere: mine)
    }
    private func codes(_ plan: Assistant.Plan) -> [String] { plan.moves.map(\.code) }

    private func boomy(_ analysis: inout Analysis) {
        analysis.traits.spectrum = spectrum(side: { commercial($0) - 12 }) { commercial($0) + hump(6, at: 250)($0) }
    }

    @Test func aBalancedMixGetsGlueAndLoudness_andNoTone() throws {
        let plan = try plan(mix())
        #expect(plan.isActive && plan.targetLUFS == -14 && plan.compressorOn && plan.compressorReductionDB == 1 && plan.mayClip)
        #expect(plan.tone.curve.isFlat && plan.moves.isEmpty && plan.deEss == nil)
        // All but the lowest band, whose centre lies a hair under the curve's first point.
        #expect(plan.tone.bands.count == 120)
    }

    @Test func aMoveSaysWhereHowMuchAndWhy() throws {
        let plan = try plan(mix(boomy))
        let move = try #require(plan.moves.first)
        #expect(plan.moves.count == 1 && move.block == .tone && move.code == "tone_cut" && move.channel == "stereo")
        let db = try #require(move.db), hz = try #require(move.hz)
        let deviation = try #require(move.deviationDB), tolerance = try #require(move.bandDB)
        let outside = deviation - tolerance
        #expect(db < -1 && db > -1.6 && outside > 2 && outside < 3 && (hz - 251).magnitude < 16)
        let words = move.text
        #expect(words == "\u{2212}\(String(format: "%.1f", -db)) dB at \(Move.frequency(hz)): \(String(format: "%.1f", outside)) dB above the band")
    }

    @Test func silenceIsLeftAtItsLevel() throws {
        let plan = try plan(mix { $0.integratedLUFS = nil; $0.maxShortTermLUFS = nil; $0.traits.spectrum = .silence })
        #expect(plan.targetLUFS == nil && !plan.compressorOn && plan.tone.curve.isFlat && codes(plan) == ["silent"])
    }

    enum Limited: CaseIterable, Sendable {
        case byPSR, byClipping, byPiledPeaks

        func mark(_ a: inout Analysis) {
            switch self {
            case .byPSR: (a.truePeakDBTP, a.integratedLUFS, a.maxShortTermLUFS) = (-1, -9, -8)
            case .byClipping: (a.traits.clippedRuns, a.truePeakDBTP, a.integratedLUFS) = (101, 0.1, -15)
            case .byPiledPeaks: (a.traits.peaksAtTop, a.traits.peaksBelow, a.truePeakDBTP, a.maxShortTermLUFS) = (900, 700, -0.3, -11)
            }
        }
    }

    @Test(arguments: Limited.allCases)
    func whatIsLimitedAlreadyIsNotPushedAgain(how: Limited) throws {
        var loud = Preset()
        loud.target.lufs = -7
        let input = mix(how.mark)
        let plan = try plan(input, loud)
        #expect(plan.targetLUFS == input.integratedLUFS && !plan.compressorOn && !plan.mayClip, "\(how)")
        #expect(Set(codes(plan)).isSuperset(of: ["target_held", "compressor_off"]), "\(how): \(codes(plan))")
        // A quieter target is still a target.
        var quiet = Preset()
        quiet.target.lufs = -23
        #expect(try self.plan(input, quiet).targetLUFS == -23)
    }

    @Test(arguments: [(1.0, 10.9), (2, 7.9), (8, 1.9)])
    func beingLimitedDoesNotDependOnHowManyChannelsSayTheSame(channels: Double, psr: Double) throws {
        // Loudness grows by 10·log10 of the channels (BS.1770-5 equation 2), the peak does not.
        func programme(_ psr: Double) -> Analysis {
            mix { ($0.traits.effectiveChannels, $0.truePeakDBTP, $0.maxShortTermLUFS, $0.integratedLUFS) = (channels, -1, -1 - psr, -3 - psr) }
        }
        var loud = Preset()
        loud.target.lufs = -6
        #expect(try codes(plan(programme(psr), loud)).contains("compressor_off") && !plan(programme(psr), loud).mayClip)
        #expect(try plan(programme(psr + 0.3), loud).mayClip)
    }

    @Test func drumMachinesWithOneHeightOfPeaksAreNoLimiters() throws {
        let drums = mix { ($0.traits.peaksAtTop, $0.traits.peaksBelow, $0.truePeakDBTP) = (500, 0, -1) }
        #expect(drums.traits.isPeakLimited)
        #expect(try plan(drums).targetLUFS == -14 && plan(drums).mayClip)
    }

    @Test func aLimitedFileWithHeadroomMayUseIt() throws {
        // Limited at −7 dBTP: six decibels of plain gain reach a ceiling of −1.
        let plan = try plan(mix { $0.truePeakDBTP = -7; $0.maxShortTermLUFS = -14; $0.integratedLUFS = -16 }, Preset())
        #expect(plan.targetLUFS == -14 && !plan.mayClip && !codes(plan).contains("target_held"))
    }

    @Test func glueNeedsPeaksAndRange() throws {
        #expect(try plan(mix { $0.loudnessRangeLU = 3.9 }).compressorOn == false)
        #expect(try plan(mix { $0.truePeakDBTP = -8.5 }).compressorOn == false)
        #expect(try plan(mix { $0.loudnessRangeLU = 4.1; $0.truePeakDBTP = -7.9 }).compressorOn)
        var off = Preset()
        off.compressor.on = false
        let plan = try plan(mix { $0.loudnessRangeLU = 2 }, off)
        #expect(!plan.compressorOn && plan.moves.isEmpty)
        let said = try #require(try self.plan(mix { $0.loudnessRangeLU = 3.2 }).moves.first)
        #expect(said.code == "compressor_off" && said.text == "Compressor off: the loudness ranges over 3.2 LU only")
    }

    @Test func muchGainIsPointedOut() throws {
        let move = try #require(try plan(mix { $0.integratedLUFS = -31.2; $0.truePeakDBTP = -14; $0.maxShortTermLUFS = -27 }).moves.first)
        let db = try #require(move.db)
        #expect(move.code == "large_gain" && (db - 17.2).magnitude < 1e-9 && move.text.hasPrefix("+17.2 dB of gain"))
        #expect(try plan(mix { $0.integratedLUFS = -25.9 }).moves.isEmpty)
    }

    @Test func speechAndShortSoundsKeepTheirTone() throws {
        func talking(_ a: inout Analysis) {
            boomy(&a)
            a.traits.spectrum.side = [Double](repeating: 0, count: LongTermSpectrum.bandCount)
            for band in 0..<24 { a.traits.spectrum.mid[band] *= 1e-4 }
            a.traits.speech.syllabicModulation = 0.6
            a.traits.speech.pauseShare = 0.4
        }
        let speech = mix(talking)
        #expect(speech.traits.isSpeech && !mix().traits.isSpeech)
        let plan = try plan(speech)
        #expect(plan.tone.curve.isFlat && codes(plan) == ["tone_off"])
        // Drums have the rhythm too, but not the spectrum.
        #expect(!mix { talking(&$0); boomy(&$0) }.traits.isSpeech)
        let fitting = Assistant.plan(speech, preset: Preset(), target: try curve("speech"))
        #expect(!codes(fitting).contains("tone_off"))
        // A voice is evened out whatever its range.
        #expect(try self.plan(mix { talking(&$0); $0.loudnessRangeLU = 2 }).compressorOn)
        let short = try self.plan(mix { boomy(&$0); $0.seconds = 2.9 })
        #expect(short.tone.curve.isFlat && codes(short) == ["tone_off"])
    }

    @Test func sharpSibilantsAreTamed_cymbalsAreNot() throws {
        func sharp(_ a: inout Analysis, share: Double = 0.08, over: Double = 2) {
            a.traits.speech.sibilantShare = share
            a.traits.speech.sibilanceDB = -2 + over
        }
        let deEss = try #require(try plan(mix { sharp(&$0) }).deEss)
        #expect(deEss.rangeDB == -3 && deEss.hz == 6500)
        #expect(try plan(mix { sharp(&$0, over: 20) }).deEss?.rangeDB == -4)
        #expect(try plan(mix { sharp(&$0, over: -0.1) }).deEss == nil)
        #expect(try plan(mix { sharp(&$0, share: 0.5) }).deEss == nil)
        #expect(try plan(mix { sharp(&$0, share: 0.001) }).deEss == nil)
        #expect(try plan(mix { sharp(&$0) }, amount: 0.5).deEss?.rangeDB == -1.5)
    }

    @Test func aLossyEdgeIsNamed_andNothingRaisedAbove() throws {
        let plan = try plan(mix { a in
            a.traits.edgeHz = 15_500
            a.traits.spectrum = spectrum { hz in hz > 15_500 ? -150 : commercial(hz) - (hz > 4000 ? 9 : 0) }
        })
        #expect(codes(plan).contains("lossy_edge") && codes(plan).contains("tone_boost"))
        #expect(zip(ToneCurve.frequencies, plan.tone.curve.midDB).allSatisfy { $0 < 15_100 || $1 <= 0 })
        #expect(plan.tone.curve.midDB(at: 8000) > 0.5)
    }

    @Test(arguments: [0.0, 0.25, 0.5, 0.75, 1])
    func theGlobalAmountScalesEverything_andAtZeroNothingIsLeft(amount: Double) throws {
        let plan = try self.plan(mix(boomy), amount: amount), whole = try self.plan(mix(boomy))
        if amount == 0 {
            #expect(!plan.isActive && plan.tone.curve == .flat && !plan.compressorOn && plan.targetLUFS == nil && plan.deEss == nil && plan.moves.isEmpty)
            return
        }
        #expect(plan.isActive && plan.targetLUFS == -20 + 6 * amount && plan.compressorReductionDB == amount)
        #expect((plan.tone.curve.midDB(at: 251) - amount * whole.tone.curve.midDB(at: 251)).magnitude < 0.05)
    }

    /// The second pass over a finished master: no more than 0.2 LU and 0.3 dB in any band.
    @Test(arguments: [
        // Reached without limiting, with limiting, stopped at the cap below the target, and a quiet one.
        (-14.0, -14.02, -3.2, 0), (-14, -14.08, -1.02, 700), (-9.5, -11.3, -1.0, 2000), (-23, -23, -9, 0),
    ])
    func aFinishedMasterIsKnownAndLeftAlone(target: Double, loudness: Double, peak: Double, piled: Int) throws {
        var preset = Preset()
        preset.target.lufs = target
        // Far from the curve, as a master may well be.
        let master = mix { a in
            a.traits.spectrum = spectrum { commercial($0) + 9 * sin(log2($0)) }
            a.integratedLUFS = loudness
            a.truePeakDBTP = peak
            a.maxShortTermLUFS = loudness + 3.5
            a.traits.peaksAtTop = piled
            a.traits.peaksBelow = piled * 2 / 3
        }
        let plan = try plan(master, preset)
        let aim = try #require(plan.targetLUFS)
        #expect((aim - loudness).magnitude <= 0.2)
        #expect(plan.tone.curve.isFlat && !plan.compressorOn && !plan.mayClip && plan.deEss == nil)
        #expect(codes(plan).contains("tone_off"))
        // The same sound a decibel quieter is a mix like any other.
        if piled == 0 {
            var mixed = master
            mixed.integratedLUFS = loudness - 1
            let again = try self.plan(mixed, preset)
            #expect(!again.tone.curve.isFlat)
        }
    }

    @Test func whatLatheMadeIsLeftAloneWhateverItMeasures() throws {
        let plan = try plan(mix(boomy), mine: true)
        #expect(plan.tone.curve.isFlat && !plan.compressorOn && !plan.mayClip && plan.rests)
        // Three decibels under the ceiling and six under the target: it was turned down since.
        #expect(plan.targetLUFS == -17 && !plan.keepsLevel && codes(plan) == ["finished", "target_held"])
        #expect(plan.moves[0].text == "Everything rests but level and ceiling: Lathe mastered it with this preset before")
    }

    @Test func thePlanGoesIntoThePreset() throws {
        let preset = Preset()
        let out = try plan(mix { $0.loudnessRangeLU = 2 }, amount: 0.5).applied(to: preset)
        #expect(out.target.lufs == -17 && !out.compressor.on && out.compressor.gainReductionTargetDB == 0.5)
        var same = out
        same.target.lufs = preset.target.lufs
        same.compressor = preset.compressor
        #expect(same == preset)
    }

    @Test func theOutcomeSaysWhatCameOfIt() throws {
        let before = mix(boomy), plan = try plan(before)
        let after = mix { a in
            a.traits.spectrum = plan.tone.curve.applied(to: before.traits.spectrum)
            a.integratedLUFS = -14
        }
        let moves = plan.outcome(
            after: after, before: before, preset: Preset(), settings: ToneSettings(), target: try curve(), gainDB: 6.4, clipReductionDB: 0,
            limiterReductionDB: 1.43)
        let tone = moves[0]
        let was = try #require(tone.deviationDB), now = try #require(tone.afterDeviationDB), gain = try #require(tone.db)
        #expect(tone.text.hasSuffix(" dB above the band, \(Move.tenths(now - (tone.bandDB ?? 0))) after"))
        // Smoothing takes a little off what the curve does.
        #expect((now - was - gain).magnitude < 0.2)
        #expect(moves.map(\.code) == ["tone_cut", "compressed", "gain", "limited"])
        #expect(moves[2].text == "+6.4 dB of gain: from \u{2212}20.0 to \u{2212}14.0 LUFS")
        #expect(moves[3].text == "Up to 1.4 dB of limiting: the highest peaks stop at \u{2212}1.0 dBTP" && moves[3].db == -1.43)
    }

    @Test func aMoveIsOneJSONObjectWithEveryField() throws {
        let json = try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(Move(.clip, "x", text: "t"))) as? [String: Any])
        #expect(Set(json.keys) == [
            "block", "code", "db", "hz", "low_hz", "high_hz", "channel", "deviation_db", "band_db", "after_deviation_db", "text",
        ])
        #expect(json["db"] is NSNull && json["block"] as? String == "clip")
        let plan = try plan(mix(boomy))
        let move = try #require(plan.moves.first)
        #expect(try JSONDecoder().decode(Move.self, from: JSONEncoder().encode(move)) == move)
    }

    @Test(arguments: [
        (31.62, "31.5 Hz"), (44.7, "45 Hz"), (79.4, "80 Hz"), (251.2, "250 Hz"), (447, "450 Hz"), (998, "1 kHz"), (1259, "1.25 kHz"), (3548, "3.5 kHz"),
        (3162, "3.15 kHz"), (9441, "9.4 kHz"), (12_589, "12.5 kHz"), (14_125, "14 kHz"),
    ])
    func frequenciesAreNominalOrOfTwoDigits(hz: Double, text: String) { #expect(Move.frequency(hz) == text) }

    @Test func signsAreTrueMinusSigns_andZeroHasNone() {
        #expect(Move.signed(-0.74) == "\u{2212}0.7" && Move.signed(1.26) == "+1.3" && Move.signed(-0.04) == "0.0" && Move.signed(3, plus: "") == "3.0")
    }
}
