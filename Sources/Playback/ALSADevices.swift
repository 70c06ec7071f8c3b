import CALSA

/// A device that ALSA offers for playing.
public struct ALSADevice: Sendable, Equatable {
    /// What `alsa(device:)` takes.
    public var name: String
    /// The first line of ALSA's description; empty when there is none.
    public var explanation: String

    public init(name: String, explanation: String) {
        self.name = name
        self.explanation = explanation
    }

    /// Plug-ins that convert on the way to the default device, which is listed itself.
    static let converters: Set<String> = ["lavrate", "samplerate", "speexrate", "speex", "upmix", "vdownmix"]

    /// What `aplay -L` lists, without ALSA's own `null` and its converters. Reads ALSA's configuration and opens nothing; may take some ms.
    public static func all() -> [ALSADevice] {
        lathe_alsa_capture_log()
        var hints: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        guard snd_device_name_hint(-1, "pcm", &hints) == 0, let first = hints else { return [] }
        defer { snd_device_name_free_hint(first) }
        var out: [ALSADevice] = []
        var next = first
        while let hint = next.pointee, out.count < 256 {
            next += 1
            // nil is both directions.
            if let direction = text(hint, "IOID"), direction != "Output" { continue }
            guard let name = text(hint, "NAME"), name != "null", !converters.contains(name) else { continue }
            let words = text(hint, "DESC")?.split(separator: "\n").joined(separator: ", ") ?? ""
            out.append(ALSADevice(name: name, explanation: words))
        }
        return out
    }

    private static func text(_ hint: UnsafeMutableRawPointer, _ field: String) -> String? {
        guard let value = snd_device_name_get_hint(hint, field) else { return nil }
        defer { free(value) }
        return String(cString: value)
    }
}
