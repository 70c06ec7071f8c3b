import Testing
@testable import DSP

@Suite struct ChannelLayoutTests {
    /// ITU-R BS.1770-5, Table 4: 1.41 between 60° and 120° to the side, 1 elsewhere in the plane and above; Table 3 leaves out the
    /// low-frequency channel. The masks are those of Microsoft, "Multiple channel audio data and WAVE files".
    @Test(arguments: [
        (3, 0x7, [1, 1, 1]), (3, 0xB, [1, 1, 0]), (4, 0xF, [1, 1, 1, 0]), (4, 0x107, [1, 1, 1, 1]), (4, 0x33, [1, 1, 1.41, 1.41]),
        (5, 0x607, [1, 1, 1, 1.41, 1.41]), (6, 0x3F, [1, 1, 1, 0, 1.41, 1.41]), (6, 0x60F, [1, 1, 1, 0, 1.41, 1.41]),
        (8, 0x63F, [1, 1, 1, 0, 1, 1, 1.41, 1.41]), (8, 0xFF, [1, 1, 1, 0, 1.41, 1.41, 1, 1]), (6, 0x5003F, [1, 1, 1, 0, 1.41, 1.41]),
        (4, 0, [1, 1, 1, 1]), (5, 0x33, [1, 1, 1.41, 1.41, 1]),
    ] as [(Int, UInt32, [Double])])
    func channelsWeighWhatTheirLoudspeakersDo(_ one: (channels: Int, mask: UInt32, weights: [Double])) {
        #expect(ChannelLayout(channels: one.channels, mask: one.mask).weights == one.weights)
    }

    /// RFC 9639, section 9.1.3.
    @Test func whatIsUsualHasALoudspeakerForEach_upToEight() {
        for channels in 3...8 {
            let usual = ChannelLayout.usual(channels)
            #expect(usual.speakers.allSatisfy { $0 != nil } && usual.speakers.count == channels)
            #expect(ChannelLayout(channels: channels, mask: usual.mask) == usual)
        }
        #expect([3, 4, 5, 6, 7, 8].map { ChannelLayout.usual($0).name } == ["3.0", "quad", "5.0", "5.1", "6.1", "7.1"])
        #expect([1, 2, 9, 32].allSatisfy { ChannelLayout.usual($0).mask == 0 })
    }

    @Test func monoAndStereoHaveNoMask_andBitsThatNameNothingDoNotCount() {
        #expect(ChannelLayout(channels: 2, mask: 0x600).weights == [1, 1])
        #expect(ChannelLayout(channels: 4, mask: 0x8000_0033) == .usual(4))
        #expect(ChannelLayout(channels: 4, mask: .max).mask == 0xF)
    }

    @Test func surroundsAreAlikeAtTheSideAndAtTheBack() {
        #expect(ChannelLayout(channels: 6, mask: 0x60F).isLike(.usual(6)))
        #expect(!ChannelLayout(channels: 4, mask: 0xF).isLike(.usual(4)))
        #expect(!ChannelLayout(channels: 8, mask: 0xFF).isLike(.usual(8)))
    }
}
