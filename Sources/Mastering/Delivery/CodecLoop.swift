import AudioFiles

/// The codec check of a render, and in `auto` the search for a ceiling at which every codec holds the preset's.
struct CodecLoop {
    private static let maximumTries = 5
    private static let lowestCeilingDBTP = -3.0
    /// Lowering the ceiling by a decibel brings what a codec makes of it down by about this much: its noise does not shrink with the peaks.
    private static let yield = 0.6
    private static let reserveDB = 0.3
    private static let smallestStepDB = 0.5

    /// With the ceiling to solve for.
    private(set) var preset: Preset
    /// For each request.
    private(set) var readings: [[CodecCheck.Reading]]
    private let mode: CodecCheck.Mode
    private let rendition: Rendition
    private let scratch: Int32?
    private let ceilingDBTP: Double
    private var tries = 0

    /// - Parameter scratch: an empty file; without one nothing is checked.
    init(_ requests: [MasterRequest], rendition: Rendition, scratch: Int32?, preset: Preset) {
        mode = requests[0].delivery.codecCheck
        self.rendition = rendition
        self.scratch = scratch
        self.preset = preset
        ceilingDBTP = preset.target.ceilingDBTP
        readings = requests.map { _ in [] }
    }

    /// Checks the finished files. Returns whether to solve again, for a lower ceiling.
    mutating func wantsAnother(isCancelled: () -> Bool) throws -> Bool {
        guard mode != .off, let scratch else { return false }
        tries += 1
        readings = try rendition.paths.indices.map { index in
            try CodecCheck.measure(
                rendition.fileDescriptors[index], rendition.paths[index], scratch: scratch, ceilingDBTP: ceilingDBTP, isCancelled: isCancelled)
        }
        let overshoot = readings.joined().compactMap(\.overshootDB).max() ?? 0
        guard mode == .auto, overshoot > CodecCheck.slackDB, tries < Self.maximumTries,
            preset.target.ceilingDBTP > Self.lowestCeilingDBTP
        else { return false }
        preset.target.ceilingDBTP = max(
            Self.lowestCeilingDBTP, preset.target.ceilingDBTP - max(overshoot + Self.reserveDB, Self.smallestStepDB) / Self.yield)
        return true
    }
}
