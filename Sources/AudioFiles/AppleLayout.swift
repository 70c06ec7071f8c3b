import DSP

/// The loudspeakers that CAF (`chan`) and AIFF (`CHAN`) name: Apple, "Core Audio Format Specification", channel layout chunk, with the layouts and
/// labels of CoreAudioBaseTypes.h. libsndfile knows few of them, and takes some for others.
enum AppleLayout {
    private static let byBitmap: UInt32 = 1 << 16
    private static let byLabels: UInt32 = 0

    /// The layouts of three channels and more whose loudspeakers WAVE has, by the upper half of their tag.
    private static let orders: [UInt32: String] = [
        108: "L R Ls Rs", 109: "L R Ls Rs C", 110: "L R Ls Rs C Cs", 113: "L R C", 114: "C L R", 115: "L R C Cs", 116: "C L R Cs", 117: "L R C Ls Rs",
        118: "L R Ls Rs C", 119: "L C R Ls Rs", 120: "C L R Ls Rs", 121: "L R C LFE Ls Rs", 122: "L R Ls Rs C LFE", 123: "L C R Ls Rs LFE",
        124: "C L R Ls Rs LFE", 125: "L R C LFE Ls Rs Cs", 126: "L R C LFE Ls Rs Lc Rc", 127: "C Lc Rc L R Ls Rs LFE",
        128: "L R C LFE Ls Rs Rls Rrs", 129: "L R Ls Rs C LFE Lc Rc", 131: "L R Cs", 132: "L R Ls Rs", 133: "L R LFE", 134: "L R LFE Cs",
        135: "L R LFE Ls Rs", 136: "L R C LFE", 137: "L R C LFE Cs", 138: "L R Ls Rs LFE", 139: "L R Ls Rs C Cs", 140: "L R Ls Rs C Rls Rrs",
        141: "C L R Ls Rs Cs", 142: "C L R Ls Rs Cs LFE", 143: "C L R Ls Rs Rls Rrs", 144: "C L R Ls Rs Rls Rrs Cs", 148: "L R Ls Rs C Lc Rc",
        150: "L C R", 151: "L C R Cs", 152: "L C R LFE", 153: "L R Cs LFE", 154: "L C R Cs LFE",
    ]
    /// Labels of channel descriptions.
    private static let labels: [UInt32: String] = [
        1: "L", 2: "R", 3: "C", 4: "LFE", 5: "Ls", 6: "Rs", 7: "Lc", 8: "Rc", 9: "Cs", 10: "Lsd", 11: "Rsd", 12: "Ts", 13: "Vhl", 14: "Vhc", 15: "Vhr",
        16: "Tbl", 17: "Tbc", 18: "Tbr", 33: "Rls", 34: "Rrs",
    ]
    private static let bits: [String: UInt8] = [
        "L": 0, "R": 1, "C": 2, "LFE": 3, "Rls": 4, "Rrs": 5, "Lc": 6, "Rc": 7, "Cs": 8, "Lsd": 9, "Rsd": 10, "Ts": 11, "Vhl": 12, "Vhc": 13, "Vhr": 14,
        "Tbl": 15, "Tbc": 16, "Tbr": 17,
    ]

    /// Of each channel its bit in `ChannelLayout`, in the order of the file; empty where it does not say, or says what WAVE has no bit for.
    static func speakers(_ source: ByteSource, _ kind: ContainerKind, channels: Int) -> [UInt8] {
        guard channels > 2, SoundHeader.channelCounts.contains(channels), let at = place(source, kind) else { return [] }
        func number(_ offset: Int64) -> UInt32? {
            let bytes = source.bytes(at: at + offset, 4)
            return bytes.count == 4 ? UInt32(truncatingIfNeeded: ClaimedLength.number(bytes[...], big: true)) : nil
        }
        guard let tag = number(0), let bitmap = number(4), let described = number(8) else { return [] }
        var found: [UInt8] = []
        if tag == byBitmap {
            found = (0...UInt8(ChannelLayout.lastSpeaker)).filter { bitmap >> UInt32($0) & 1 == 1 }
        } else if tag == byLabels {
            guard described == UInt32(channels) else { return [] }
            // A description is a label, flags and three coordinates.
            found = speakers((0..<Int64(channels)).map { number(12 + 20 * $0).flatMap { labels[$0] } ?? "" })
        } else if tag & 0xFFFF == UInt32(channels), let order = orders[tag >> 16] {
            found = speakers(order.split(separator: " ").map(String.init))
        }
        return SoundHeader.isLayout(found, channels: channels) ? found : []
    }

    private static func speakers(_ names: [String]) -> [UInt8] {
        // Beside rear surrounds the surrounds stand at the sides.
        let isAround = names.contains("Rls")
        return names.compactMap { name in
            switch name {
            case "Ls": isAround ? 9 : 4
            case "Rs": isAround ? 10 : 5
            default: bits[name]
            }
        }
    }

    /// Where the content of the layout chunk begins.
    private static func place(_ source: ByteSource, _ kind: ContainerKind) -> Int64? {
        let isCAF = kind == .caf, head = isCAF ? 12 : 8
        var at: Int64 = isCAF ? 8 : 12
        for _ in 0..<1000 {
            let bytes = source.bytes(at: at, head)
            guard bytes.count == head else { return nil }
            if bytes[0..<4].elementsEqual((isCAF ? "chan" : "CHAN").utf8) { return at + Int64(head) }
            let size = Int64(bitPattern: ClaimedLength.number(bytes[4...], big: true))
            guard size >= 0, size <= source.length else { return nil }
            at += Int64(head) + size + (isCAF ? 0 : size & 1)
        }
        return nil
    }
}
