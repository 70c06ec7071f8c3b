/// Reading, setting, stepping and showing preset values through the parameter table.
extension Preset {
    /// nil when there is no such parameter. Accepts the short spellings of `parameter(_:)`.
    public func value(of key: String) -> PresetValue? { Preset.parameter(key)?.read(self) }

    /// Sets a parameter from what a person typed: `-1.5`, `3.2k`, `250 ms`, `off`, `auto`, `on`, `low_shelf`.
    ///
    /// Setting anything of a band or of a compressor switches it on.
    /// - Parameter source: what the error names as its place.
    /// - Throws: `.usage` for an unknown key and for a value outside the range, naming both; the preset is then unchanged.
    public mutating func set(_ key: String, to text: String, source: String = "--set") throws(PresetError) {
        guard let row = Preset.parameter(key) else {
            let meant = nearest(key, among: Preset.parameters.map(\.key))
            throw PresetError(.usage, file: source, problem: "unknown parameter '\(key)'",
                              remedy: meant.map { "did you mean '\($0)'?" } ?? "`lathe presets show streaming` lists them all")
        }
        apply(row, try row.parse(text, source: source))
    }

    /// Sets a parameter to a value of its own kind, moved into its range.
    /// - Throws: `.usage` for an unknown key or a value of another kind.
    public mutating func set(_ key: String, to value: PresetValue) throws(PresetError) {
        guard let row = Preset.parameter(key), let fitting = row.fit(value) else {
            throw PresetError(.usage, file: key, problem: "cannot be set to that", remedy: "see the parameter's range")
        }
        apply(row, fitting)
    }

    /// Moves a parameter by `steps` of its step (or fine step). Toggles flip, choices go round, numbers stop at their ends;
    /// below the smallest number lies "off" or "auto" where there is one.
    public mutating func step(_ key: String, by steps: Int, fine: Bool = false) {
        guard steps != 0, let row = Preset.parameter(key) else { return }
        apply(row, row.stepped(row.read(self), by: steps, fine: fine))
    }

    private mutating func apply(_ row: PresetParameter, _ value: PresetValue) {
        row.write(&self, value)
        // What is set is meant to be heard.
        if !row.isSwitch, row.band != nil || row.block == .multiband || row.block == .compressor, let key = row.switchKey { Preset.parameter(key)?.write(&self, .toggle(true)) }
    }
}

extension PresetParameter {
    /// `-14.0 LUFS`, `off`, `auto`, `3200 Hz`, `on`, `low shelf`.
    public func text(_ value: PresetValue) -> String {
        switch value {
        case .automatic: return "auto"
        case .toggle(let on): return on ? "on" : "off"
        case .choice(let word): return String(word.map { $0 == "_" ? " " : $0 })
        case .number(let x):
            guard case .number(let range) = kind else { return String(x) }
            if range.bottom == .off, x == 0 { return "off" }
            let number = fixedDecimal(x, places: shownPlaces(x, range))
            return unit.isEmpty ? number : unit == ":1" || unit == "%" ? number + unit : number + " " + unit
        }
    }

    /// What a person would type to get the value: no unit, no lost place.
    public func editText(_ value: PresetValue) -> String {
        switch value {
        case .automatic: return "auto"
        case .toggle(let on): return on ? "on" : "off"
        case .choice(let word): return word
        case .number(let x):
            guard case .number(let range) = kind else { return String(x) }
            if range.bottom == .off, x == 0 { return "off" }
            return trimmedDecimal(x, places: range.decimals)
        }
    }

    /// The allowed values in words, e.g. `-36 to -5 LUFS`, `off or 10 to 40 Hz`, `bell, low_shelf, …`.
    public var rangeText: String {
        switch kind {
        case .toggle: return "on or off"
        case .choice(let choices): return choices.map(\.value).joined(separator: ", ")
        case .name(let known): return known.map(\.value).joined(separator: ", ") + ", or a saved curve"
        case .number(let range):
            let bottom = switch range.bottom {
            case .none: ""
            case .off: "off or "
            case .automatic: "auto or "
            }
            let ends = trimmedDecimal(range.lowest, places: 2) + " to " + trimmedDecimal(range.highest, places: 2)
            return bottom + ends + (unit.isEmpty || unit == ":1" ? "" : " " + unit)
        }
    }

    /// Where the value lies between the ends of its range, 0…1, along the parameter's scale; nil for choices, toggles and "auto".
    public func position(_ value: PresetValue) -> Double? {
        guard case .number(let range) = kind, case .number(let x) = value else { return nil }
        if x <= range.lowest { return 0 }
        switch range.scale {
        case .linear: return (x - range.lowest) / (range.highest - range.lowest)
        case .octaves: return logarithm2(x / range.lowest) / logarithm2(range.highest / range.lowest)
        }
    }

    private func shownPlaces(_ x: Double, _ range: Range) -> Int {
        if range.scale == .octaves { return abs(x) >= 100 ? 0 : abs(x) >= 10 ? 1 : 2 }
        return range.fineStep < 0.1 ? 2 : range.fineStep < 1 ? 1 : 0
    }

    /// The value on the grid that files keep, or nil when it is not a position of this parameter.
    func admit(_ x: Double) -> PresetValue? {
        guard case .number(let range) = kind, x.isFinite else { return nil }
        if range.bottom == .off, x == 0 { return .number(0) }
        return x >= range.lowest && x <= range.highest ? .number(onGrid(x, places: range.decimals)) : nil
    }

    func fit(_ value: PresetValue) -> PresetValue? {
        switch (kind, value) {
        case (.toggle, .toggle): return value
        case (.choice(let choices), .choice(let word)): return choices.contains { $0.value == word } ? value : nil
        case (.name, .choice(let word)): return Preset.isIdentifier(word) ? value : nil
        case (.number(let range), .automatic): return range.bottom == .automatic ? value : nil
        case (.number(let range), .number(let x)): return x.isFinite ? admit(x) ?? admit(min(max(x, range.lowest), range.highest)) : nil
        default: return nil
        }
    }

    func stepped(_ value: PresetValue, by steps: Int, fine: Bool) -> PresetValue {
        switch (kind, value) {
        case (.toggle, .toggle(let on)): return .toggle(steps % 2 == 0 ? on : !on)
        case (.choice(let choices), .choice(let word)), (.name(let choices), .choice(let word)):
            let now = choices.firstIndex { $0.value == word } ?? 0
            return .choice(choices[((now + steps) % choices.count + choices.count) % choices.count].value)
        case (.number(let range), _):
            let atBottom: Bool
            var x: Double
            if case .number(let number) = value { x = number; atBottom = range.bottom == .off && number == 0 } else { x = 0; atBottom = true }
            if atBottom {
                if steps < 0 { return value }
                x = range.lowest
                if steps == 1 { return .number(x) }
            }
            let size = Double(atBottom ? steps - 1 : steps) * (fine ? range.fineStep : range.step)
            let moved = range.scale == .linear ? x + size : x * exponential2(size)
            if moved < range.lowest {
                // The first press lands on the smallest number, the next one on what lies below it.
                if x > range.lowest || range.bottom == .none { return .number(range.lowest) }
                return range.bottom == .off ? .number(0) : .automatic
            }
            return .number(onGrid(min(moved, range.highest), places: range.decimals))
        default: return value
        }
    }

    func parse(_ text: String, source: String) throws(PresetError) -> PresetValue {
        let word = text.trimmed.lowercased()
        switch kind {
        case .toggle:
            if ["on", "true", "yes", "1"].contains(word) { return .toggle(true) }
            if ["off", "false", "no", "0"].contains(word) { return .toggle(false) }
        case .choice(let choices):
            let spelled = String(word.map { $0 == " " || $0 == "-" ? "_" : $0 })
            if choices.contains(where: { $0.value == spelled }) { return .choice(spelled) }
        case .name:
            if Preset.isIdentifier(word) { return .choice(word) }
        case .number(let range):
            if word == "off", range.bottom == .off { return .number(0) }
            if word == "auto", range.bottom == .automatic { return .automatic }
            if let x = number(word), let value = admit(x) { return value }
        }
        throw PresetError(.usage, file: source, problem: "\(key) cannot be '\(text.prefix(40))'", remedy: "use \(rangeText)")
    }

    /// A finite number with or without the unit; `k` means thousand where the unit is Hz.
    private func number(_ word: String) -> Double? {
        var rest = Substring(word.map { $0 == "\u{2212}" ? "-" : $0 }.map(String.init).joined())
        if !unit.isEmpty, rest.hasSuffix(unit.lowercased()) { rest = rest.dropLast(unit.count) }
        var factor = 1.0
        if unit == "Hz", rest.last == "k" { rest = rest.dropLast(); factor = 1000 }
        guard let x = Double(String(rest).trimmed), x.isFinite else { return nil }
        return x * factor
    }
}
