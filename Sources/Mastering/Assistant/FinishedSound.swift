extension Preset {
    /// Takes every block out of the path that would change sound at its own level and under its own ceiling.
    mutating func rest() {
        condition = Condition()
        condition.dc = .off
        for i in eq.indices { eq[i].on = false }
        tone.mode = .off
        for i in dyneq.indices { dyneq[i].on = false }
        compressor.on = false
        multiband.on = false
        saturation.driveDB = 0
        stereo = Stereo()
        clip.amountDB = 0
    }
}

extension Assistant.Plan {
    /// For a master of this preset: what it asks for has been done, and doing it twice is doing too much. A level that was changed since is
    /// brought back, and peaks that rose are limited again.
    mutating func rest(_ judgement: Judgement, _ preset: Preset) {
        rests = true
        mayClip = false
        let peak = judgement.analysis.truePeakDBTP ?? -.infinity
        let isTooLoud = judgement.loudness > preset.target.lufs + max(preset.target.toleranceLU, Assistant.restingLU)
        // A part of the way to a target leaves no mark by which the goal could be known; nor does a place within an album.
        let mayRise = preset.assistant.amountPct == 100 && preset.target.scope == .track
        let rise = mayRise ? judgement.targetLUFS - judgement.loudness : 0
        keepsLevel = !isTooLoud && rise <= Assistant.restingLU
        limiterRests = keepsLevel && peak <= preset.target.ceilingDBTP + Assistant.restingPeakDB
        // Within the tolerance the target stands as reached.
        let isShort = judgement.loudness < preset.target.lufs - preset.target.toleranceLU
        targetLUFS = !keepsLevel ? judgement.targetLUFS : isShort ? judgement.loudness : preset.target.lufs
        moves.append(Move(
            .assistant, "finished", text: limiterRests
                ? "Everything rests: \(Judgement.masteredHere)" : "Everything rests but level and ceiling: \(Judgement.masteredHere)"))
        holdTarget(judgement, preset)
    }

    /// Says so when less is aimed at than was asked for.
    mutating func holdTarget(_ judgement: Judgement, _ preset: Preset) {
        let wanted = preset.target.lufs
        let aim = rests ? targetLUFS ?? wanted : judgement.targetLUFS
        guard let reason = judgement.limitedBecause, aim < wanted - (rests ? preset.target.toleranceLU : 0.05) else { return }
        moves.append(Move(
            .loudness, "target_held",
            text: "Held at \(Move.signed(aim, plus: "")) LUFS instead of \(Move.signed(wanted, plus: "")): "
                + "it is limited already (\(reason)), and more would only flatten it"))
    }

    /// Names the preset's blocks that are left out, beside compressor and tone, which have a word of their own.
    mutating func sayWhatRests(_ judgement: Judgement, _ preset: Preset) {
        guard let reason = judgement.finishedBecause ?? judgement.limitedBecause.map({ "it is limited already (\($0))" }) else { return }
        var blocks: [String] = []
        if !mayClip, preset.multiband.on { blocks.append("multiband") }
        if !mayClip, preset.clip.amountDB > 0 { blocks.append("clipper") }
        if isFinished, preset.saturation.driveDB > 0, preset.saturation.mixPct > 0 { blocks.append("saturation") }
        if isFinished, preset.dyneq.contains(where: { $0.on && $0.rangeDB != 0 }) { blocks.append("dynamic EQ") }
        guard let last = blocks.popLast() else { return }
        let names = blocks.isEmpty ? last : blocks.joined(separator: ", ") + " and " + last
        moves.append(Move(
            .assistant, "blocks_off",
            text: "\(names.prefix(1).uppercased() + names.dropFirst()) \(blocks.isEmpty ? "rests" : "rest"): \(reason)"))
    }
}
