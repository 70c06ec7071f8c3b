import AudioFiles
import DSP

/// Name and version of the signal path: same version, same input, same preset, same bytes.
public enum Engine {
    public static let version = "0.1.0"
    public static let name = "lathe \(version)"

    /// What a master says of how it was made: the engine, and the preset by its id and the beginning of its hash, whatever the form of the file.
    ///
    /// - Parameter curve: of a reference, which the preset does not hold; a genre's is known by its name.
    static func signature(_ preset: Preset, _ curve: ToneTarget?) -> String {
        var sound = preset
        sound.output = Preset.Output()
        var reference = ""
        if preset.tone.mode == .reference, var curve {
            // The same recordings measured on another day are the same.
            curve.date = ""
            reference = " toward \(Digest.text(curve.toml()).prefix(12))"
        }
        return "\(name), preset \(preset.id) \(sound.hash.prefix(12))\(reference)"
    }
}

public enum Master {
    public enum Stage: String, Sendable, Codable { case measuring, solving, finishing }

    /// Seed of the dither: fixed, so that a render can be repeated.
    static let ditherSeed: UInt64 = 0x4C61_7468_65

    /// Masters `request.input` into the empty file behind `fileDescriptor`, which stays the caller's.
    ///
    /// Profile, solve and the writing pass run over the input one after another; memory does not grow with its length.
    /// - Parameter profile: of the input, when it was measured before.
    /// - Throws: `AudioFileError`, `PresetError`, `CancellationError`. The file behind the descriptor is then worthless.
    public static func render(
        _ request: MasterRequest, fileDescriptor: Int32, tier: String = "local", profile: InputProfile? = nil,
        progress: (Stage, Double) -> Void, isCancelled: () -> Bool
    ) throws -> MasterResult {
        try album(
            [request], fileDescriptors: [fileDescriptor], tier: tier, profiles: profile.map { [$0] }, progress: progress,
            isCancelled: isCancelled)[0]
    }

    /// Masters the inputs as one programme, in order, each into its own empty file: one setting for all, relative levels kept, the loudest
    /// track at the target, and no seam where tracks flow into each other.
    ///
    /// - Parameters:
    ///   - requests: at least one; preset, container and deliverables' formats of the first count for all.
    ///   - fileDescriptors: one for each of the files in `MasterRequest.outputs`, request after request.
    ///   - codecScratch: an empty file that codecs may fill, for requests whose `delivery` asks for a codec check.
    ///   - profiles: of the inputs, when they were measured before.
    /// - Throws: as `render`; `.unsupported` when the tracks differ in sample rate or channels. All files are then worthless.
    public static func album(
        _ requests: [MasterRequest], fileDescriptors: [Int32], codecScratch: Int32? = nil, tier: String = "local", profiles known: [InputProfile]? = nil,
        progress: (Stage, Double) -> Void, isCancelled: () -> Bool
    ) throws -> [MasterResult] {
        try solved(
            requests, fileDescriptors: fileDescriptors, codecScratch: codecScratch, tier: tier, profiles: known, progress: progress,
            isCancelled: isCancelled
        ).results
    }

    /// The masters, and what the chain was set to for them.
    static func solved(
        _ requests: [MasterRequest], fileDescriptors: [Int32], codecScratch: Int32? = nil, tier: String, profiles known: [InputProfile]?,
        progress: (Stage, Double) -> Void, isCancelled: () -> Bool
    ) throws -> (results: [MasterResult], solution: Solution) {
        let start = ContinuousClock.now
        let preset = try Preset.parse(toml: requests[0].presetTOML, file: "preset")
        let share = 1 / Double(requests.count)
        let profiles = try known ?? requests.enumerated().map { index, request in
            try InputProfile.measure(
                request.input, placement: request.placement, progress: { progress(.measuring, (Double(index) + $0) * share) }, isCancelled: isCancelled)
        }
        let found = try requests.count == 1
            ? Programme(path: requests[0].input, placement: requests[0].placement, profile: profiles[0])
            : Programme(album: requests.map { PlacedFile(path: $0.input, placement: $0.placement) }, tracks: profiles)
        let carried = try requests[0].curveTOML.map { (toml) throws(PresetError) in try ToneTarget.parse(toml: toml, file: "curve") }
        let signature = try requests[0].signatureTOML.map { (toml) throws(PresetError) in try AlbumSignature.parse(toml: toml, file: "signature") }
        let curve = signature == nil ? try ToneTarget.wanted(by: preset, carried: carried) : nil
        var direction = Direction(preset, curve: curve, profile: found.profile, signature: signature)
        let programme = found.removingOffset(direction.preset.condition.dc)
        let files = try DeliveryFiles(requests, fileDescriptors, programme: programme, preset: preset, curve: curve)
        let main = files.master

        var written: [Rendition.Written] = []
        var loop = CodecLoop(requests, rendition: main, scratch: codecScratch, preset: preset)
        var solution: Solution
        repeat {
            direction = Direction(loop.preset, curve: curve, profile: programme.profile, signature: signature, signed: preset)
            var solver = Solver(programme: programme, direction: direction, outputRate: main.format.sampleRate, isLossy: main.format.container.isLossy)
            solution = try solver.run(progress: { progress(.solving, $0) }, isCancelled: isCancelled) { settings, report in
                let finish = try main.begin()
                let reductions = try Solve.runChain(programme, settings, progress: report, isCancelled: isCancelled) { block, frames, _ in
                    try finish.process(block, frames)
                }
                written = try main.end(finish, reductions: reductions, isCancelled: isCancelled)
                return written.map(\.outcome)
            }
        } while try loop.wantsAnother(isCancelled: isCancelled)
        progress(.finishing, 0)
        let further = try FurtherRenditions(programme: programme, preset: preset, solution: solution).write(
            files.further + (files.disc?.renditions ?? []), progress: { progress(.finishing, 0.9 * $0) }, isCancelled: isCancelled)
        try files.disc?.writeRecords()
        try files.writeSignature(solution, preset: preset, tracks: profiles.map(\.analysis), after: written.map(\.analysis.integratedLUFS))
        if isCancelled() { throw CancellationError() }
        let digests = try requests.indices.map { try written[$0].digest ?? Digest.file(main.fileDescriptors[$0], path: requests[$0].output) }

        let taken = (ContinuousClock.now - start).components
        let elapsed = Double(taken.seconds) + Double(taken.attoseconds) * 1e-18
        let length = programme.tracks.reduce(0) { $0 + $1.analysis.seconds }
        let drifts = programme.drifts(after: written.map(\.outcome.integratedLUFS))
        let results = try requests.indices.map { index in
            let gainDB = solution.parameters.inputGainDB + solution.trimsDB[index] + solution.parameters.makeupGainDB
            let reduction = solution.reductions[index]
            let moves = direction.plan.outcome(
                after: written[index].analysis, before: profiles[index].analysis, preset: preset, settings: preset.tone.settings,
                target: direction.curve, gainDB: gainDB, clipReductionDB: reduction.clipDB, limiterReductionDB: reduction.limiterDB)
            let traits = profiles[index].analysis.traits
            let wandering = solution.parameters.subsonicHz == Offset.filterHz && traits.offsetWanders ? traits.channelMeans : nil
            let notes = [Move.offset(programme.files[index].offsets, wandering: wandering), drifts[index].map { Move.drift($0.lu, flows: $0.flows) }].compactMap(\.self)
            var result = MasterResult(
                input: requests[index].input, output: requests[index].output, preset: preset.id, engine: Engine.name, seconds: elapsed,
                realtimeFactor: elapsed > 0 ? length / elapsed : 0, tier: tier, before: profiles[index].analysis, after: written[index].analysis,
                targetLUFS: direction.wanted.target.lufs, targetReached: solution.reached, note: solution.note,
                gainDB: gainDB, clipMaxReductionDB: reduction.clipDB, limiterMaxReductionDB: reduction.limiterDB, moves: moves + notes,
                sha256: digests[index])
            // A beat goes through a chain as it is, and is not counted again.
            if result.after.tempoBPM == nil { result.after.tempoBPM = result.before.tempoBPM }
            result.presetHash = preset.hash
            result.clampedSamples = written[index].clampedSamples
            result.deliverables = try files.delivered(further, track: index, ceilingDBTP: preset.target.ceilingDBTP)
            result.manifest = requests[index].delivery.manifest
            if index == 0 {
                result.disc = files.disc?.summary
                result.signature = requests[0].delivery.signature
            }
            result.codecCheck = loop.readings[index]
            result.ceilingDBTP = loop.preset.target.ceilingDBTP
            return result
        }
        try files.writeManifests(results, preset: preset, solution: solution, isCancelled: isCancelled)
        progress(.finishing, 1)
        return (results, solution)
    }
}
