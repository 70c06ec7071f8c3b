import AudioFiles
import DSP
import Glibc

/// Sound that is mastered as one stream: a file, or the tracks of an album in their order.
///
/// The chain runs through without a seam, so tracks that flow into each other still do; what comes out is cut where the tracks meet.
struct Programme: Sendable {
    private(set) var files: [PlacedFile]
    let tracks: [InputProfile]
    /// Of all tracks together, as far as the chain's automatic settings need it.
    let profile: InputProfile
    /// Tracks that flow into each other, as ranges of track indices: they keep their levels among themselves exactly.
    let groups: [Range<Int>]

    init(path: String, placement: TrackPlacement = TrackPlacement(), profile: InputProfile) {
        files = [PlacedFile(path: path, placement: placement)]
        tracks = [profile]
        self.profile = profile
        groups = [0..<1]
    }

    /// - Throws: `.unsupported` when the tracks differ in sample rate, channels or loudspeakers; `AudioFileError` when one cannot be read.
    init(album files: [PlacedFile], tracks: [InputProfile]) throws {
        for (file, track) in zip(files, tracks) {
            let first = tracks[0].analysis, here = track.analysis
            guard here.sampleRate == first.sampleRate, here.layout.isLike(first.layout) else {
                throw AudioFileError.unsupported(
                    path: file.path, detail: "has \(here.sampleRate) Hz and \(Self.words(here)), the first track of the album "
                        + "\(first.sampleRate) Hz and \(Self.words(first))")
            }
        }
        var groups: [Range<Int>] = []
        for index in files.indices {
            if index > 0, try Self.flow(files[index - 1], into: files[index]) {
                groups[groups.count - 1] = groups[groups.count - 1].lowerBound..<(index + 1)
            } else {
                groups.append(index..<(index + 1))
            }
        }
        self.init(placed: files, tracks: tracks, groups: groups)
    }

    private static func words(_ analysis: Analysis) -> String {
        "\(analysis.channels) channels" + (analysis.layout.name.map { " (\($0))" } ?? "")
    }

    /// - Parameter groups: nil lets every track stand alone.
    init(placed files: [PlacedFile], tracks: [InputProfile], groups: [Range<Int>]? = nil) {
        self.files = files
        self.tracks = tracks
        self.groups = groups ?? files.indices.map { $0..<($0 + 1) }
        profile = Self.combined(tracks)
    }

    /// The same with each file's offset named, to be taken off as it is read. Tracks that flow into each other lose one and the same:
    /// two would make a step where they meet.
    func removingOffset(_ mode: Preset.DCRemoval) -> Programme {
        var out = self
        for group in groups {
            var sums = [Double](repeating: 0, count: channels), frames = 0.0
            for index in group {
                let track = tracks[index].analysis
                let weight = Double(track.frames) * files[index].placement.meanGain(frames: track.frames, at: track.sampleRate)
                for (c, mean) in track.traits.channelMeans.prefix(channels).enumerated() { sums[c] += mean * Double(track.frames) }
                frames += weight
            }
            let stands = (0..<channels).map { c in group.allSatisfy { index in
                let stands = tracks[index].analysis.traits.offsetsStand
                return c < stands.count && stands[c]
            } }
            let offsets = frames > 0 ? Offset.removed(sums.map { $0 / frames }, stands: stands, mode) : []
            for index in group { out.files[index].offsets = offsets }
        }
        return out
    }

    var sampleRate: Double { Double(profile.analysis.sampleRate) }
    var channels: Int { profile.analysis.channels }
    var layout: ChannelLayout { profile.analysis.layout }
    var isAlbum: Bool { files.count > 1 }
    /// First frame of each track, and the end of the last.
    var boundaries: [Int64] {
        zip(files, tracks).reduce(into: [0]) { ends, track in
            let gap = track.0.placement.gapFrames(at: profile.analysis.sampleRate)
            ends.append(ends[ends.count - 1] + track.1.analysis.frames + gap)
        }
    }

    /// The loudest track of a group, LUFS; nil when all are silent.
    func loudness(of group: Range<Int>, _ value: (Int) -> Double?) -> Double? { group.compactMap(value).max() }

    /// Levels among the tracks are kept to this, LU.
    static let driftToleranceLU = 0.05

    /// For each track how far its distance from the loudest one is another than it was, when that is more than the tolerance.
    func drifts(after loudness: [Double?]) -> [(lu: Double, flows: Bool)?] {
        let before = tracks.map(\.analysis.integratedLUFS)
        let heard = tracks.indices.filter { before[$0] != nil && loudness[$0] != nil }
        // As the solve counts: from the loudest before and the loudest after.
        guard heard.count > 1, let was = heard.compactMap({ before[$0] }).max(), let now = heard.compactMap({ loudness[$0] }).max() else {
            return tracks.map { _ in nil }
        }
        return tracks.indices.map { index in
            guard let then = before[index], let here = loudness[index] else { return nil }
            let lu = (here - now) - (then - was)
            guard lu.magnitude > Self.driftToleranceLU else { return nil }
            return (lu, groups.contains { $0.contains(index) && $0.count > 1 })
        }
    }

    private static func combined(_ tracks: [InputProfile]) -> InputProfile {
        var all = tracks[0]
        for track in tracks.dropFirst() {
            all.levels.merge(track.levels)
            all.analysis.frames += track.analysis.frames
            all.analysis.seconds += track.analysis.seconds
            func highest(_ a: Double?, _ b: Double?) -> Double? { [a, b].compactMap(\.self).max() }
            all.analysis.truePeakDBTP = highest(all.analysis.truePeakDBTP, track.analysis.truePeakDBTP)
            all.analysis.samplePeakDBFS = highest(all.analysis.samplePeakDBFS, track.analysis.samplePeakDBFS)
            all.analysis.integratedLUFS = highest(all.analysis.integratedLUFS, track.analysis.integratedLUFS)
            all.analysis.maxShortTermLUFS = highest(all.analysis.maxShortTermLUFS, track.analysis.maxShortTermLUFS)
            all.analysis.loudnessRangeLU = highest(all.analysis.loudnessRangeLU, track.analysis.loudnessRangeLU)
            all.analysis.clippedSamples += track.analysis.clippedSamples
        }
        all.analysis.traits = ProgrammeTraits(together: tracks.map(\.analysis.traits))
        return all
    }

    /// Whether one track ends and the next begins in the middle of sound: both within 10 ms of the seam louder than −60 dBFS.
    private static func flow(_ file: PlacedFile, into next: PlacedFile) throws -> Bool {
        guard file.placement.flowsOut, next.placement.flowsIn else { return false }
        let before = try AudioReader(path: file.path), after = try AudioReader(path: next.path)
        let rate = before.info.sampleRate
        let count = max(1, rate / 100)
        guard let length = before.info.claimedFrames else { return false }
        let from = length - TrackPlacement.frames(file.placement.tailMs, at: rate) - Int64(count)
        guard from > 0 else { return false }
        try before.seek(to: from)
        try after.seek(to: TrackPlacement.frames(next.placement.headMs, at: after.info.sampleRate))
        return try isAudible(before, count) && isAudible(after, count)
    }

    private static func isAudible(_ reader: AudioReader, _ count: Int) throws -> Bool {
        let buffer = AudioBuffer(channels: reader.info.channels, frames: count)
        let got = try reader.read(into: buffer.block, frames: count)
        guard got > 0 else { return false }
        var sum = 0.0
        for c in 0..<reader.info.channels { for i in 0..<got { sum += buffer.block[c][i] * buffer.block[c][i] } }
        return sum / Double(got * reader.info.channels) > 1e-6
    }
}
