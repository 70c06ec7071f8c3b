import DSP

/// What is to be made of a programme: what was asked for, and what follows from the material.
public struct Direction: Sendable {
    /// As asked for.
    public let wanted: Preset
    /// With the assistant's settings in the place of its own.
    public let preset: Preset
    public let plan: Assistant.Plan
    /// What the tonal balance is compared with.
    public let curve: ToneTarget?

    /// - Parameters:
    ///   - signature: of the album beside which the track is to stand; it decides in the assistant's place.
    ///   - curve: from `ToneTarget.wanted`.
    ///   - signed: what a finished master would say it was made with, where `wanted` is that with another ceiling.
    public init(_ wanted: Preset, curve: ToneTarget?, profile: InputProfile, signature: AlbumSignature? = nil, signed: Preset? = nil) {
        let tone = wanted.tone.settings
        if let signature {
            plan = signature.plan(profile.analysis, tone: tone)
            var own = plan.applied(to: wanted)
            // The album's tracks keep their distances; so does this one.
            own.target.scope = .track
            own.target.toleranceLU = Solver.offsetToleranceLU
            self.wanted = own
            self.curve = signature.balance
            preset = own
            return
        }
        self.wanted = wanted
        self.curve = curve
        // A master of this preset is finished whether or not the preset asks for a judgement.
        let isOwn = profile.analysis.traits.software.map { MasterSeal.holds($0, signature: Engine.signature(signed ?? wanted, curve), profile.analysis) } ?? false
        if wanted.assistant.on || isOwn {
            plan = Assistant.plan(
                profile.analysis, preset: wanted, tone: tone, target: curve, amount: wanted.assistant.amountPct / 100, wasMasteredHere: isOwn)
        } else {
            plan = Assistant.literal(profile.analysis, preset: wanted, tone: tone, target: curve)
        }
        preset = plan.applied(to: wanted)
    }

    /// The level stays as it is.
    var isIdle: Bool { !plan.isActive || plan.keepsLevel }

    /// Why the loudness is held at another value than was asked for; nil when it is not.
    var heldBecause: String? {
        guard (preset.target.lufs - wanted.target.lufs).magnitude > 0.005 || !plan.isActive else { return nil }
        if let move = plan.moves.first(where: { $0.code == "target_held" }) { return move.text }
        let amount = trimmedDecimal(wanted.assistant.amountPct, places: 1)
        return "The assistant goes \(amount) % of the way to \(fixedDecimal(wanted.target.lufs, places: 1)) LUFS"
    }
}

extension ToneTarget {
    /// The curve that a preset compares with; nil when it compares with none, and when this machine has no curves at all.
    ///
    /// - Parameter carried: the reference's curve, or the preset's own, brought along from elsewhere.
    /// - Throws: `.usage` when a reference is wanted and there is none, `.missing` and `.unusable` from the library.
    public static func wanted(by preset: Preset, carried: ToneTarget? = nil) throws(PresetError) -> ToneTarget? {
        switch preset.tone.mode {
        case .off: return nil
        case .reference:
            if let carried { return carried }
            // One that was measured before and kept.
            if ToneLibrary.list().contains(where: { $0.id == preset.tone.curve && $0.kind == .reference }) { return try ToneLibrary.load(preset.tone.curve) }
            throw PresetError(.usage, file: preset.id, problem: "matches a reference, and none was named",
                              remedy: "name a recording (--reference on the command line, f in the studio), or set tone.mode to curve or off")
        case .curve:
            if let carried, carried.id == preset.tone.curve { return carried }
            // A binary moved away from its data still masters; only the balance stays as it is.
            if ToneLibrary.factoryFolder == nil, !ToneLibrary.list().contains(where: { $0.id == preset.tone.curve }) { return nil }
            return try ToneLibrary.load(preset.tone.curve)
        }
    }
}

extension Preset.Target {
    /// What the target is for, as measured of a programme; of one shorter than 3 s always its integrated loudness, LUFS.
    func loudness(of analysis: Analysis) -> Double? {
        scope == .shortTerm ? analysis.maxShortTermLUFS ?? analysis.integratedLUFS : analysis.integratedLUFS
    }
}
