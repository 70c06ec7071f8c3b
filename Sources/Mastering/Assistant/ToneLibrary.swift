import AudioFiles
import Foundation

/// The tone curves on this machine: those of `Presets/Curves`, and the user's own, which win when the id is the same.
public enum ToneLibrary {
    /// A curve as lists show it.
    public struct Summary: Sendable, Equatable, Identifiable {
        public var id: String
        public var name: String
        public var kind: ToneTarget.Kind
        /// Came with Lathe.
        public var isFactory: Bool
        public var path: String
        /// Why it cannot be used; the other fields are then guesses.
        public var problem: PresetError?
    }

    /// Genre curves first, then by id. Cost: reads every curve file.
    public static func list() -> [Summary] {
        let own = summaries(in: userFolder, isFactory: false)
        let hidden = Set(own.filter { $0.problem == nil }.map(\.id))
        let factory = (factoryFolder.map { summaries(in: $0, isFactory: true) } ?? []).filter { !hidden.contains($0.id) }
        return (factory + own).sorted { ($0.kind == .genre ? 0 : 1, $0.id, $0.path) < ($1.kind == .genre ? 0 : 1, $1.id, $1.path) }
    }

    /// A curve by id, or by path when the argument holds a `/` or ends in `.toml`.
    /// - Throws: `.missing` when there is none, `.unusable` when it cannot be read as a curve.
    public static func load(_ nameOrPath: String) throws(PresetError) -> ToneTarget {
        if nameOrPath.contains("/") || nameOrPath.hasSuffix(".toml") { return try read(nameOrPath) }
        let id = nameOrPath.lowercased()
        if Preset.isIdentifier(id) {
            for folder in [userFolder, factoryFolder].compactMap({ $0 }) {
                let path = folder + "/" + id + ".toml"
                if access(path, F_OK) == 0 { return try read(path) }
            }
        }
        let known = list().filter { $0.problem == nil }.map(\.id)
        let meant = nearest(id, among: known).map { "did you mean '\($0)'?" }
        throw PresetError(.missing, file: nameOrPath, problem: "no such tone curve",
                          remedy: meant ?? (known.isEmpty ? "the folder Presets/Curves is missing" : "there are: \(known.joined(separator: ", "))"))
    }

    /// Writes the curve into the user's folder (or `folder`) as `<id>.toml`, in place of an earlier one, whole or not at all.
    /// - Parameter scratchName: as in `AtomicOutput`, for callers who have it registered.
    /// - Returns: the path.
    /// - Throws: `.usage` for an id that is not allowed or belongs to a factory curve, `.cannotCreate` and `.inputOutput` from the disk.
    @discardableResult
    public static func save(_ curve: ToneTarget, in folder: String = userFolder, scratchName: String? = nil) throws(PresetError) -> String {
        guard Preset.isIdentifier(curve.id) else {
            throw PresetError(.usage, file: curve.id, problem: "not a usable curve name", remedy: "use lower-case letters, digits, - and _")
        }
        if let factory = factoryFolder, access(factory + "/" + curve.id + ".toml", F_OK) == 0 {
            throw PresetError(.usage, file: curve.id, problem: "is the name of a factory curve", remedy: "choose another name")
        }
        let path = folder + "/" + curve.id + ".toml"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw PresetError(.cannotCreate, file: folder, problem: "cannot create the folder", remedy: "check its permissions")
        }
        do {
            try AtomicOutput.write(curve.toml(), to: path, scratchName: scratchName)
        } catch {
            throw PresetError(.inputOutput, file: path, problem: "cannot write the tone curve", remedy: "check free space and permissions")
        }
        return path
    }

    /// `$XDG_CONFIG_HOME/lathe/curves`.
    public static var userFolder: String {
        let environment = ProcessInfo.processInfo.environment
        let config = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (config ?? (environment["HOME"] ?? NSHomeDirectory()) + "/.config") + "/lathe/curves"
    }

    /// `Curves` in the folder of the factory presets; nil when there is none.
    public static var factoryFolder: String? {
        DataFolder.find("Presets", holding: "Curves/commercial.toml").map { $0 + "/Curves" }
    }

    static func read(_ path: String) throws(PresetError) -> ToneTarget {
        try ToneTarget.parse(toml: SmallTextFile.read(path, noun: "tone curve", limit: ToneTarget.fileSizeLimit), file: path)
    }

    private static func summaries(in folder: String, isFactory: Bool) -> [Summary] {
        // A folder that is absent or closed to us holds no curves.
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
        return names.filter { $0.hasSuffix(".toml") && !$0.hasPrefix(".") }.map { name in
            let path = folder + "/" + name
            do throws(PresetError) {
                let curve = try read(path)
                return Summary(id: curve.id, name: curve.name, kind: curve.kind, isFactory: isFactory, path: path)
            } catch {
                let id = String(name.dropLast(5)).printable
                return Summary(id: id, name: id, kind: .genre, isFactory: isFactory, path: path, problem: error)
            }
        }
    }
}
