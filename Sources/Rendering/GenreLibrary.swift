import AudioFiles
import Composition
import Foundation
import Mastering

/// The genres on this machine: `Presets/Generation` of what came with Lathe, and the user's own, which win when the id is the same.
public enum GenreLibrary {
    /// `$XDG_CONFIG_HOME/lathe/genres`.
    public static var userFolder: String {
        (PresetLibrary.userFolder as NSString).deletingLastPathComponent + "/genres"
    }

    public static var factoryFolder: String? { DataFolder.find("Presets/Generation", holding: "house.toml") }

    /// All of them, by id. Cost: reads every genre file.
    /// - Throws: `GenreError` for a factory file that cannot be used, or when there is none at all. Unusable files of the user's are named too.
    public static func list() throws(GenreError) -> [Genre] {
        var found: [String: Genre] = [:]
        for folder in [factoryFolder, userFolder].compactMap({ $0 }) {
            // A folder that is absent or closed to us holds no genres.
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { continue }
            for name in names.sorted() where name.hasSuffix(".toml") && !name.hasPrefix(".") {
                let genre = try read(folder + "/" + name)
                found[genre.id] = genre
            }
        }
        guard !found.isEmpty else {
            throw GenreError(file: "Presets/Generation", problem: "no genres were found", remedy: "set LATHE_DATA to the folder that holds Presets")
        }
        return found.values.sorted { $0.id < $1.id }
    }

    private static func read(_ path: String) throws(GenreError) -> Genre {
        switch SmallFile.text(path, most: Genre.fileSizeLimit) {
        case .success(let text): return try Genre.parse(toml: text, file: path)
        case .failure(let trouble): throw GenreError(file: path, problem: trouble.problem, remedy: trouble.remedy)
        }
    }
}
