/// How a limiter's reduction returns, in steps of equal length. Reductions are log2 amplitude, ≥ 0.
///
/// - Isolated peaks release in the quick time, lasting reduction in the lasting one. Lasting is what every one of the last five
///   segments of 25 ms asked for, as a share of the deepest; in between the decay is blended.
/// - When those segments ask for the same to within some tenths of a decibel, the sound is a steady tone, of 20 Hz or
///   more, and its reduction is held: a limited sine stays a sine. Music hardly ever does this.
/// - The more of a peak is bass, the nearer the release comes to 40 ms: one shorter than a bass note's period would bend the note.
///
/// Shared by the limiter, step by step through the signal, and by models that foretell it.
public struct LimiterRelease: Sendable, BitwiseCopyable {
    static let segmentMs = 25.0
    static let bassMs = 40.0
    /// Segments that differ by less than `evenDB` are a steady tone, by more than `unevenDB` they are not.
    static let evenDB = 0.3, unevenDB = 1.0
    /// Below this, some 6e-7 dB, a reduction has ended.
    static let negligible = 1e-7

    private var quickDecay = 0.0, lastingDecay = 0.0, bassDecay = 0.0
    private var segmentLength = 1
    private var protectsLow = true
    private var segments = InlineArray<5, Double>(repeating: 0)
    private var segment = 0.0, filled = 0
    /// The reduction of the step before.
    public private(set) var reduction = 0.0

    public init() {}

    public init(_ settings: Limiter.Settings, stepMs: Double) {
        set(settings, stepMs: stepMs)
    }

    /// Takes over times, keeps the state.
    public mutating func set(_ s: Limiter.Settings, stepMs: Double) {
        let automatic = s.character.releaseMs
        quickDecay = Self.decay(s.releaseMs > 0 ? s.releaseMs : automatic.quick, stepMs)
        lastingDecay = Self.decay(s.releaseMs > 0 ? s.releaseMs : automatic.lasting, stepMs)
        bassDecay = Self.decay(Self.bassMs, stepMs)
        protectsLow = s.protectsLow
        segmentLength = max(1, Int((Self.segmentMs / stepMs).rounded()))
    }

    private static func decay(_ ms: Double, _ stepMs: Double) -> Double { FastMath.exp(-stepMs / ms) }

    /// Forgets the past, keeps the times.
    public mutating func clear() {
        segments = InlineArray(repeating: 0)
        segment = 0
        filled = 0
        reduction = 0
    }

    /// What is left in this step of the reduction before it, whatever `wanted` is.
    ///
    /// - Parameters:
    ///   - wanted: least reduction of this step.
    ///   - bassShare: 0…1, how much of the peak is bass.
    @inlinable @inline(__always)
    public mutating func step(wanted: Double, bassShare: Double = 0) -> Double {
        let left = carried(wanted, bassShare)
        finish(max(wanted, left))
        return left
    }

    @usableFromInline
    mutating func finish(_ now: Double) { reduction = now < Self.negligible ? 0 : now }

    @usableFromInline
    mutating func carried(_ wanted: Double, _ bassShare: Double) -> Double {
        segment = max(segment, wanted)
        filled += 1
        if filled >= segmentLength {
            for i in (1..<5).reversed() { segments[i] = segments[i - 1] }
            segments[0] = segment
            segment = 0
            filled = 0
        }
        if reduction == 0 && wanted == 0 { return 0 }
        var least = segments[0], most = max(wanted, segments[0])
        for i in 1..<5 {
            least = min(least, segments[i])
            most = max(most, segments[i])
        }
        let lasting = most > 1e-9 ? least / most : 0
        var decay = quickDecay + (lastingDecay - quickDecay) * lasting
        var held = 0.0
        if protectsLow {
            let uneven = (most - least) * FastMath.dBPerOctave
            held = least * min(1, max(0, (Self.unevenDB - uneven) / (Self.unevenDB - Self.evenDB)))
            decay += max(0, bassDecay - decay) * bassShare
        }
        return max(held, held + (reduction - held) * decay)
    }
}
