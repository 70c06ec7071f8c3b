/// A see-saw around one frequency.
extension MatchedFilter {
    /// −db/2 at 0 Hz, 0 dB at `hz`, +db/2 at the top. The smaller `q`, the longer the slope: 0.71 turns within some three octaves,
    /// 0.2 over the whole audio band.
    public static func tilt(hz: Double, db: Double, q: Double, sampleRate: Double) -> MatchedFilter {
        var made = highShelf(hz: hz, db: db, q: q, sampleRate: sampleRate)
        let gain = FastMath.amplitude(dB: -db / 2)
        made.main.m0 *= gain
        made.main.m1 *= gain
        made.main.m2 *= gain
        return made
    }
}
