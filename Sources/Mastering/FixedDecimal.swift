import Glibc

/// `x` on the grid of `places` decimals: the double nearest to the decimal number, so that printing and reading it back is exact.
func onGrid(_ x: Double, places: Int) -> Double {
    let scale = tenTo(places)
    // Adding 0 turns -0 into 0.
    return (x * scale).rounded() / scale + 0
}

/// `-14.00`: always `places` digits after the point, never an exponent. `x` is finite and below 1e15.
func fixedDecimal(_ x: Double, places: Int) -> String {
    let units = Int64((x * tenTo(places)).rounded())
    let digits = String(units.magnitude)
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = units < 0 ? "-" : ""
    return places == 0 ? sign + padded : sign + padded.dropLast(places) + "." + padded.suffix(places)
}

/// `-14`, `0.71`: as many digits as the number needs.
func trimmedDecimal(_ x: Double, places: Int) -> String {
    var text = Substring(fixedDecimal(x, places: places))
    if text.contains(".") {
        while text.last == "0" { text = text.dropLast() }
        if text.last == "." { text = text.dropLast() }
    }
    return String(text)
}

private func tenTo(_ places: Int) -> Double {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    return scale
}

func logarithm2(_ x: Double) -> Double { Glibc.log2(x) }
func exponential2(_ x: Double) -> Double { Glibc.exp2(x) }

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest = rest.dropFirst() }
        while rest.last?.isWhitespace == true { rest = rest.dropLast() }
        return String(rest)
    }
}
