import CSndFile
import DSP

/// The loudspeakers of WAV as libsndfile reads them, and of WAV, AIFF and CAF as it writes them.
enum Loudspeakers {
    /// libsndfile's names for the bits of `ChannelLayout`, bit by bit.
    private static let names: [Int32] = [
        SF_CHANNEL_MAP_LEFT, SF_CHANNEL_MAP_RIGHT, SF_CHANNEL_MAP_CENTER, SF_CHANNEL_MAP_LFE, SF_CHANNEL_MAP_REAR_LEFT,
        SF_CHANNEL_MAP_REAR_RIGHT, SF_CHANNEL_MAP_FRONT_LEFT_OF_CENTER, SF_CHANNEL_MAP_FRONT_RIGHT_OF_CENTER, SF_CHANNEL_MAP_REAR_CENTER,
        SF_CHANNEL_MAP_SIDE_LEFT, SF_CHANNEL_MAP_SIDE_RIGHT, SF_CHANNEL_MAP_TOP_CENTER, SF_CHANNEL_MAP_TOP_FRONT_LEFT,
        SF_CHANNEL_MAP_TOP_FRONT_CENTER, SF_CHANNEL_MAP_TOP_FRONT_RIGHT, SF_CHANNEL_MAP_TOP_REAR_LEFT, SF_CHANNEL_MAP_TOP_REAR_CENTER,
        SF_CHANNEL_MAP_TOP_REAR_RIGHT,
    ].map { (name: Int) in Int32(name) }
    /// What some formats call the first three.
    private static let fronts: [Int32] = [SF_CHANNEL_MAP_FRONT_LEFT, SF_CHANNEL_MAP_FRONT_RIGHT, SF_CHANNEL_MAP_FRONT_CENTER].map { (name: Int) in Int32(name) }

    /// Of each channel of an open file its bit in `ChannelLayout`; empty where the file does not say it for all of them.
    static func read(_ file: OpaquePointer, channels: Int) -> [UInt8] {
        guard channels > 2, SoundHeader.channelCounts.contains(channels) else { return [] }
        var map = [Int32](repeating: 0, count: channels)
        guard sf_command(file, Int32(SFC_GET_CHANNEL_MAP_INFO), &map, Int32(channels * 4)) == Int32(SF_TRUE) else { return [] }
        let bits = map.compactMap { name in (names.firstIndex(of: name) ?? fronts.firstIndex(of: name)).map { UInt8($0) } }
        return SoundHeader.isLayout(bits, channels: channels) ? bits : []
    }

    /// Call before the first sample. Returns whether the container has a place for them.
    static func write(_ layout: ChannelLayout, to file: OpaquePointer) -> Bool {
        var map = layout.speakers.map { $0.map { names[$0] } ?? Int32(SF_CHANNEL_MAP_INVALID) }
        return sf_command(file, Int32(SFC_SET_CHANNEL_MAP_INFO), &map, Int32(map.count * 4)) == Int32(SF_TRUE)
    }
}
