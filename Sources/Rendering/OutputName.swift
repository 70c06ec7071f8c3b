import AudioFiles

/// How masters are named.
public enum OutputName {
    /// `mixes/rough.flac` → `mixes/rough-master.wav`, or the same name in `folder`. A leading dot belongs to the stem.
    public static func standard(for input: String, in folder: String? = nil, container: OutputFormat.Container) -> String {
        let cut = input.lastIndex(of: "/").map(input.index(after:)) ?? input.startIndex
        var stem = input[cut...]
        if let dot = stem.lastIndex(of: "."), dot != stem.startIndex { stem = stem[..<dot] }
        let name = stem + "-master." + container.fileExtension
        guard let folder else { return String(input[..<cut] + name) }
        return folder + (folder.hasSuffix("/") || folder.isEmpty ? "" : "/") + name
    }
}
