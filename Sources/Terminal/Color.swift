/// A colour as the program means it. The screen maps it to what the terminal can show
/// (`ColorDepth`); a frame always keeps the intended colour.
public struct Color: Equatable, Hashable, Sendable {
    /// Kind in the top byte (0 default, 1 indexed, 2 RGB), value in the rest: four bytes a cell side.
    let bits: UInt32

    /// The terminal's own foreground or background.
    public static let `default` = Color(bits: 0)

    /// 24-bit colour, 0…255 each.
    public static func rgb(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Color {
        Color(bits: 2 << 24 | UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue))
    }

    /// 24-bit colour written as `0xRRGGBB`.
    public static func rgb(hex: UInt32) -> Color { Color(bits: 2 << 24 | hex & 0xFF_FFFF) }

    /// The user's palette: 0–7 normal, 8–15 bright, 16–231 cube, 232–255 greys.
    public static func indexed(_ index: UInt8) -> Color { Color(bits: 1 << 24 | UInt32(index)) }

    public enum Kind: Equatable, Sendable {
        case `default`
        case indexed(UInt8)
        case rgb(red: UInt8, green: UInt8, blue: UInt8)
    }

    public var kind: Kind {
        switch bits >> 24 {
        case 0: .default
        case 1: .indexed(UInt8(truncatingIfNeeded: bits))
        default:
            .rgb(red: UInt8(truncatingIfNeeded: bits >> 16), green: UInt8(truncatingIfNeeded: bits >> 8),
                 blue: UInt8(truncatingIfNeeded: bits))
        }
    }

    /// Straight mix in the encoded space, `t` 0 (self) … 1 (other). Only RGB colours mix; others switch at 0.5.
    public func mixed(with other: Color, _ t: Double) -> Color {
        guard case .rgb(let r0, let g0, let b0) = kind, case .rgb(let r1, let g1, let b1) = other.kind else {
            return t < 0.5 ? self : other
        }
        let t = t.isNaN ? 0 : min(1, max(0, t))
        func mix(_ a: UInt8, _ b: UInt8) -> UInt8 { UInt8(Double(a) + (Double(b) - Double(a)) * t + 0.5) }
        return .rgb(mix(r0, r1), mix(g0, g1), mix(b0, b1))
    }
}

/// How a cell's glyph is drawn.
public struct Style: Equatable, Hashable, Sendable {
    public struct Attributes: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let bold = Attributes(rawValue: 1)
        public static let dim = Attributes(rawValue: 2)
        public static let italic = Attributes(rawValue: 4)
        public static let underline = Attributes(rawValue: 8)
        public static let reverse = Attributes(rawValue: 16)
    }

    public var foreground: Color
    public var background: Color
    public var attributes: Attributes

    public static let plain = Style()

    public init(_ foreground: Color = .default, on background: Color = .default, _ attributes: Attributes = []) {
        self.foreground = foreground
        self.background = background
        self.attributes = attributes
    }

    public var bold: Bool { get { has(.bold) } set { set(.bold, newValue) } }
    public var dim: Bool { get { has(.dim) } set { set(.dim, newValue) } }
    public var italic: Bool { get { has(.italic) } set { set(.italic, newValue) } }
    public var underline: Bool { get { has(.underline) } set { set(.underline, newValue) } }
    public var reverse: Bool { get { has(.reverse) } set { set(.reverse, newValue) } }

    /// The same style with these attributes added.
    public func with(_ more: Attributes) -> Style { Style(foreground, on: background, attributes.union(more)) }
    public func foreground(_ color: Color) -> Style { Style(color, on: background, attributes) }
    public func background(_ color: Color) -> Style { Style(foreground, on: color, attributes) }

    private func has(_ one: Attributes) -> Bool { attributes.contains(one) }
    private mutating func set(_ one: Attributes, _ on: Bool) {
        if on { attributes.insert(one) } else { attributes.remove(one) }
    }
}
