import AudioFiles
import Foundation

/// A preset as lists show it.
public struct PresetSummary: Sendable, Equatable, Identifiable {
    public var id: String
    public var name: String
    public var intent: String
    public var targetLUFS: Double
    public var ceilingDBTP: Double
    /// Came with Lathe.
    public var isFactory: Bool
    public var path: String
    /// Why it cannot be used; the other fields are then the defaults.
    public var problem: PresetError?
}

/// The presets on this machine: those that came with Lathe, and the user's own, which win when the id is the same.
public enum PresetLibrary {
    /// The default first, then the other factory presets by name, then the user's. Unusable files are listed with their problem.
    /// Cost: reads every preset file.
    public static func list() -> [PresetSummary] {
        let own = summaries(in: userFolder, isFactory: false)
        let ownIDs = Set(own.filter { $0.problem == nil }.map(\.id))
        var factory = factoryFolder.map { summaries(in: $0, isFactory: true) } ?? []
        if factory.isEmpty { factory = [summary(of: Preset(), path: "", isFactory: true)] }
        let standard = Preset().id
        return factory.filter { !ownIDs.contains($0.id) }.sorted { ($0.id != standard ? 1 : 0, $0.name) < ($1.id != standard ? 1 : 0, $1.name) }
            + own.sorted { ($0.name, $0.path) < ($1.name, $1.path) }
    }

    /// A preset by id, or by path when the argument holds a `/` or ends in `.toml`.
    /// - Throws: `.missing` when there is none, `.unusable` when it cannot be read as a preset.
    public static func load(_ nameOrPath: String) throws(PresetError) -> Preset { try load(nameOrPath, chain: []) }

    private static func load(_ nameOrPath: String, chain: [String]) throws(PresetError) -> Preset {
        if nameOrPath.contains("/") || nameOrPath.hasSuffix(".toml") { return try read(nameOrPath) }
        let id = nameOrPath.lowercased()
        guard Preset.isIdentifier(id) else { throw noSuch(nameOrPath) }
        for folder in [userFolder, factoryFolder].compactMap({ $0 }) {
            let path = folder + "/" + id + ".toml"
            if access(path, F_OK) == 0 { return try read(path, chain: chain) }
        }
        // The default needs no file, so a binary moved away from its data still masters.
        if id == Preset().id { return Preset() }
        // A file may be named differently from the id it declares.
        if let other = list().first(where: { $0.id == id && $0.problem == nil && !$0.path.isEmpty }) { return try read(other.path, chain: chain) }
        throw noSuch(nameOrPath)
    }

    /// Writes the preset into the user's folder (or `folder`) as `<id>.toml`, in place of an earlier one, whole or not at all.
    /// - Parameter scratchName: as in `AtomicOutput`, for callers who have it registered.
    /// - Returns: the path.
    /// - Throws: `.usage` for an id that is not allowed or belongs to a factory preset, `.unusable` when what it is based on is based on it, `.cannotCreate` and `.inputOutput` from the disk.
    @discardableResult
    public static func save(_ preset: Preset, in folder: String = userFolder, scratchName: String? = nil) throws(PresetError) -> String {
        guard Preset.isIdentifier(preset.id) else {
            throw PresetError(.usage, file: preset.id, problem: "not a usable preset name", remedy: "use lower-case letters, digits, - and _")
        }
        if let factory = factoryFolder, access(factory + "/" + preset.id + ".toml", F_OK) == 0 {
            throw PresetError(.usage, file: preset.id, problem: "is the name of a factory preset", remedy: "choose another name")
        }
        let path = folder + "/" + preset.id + ".toml"
        var text = preset.toml()
        // A preset below one that is based on it would leave both without a ground.
        if let parent = preset.basedOn, parent != preset.id { text = preset.toml(relativeTo: try load(parent, chain: [preset.id, parent])) }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw PresetError(.cannotCreate, file: folder, problem: "cannot create the folder", remedy: "check its permissions")
        }
        do {
            try AtomicOutput.write(text, to: path, scratchName: scratchName)
        } catch {
            throw PresetError(.inputOutput, file: path, problem: "cannot write the preset", remedy: "check free space and permissions")
        }
        return path
    }

    /// `$XDG_CONFIG_HOME/lathe/presets`.
    public static var userFolder: String {
        let environment = ProcessInfo.processInfo.environment
        let config = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (config ?? (environment["HOME"] ?? NSHomeDirectory()) + "/.config") + "/lathe/presets"
    }

    /// `$LATHE_DATA/Presets`, else `Presets` in a folder above the executable, else `../share/lathe/Presets`; nil when there is none.
    public static var factoryFolder: String? { DataFolder.find("Presets", holding: "streaming.toml") }

    private static func summaries(in folder: String, isFactory: Bool) -> [PresetSummary] {
        // A folder that is absent or closed to us holds no presets.
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
        return names.filter { $0.hasSuffix(".toml") && !$0.hasPrefix(".") }.map { name in
            let path = folder + "/" + name
            do throws(PresetError) {
                return summary(of: try read(path), path: path, isFactory: isFactory)
            } catch {
                var broken = summary(of: Preset(), path: path, isFactory: isFactory)
                broken.id = String(name.dropLast(5)).printable
                broken.name = broken.id
                broken.intent = ""
                broken.problem = error
                return broken
            }
        }
    }

    private static func summary(of preset: Preset, path: String, isFactory: Bool) -> PresetSummary {
        PresetSummary(id: preset.id, name: preset.name, intent: preset.intent, targetLUFS: preset.target.lufs,
                      ceilingDBTP: preset.target.ceilingDBTP, isFactory: isFactory, path: path, problem: nil)
    }

    private static func noSuch(_ name: String) -> PresetError {
        let known = list().filter { $0.problem == nil }.map(\.id)
        let meant = nearest(name.lowercased(), among: known).map { "did you mean '\($0)'?" }
        return PresetError(.missing, file: name, problem: "no such preset", remedy: meant ?? "there are: \(known.joined(separator: ", "))")
    }

    private static func read(_ path: String, chain: [String] = []) throws(PresetError) -> Preset {
        let text = try SmallTextFile.read(path, noun: "preset", missing: "check the path, or see `lathe presets list`", limit: Preset.fileSizeLimit)
        return try Preset.parse(toml: text, file: path) { (id: String) throws(PresetError) -> Preset in
            guard chain.count < 5, !chain.contains(id) else {
                throw PresetError(file: path, problem: chain.contains(id) ? "the presets go round in a circle" : "too many steps down",
                                  remedy: "base it on a factory preset")
            }
            return try load(id, chain: chain + [id])
        }
    }
}
