/// What a band of the equaliser is to do, as the curve of its analogue prototype: R. Bristow-Johnson, Audio EQ Cookbook (W3C note, 2021).
public struct AnalogueBand: Sendable, Equatable, BitwiseCopyable {
    public enum Shape: UInt8, Sendable, BitwiseCopyable { case bell, lowShelf, highShelf, tilt, highPass, lowPass, notch }

    public var shape: Shape
    /// Hz, dB, and Q; the passes and the notch have no gain.
    public var hz: Double
    public var db: Double
    public var q: Double

    public init(shape: Shape, hz: Double, db: Double, q: Double) {
        self.shape = shape
        self.hz = hz
        self.db = db
        self.q = q
    }

    /// Leaves every signal as it is.
    public var isNeutral: Bool {
        switch shape {
        case .bell, .lowShelf, .highShelf, .tilt: db == 0
        case .highPass, .lowPass, .notch: false
        }
    }

    /// The band as a recursive filter.
    public func matched(sampleRate: Double) -> MatchedFilter {
        switch shape {
        case .bell: .bell(hz: hz, db: db, q: q, sampleRate: sampleRate)
        case .lowShelf: .lowShelf(hz: hz, db: db, q: q, sampleRate: sampleRate)
        case .highShelf: .highShelf(hz: hz, db: db, q: q, sampleRate: sampleRate)
        case .tilt: .tilt(hz: hz, db: db, q: q, sampleRate: sampleRate)
        case .highPass: .highPass(hz: hz, q: q, sampleRate: sampleRate)
        case .lowPass: .lowPass(hz: hz, q: q, sampleRate: sampleRate)
        case .notch: .notch(hz: hz, q: q, sampleRate: sampleRate)
        }
    }

    /// Gain in dB at `frequency` > 0 Hz, never under −160.
    public func decibels(at frequency: Double) -> Double {
        let y = (frequency / hz) * (frequency / hz), k = y / (q * q)
        let a = FastMath.amplitude(dB: db / 2)
        // |b0 + b1·s + b2·s²|² on s = jω is (b0 − b2·y)² + b1²·y.
        let above: Double, below: Double
        switch shape {
        case .bell:
            above = (1 - y) * (1 - y) + k * a * a
            below = (1 - y) * (1 - y) + k / (a * a)
        case .lowShelf:
            above = a * a * ((a - y) * (a - y) + k * a)
            below = (1 - a * y) * (1 - a * y) + k * a
        case .highShelf, .tilt:
            above = (1 - a * y) * (1 - a * y) + k * a
            below = (a - y) * (a - y) + k * a
        case .highPass, .lowPass, .notch:
            above = shape == .highPass ? y * y : shape == .lowPass ? 1 : (1 - y) * (1 - y)
            below = (1 - y) * (1 - y) + k
        }
        return max(FastMath.decibels(max(above / below, 1e-30)) / 2 + (shape == .highShelf ? db / 2 : 0), -160)
    }
}
