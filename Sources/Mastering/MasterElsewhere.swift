extension MasterResult {
    /// Of a master that came from elsewhere: everything in it was measured here, and nothing is known of how it was made.
    /// - Parameter fileDescriptor: of the finished file, for its hash.
    /// - Throws: `AudioFileError`.
    public init(
        measured request: MasterRequest, preset: Preset, engine: String, seconds: Double, tier: String, before: Analysis, after: Analysis, fileDescriptor: Int32
    ) throws {
        input = request.input
        output = request.output
        self.preset = preset.id
        self.engine = engine
        self.seconds = seconds
        realtimeFactor = seconds > 0 ? after.seconds / seconds : 0
        self.tier = tier
        self.before = before
        self.after = after
        (self.before.file, self.after.file) = (request.input, request.output)
        targetLUFS = preset.target.lufs
        let miss = after.integratedLUFS.map { abs($0 - preset.target.lufs) }
        // A tenth of a LU is what the solve here keeps to, too.
        targetReached = miss.map { $0 <= 0.1 } ?? false
        note = targetReached ? nil : "measured here: \(after.integratedLUFS.map { "\(($0 * 10).rounded() / 10) LUFS" } ?? "no loudness")"
        gainDB = Self.both(before.integratedLUFS, after.integratedLUFS) { $1 - $0 } ?? 0
        (clipMaxReductionDB, limiterMaxReductionDB, moves) = (0, 0, [])
        sha256 = try Digest.file(fileDescriptor, path: request.output)
        presetHash = preset.hash
        ceilingDBTP = preset.target.ceilingDBTP
    }

    private static func both(_ a: Double?, _ b: Double?, _ f: (Double, Double) -> Double) -> Double? {
        guard let a, let b else { return nil }
        return f(a, b)
    }
}
