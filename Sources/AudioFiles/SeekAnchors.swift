/// Places in a Vorbis stream whose samples are known, so that a seek can be checked.
///
/// libsndfile misses the frame it is asked for in one of some fifty seeks, by the difference of two block sizes, and the samples right
/// after a seek lack their overlap. Reading on is exact, so the samples met on the way serve as evidence later.
struct SeekAnchors {
    /// Frames of the first channel that identify a place.
    static let length = 256
    /// Frames to decode before an anchor, until every block has its overlap: two of the longest blocks (Vorbis I §4.2.2).
    static let lead: Int64 = 16_384
    /// At most 256 KiB in all; beyond, every other one goes.
    private static let capacity = 256

    struct Anchor {
        var frame: Int64
        var samples: [Float]
        /// The first frame after the samples.
        var end: Int64 { frame + Int64(SeekAnchors.length) }
    }

    private var spacing: Int64
    private var anchors: [Anchor] = []

    init(sampleRate: Int) { spacing = Int64(sampleRate) * 5 }

    /// Remembers a place in `frames` interleaved frames, the first of which is `position`, when the last one is far enough behind.
    mutating func note(_ input: UnsafePointer<Float>, channels: Int, frames: Int, position: Int64) {
        let due = max(Self.lead, (anchors.last?.frame ?? 0) + spacing)
        let at = Int(max(0, due - position))
        guard at + Self.length <= frames else { return }
        let samples = (at..<(at + Self.length)).map { input[$0 * channels] }
        // Silence identifies nothing.
        guard samples.contains(where: { $0.magnitude > 1e-3 }) else { return }
        anchors.append(Anchor(frame: position + Int64(at), samples: samples))
        if anchors.count == Self.capacity {
            anchors = anchors.indices.filter { $0.isMultiple(of: 2) }.map { anchors[$0] }
            spacing *= 2
        }
    }

    /// Anchors that end in `range`, the last one first.
    func within(_ range: Range<Int64>) -> [Anchor] { anchors.reversed().filter { range.contains($0.end) } }
}
