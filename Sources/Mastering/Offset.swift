import Glibc

/// What a waveform stands off centre by (DC).
///
/// Where it stands so from end to end, the mean is taken off: the waveform keeps its shape. Where it comes and goes, as with pulses of one sign
/// and silence around them, taking the mean off would leave the silence off centre, with a click at either end; there a filter far below the
/// music follows it.
enum Offset {
    /// Means above this are no accident of the music, dBFS.
    static let audibleDBFS = -60.0
    /// Corner of the filter, Hz; it takes 0.007 dB at 20 Hz.
    static let filterHz = 4.0

    private static let audible = pow(10, audibleDBFS / 20)

    /// - Parameters:
    ///   - means: of each channel.
    ///   - stands: whether they are offsets from end to end.
    /// - Returns: what is to be taken off each channel; empty when nothing is.
    static func removed(_ means: [Double], stands: [Bool], _ mode: Preset.DCRemoval) -> [Double] {
        let least = mode == .auto ? audible : 0
        let offsets = zip(means, stands).map { mode != .off && $1 && $0.magnitude > least ? onGrid($0) : 0 }
        return offsets.contains { $0 != 0 } ? offsets : []
    }

    /// Whether the ends lie nearer to the mean than to nothing.
    static func stands(_ mean: Double, first: Double, last: Double) -> Bool {
        [first, last].allSatisfy { ($0 - mean).magnitude < $0.magnitude }
    }

    /// Some channel has an offset that comes and goes.
    static func wanders(_ means: [Double], stands: [Bool]) -> Bool { zip(means, stands).contains { $0.magnitude > audible && !$1 } }

    /// To 2⁻³⁰: the last digits of a sum, which depend on how it was cut, do not matter.
    static func onGrid(_ mean: Double) -> Double { (mean * 0x1p30).rounded() * 0x1p-30 }
}

/// Means of the first and of the last 64 samples of a channel.
struct EndMeans {
    private static let window = 64
    private var begun: [Double] = []
    /// The last samples, oldest first.
    private var latest = [Double](repeating: 0, count: window)

    mutating func process(_ row: UnsafePointer<Double>, frames count: Int) {
        for i in 0..<min(count, Self.window - begun.count) { begun.append(row[i]) }
        let kept = max(0, Self.window - count)
        for i in 0..<kept { latest[i] = latest[i + count] }
        for i in kept..<Self.window { latest[i] = row[count - Self.window + i] }
    }

    var first: Double { begun.isEmpty ? 0 : begun.reduce(0, +) / Double(begun.count) }
    var last: Double { latest.reduce(0, +) / Double(Self.window) }
}
