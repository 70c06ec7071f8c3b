/// Which loudspeaker each channel of a sound is for, in the order of WAVE: that of the bits of `dwChannelMask` (Microsoft, "Multiple channel
/// audio data and WAVE files", 2007).
public struct ChannelLayout: Sendable, Equatable, Hashable, Codable {
    /// 1…32.
    public let channels: Int
    /// A bit for each loudspeaker; 0 where nothing is known. One and two channels have none: they are mono and stereo.
    public let mask: UInt32

    /// The last bit that names a loudspeaker, top back right.
    public static let lastSpeaker = 17

    private static let lowFrequency: UInt32 = 0x8, backs: UInt32 = 0x30, sides: UInt32 = 0x600

    /// - Parameter mask: what a file says. Bits beyond those that name a loudspeaker, and those for which there is no channel, do not count;
    ///   channels for which there is no bit have no loudspeaker.
    public init(channels: Int, mask: UInt32) {
        self.channels = channels
        var kept: UInt32 = 0
        for bit in 0...Self.lastSpeaker where mask >> bit & 1 == 1 && kept.nonzeroBitCount < channels { kept |= 1 << bit }
        self.mask = channels > 2 ? kept : 0
    }

    /// What FLAC (RFC 9639, section 9.1.3) and Vorbis (Vorbis I, section 4.3.9) mean by so many channels, and what is meant where a file says
    /// nothing: L R C; quadraphonic; 5.0; 5.1; 6.1; 7.1. More than eight have no loudspeakers.
    public static func usual(_ channels: Int) -> ChannelLayout {
        let masks: [UInt32] = [0x7, 0x33, 0x37, 0x3F, 0x70F, 0x63F]
        return ChannelLayout(channels: channels, mask: (3...8).contains(channels) ? masks[channels - 3] : 0)
    }

    /// Of each channel, as the number of its bit; nil for those without.
    public var speakers: [Int?] {
        let bits: [Int?] = (0...Self.lastSpeaker).filter { mask >> $0 & 1 == 1 }
        return bits + Array(repeating: nil, count: max(0, channels - bits.count))
    }

    /// Weight of each channel in the sum, BS.1770-5 Table 4: 1.41 for loudspeakers at 60°…120°, none for low-frequency effects. The back pair
    /// is the surround pair of ITU-R BS.775 (110°) where there are no sides; beside sides it stands behind the listener.
    public var weights: [Double] {
        let surrounds = mask & Self.sides == 0 ? Self.backs : Self.sides
        return speakers.map { bit in
            guard let bit else { return 1 }
            if 1 << bit & Self.lowFrequency != 0 { return 0 }
            return 1 << bit & surrounds != 0 ? 1.41 : 1
        }
    }

    /// Whether both mean the same but for the name of the surround pair, which some say is at the side, others at the back.
    public func isLike(_ other: ChannelLayout) -> Bool {
        func plain(_ mask: UInt32) -> UInt32 { mask & Self.sides == Self.sides && mask & Self.backs == 0 ? mask & ~Self.sides | Self.backs : mask }
        return channels == other.channels && plain(mask) == plain(other.mask)
    }

    /// `5.1`, `3.1`, `quad`; the loudspeakers where there is no such name; nil for mono and stereo and where nothing is known.
    public var name: String? {
        guard mask != 0 else { return nil }
        let names: [UInt32: String] = [
            0x7: "3.0", 0xB: "2.1", 0xF: "3.1", 0x33: "quad", 0x603: "quad(side)", 0x107: "4.0", 0x10F: "4.1", 0x37: "5.0", 0x607: "5.0(side)", 0x3F: "5.1",
            0x60F: "5.1(side)", 0x70F: "6.1", 0x13F: "6.1(back)", 0x637: "7.0", 0x63F: "7.1", 0xFF: "7.1 wide",
        ]
        if let name = names[mask], speakers.allSatisfy({ $0 != nil }) { return name }
        let short = [
            "FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR", "TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR",
        ]
        return speakers.map { $0.map { short[$0] } ?? "-" }.joined(separator: " ")
    }
}
