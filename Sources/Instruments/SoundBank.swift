import Glibc

/// A bank of sampled instruments that may be used for any purpose, with the name and licence it is known by.
public struct SoundBank: Sendable, Equatable {
    public var path: String
    public var name: String
    /// SPDX identifier.
    public var licence: String

    /// Why there is none to play.
    public enum Absence: Error, Sendable, Equatable {
        case noLibrary, noBank
        /// There is one, and FluidSynth cannot read it.
        case unusable(path: String)

        public var message: String {
            switch self {
            case .noLibrary: "sounds from a bank need libfluidsynth, which is not installed; install libfluidsynth3, or leave the choice to --sounds auto"
            case .noBank: "no permissively licensed bank is installed; install musescore-general-soundfont-small, or leave the choice to --sounds auto"
            case .unusable(let path): "\(path): is no sound bank that FluidSynth reads; install musescore-general-soundfont-small anew"
            }
        }
    }

    /// Banks whose licence is known, by the beginning of their files' names, the best first. Both are MIT: MuseScore General © S. Christian Collins and
    /// others, FluidR3 © Frank Wen.
    private static let known = [("MuseScore_General", "MuseScore General", "MIT"), ("FluidR3", "FluidR3 GM", "MIT")]

    /// Only folders that belong to the system: a bank is read by FluidSynth in this process, so nobody else's file may be one.
    private static let folders = ["/usr/share/sounds/sf3", "/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/local/share/soundfonts"]

    /// The best bank on this machine.
    public static func installed() throws(Absence) -> SoundBank {
        guard FluidLibrary.shared != nil else { throw .noLibrary }
        for (prefix, name, licence) in known {
            for folder in folders {
                guard let directory = opendir(folder) else { continue }
                defer { closedir(directory) }
                var files: [String] = []
                while let entry = readdir(directory) {
                    let file = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                    if file.hasPrefix(prefix), file.hasSuffix(".sf3") || file.hasSuffix(".sf2") { files.append(file) }
                }
                for file in files.sorted() {
                    guard let real = realpath(folder + "/" + file, nil) else { continue }
                    defer { free(real) }
                    let path = String(cString: real)
                    // An alternative may lead to a bank of another licence.
                    let end = path.split(separator: "/").last.map(String.init) ?? ""
                    var status = stat()
                    guard end.hasPrefix(prefix), stat(path, &status) == 0, status.st_uid == 0, status.st_mode & 0o002 == 0 else { continue }
                    return SoundBank(path: path, name: name + (end.contains("Lite") ? " (small)" : ""), licence: licence)
                }
            }
        }
        throw .noBank
    }
}
