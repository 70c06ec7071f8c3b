import Terminal

/// Why a file of settings was refused or could not be written.
public struct SettingsError: Error, Sendable, Equatable {
    public enum Kind: Int32, Sendable { case unusable = 65, missing = 66, cannotCreate = 73 }

    public var kind: Kind
    public var file: String
    /// From 1; nil when the whole file is meant.
    public var line: Int?
    public var column: Int?
    public var problem: String
    public var remedy: String

    /// Of `sysexits.h`.
    public var exitCode: Int32 { kind.rawValue }

    /// One line, safe to print: `dusk.toml:4:1: unknown role 'boarder'; did you mean 'border'?`
    public var message: String {
        var place = file
        if let line { place += ":\(line)" }
        if line != nil, let column { place += ":\(column)" }
        return Sanitise.line(place + ": " + problem + "; " + remedy)
    }
}
