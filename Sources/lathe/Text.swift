/// How commands write numbers for people.
enum Text {
    /// `-14.0`; `none` for what does not exist.
    static func number(_ x: Double?, places: Int = 1, plus: Bool = false) -> String {
        guard let x, x.isFinite else { return "none" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (abs(x) * scale).rounded()
        guard scaled < 1e15 else { return "\(x)" }
        let units = Int64(scaled)
        let digits = String(units)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let sign = units == 0 ? (plus ? "+" : "") : x < 0 ? "-" : plus ? "+" : ""
        return places == 0 ? sign + padded : sign + padded.dropLast(places) + "." + padded.suffix(places)
    }

    static func number(_ x: Double?, _ unit: String, places: Int = 1, plus: Bool = false) -> String {
        guard let x, x.isFinite else { return "none" }
        return number(x, places: places, plus: plus) + " " + unit
    }

    /// `3:41.2`, `1:02:03.0`.
    static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "?" }
        let tenths = Int64((seconds * 10).rounded())
        let (minutes, rest) = (tenths / 600, tenths % 600)
        let tail = (rest < 100 ? "0" : "") + number(Double(rest) / 10)
        if minutes < 60 { return "\(minutes):" + tail }
        let (hours, left) = (minutes / 60, minutes % 60)
        return "\(hours):" + (left < 10 ? "0" : "") + "\(left):" + tail
    }

    /// `41 MB`, `0 B`; powers of ten.
    static func bytes(_ count: Int64) -> String {
        var value = Double(count)
        for unit in ["B", "kB", "MB", "GB", "TB"] {
            if value < 999.5 || unit == "TB" {
                return number(value, places: unit == "B" || value >= 99.95 ? 0 : 1) + " " + unit
            }
            value /= 1000
        }
        return "\(count) B"
    }

    /// Left-aligned columns with two spaces between; the last one is not padded.
    static func table(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }.joined()
        }.joined(separator: "\n")
    }
}
