import Dispatch
import Glibc
import Mastering
import PrivacyLedger
import Rendering

/// Presets from the disk, read on a queue of their own.
final class LivePresets: PresetStore {
    private let backend: Backend
    private let post: Post
    private let queue = DispatchQueue(label: "lathe.presets", qos: .userInitiated)

    init(backend: Backend, post: @escaping Post) {
        self.backend = backend
        self.post = post
    }

    func list() {
        queue.async { [post] in post(.presets(PresetLibrary.list().map(Self.entry))) }
    }

    func listPlatforms() {
        queue.async { [post] in
            do throws(PresetError) {
                post(.platforms(try PlatformLibrary.load()))
            } catch {
                post(.notice(Notice(error.message, .warning)))
            }
        }
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
        Task { [backend, post] in
            if !replacing, access(PresetLibrary.userFolder + "/" + preset.id + ".toml", F_OK) == 0 { return post(.presetExists(preset)) }
            do {
                let path = try await RecordedFile.record(in: PresetLibrary.userFolder, purpose: .mastering, ledger: backend.parts.ledger) {
                    try PresetLibrary.save(preset, scratchName: $0)
                }
                post(.presetSaved(preset, path: path))
            } catch let error as PresetError {
                post(.presetFailed(error.message))
            } catch let error as LedgerError {
                post(.presetFailed(error.message))
            } catch {
                post(.presetFailed("the preset: \(error)"))
            }
        }
    }
}
