import Foundation

/// The folders that come with Lathe: `Presets`, `Themes`.
public enum DataFolder {
    /// `$LATHE_DATA/<name>`, else the nearest `<name>` in the executable's folder or one above it, else `../share/lathe/<name>`.
    /// - Parameter mark: a file that the folder must hold, so that another folder of the same name is passed over.
    /// - Returns: the path without a slash at its end, or nil when there is none.
    public static func find(_ name: String, holding mark: String) -> String? {
        func holds(_ folder: String) -> Bool { access(folder + "/" + mark, R_OK) == 0 }
        if let data = ProcessInfo.processInfo.environment["LATHE_DATA"], !data.isEmpty {
            let folder = data + "/" + name
            return holds(folder) ? folder : nil
        }
        guard let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            // Without /proc there is no place to start from; LATHE_DATA still works.
            return nil
        }
        var folder = executable[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            if holds(folder + "/" + name) { return folder + "/" + name }
        }
        let installed = (executable as NSString).deletingLastPathComponent + "/../share/lathe/" + name
        return holds(installed) ? installed : nil
    }
}
