import AudioFiles

/// The codec check of a render, and in `auto` the search for a ceiling at which every codec holds the preset's.
struct CodecLoop {
    /// With the ceiling to solve for.
    private(set) var preset: Preset
    /// For each request.
    private(set) var readings: [[CodecCheck.Reading]]
    private let mode: CodecCheck.Mode
    private let rendition: Rendition
    private let scratch: Int32?
    private let ceilingDBTP: Double
    private var search = CeilingSearch.ofCodecCheck

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
        readings = try rendition.paths.indices.map { index in
            try CodecCheck.measure(
                rendition.fileDescriptors[index], rendition.paths[index], scratch: scratch, ceilingDBTP: ceilingDBTP, isCancelled: isCancelled)
        }
        guard mode == .auto, let overshoot = readings.joined().compactMap(\.overshootDB).max() else { return false }
        let now = preset.target.ceilingDBTP
        guard let next = search.next(after: now, overshootDB: overshoot), abs(next - now) > 0.005 else { return false }
        preset.target.ceilingDBTP = next
        return true
    }
}
