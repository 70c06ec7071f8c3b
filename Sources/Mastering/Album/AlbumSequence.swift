import AudioFiles

/// The order of an album: which file stands where, how long it stays silent between, and what a disc says of it.
public struct AlbumSequence: Sendable, Equatable {
    public static let schema = 1
    /// A disc has no room for more (IEC 60908).
    public static let mostTracks = 99

    public struct Track: Sendable, Equatable {
        /// As written: relative to the folder of the sequence; nil takes the file from the command.
        public var file: String?
        /// The silence behind it is the gap of the track that follows.
        public var placement = TrackPlacement()
        /// Silence before it, seconds; nil is the sequence's own. Of the first track of no account.
        public var gapSeconds: Double?
        public var title: String?
        public var artist: String?
        public var isrc: ISRC?
        public init() {}
    }

    public var title: String?
    public var artist: String?
    public var upc: UPC?
    /// Silence between tracks that say nothing, seconds.
    public var gapSeconds = 0.0
    public var tracks: [Track] = []

    public init() {}

    /// Of a command without a sequence file: `count` tracks, `gapSeconds` apart.
    public init(count: Int, gapSeconds: Double) {
        self.gapSeconds = gapSeconds
        tracks = Array(repeating: Track(), count: count)
    }

    /// How each track stands, with the silence behind it.
    public var placements: [TrackPlacement] {
        tracks.indices.map { index in
            var placement = tracks[index].placement
            placement.gapSeconds = index + 1 < tracks.count ? tracks[index + 1].gapSeconds ?? gapSeconds : 0
            return placement
        }
    }

    /// What the tags of a track's master say in the place of the input's.
    public func tags(of index: Int) -> [String: String] {
        var tags = ["track": "\(index + 1)"]
        tags["title"] = tracks[index].title
        tags["artist"] = tracks[index].artist ?? artist
        tags["album"] = title
        return tags
    }
}

/// A disc's number: EAN-13, or UPC-A with a zero before it (GS1 General Specifications).
public struct UPC: Sendable, Equatable, Hashable, Codable, CustomStringConvertible {
    /// 13 digits.
    public let description: String

    /// Nil unless `text`, without hyphens and spaces, is 12 or 13 digits of which the last is right.
    public init?(_ text: String) {
        var digits = text.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }
        guard digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        if digits.count == 12 { digits.insert(48, at: 0) }
        guard digits.count == 13 else { return nil }
        let sum = digits.enumerated().reduce(0) { $0 + Int($1.element - 48) * ($1.offset % 2 == 0 ? 1 : 3) }
        guard sum % 10 == 0 else { return nil }
        description = String(decoding: digits, as: UTF8.self)
    }
}
