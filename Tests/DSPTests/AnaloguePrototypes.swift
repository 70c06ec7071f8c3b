import Foundation

enum Shape: String, CaseIterable { case bell, lowShelf, highShelf, tilt, highPass, lowPass, notch, bandPass }

/// |H(jω)| of the analogue prototypes of R. Bristow-Johnson's Audio EQ Cookbook (W3C note, 2021), with ω in units of the band's own.
/// The tilt is the high shelf let down by half its gain.
func prototype(_ shape: Shape, db: Double, q: Double, at w: Double) -> Double {
    let a = pow(10, db / 40), r = a.squareRoot()
    let above: (Double, Double, Double), below: (Double, Double, Double)  // s², s, 1
    switch shape {
    case .bell: (above, below) = ((1, a / q, 1), (1, 1 / (a * q), 1))
    case .lowShelf: (above, below) = ((a, a * r / q, a * a), (a, r / q, 1))
    case .highShelf: (above, below) = ((a * a, a * r / q, a), (1, r / q, a))
    case .tilt: (above, below) = ((a, r / q, 1), (1, r / q, a))
    case .highPass: (above, below) = ((1, 0, 0), (1, 1 / q, 1))
    case .lowPass: (above, below) = ((0, 0, 1), (1, 1 / q, 1))
    case .notch: (above, below) = ((1, 0, 1), (1, 1 / q, 1))
    case .bandPass: (above, below) = ((0, 1 / q, 0), (1, 1 / q, 1))
    }
    func size(_ c: (Double, Double, Double)) -> Double { hypot(c.2 - c.0 * w * w, c.1 * w) }
    return size(above) / size(below)
}
