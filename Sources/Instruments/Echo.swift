import DSP

/// An echo in time with the music that goes from side to side, each return thinner than the last.
struct Echo {
    private var left: [Double]
    private var right: [Double]
    private var at = 0
    private let feedback: Double
    private var low = (0.0, 0.0)
    private var high = (0.0, 0.0)
    private let lowPass: Double
    private let highPass: Double

    init(frames: Int, feedback: Double, rate: Double) {
        left = Array(repeating: 0, count: max(1, frames))
        right = left
        self.feedback = feedback
        lowPass = 1 - FastMath.exp(-6.283185307179586 * 4200 / rate)
        highPass = 1 - FastMath.exp(-6.283185307179586 * 260 / rate)
    }

    /// Adds the echoes of `input` to `output`.
    mutating func process(_ inL: UnsafePointer<Double>, _ inR: UnsafePointer<Double>, _ outL: UnsafeMutablePointer<Double>, _ outR: UnsafeMutablePointer<Double>, _ frames: Int) {
        for i in 0..<frames {
            let (l, r) = (left[at], right[at])
            low.0 += lowPass * (l - low.0)
            low.1 += lowPass * (r - low.1)
            high.0 += highPass * (low.0 - high.0)
            high.1 += highPass * (low.1 - high.1)
            let (tl, tr) = (low.0 - high.0, low.1 - high.1)
            outL[i] += tl
            outR[i] += tr
            left[at] = (inL[i] + inR[i]) * 0.5 + tr * feedback + 1e-30
            right[at] = tl * feedback
            at = at + 1 == left.count ? 0 : at + 1
        }
    }
}
