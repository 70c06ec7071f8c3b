import DSP

/// How a track stands in its programme: what is cut off its ends, how it fades, and the silence behind it.
public struct TrackPlacement: Sendable, Codable, Equatable {
    /// The course of a fade's gain, from nothing to one.
    public enum FadeShape: String, Sendable, Codable, CaseIterable {
        case linear = "lin"
        /// Raised cosine: sets in and ends without an edge.
        case cosine = "cos"
        /// Straight in decibels, over 60 dB.
        case exponential = "exp"
    }

    /// Cut off the beginning and off the end, ms.
    public var headMs = 0.0
    public var tailMs = 0.0
    /// Length of the fades, ms; 0 is none.
    public var fadeInMs = 0.0
    public var fadeOutMs = 0.0
    public var fade = FadeShape.cosine
    /// Silence behind the track, before the next, seconds.
    public var gapSeconds = 0.0

    public init() {}

    /// The file as it is, with nothing behind it.
    public var isNeutral: Bool { self == TrackPlacement() }
    /// Where the sound stops or is changed depends on where the file ends, or it has to be long enough.
    var needsEnd: Bool { tailMs > 0 || fadeInMs > 0 || fadeOutMs > 0 }
    /// Nothing stands between the track and its successor: no silence, no fade.
    var flowsOut: Bool { gapSeconds == 0 && fadeOutMs == 0 }
    var flowsIn: Bool { fadeInMs == 0 }

    /// The same sound without the silence behind it.
    var withoutGap: TrackPlacement {
        var own = self
        own.gapSeconds = 0
        return own
    }

    /// Mean over the track of the gain that its fades leave.
    func meanGain(frames: Int64, at sampleRate: Int) -> Double {
        guard frames > 0 else { return 1 }
        let faded = Self.frames(fadeInMs, at: sampleRate) + Self.frames(fadeOutMs, at: sampleRate)
        return 1 - (1 - fade.meanGain) * min(1, Double(faded) / Double(frames))
    }

    func gapFrames(at sampleRate: Int) -> Int64 { Int64((gapSeconds * Double(sampleRate)).rounded()) }

    static func frames(_ ms: Double, at sampleRate: Int) -> Int64 { Int64((ms * 0.001 * Double(sampleRate)).rounded()) }
}

extension TrackPlacement.FadeShape {
    /// The integral of `gain(at:)` over 0…1.
    var meanGain: Double {
        switch self {
        case .linear, .cosine: 0.5
        case .exponential: (0.999 / 6.907755278982137 - 0.001) / 0.999
        }
    }

    /// Gain at `x` of the way in, 0…1. The same bits everywhere.
    func gain(at x: Double) -> Double {
        switch self {
        case .linear: return x
        case .cosine:
            // sin²(πx/2), by the tangent of half the angle.
            let t = FastMath.tanPi(x / 4)
            let sine = 2 * t / (1 + t * t)
            return sine * sine
        case .exponential:
            let floor = 0.001
            return (FastMath.amplitude(dB: 60 * (x - 1)) - floor) / (1 - floor)
        }
    }
}
