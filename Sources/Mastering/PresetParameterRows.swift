/// Rows of the parameter table that come in bands, and what rows are made with.
extension Preset {
    static func bandRows(_ n: Int) -> [PresetParameter] {
        let i = n - 1
        return [
            toggle("eq.\(n).on", "Band \(n)", \.eq[i].on, "Puts the band in the path."),
            choice("eq.\(n).type", "Shape", \.eq[i].type, [
                .init(value: "bell", effect: "boosts or cuts around the frequency"),
                .init(value: "low_shelf", effect: "lifts or lowers everything below"),
                .init(value: "high_shelf", effect: "lifts or lowers everything above"),
                .init(value: "high_pass", effect: "removes what is below, 12 dB per octave"),
                .init(value: "low_pass", effect: "removes what is above, 12 dB per octave"),
                .init(value: "notch", effect: "takes out one frequency"),
                .init(value: "tilt", effect: "turns the whole balance around the frequency"),
            ], "The shape of the band."),
            number("eq.\(n).hz", "Frequency", "Hz", \.eq[i].hz, 10...20_000, 1.0 / 6, 1.0 / 24, scale: .octaves, decimals: 1,
                   "Centre of a bell or notch, corner of the others."),
            number("eq.\(n).db", "Gain", "dB", \.eq[i].db, -12...12, 0.5, 0.1, "Boost or cut; passes and notches have none."),
            number("eq.\(n).q", "Q", "", \.eq[i].q, 0.1...20, 0.25, 0.05, scale: .octaves, decimals: 3,
                   "Higher is narrower."),
            choice("eq.\(n).channel", "Channel", \.eq[i].channel, [
                .init(value: "stereo", effect: "left and right alike"),
                .init(value: "mid", effect: "the centre only"),
                .init(value: "side", effect: "the width only"),
            ], "What the band works on; mid and side need two channels."),
            choice("eq.\(n).phase", "Phase", \.eq[i].phase, [
                .init(value: "minimum", effect: "as analogue gear: no ringing before a hit"),
                .init(value: "linear", effect: "no frequency is shifted against another"),
            ], "How the band treats time."),
        ]
    }

    static var toneRows: [PresetParameter] {
        [
            choice("tone.mode", "Balance", \.tone.mode, [
                .init(value: "off", effect: "the balance stays as it is"),
                .init(value: "curve", effect: "toward what is usual in a genre"),
                .init(value: "reference", effect: "toward a reference"),
            ], "What the balance of lows, mids and highs is compared with."),
            PresetParameter(
                key: "tone.curve", label: "Curve", block: .tone, band: nil, unit: "",
                kind: .name([
                    .init(value: "commercial", effect: "the mean of released music"),
                    .init(value: "pop", effect: "pop"),
                    .init(value: "rock", effect: "rock and metal"),
                    .init(value: "hip-hop", effect: "hip-hop: weight below"),
                    .init(value: "electronic", effect: "electronic and club"),
                    .init(value: "folk", effect: "folk and acoustic"),
                    .init(value: "jazz", effect: "jazz: warm, soft above"),
                    .init(value: "classical", effect: "orchestra and chamber music"),
                    .init(value: "speech", effect: "voice"),
                ]),
                effect: "The curve of a genre, or one saved from a reference.",
                read: { .choice($0.tone.curve) },
                write: { preset, value in if case .choice(let id) = value { preset.tone.curve = id } }),
            number("tone.amount_pct", "Amount", "%", \.tone.settings.amountPct, 0...100, 5, 1, decimals: 1,
                   "Share of what lies outside the usual band that is brought back."),
            number("tone.max_db", "Most correction", "dB", \.tone.settings.maxDB, 0...6, 0.5, 0.1,
                   "No frequency is moved further; what would need more should be mended in the mix."),
            number("tone.smoothing_oct", "Smoothing", "oct", \.tone.settings.smoothingOct, 0.083...1, 0.1, 0.02, decimals: 3,
                   "Width over which the balance is averaged before it is compared."),
            number("tone.deadband_db", "Dead band", "dB", \.tone.settings.deadbandDB, 0...4, 0.5, 0.1,
                   "How far outside the usual band a region must be before it is touched."),
            number("tone.low_guard_hz", "Not below", "Hz", \.tone.settings.lowGuardHz, 20...200, 0.25, 0.05, scale: .octaves, decimals: 1,
                   "Nothing is changed below: what is there belongs to the room it was mixed in."),
            number("tone.high_guard_hz", "Not above", "Hz", \.tone.settings.highGuardHz, 4000...20_000, 0.25, 0.05, scale: .octaves, decimals: 1,
                   "Nothing is changed above."),
            number("tone.side_amount_pct", "Side follows", "%", \.tone.settings.sideAmountPct, 0...100, 5, 1, decimals: 1,
                   "How far the sides are moved with the centre, or matched to the reference's."),
        ]
    }

    static func dynamicRows(_ n: Int) -> [PresetParameter] {
        let i = n - 1
        return [
            toggle("dyneq.\(n).on", "Band \(n)", \.dyneq[i].on, "Puts the band in the path."),
            number("dyneq.\(n).hz", "Frequency", "Hz", \.dyneq[i].hz, 20...20_000, 1.0 / 6, 1.0 / 24, scale: .octaves, decimals: 1,
                   "Centre of what is listened to and moved."),
            number("dyneq.\(n).q", "Q", "", \.dyneq[i].q, 0.1...20, 0.25, 0.05, scale: .octaves, decimals: 3, "Higher is narrower."),
            PresetParameter(
                key: "dyneq.\(n).threshold_db", label: "Threshold", block: .dyneq, band: n, unit: "dB",
                kind: .number(.init(lowest: -60, highest: 0, step: 1, fineStep: 0.25, scale: .linear, bottom: .automatic, decimals: 2)),
                effect: "Level in the band from which it moves; automatic is 6 dB over what is usual there.",
                read: { $0.dyneq[i].thresholdDB.map(PresetValue.number) ?? .automatic },
                write: { preset, value in
                    if case .number(let db) = value { preset.dyneq[i].thresholdDB = db } else { preset.dyneq[i].thresholdDB = nil }
                }),
            number("dyneq.\(n).range_db", "Range", "dB", \.dyneq[i].rangeDB, -12...12, 0.5, 0.1,
                   "The most it moves: below 0 what grows loud is turned down, above 0 up."),
            number("dyneq.\(n).attack_ms", "Attack", "ms", \.dyneq[i].attackMs, 0.1...200, 0.25, 0.05, scale: .octaves, "Shorter catches more."),
            number("dyneq.\(n).release_ms", "Release", "ms", \.dyneq[i].releaseMs, 5...1000, 0.25, 0.05, scale: .octaves, "Longer is calmer."),
        ]
    }

    static var multibandRows: [PresetParameter] {
        var rows = [
            toggle("multiband.on", "Multiband", \.multiband.on, "Compresses four bands apart, each by no more than its range."),
            number("multiband.low_hz", "Low to low mid", "Hz", \.multiband.lowHz, 40...400, 1.0 / 6, 1.0 / 24, scale: .octaves, decimals: 1,
                   "Where the lowest band ends."),
            number("multiband.mid_hz", "Low mid to high mid", "Hz", \.multiband.midHz, 400...2000, 1.0 / 6, 1.0 / 24, scale: .octaves, decimals: 1,
                   "Where the two middle bands meet."),
            number("multiband.high_hz", "High mid to high", "Hz", \.multiband.highHz, 2000...12_000, 1.0 / 6, 1.0 / 24, scale: .octaves, decimals: 1,
                   "Where the highest band begins."),
        ]
        for (i, name) in ["Low", "Low mid", "High mid", "High"].enumerated() {
            let n = i + 1
            rows += [
                number("multiband.\(n).ratio", name + " ratio", ":1", \.multiband.bands[i].ratio, 1...4, 0.1, 0.05, "How firmly the band is held; 1 leaves it."),
                number("multiband.\(n).range_db", name + " range", "dB", \.multiband.bands[i].rangeDB, 0...6, 0.5, 0.1, "The most the band is turned down."),
                number("multiband.\(n).attack_ms", name + " attack", "ms", \.multiband.bands[i].attackMs, 0.1...200, 0.25, 0.05, scale: .octaves,
                       "Longer lets hits through."),
                number("multiband.\(n).release_ms", name + " release", "ms", \.multiband.bands[i].releaseMs, 5...1000, 0.25, 0.05, scale: .octaves,
                       "Longer is calmer."),
            ]
        }
        return rows
    }

    /// Invariant: every key in the table begins with the name of a block.
    private static func block(of key: String) -> PresetParameter.Block {
        PresetParameter.Block(rawValue: String(key.prefix { $0 != "." }))!
    }

    private static func band(of key: String) -> Int? {
        let parts = key.split(separator: ".")
        return parts.count == 3 ? Int(parts[1]) : nil
    }

    static func number(
        _ key: String, _ label: String, _ unit: String, _ path: WritableKeyPath<Preset, Double> & Sendable, _ range: ClosedRange<Double>,
        _ step: Double, _ fine: Double, scale: PresetParameter.Scale = .linear, bottom: PresetParameter.Bottom = .none, decimals: Int = 2,
        _ effect: String
    ) -> PresetParameter {
        PresetParameter(
            key: key, label: label, block: block(of: key), band: band(of: key), unit: unit,
            kind: .number(.init(lowest: range.lowerBound, highest: range.upperBound, step: step, fineStep: fine, scale: scale,
                                bottom: bottom, decimals: decimals)),
            effect: effect, read: { .number($0[keyPath: path]) },
            write: { preset, value in if case .number(let x) = value { preset[keyPath: path] = x } })
    }

    static func toggle(
        _ key: String, _ label: String, _ path: WritableKeyPath<Preset, Bool> & Sendable, _ effect: String
    ) -> PresetParameter {
        PresetParameter(
            key: key, label: label, block: block(of: key), band: band(of: key), unit: "", kind: .toggle, effect: effect,
            read: { .toggle($0[keyPath: path]) },
            write: { preset, value in if case .toggle(let x) = value { preset[keyPath: path] = x } })
    }

    static func choice<T: RawRepresentable<String> & Sendable>(
        _ key: String, _ label: String, _ path: WritableKeyPath<Preset, T> & Sendable, _ choices: [PresetParameter.Choice], _ effect: String
    ) -> PresetParameter {
        PresetParameter(
            key: key, label: label, block: block(of: key), band: band(of: key), unit: "", kind: .choice(choices), effect: effect,
            read: { .choice($0[keyPath: path].rawValue) },
            write: { preset, value in
                if case .choice(let word) = value, let x = T(rawValue: word) { preset[keyPath: path] = x }
            })
    }
}
