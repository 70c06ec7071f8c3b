/// Numbers as the studio writes them.
enum Format {
    /// `-14.0`: always `places` digits after the point; `inf` and `nan` in letters.
    static func fixed(_ x: Double, _ places: Int) -> String {
        guard x.isFinite, abs(x) < 1e15 else { return x.isNaN ? "nan" : x < 0 ? "-inf" : "inf" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let units = Int64((x * scale).rounded())
        let digits = String(units.magnitude)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let sign = units < 0 ? "-" : ""
        return places == 0 ? sign + padded : sign + padded.dropLast(places) + "." + padded.suffix(places)
    }

    /// With a `+` when above 0.
    static func signed(_ x: Double, _ places: Int) -> String { (x > 0 ? "+" : "") + fixed(x, places) }

    /// A reading that may not exist yet. Below −90 dB, the last steps of 16 bits, a level says nothing but silence.
    static func reading(_ x: Double?, _ places: Int = 1) -> String {
        x.map { $0.isFinite && $0 < -90 ? "-" : fixed($0, places) } ?? "-"
    }

    /// `3:41`, `1:02:07`; with `tenths` `1:12.4`.
    static func duration(_ seconds: Double, tenths: Bool = false) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "-" }
        let units = Int64(tenths ? (seconds * 10 + 1e-6).rounded(.down) : (seconds + 1e-6).rounded(.down))
        let whole = tenths ? units / 10 : units
        let tail = tenths ? "." + String(units % 10) : ""
        func two(_ n: Int64) -> String { n < 10 ? "0" + String(n) : String(n) }
        if whole < 3600 { return String(whole / 60) + ":" + two(whole % 60) + tail }
        return String(whole / 3600) + ":" + two(whole / 60 % 60) + ":" + two(whole % 60) + tail
    }

    /// `0 B`, `912 B`, `41 MB`, `1.2 GB`: decimal units, as disks are sold.
    static func bytes(_ count: Int64) -> String {
        let count = max(0, count)
        if count < 1000 { return String(count) + " B" }
        var value = Double(count)
        for unit in ["kB", "MB", "GB", "TB", "PB", "EB"] {
            value /= 1000
            if value < 999.5 { return (value < 9.95 ? fixed(value, 1) : fixed(value, 0)) + " " + unit }
        }
        return "-"
    }

    /// `48 kHz`, `44.1 kHz`.
    static func kilohertz(_ hz: Int) -> String {
        hz % 1000 == 0 ? String(hz / 1000) : fixed(Double(hz) / 1000, hz % 100 == 0 ? 1 : 3)
    }

    /// How long something still lives: `4 min`, `2 h`; seconds only where they are watched.
    static func remaining(_ seconds: Double) -> String {
        if seconds < 60 { return "<1 min" }
        if seconds < 5400 { return String(Int(seconds / 60)) + " min" }
        if seconds < 172_800 { return String(Int(seconds / 3600)) + " h" }
        return seconds < 1e10 ? String(Int(seconds / 86_400)) + " d" : "-"
    }

    /// `mm:ss` to the end, for the list that is watched.
    static func countdown(_ seconds: Double) -> String {
        if seconds <= 0 { return "now" }
        return seconds < 86_400 ? duration(seconds.rounded(.up)) : remaining(seconds)
    }
}
