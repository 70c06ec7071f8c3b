import CSignal

/// Numbers too small for a full mantissa (below 1e-38 in single, 1e-308 in double precision). Arithmetic on them takes processors up to a
/// hundred times as long, and no ear nor meter reaches them: threads that work on sound let them count as 0.
///
/// Sound of any level is untouched: its numbers are normal ones or exactly 0.
public enum Subnormals {
    /// How a thread treated them.
    public struct Mode: Sendable {
        fileprivate let word: UInt
    }

    /// They count as 0 on this thread from now on, as operands and as results. Returns the mode before.
    @discardableResult
    public static func off() -> Mode { Mode(word: lathe_subnormals_off()) }

    public static func restore(_ mode: Mode) { lathe_subnormals_restore(mode.word) }
}
