import FoundationEssentials
import Glibc
import Mastering
import PrivacyLedger
import Rendering
import TOMLKit

/// `config.toml` in the configuration folder: the tiers, in the order in which they are tried. Absent, or without any: local alone.
///
///     [[tier]]
///     name = "gpu"
///     protocol = "gradio"
///     url = "https://gpu.example:7860"
///     privacy = "own"
///
/// Untrusted: at most 64 KiB and 16 tiers, only the keys of `TierSettingKey`, each complaint with line and column.
public enum TierConfiguration {
    /// `$XDG_CONFIG_HOME/lathe/config.toml`, by default below `~/.config`.
    public static var path: String {
        let folder = PresetLibrary.userFolder
        return (folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? folder) + "/config.toml"
    }

    private static let mostBytes = 64 << 10
    static let mostTiers = 16

    /// The tiers there are, besides this machine. Errors: `PresetError` with file, line, column and remedy.
    public static func tiers(at path: String = path) throws(PresetError) -> [TierSettings] {
        guard let text = try read(path) else { return [] }
        return try parse(text, file: path)
    }

    private static func read(_ path: String) throws(PresetError) -> String? {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw PresetError(.missing, file: path, problem: "cannot be read (\(String(cString: strerror(errno)).lowercased()))", remedy: "check its permissions")
        }
        defer { close(descriptor) }
        var info = stat()
        let refusal = PresetError(file: path, problem: "is not a text file of at most 64 KiB", remedy: "see lathe tiers keys for what it may hold")
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_size <= mostBytes else { throw refusal }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= mostBytes {
            let got = Glibc.read(descriptor, &buffer, buffer.count)
            if got < 0, errno == EINTR { continue }
            if got <= 0 { break }
            bytes += buffer[..<got]
        }
        guard bytes.count <= mostBytes, let text = String(validating: bytes, as: UTF8.self) else { throw refusal }
        return text
    }

    static func parse(_ text: String, file: String) throws(PresetError) -> [TierSettings] {
        let toml = try StrictTOML(text, file: file, noun: "configuration", limit: mostBytes)
        try toml.refuseUnknown(toml.root, at: [], known: ["schema", "tier", "studio"])
        if let schema = try toml.number("schema", in: toml.root, range: 1...1), schema != 1 {
            throw toml.error([.key("schema")], "schema \(schema) is not known", "write schema = 1")
        }
        guard let value = toml.root["tier"] else { return [] }
        guard let list = value.array else { throw toml.error([.key("tier")], "tier must be a list of tables", "begin each with [[tier]]") }
        guard list.count <= mostTiers else { throw toml.error([.key("tier"), .index(mostTiers)], "more than \(mostTiers) tiers", "leave some out") }
        var tiers: [TierSettings] = []
        for n in 0..<list.count {
            let here: [StrictTOML.Step] = [.key("tier"), .index(n)]
            guard let table = list[n].table else { throw toml.error(here, "a tier must be a table", "begin it with [[tier]]") }
            let tier = try TierParser(toml: toml, table: table, here: here).tier()
            guard !tiers.contains(where: { $0.name == tier.name }) else { throw toml.error(here + [.key("name")], "there are two tiers of the name \(tier.name)", "rename one") }
            tiers.append(tier)
        }
        return tiers
    }
}

/// Reads one `[[tier]]`.
private struct TierParser {
    let toml: StrictTOML
    let table: TOMLTable
    let here: [StrictTOML.Step]

    private func wrong(_ key: String, _ problem: String, _ remedy: String) -> PresetError { toml.error(here + [.key(key)], problem, remedy) }

    private func line(_ key: String, limit: Int = 200) throws(PresetError) -> String? { try toml.line(key, in: table, at: here, limit: limit) }

    private func needed(_ key: String) throws(PresetError) -> String {
        guard let text = try line(key, limit: 1000), !text.isEmpty else {
            let takes = TierSettingKey.all.first { $0.name == key }?.takes ?? ""
            throw wrong(key, "a tier needs a \(key)", "write \(key) = \"…\" (\(takes))")
        }
        return text
    }

    func tier() throws(PresetError) -> TierSettings {
        try toml.refuseUnknown(table, at: here, known: TierSettingKey.all.map(\.name))
        let name = try needed("name")
        guard (1...40).contains(name.utf8.count), name.utf8.allSatisfy({ $0 < 0x80 && (Character(UnicodeScalar($0)).isLetter || Character(UnicodeScalar($0)).isNumber || [0x2D, 0x2E, 0x5F].contains($0)) }) else {
            throw wrong("name", "a name has 1 to 40 letters, digits, '.', '-' or '_'", "correct it")
        }
        guard name != RoutingPolicy.local.name else { throw wrong("name", "'local' is this machine, and always there", "choose another name") }
        _ = try needed("protocol")
        guard let speaks = try toml.word("protocol", in: table, at: here, as: TierProtocol.self) else { throw wrong("protocol", "a tier needs a protocol", "name one") }
        let address = try needed("url")
        guard let url = TierURL(address) else { throw wrong("url", "the url is no http or https address of a host", "write it like https://host:7860, with keys in key_env and not in it") }
        let privacy = try toml.word("privacy", in: table, at: here, as: PrivacyClass.self) ?? .unknown
        guard privacy != .local else { throw wrong("privacy", "a tier behind a url is not this machine", "write own for a machine of your own") }
        if !url.isEncrypted, privacy < .localNetwork, !url.isLoopback {
            throw wrong("url", "sound and keys would go to a third party for everybody on the way to read", "use https")
        }
        var tier = TierSettings(name: name, speaks: speaks, url: url, privacyClass: privacy)
        tier.consent = try toml.word("consent", in: table, at: here, as: ConsentPolicy.self) ?? .ask
        tier.deadlineSeconds = try toml.number("deadline_seconds", in: table, at: here, range: 10...86_400)
        tier.waitsForStart = try flag("wait_for_start") ?? false
        tier.work = try work()
        tier.key = try key()
        if tier.key != nil, !url.isEncrypted, privacy < .own, !url.isLoopback { throw wrong("url", "the key would go over the network for everybody to read", "use https") }
        tier.caFile = try line("ca_file", limit: 1000).map(Self.home)
        tier.keepsSeconds = try toml.number("keeps_seconds", in: table, at: here, range: 0...31_536_000)
        tier.receiptKey = try line("receipt_key")
        if let hex = tier.receiptKey, hex.utf8.count != 64 || !hex.allSatisfy(\.isHexDigit) { throw wrong("receipt_key", "is not 64 hexadecimal digits", "copy it from the server") }
        tier.model = try line("model")
        tier.dialect = try toml.word("dialect", in: table, at: here, as: AudioJSONDialect.self)
        for (key, work) in [("master_endpoint", TierWork.master), ("generate_endpoint", .generate)] {
            guard let endpoint = try line(key) else { continue }
            guard endpoint.hasPrefix("/"), endpoint.utf8.count > 1 else { throw wrong(key, "an endpoint begins with /", "write /\(work.rawValue)") }
            tier.endpoints[work] = endpoint
        }
        tier.fields = try fields()
        return tier
    }

    private func flag(_ key: String) throws(PresetError) -> Bool? {
        guard let value = table[key] else { return nil }
        guard let flag = value.bool else { throw wrong(key, "\(key) must be true or false", "write it without quotes") }
        return flag
    }

    private func work() throws(PresetError) -> [TierWork] {
        guard let value = table["jobs"] else { return [] }
        guard let list = value.array, list.count > 0, list.count <= TierWork.allCases.count else { throw wrong("jobs", "jobs must be a list of master and generate", "write jobs = [\"master\"]") }
        var work: [TierWork] = []
        for n in 0..<list.count {
            guard let one = list[n].string.flatMap(TierWork.init(rawValue:)) else {
                throw toml.error(here + [.key("jobs"), .index(n)], "jobs are master and generate", "correct it")
            }
            work.append(one)
        }
        return work
    }

    private func key() throws(PresetError) -> Secret? {
        let name = try line("key_env"), path = try line("key_file", limit: 1000)
        if name != nil, path != nil { throw wrong("key_file", "there are both key_env and key_file", "keep one") }
        if let name {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 < 0x80 && (Character(UnicodeScalar($0)).isLetter || Character(UnicodeScalar($0)).isNumber || $0 == 0x5F) }), name.first?.isNumber == false else {
                throw wrong("key_env", "is not the name of an environment variable; a key itself has no place here", "write e.g. key_env = \"GPU_KEY\"")
            }
            return Secret(.environment(name))
        }
        return path.map { Secret(.file(Self.home($0))) }
    }

    private func fields() throws(PresetError) -> [String: String] {
        guard let value = table["fields"] else { return [:] }
        guard let names = value.table else { throw wrong("fields", "fields must be a table", "write fields = { prompt = \"caption\" }") }
        try toml.refuseUnknown(names, at: here + [.key("fields")], known: TierField.allCases.map(\.rawValue))
        var fields: [String: String] = [:]
        for key in names.keys {
            fields[key] = try toml.line(key, in: names, at: here + [.key("fields")], limit: 100)
        }
        return fields
    }

    private static func home(_ path: String) -> String {
        guard path.hasPrefix("~/") else { return path }
        return (ProcessInfo.processInfo.environment["HOME"] ?? "") + path.dropFirst()
    }
}

/// What we have to say to a tier, by our names.
public enum TierField: String, Sendable, CaseIterable {
    case prompt, seconds, seed, bpm, key, meter, audio, preset, format, model
}
