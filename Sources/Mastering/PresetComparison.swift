import AudioFiles

/// How two presets differ, and what lies between them.
extension Preset {
    public struct Difference: Sendable, Equatable {
        public var key: String
        public var from: PresetValue
        public var to: PresetValue
    }

    /// What turns this preset's sound into the other's, in the order of the chain. Parameters of bands that are off in both are left out.
    public func differences(to other: Preset) -> [Difference] {
        Preset.parameters.compactMap { row in
            let from = row.read(self), to = row.read(other)
            guard from != to, isInPath(row) || other.isInPath(row) else { return nil }
            return Difference(key: row.key, from: from, to: to)
        }
    }

    /// The sound that lies `share` (0…1) of the way to `other`; 0 and 1 are the presets themselves.
    ///
    /// Numbers go along their own scale, in steps or octaves. A band or block that only one of them has comes in by its strength. What has no
    /// middle (a word, a switch, "auto") changes half way.
    public func morphed(to other: Preset, share: Double) -> Preset {
        guard share > 0 else { return self }
        guard share < 1 else { return other }
        var (a, b) = (self, other)
        Preset.lend(&a, &b)
        Preset.lend(&b, &a)
        var out = self
        for row in Preset.parameters { row.write(&out, row.between(row.read(a), row.read(b), share)) }
        return out
    }

    /// Gives `b` what only `a` has, without any strength.
    private static func lend(_ a: inout Preset, _ b: inout Preset) {
        let gainless: [BandType] = [.highPass, .lowPass, .notch]
        for i in a.eq.indices where a.eq[i].on && !b.eq[i].on && !gainless.contains(a.eq[i].type) {
            b.eq[i] = a.eq[i]
            b.eq[i].db = 0
        }
        for i in a.dyneq.indices where a.dyneq[i].on && !b.dyneq[i].on {
            b.dyneq[i] = a.dyneq[i]
            b.dyneq[i].rangeDB = 0
        }
        if a.compressor.on, !b.compressor.on {
            b.compressor = a.compressor
            b.compressor.gainReductionTargetDB = 0
        }
        if a.multiband.on, !b.multiband.on {
            b.multiband = a.multiband
            for i in b.multiband.bands.indices { b.multiband.bands[i].rangeDB = 0 }
        }
        if a.saturation.driveDB > 0, b.saturation.driveDB == 0 {
            b.saturation = a.saturation
            b.saturation.driveDB = 0
        }
        if a.tone.mode != .off, b.tone.mode == .off {
            b.tone = a.tone
            b.tone.settings.amountPct = 0
        }
    }
}

extension PresetParameter {
    fileprivate func between(_ a: PresetValue, _ b: PresetValue, _ share: Double) -> PresetValue {
        let nearer = share < 0.5 ? a : b
        guard case .number(let range) = kind, case .number(let x) = a, case .number(let y) = b else { return nearer }
        let isOff = range.bottom == .off && (x == 0 || y == 0)
        if isOff && range.scale == .octaves { return nearer }
        let z = range.scale == .linear ? x + (y - x) * share : x * exponential2(logarithm2(y / x) * share)
        if isOff && z < range.lowest { return .number(z < range.lowest / 2 ? 0 : range.lowest) }
        return admit(min(max(z, range.lowest), range.highest)) ?? nearer
    }
}
