import Testing
@testable import Mastering

@Suite struct PresetEditingTests {
    @Test func everyParameterHasALabelAnEffectAndADefaultThatItAdmits() {
        #expect(Set(Preset.parameters.map(\.key)).count == Preset.parameters.count)
        for row in Preset.parameters {
            #expect(!row.label.isEmpty && !row.effect.isEmpty && !row.rangeText.isEmpty)
            #expect(row.fit(row.defaultValue) == row.defaultValue, "\(row.key)")
        }
    }

    @Test func everyParameterIsWrittenWhereItIsRead() throws {
        for row in Preset.parameters {
            var preset = Preset()
            preset.step(row.key, by: 1)
            if preset.value(of: row.key) == row.defaultValue { preset.step(row.key, by: -1) }
            #expect(preset.value(of: row.key) != row.defaultValue, "\(row.key)")
            for other in Preset.parameters where other.key != row.key {
                // What is set is heard: its band's switch goes with it.
                let goesAlong = other.key == row.switchKey && (row.band != nil || row.block == .multiband)
                #expect(goesAlong || preset.value(of: other.key) == other.defaultValue, "\(row.key) moved \(other.key)")
            }
            try preset.set(row.key, to: row.defaultValue)
            #expect(preset.value(of: row.key) == row.defaultValue)
        }
    }

    @Test(arguments: [
        ("compressor.ratio", "2.5", PresetValue.number(2.5)), ("compressor.attack", "12", .number(12)),
        ("compressor.attack_ms", "12 ms", .number(12)), ("limiter.ceiling", "-1.5", .number(-1.5)),
        ("target.ceiling", "\u{2212}1.5 dBTP", .number(-1.5)), ("target.ceiling_dbtp", "-1.5", .number(-1.5)),
        ("eq.2.hz", "3.2k", .number(3200)), ("eq.band.2.hz", "3200Hz", .number(3200)), ("eq.2.type", "low shelf", .choice("low_shelf")),
        ("stereo.mono_below", "off", .number(0)), ("limiter.release", "auto", .automatic), ("limiter.release", "250", .number(250)),
        ("compressor.on", "off", .toggle(false)), ("output.bits", "32f", .choice("32f")), ("stereo.width", "120%", .number(120)),
        ("target.max_limiter_gr", "6", .number(6)),
    ])
    func aTypedValueIsUnderstood(key: String, text: String, expected: PresetValue) throws {
        var preset = Preset()
        try preset.set(key, to: text)
        #expect(preset.value(of: key) == expected)
    }

    @Test(arguments: [
        ("limiter.ceiling", "0"), ("limiter.ceiling", "nan"), ("limiter.ceiling", "inf"), ("limiter.ceiling", ""), ("compressor.on", "maybe"),
        ("output.bits", "20"), ("target.lufs", "auto"), ("target.lufs", "off"), ("eq.9.hz", "100"), ("compresor.ratio", "2"), ("", "1"),
        ("target.lufs", "-14 dB louder"), ("stereo.mono_below", "20"),
    ])
    func aValueThatDoesNotFitIsAUsageErrorAndChangesNothing(key: String, text: String) {
        var preset = Preset()
        let error = #expect(throws: PresetError.self) { try preset.set(key, to: text) }
        #expect(error?.exitCode == 64)
        #expect(preset == Preset())
    }

    @Test func aMisspelledKeyIsAnsweredWithTheOneThatWasMeant() {
        var preset = Preset()
        let error = #expect(throws: PresetError.self) { try preset.set("compresor.ratio", to: "2") }
        #expect(error?.message.contains("'compressor.ratio'") == true)
    }

    @Test func shapingABandPutsItInThePath() throws {
        var preset = Preset()
        try preset.set("eq.3.db", to: "2")
        #expect(preset.eq[2].on)
        try preset.set("eq.3.on", to: "off")
        #expect(!preset.eq[2].on)
        preset.step("eq.3.hz", by: 1)
        #expect(preset.eq[2].on)
    }

    @Test func stepsStopAtTheEndsAndKeepTheGrid() {
        var preset = Preset()
        preset.step("target.lufs", by: 1)
        #expect(preset.target.lufs == -13.5)
        preset.step("target.lufs", by: -1, fine: true)
        #expect(preset.target.lufs == -13.6)
        preset.step("target.lufs", by: 1000)
        #expect(preset.target.lufs == -5)
        for _ in 0..<1000 { preset.step("target.lufs", by: -1, fine: true) }
        #expect(preset.target.lufs == -36)
    }

    /// Six steps of a sixth of an octave double the frequency; each step is kept to a tenth of a hertz.
    @Test func frequenciesStepInOctaves() {
        var preset = Preset()
        for _ in 0..<6 { preset.step("eq.1.hz", by: 1) }
        #expect(abs(preset.eq[0].hz - 2000) <= 0.5)
    }

    @Test func belowTheSmallestNumberLiesOffOrAutomatic() {
        var preset = Preset()
        preset.stereo.monoBelowHz = 42
        preset.step("stereo.mono_below_hz", by: -1)
        #expect(preset.stereo.monoBelowHz == 40)
        preset.step("stereo.mono_below_hz", by: -1)
        #expect(preset.stereo.monoBelowHz == 0)
        preset.step("stereo.mono_below_hz", by: -1)
        #expect(preset.stereo.monoBelowHz == 0)
        preset.step("stereo.mono_below_hz", by: 1)
        #expect(preset.stereo.monoBelowHz == 40)
        #expect(preset.limiter.releaseMs == nil)
        preset.step("limiter.release", by: 1)
        #expect(preset.limiter.releaseMs == 10)
        preset.step("limiter.release", by: -1)
        #expect(preset.limiter.releaseMs == nil)
    }

    @Test func choicesGoRoundAndTogglesFlip() {
        var preset = Preset()
        preset.step("output.dither", by: 2)
        #expect(preset.output.dither == .none)
        preset.step("output.dither", by: -5)
        #expect(preset.output.dither == .tpdf)
        preset.step("compressor.on", by: -1)
        #expect(!preset.compressor.on)
    }

    @Test(arguments: [
        ("target.lufs", PresetValue.number(-14), "-14.0 LUFS"), ("compressor.ratio", .number(1.5), "1.50:1"), ("eq.1.hz", .number(3200), "3200 Hz"),
        ("eq.1.hz", .number(31.5), "31.5 Hz"), ("eq.1.q", .number(0.71), "0.71"), ("stereo.width_pct", .number(100), "100%"),
        ("stereo.mono_below_hz", .number(0), "off"), ("limiter.release", .automatic, "auto"), ("eq.1.type", .choice("low_shelf"), "low shelf"),
        ("target.ceiling_dbtp", .number(-0.1), "-0.10 dBTP"), ("eq.1.db", .number(-0.04), "-0.0 dB"),
    ])
    func valuesAreShownWithTheirUnit(key: String, value: PresetValue, shown: String) throws {
        let row = try #require(Preset.parameter(key))
        // What rounds to nothing has no sign.
        #expect(row.text(value) == (shown == "-0.0 dB" ? "0.0 dB" : shown))
    }

    @Test func whatIsShownForEditingReadsBackExactly() throws {
        for row in Preset.parameters {
            var preset = Preset()
            preset.step(row.key, by: 3, fine: true)
            let value = try #require(preset.value(of: row.key))
            #expect(try row.parse(row.editText(value), source: "") == value, "\(row.key) \(row.editText(value))")
        }
    }

    @Test func theClosestWordIsOfferedAndNothingWhenNoneIsClose() {
        #expect(nearest("ratoi", among: ["ratio", "release_ms"]) == "ratio")
        #expect(nearest("reference", among: ["on", "mix_pct"]) == nil)
    }
}
