import Testing
@testable import Mastering

@Suite struct PresetComparisonTests {
    @Test func aPresetDoesNotDifferFromItselfAndDifferencesLeadFromOneToTheOther() throws {
        for summary in PresetLibrary.list() where summary.isFactory {
            let preset = try PresetLibrary.load(summary.id)
            #expect(preset.differences(to: preset).isEmpty)
            var changed = Preset()
            for difference in changed.differences(to: preset) {
                #expect(changed.value(of: difference.key) == difference.from)
                try changed.set(difference.key, to: difference.to)
            }
            #expect(changed.differences(to: preset).isEmpty, "\(summary.id)")
        }
    }

    @Test func theEndsOfAMorphAreThePresetsThemselves() throws {
        let a = try PresetLibrary.load("rock"), b = try PresetLibrary.load("club")
        #expect(a.morphed(to: b, share: 0) == a && a.morphed(to: b, share: 1) == b)
    }

    /// Half way between −10 and −7.5 LUFS lies −8.75; between 90 and 160 Hz on a scale of octaves √(90·160) = 120.
    @Test func halfWayLiesInTheMiddleOfEachScale() throws {
        let a = try PresetLibrary.load("rock"), b = try PresetLibrary.load("club")
        let half = a.morphed(to: b, share: 0.5)
        #expect(half.target.lufs == -8.75)
        #expect(half.clip.amountDB == 2.25)
        // Only one of them has it: it is there at half its strength.
        #expect(half.multiband.on && half.multiband.bands[0].rangeDB == 1)
        #expect(half.dyneq[0].on && half.dyneq[0].rangeDB == -1 && half.dyneq[0].hz == 4000)
        #expect(half.saturation.driveDB == 0.5 && half.saturation.type == .soft)
        #expect(half.stereo.monoBelowHz == 60)
        var low = Preset(), high = Preset()
        low.compressor.sidechainHighPassHz = 90
        high.compressor.sidechainHighPassHz = 160
        #expect(low.morphed(to: high, share: 0.5).compressor.sidechainHighPassHz == 120)
    }

    @Test func everyStepOfAMorphIsAPresetThatCanBeWrittenAndRead() throws {
        let presets = try PresetLibrary.list().filter(\.isFactory).map { try PresetLibrary.load($0.id) }
        for a in presets {
            for b in presets {
                for share in [0.01, 0.3, 0.5, 0.77] {
                    let between = a.morphed(to: b, share: share)
                    #expect(try Preset.parse(toml: between.toml(), file: "x").differences(to: between).isEmpty)
                }
            }
        }
    }
}
