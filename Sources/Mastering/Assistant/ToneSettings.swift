/// How a tonal correction is to be made: the `[tone]` section of a preset, without the choice of its curve.
public struct ToneSettings: Sendable, Equatable, Hashable {
    /// Share of what lies outside that is corrected, 0…100 %.
    public var amountPct = 50.0
    /// Largest gain or cut, 0…6 dB.
    public var maxDB = 3.0
    /// Width over which spectra are averaged, octaves, 1/12…1.
    public var smoothingOct = 0.333
    /// How far outside its band a region must come before it is touched at all, 0…4 dB. What is then left is inside the dead band, so
    /// that a second pass finds nothing to do.
    public var deadbandDB = 1.5
    /// Nothing is changed below, 20…200 Hz.
    public var lowGuardHz = 40.0
    /// Nothing is changed above, 4…20 kHz.
    public var highGuardHz = 16_000.0
    /// How far side follows, 0…100 %: at 100 a genre curve changes side like mid, so that width stays, and a reference's side is
    /// matched like its mid; at 0 side is left alone.
    public var sideAmountPct = 100.0

    public init() {}
}
