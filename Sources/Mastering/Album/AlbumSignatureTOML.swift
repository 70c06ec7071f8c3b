import DSP
import TOMLKit

/// The file form of a signature, written and read by Lathe alone; people may read it too.
extension AlbumSignature {
    /// Largest file that is read, bytes.
    public static let fileSizeLimit = 128 * 1024

    /// - Throws: `.missing`, `.unusable`, `.inputOutput`.
    public static func read(_ path: String) throws(PresetError) -> AlbumSignature {
        try parse(toml: SmallTextFile.read(path, noun: "signature", limit: fileSizeLimit), file: path)
    }

    /// - Parameter file: the path, for errors.
    public static func parse(toml text: String, file: String) throws(PresetError) -> AlbumSignature {
        let toml = try StrictTOML(text, file: file, noun: "signature", limit: fileSizeLimit)
        let root = toml.root
        let keys = ["loudest_input_lufs", "loudest_lufs", "quietest_lufs", "compressor_reduction_db", "saturation_level_db", "tone_peak_dbtp"]
        try toml.refuseUnknown(root, at: [], known: ["schema", "engine", "preset", "threshold_db", "may_clip", "de_ess", "tone", "balance"] + keys)
        guard root["schema"]?.int == schema else {
            throw toml.error([.key("schema")], "schema must be \(schema)", "this version of Lathe reads schema \(schema) only")
        }
        guard let preset = root["preset"]?.string else { throw toml.error([.key("preset")], "a signature holds its preset", "save it anew") }
        _ = try Preset.parse(toml: preset, file: file + " (preset)")
        func number(_ key: String) throws(PresetError) -> Double {
            guard let value = try toml.number(key, in: root, range: -200...200) else {
                throw toml.error([], "a signature needs \(key)", "save it anew")
            }
            return value
        }
        guard let mayClip = root["may_clip"]?.bool else { throw toml.error([], "a signature needs may_clip", "save it anew") }
        return AlbumSignature(
            presetTOML: preset, loudestInputLUFS: try number(keys[0]), loudestLUFS: try number(keys[1]), quietestLUFS: try number(keys[2]),
            thresholdDB: try toml.number("threshold_db", in: root, range: -200...20), compressorReductionDB: try number(keys[3]),
            saturationLevelDB: try number(keys[4]), tonePeakDB: try number(keys[5]), mayClip: mayClip, deEss: try deEss(toml),
            tone: ToneCurve(midDB: try curve(toml, "mid_db"), sideDB: try curve(toml, "side_db")), balance: try balance(toml))
    }

    private init(
        presetTOML: String, loudestInputLUFS: Double, loudestLUFS: Double, quietestLUFS: Double, thresholdDB: Double?, compressorReductionDB: Double,
        saturationLevelDB: Double, tonePeakDB: Double, mayClip: Bool, deEss: Assistant.DeEss?, tone: ToneCurve, balance: ToneTarget?
    ) {
        (self.presetTOML, self.loudestInputLUFS, self.loudestLUFS) = (presetTOML, loudestInputLUFS, loudestLUFS)
        (self.quietestLUFS, self.thresholdDB, self.compressorReductionDB) = (quietestLUFS, thresholdDB, compressorReductionDB)
        (self.saturationLevelDB, self.tonePeakDB, self.mayClip) = (saturationLevelDB, tonePeakDB, mayClip)
        (self.deEss, self.tone, self.balance) = (deEss, tone, balance)
    }

    private static func deEss(_ toml: StrictTOML) throws(PresetError) -> Assistant.DeEss? {
        guard let values = try toml.numbers("de_ess", in: toml.root, range: -24...20_000) else { return nil }
        guard values.count == 3, values[0] >= 1000, (0.1...20).contains(values[1]), values[2] <= 0 else {
            throw toml.error([.key("de_ess")], "de_ess must hold frequency, Q and range", "save the signature anew")
        }
        return Assistant.DeEss(hz: values[0], q: values[1], rangeDB: values[2])
    }

    private static func curve(_ toml: StrictTOML, _ key: String) throws(PresetError) -> [Double] {
        let path: [StrictTOML.Step] = [.key("tone")]
        guard let table = toml.root["tone"]?.table, let values = try toml.numbers(key, in: table, at: path, range: -24...24),
            values.count == LongTermSpectrum.bandCount
        else { throw toml.error(path, "[tone] needs \(LongTermSpectrum.bandCount) values of \(key)", "save the signature anew") }
        return values
    }

    private static func balance(_ toml: StrictTOML) throws(PresetError) -> ToneTarget? {
        guard let table = toml.root["balance"]?.table else { return nil }
        let path: [StrictTOML.Step] = [.key("balance")]
        func column(_ key: String, _ range: ClosedRange<Double>) throws(PresetError) -> [Double] { try toml.numbers(key, in: table, at: path, range: range) ?? [] }
        let hz = try column("hz", 10...24_000), db = try column("db", -120...120), tolerance = try column("tolerance_db", 0...24)
        guard (2...512).contains(hz.count), db.count == hz.count, tolerance.count == hz.count, zip(hz, hz.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw toml.error(path, "[balance] needs rising hz, and db and tolerance_db for each", "save the signature anew")
        }
        return ToneTarget(
            id: "album", name: "Album", kind: .genre, source: "Measured by Lathe.", date: "",
            points: hz.indices.map { ToneTarget.Point(hz: hz[$0], db: db[$0], sigmaDB: tolerance[$0]) })
    }

    /// `parse` gives the same signature back, to the last place written.
    public func toml() -> String {
        func list(_ values: [Double], _ places: Int) -> String { "[" + values.map { fixedDecimal($0, places: places) }.joined(separator: ", ") + "]" }
        func fixed(_ value: Double) -> String { fixedDecimal(value, places: 4) }
        var lines = [
            "# How an album sounds: lathe master NEW.wav --signature THIS puts a later track beside it.",
            "schema = \(Self.schema)", "engine = \(tomlQuoted(Engine.name))", "preset = \(tomlQuoted(presetTOML))",
            "loudest_input_lufs = \(fixed(loudestInputLUFS))", "loudest_lufs = \(fixed(loudestLUFS))", "quietest_lufs = \(fixed(quietestLUFS))",
        ]
        if let thresholdDB { lines.append("threshold_db = \(fixed(thresholdDB))") }
        lines += [
            "compressor_reduction_db = \(fixed(compressorReductionDB))", "saturation_level_db = \(fixed(saturationLevelDB))",
            "tone_peak_dbtp = \(fixed(tonePeakDB))", "may_clip = \(mayClip)",
        ]
        if let deEss { lines.append("de_ess = \(list([deEss.hz, deEss.q, deEss.rangeDB], 2))") }
        lines += ["", "[tone]", "mid_db = \(list(tone.midDB, 2))", "side_db = \(list(tone.sideDB, 2))"]
        if let balance {
            lines += ["", "[balance]", "hz = \(list(balance.points.map(\.hz), 3))", "db = \(list(balance.points.map(\.db), 3))",
                      "tolerance_db = \(list(balance.points.map(\.sigmaDB), 3))"]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
