import FoundationEssentials
import Mastering

/// What counters say of a job's setting: the id of a preset or genre that comes with Lathe, `own` for any other. A name that somebody gave is never counted.
enum UsageSetting {
    static let own = "own"

    static func of(_ job: Job, _ event: QueueCore.Event) -> String {
        if case .generate(let request) = job {
            if case .finished(_, .generate(let track)) = event { return known(track.brief.genre, "Presets/Generation") }
            return request.options.genre.map { known($0, "Presets/Generation") } ?? "unknown"
        }
        guard let text = job.requests.first?.presetTOML else { return own }
        // What is no preset has failed for that.
        do throws(PresetError) { return known(try Preset.parse(toml: text, file: "preset").id, "Presets") } catch { return own }
    }

    private static func known(_ id: String, _ folder: String) -> String {
        guard id.utf8.allSatisfy({ $0 != UInt8(ascii: "/") && $0 > 32 }), id.utf8.count <= 64 else { return own }
        return DataFolder.find(folder, holding: id + ".toml") == nil ? own : id
    }
}
