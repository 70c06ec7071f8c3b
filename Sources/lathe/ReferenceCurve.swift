import Foundation
import Mastering
import Rendering

/// The recordings that `--reference` names, made into the curve that a master is brought toward.
struct ReferenceCurve {
    let files: [String]
    /// One for each file, relative to one another.
    let weights: [Double]

    /// - Throws: usage errors.
    init(files: [String], weights: String?) throws(Failure) {
        self.files = files
        guard let weights else {
            self.weights = files.map { _ in 1 }
            return
        }
        let numbers = weights.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        guard numbers.count == files.count, numbers.allSatisfy({ $0.map { $0.isFinite && (0.001...1000).contains($0) } ?? false }) else {
            throw Failure(Failure.usageExitCode, "--weights: '\(weights.prefix(60))' is not one number of 0.001 to 1000 for each --reference, e.g. 2,1")
        }
        self.weights = numbers.compactMap(\.self)
    }

    /// Measures the files through the engine, so that what is kept meanwhile stands in the ledger.
    func measured(_ engine: RenderEngine, id: String, name: String) async throws -> ToneTarget {
        var tracks: [ReferenceSet.Track] = []
        for (file, weight) in zip(files, weights) {
            let measurement = Task { try await engine.profile(file) }
            Interruption.shared.whenRequested { measurement.cancel() }
            let analysis = try await measurement.value.analysis
            await engine.release(file)
            let stem = file.split(separator: "/").last.map(String.init) ?? file
            tracks.append(ReferenceSet.Track(name: stem.printable, weight: weight, analysis: analysis))
        }
        return try ReferenceSet(tracks).curve(id: id, name: name, date: Self.today)
    }

    /// Measures the files here and now, for a command whose own row covers what is kept meanwhile.
    func measured(isCancelled: () -> Bool) throws -> ToneTarget {
        let set = try ReferenceSet.measure(zip(files, weights).map { (path: $0, weight: $1) }, isCancelled: isCancelled)
        return try set.curve(id: "reference", name: "Reference", date: Self.today)
    }

    private static var today: String { Date.now.formatted(.iso8601.year().month().day()) }
}

extension Preset {
    /// Toward a reference: its balance, and its loudness as far as a target can be.
    mutating func follow(_ curve: ToneTarget, keepsTarget: Bool) {
        tone.mode = .reference
        if !keepsTarget, let loudness = curve.loudnessLUFS {
            target.lufs = (min(max(loudness, -36), -5) * 100).rounded() / 100
        }
    }
}
