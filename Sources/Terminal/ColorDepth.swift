/// How many colours the terminal shows. The palette is used as the user set it and never redefined.
public enum ColorDepth: Int, Comparable, Sendable, CaseIterable {
    case mono, ansi16, ansi256, truecolor

    public static func < (a: ColorDepth, b: ColorDepth) -> Bool { a.rawValue < b.rawValue }

    /// What `--color` accepts.
    public enum Choice: String, Sendable, CaseIterable {
        case auto, never, ansi16 = "16", ansi256 = "256", truecolor
    }

    /// From the choice, then `NO_COLOR` (no-color.org: any non-empty value), `COLORTERM`, and `TERM`.
    /// - Parameter terminfoColors: the `colors` of the terminal's description, if there is one.
    public static func detect(choice: Choice = .auto, environment: [String: String], terminfoColors: Int? = nil) -> ColorDepth {
        switch choice {
        case .never: return .mono
        case .ansi16: return .ansi16
        case .ansi256: return .ansi256
        case .truecolor: return .truecolor
        case .auto: break
        }
        if let value = environment["NO_COLOR"], !value.isEmpty { return .mono }
        let term = environment["TERM"] ?? ""
        if term.isEmpty || term == "dumb" { return .mono }
        let announced = environment["COLORTERM"] ?? ""
        if announced == "truecolor" || announced == "24bit" { return .truecolor }
        if term.hasSuffix("-direct") || term.hasSuffix("-truecolor") { return .truecolor }
        let direct = ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour", "rio"]
        if direct.contains(where: { term == $0 || term.hasPrefix($0 + "-") }) { return .truecolor }
        if term.contains("256color") { return .ansi256 }
        guard let colors = terminfoColors else { return term.hasPrefix("vt") ? .mono : .ansi16 }
        return colors >= 1 << 24 ? .truecolor : colors >= 256 ? .ansi256 : colors >= 8 ? .ansi16 : .mono
    }
}

/// What the terminal can show, as far as is known.
public struct Capabilities: Equatable, Sendable {
    public var colorDepth: ColorDepth
    /// Without it the screen writes ASCII only and replaces what it cannot show.
    public var utf8: Bool

    public init(colorDepth: ColorDepth, utf8: Bool) {
        self.colorDepth = colorDepth
        self.utf8 = utf8
    }
}

extension Color {
    /// The nearest colour this depth can show: the 6×6×6 cube and greys for 256, the usual 16 ANSI colours for 16,
    /// the terminal's own for mono. Nearest by weighted RGB distance ("redmean", T. Riemersma, CompuPhase).
    func reduced(to depth: ColorDepth) -> Color {
        switch (depth, kind) {
        case (.mono, _): return .default
        case (.truecolor, _), (_, .default): return self
        case (.ansi256, .indexed), (.ansi16, .indexed(0..<16)): return self
        case (.ansi256, .rgb(let r, let g, let b)): return .indexed(Palette.nearest256(r, g, b))
        case (.ansi16, .rgb(let r, let g, let b)): return .indexed(Palette.nearest16(r, g, b))
        case (.ansi16, .indexed(let index)):
            let (r, g, b) = Palette.rgb(index)
            return .indexed(Palette.nearest16(r, g, b))
        }
    }
}

/// xterm's colours: where a colour index lies when the user has not changed it (XTerm-col.ad, 256colres.h).
enum Palette {
    private static let ansi: [(UInt8, UInt8, UInt8)] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255),
    ]
    private static let levels: [UInt8] = [0, 95, 135, 175, 215, 255]

    static func rgb(_ index: UInt8) -> (UInt8, UInt8, UInt8) {
        let index = Int(index)
        if index < 16 { return ansi[index] }
        if index >= 232 {
            let grey = UInt8(8 + 10 * (index - 232))
            return (grey, grey, grey)
        }
        let cube = index - 16
        return (levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6])
    }

    static func nearest256(_ r: UInt8, _ g: UInt8, _ b: UInt8) -> UInt8 {
        func step(_ value: UInt8) -> Int { value < 48 ? 0 : value < 115 ? 1 : (Int(value) - 35) / 40 }
        let cube = UInt8(16 + 36 * step(r) + 6 * step(g) + step(b))
        let mean = (Int(r) + Int(g) + Int(b)) / 3
        let grey = UInt8(232 + min(23, max(0, (mean - 3) / 10)))
        return distance(rgb(grey), (r, g, b)) < distance(rgb(cube), (r, g, b)) ? grey : cube
    }

    static func nearest16(_ r: UInt8, _ g: UInt8, _ b: UInt8) -> UInt8 {
        var best = 0, bestDistance = Int.max
        for (index, color) in ansi.enumerated() {
            let d = distance(color, (r, g, b))
            if d < bestDistance { (best, bestDistance) = (index, d) }
        }
        return UInt8(best)
    }

    private static func distance(_ a: (UInt8, UInt8, UInt8), _ b: (UInt8, UInt8, UInt8)) -> Int {
        let mean = (Int(a.0) + Int(b.0)) / 2
        let r = Int(a.0) - Int(b.0), g = Int(a.1) - Int(b.1), bl = Int(a.2) - Int(b.2)
        return (512 + mean) * r * r / 256 + 4 * g * g + (767 - mean) * bl * bl / 256
    }
}
