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
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        let descriptor = path.withFileName { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else { throw GenreError(file: path, problem: "cannot be opened", remedy: "check its permissions") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Genre.fileSizeLimit else {
            throw GenreError(file: path, problem: "is not a regular file of at most 64 KiB", remedy: "a genre is a short TOML file")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { break }
            count += got
        }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw GenreError(file: path, problem: "is not UTF-8 text", remedy: "a genre is a TOML text file")
        }
        return try Genre.parse(toml: text, file: path)
    }
}
