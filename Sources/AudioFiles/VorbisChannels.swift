/// The order in which Vorbis and Opus keep the speakers, which is not that of WAV (Vorbis I, section 4.3.9; RFC 7845, section 5.1.1.2).
/// libsndfile passes channels on as they are, so a centre would come out of the right speaker, and a surround be coded as bass effects.
enum VorbisChannels {
    /// For each channel of the stream, its place in WAV's order; nil where both are the same.
    static func order(_ channels: Int) -> [Int]? {
        switch channels {
        // Left, centre, right.
        case 3: [0, 2, 1]
        // And the surrounds.
        case 5: [0, 2, 1, 3, 4]
        // Low-frequency effects come last.
        case 6: [0, 2, 1, 4, 5, 3]
        // Sides, then the back centre.
        case 7: [0, 2, 1, 5, 6, 4, 3]
        // Sides, then the back.
        case 8: [0, 2, 1, 6, 7, 4, 5, 3]
        default: nil
        }
    }

    /// From WAV's order into the stream's, in place.
    static func toStream(_ samples: UnsafeMutablePointer<Float>, frames: Int, order: [Int]) {
        var frame = [Float](repeating: 0, count: order.count)
        for i in 0..<frames {
            let at = samples + i * order.count
            for (place, channel) in order.enumerated() { frame[place] = at[channel] }
            for place in order.indices { at[place] = frame[place] }
        }
    }
}
