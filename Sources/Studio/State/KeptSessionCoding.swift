import FoundationEssentials
import Mastering
import Playback

/// The form in which a session is kept. It was sealed by Lathe itself, and is read as if it came from anybody.
extension KeptSession {
    /// What is written: numbers, names and presets as their own text.
    private struct Form: Codable {
        var form: Int
        var keptAt: Double
        var folder: String
        var selected: String?
        var sort: String
        var view: Int
        var file: String?
        var position: Double
        var voice: UInt8
        var matched: Bool
        var preset: String
        var base: String
        var snapshots: [String]
        var bypassed: [String]
        var soloed: String?
    }

    private static let form = 1
    static let mostBytes = 1 << 20
    private static let mostPath = 16 << 10

    /// - Parameter at: seconds since 1970.
    func bytes(at time: Double) throws -> [UInt8] {
        let form = Form(
            form: Self.form, keptAt: time, folder: folder, selected: selected, sort: sort.rawValue, view: view.rawValue, file: file, position: position, voice: voice.rawValue, matched: matched,
            preset: sound.preset.toml(), base: sound.base.toml(), snapshots: sound.snapshots.map { $0.toml() }, bypassed: sound.bypassed.map(\.rawValue).sorted(), soloed: sound.soloed?.rawValue)
        return Array(try JSONEncoder().encode(form))
    }

    /// - Returns: nil for what is no session, or one of another version.
    static func read(_ bytes: [UInt8]) -> (session: KeptSession, at: Double)? {
        guard bytes.count <= mostBytes, let form = try? JSONDecoder().decode(Form.self, from: Data(bytes)), form.form == Self.form else { return nil }
        guard isPath(form.folder), form.file.map(isPath) ?? true, form.selected?.utf8.count ?? 0 <= 4096, let view = ViewID(rawValue: form.view), let voice = Voice(rawValue: form.voice),
              let sort = FileSort(rawValue: form.sort), form.position.isFinite, form.keptAt.isFinite, form.snapshots.count <= Sound.snapshotLimit else { return nil }
        guard let preset = Self.preset(form.preset), let base = Self.preset(form.base) else { return nil }
        var sound = Sound(preset: base)
        sound.preset = preset
        sound.snapshots = form.snapshots.compactMap { Self.preset($0) }
        sound.bypassed = Set(form.bypassed.compactMap { PresetParameter.Block(rawValue: $0) }).intersection(Sound.bypassable)
        sound.soloed = form.soloed.flatMap { PresetParameter.Block(rawValue: $0) }.flatMap { Sound.bypassable.contains($0) ? $0 : nil }
        return (KeptSession(folder: form.folder, selected: form.selected, sort: sort, view: view, file: form.file, position: max(0, form.position), voice: voice, matched: form.matched, sound: sound),
                form.keptAt)
    }

    private static func isPath(_ text: String) -> Bool { text.hasPrefix("/") && text.utf8.count <= mostPath && !text.unicodeScalars.contains("\0") }

    private static func preset(_ text: String) -> Preset? {
        do throws(PresetError) { return try Preset.parse(toml: text, file: "the kept session") } catch { return nil }
    }
}
