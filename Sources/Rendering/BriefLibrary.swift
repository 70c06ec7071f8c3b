import Composition
import Foundation
import Mastering

/// Briefs on this machine: the user's own, and those in `Presets/Generation/Briefs` that came with Lathe.
public enum BriefLibrary {
    /// `$XDG_CONFIG_HOME/lathe/briefs`.
    public static var userFolder: String { (PresetLibrary.userFolder as NSString).deletingLastPathComponent + "/briefs" }
    public static var factoryFolder: String? { DataFolder.find("Presets/Generation/Briefs", holding: "study-room.toml") }

    /// Names without their ending; the user's hide those that came with Lathe.
    public static var names: [String] {
        let found = [userFolder, factoryFolder].compactMap { $0 }.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }
        return Set(found.filter { $0.hasSuffix(".toml") && !$0.hasPrefix(".") }.map { String($0.dropLast(5)) }).sorted()
    }

    /// A brief by name, or by path when the argument holds a `/` or ends in `.toml`.
    /// - Throws: `BriefError`; its exit code is 66 when there is no such file.
    public static func load(_ nameOrPath: String, genres: [Genre]) throws(BriefError) -> BriefText {
        if nameOrPath.contains("/") || nameOrPath.hasSuffix(".toml") { return try read(nameOrPath, genres) }
        for folder in [userFolder, factoryFolder].compactMap({ $0 }) {
            let path = folder + "/" + nameOrPath + ".toml"
            if path.withFileName({ access($0, F_OK) }) == 0 { return try read(path, genres) }
        }
        var error = BriefError(file: nameOrPath, problem: "there is no brief of this name", remedy: "there are \(names.joined(separator: ", ")); a file needs its ending .toml")
        error.isAbsent = true
        throw error
    }

    private static func read(_ path: String, _ genres: [Genre]) throws(BriefError) -> BriefText {
        switch SmallFile.text(path, most: BriefText.fileSizeLimit) {
        case .success(let text): return try BriefText.parse(toml: text, file: path, genres: genres)
        case .failure(let trouble):
            var error = BriefError(file: path, problem: trouble.problem, remedy: trouble.remedy)
            error.isAbsent = trouble.isAbsent
            throw error
        }
    }
}

/// A short text file that may be anything.
enum SmallFile {
    struct Trouble: Error {
        var problem: String
        var remedy: String
        var isAbsent = false
    }

    static func text(_ path: String, most: Int) -> Result<String, Trouble> {
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        let descriptor = path.withFileName { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else { return .failure(Trouble(problem: "cannot be opened (\(String(cString: strerror(errno)).lowercased()))", remedy: "check the path and its permissions", isAbsent: errno == ENOENT)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= most else {
            return .failure(Trouble(problem: "is not a regular file of at most \(most >> 10) KiB", remedy: "name a short TOML file"))
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { break }
            count += got
        }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else { return .failure(Trouble(problem: "is not UTF-8 text", remedy: "save it as UTF-8")) }
        return .success(text)
    }
}
