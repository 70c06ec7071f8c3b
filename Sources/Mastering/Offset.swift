import Glibc

/// The constant that a waveform stands off centre by (DC).
enum Offset {
    /// Means above this are no accident of the music, dBFS.
    static let audibleDBFS = -60.0

    /// What is to be taken off each channel, given its mean; empty when nothing is.
    ///
    /// The mean itself and no filter: the waveform keeps its shape, and no bass is turned in phase.
    static func removed(_ means: [Double], _ mode: Preset.DCRemoval) -> [Double] {
        let least = mode == .auto ? pow(10, audibleDBFS / 20) : 0
        let offsets = means.map { mode != .off && $0.magnitude > least ? onGrid($0) : 0 }
        return offsets.contains { $0 != 0 } ? offsets : []
    }

    /// To 2⁻³⁰: the last digits of a sum, which depend on how it was cut, do not matter.
    static func onGrid(_ mean: Double) -> Double { (mean * 0x1p30).rounded() * 0x1p-30 }
}
