import Dispatch
import Glibc
import Mastering

/// Presets from the disk, read on a queue of their own.
final class LivePresets: PresetStore {
    private let post: Post
    private let queue = DispatchQueue(label: "lathe.presets", qos: .userInitiated)

    init(post: @escaping Post) { self.post = post }

    func list() {
        queue.async { [post] in post(.presets(PresetLibrary.list().map(Self.entry))) }
    }

    private static func entry(_ summary: PresetSummary) -> PresetEntry {
        var entry = PresetEntry(id: summary.id, name: summary.name, intent: summary.intent, isFactory: summary.isFactory, preset: nil,
                                problem: summary.problem?.message)
        guard summary.problem == nil else { return entry }
        do throws(PresetError) {
            // Without a path it is the default that needs no file.
            entry.preset = try PresetLibrary.load(summary.path.isEmpty ? summary.id : summary.path)
        } catch {
            entry.problem = error.message
        }
        return entry
    }

    func save(_ preset: Preset, replacing: Bool) {
        queue.async { [post] in
            if !replacing, access(PresetLibrary.userFolder + "/" + preset.id + ".toml", F_OK) == 0 { return post(.presetExists(preset)) }
            do throws(PresetError) {
                post(.presetSaved(preset, path: try PresetLibrary.save(preset)))
            } catch {
                post(.presetFailed(error.message))
            }
        }
    }
}
