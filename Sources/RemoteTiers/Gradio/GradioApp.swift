import Rendering

/// What a Gradio app says of itself: `GET /config` and `GET …/info`, versions 4 to 6.
struct GradioApp: Sendable {
    struct Parameter: Sendable, Equatable {
        var name: String
        var usual: JSONValue?
    }

    var version: String
    /// `""` in version 4, `/gradio_api` later.
    var prefix: String
    /// Whether outputs after the first of a generator are diffs.
    var sendsDiffs: Bool
    /// By name, with the leading slash: the function's number.
    var functions: [String: Int]

    private static let streaming = ["sse_v1", "sse_v2", "sse_v2.1", "sse_v3"]

    /// - Throws: `broken` for what is no Gradio app of a version that is spoken here.
    init(config: JSONValue) throws(TierError) {
        guard let speaks = config["protocol"]?.string, Self.streaming.contains(speaks), let dependencies = config["dependencies"]?.array else { throw .transport(.protocolMismatch) }
        version = RemoteText.clean((config["version"]?.string ?? "?").prefix(20))
        let prefix = config["api_prefix"]?.string ?? ""
        // It becomes a part of paths that are asked for.
        guard prefix.utf8.count <= 64, prefix.isEmpty || prefix.hasPrefix("/"), prefix.utf8.allSatisfy({ $0.isPathByte }) else { throw .transport(.protocolMismatch) }
        self.prefix = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        sendsDiffs = speaks != "sse_v1"
        functions = [:]
        for (index, dependency) in dependencies.prefix(2000).enumerated() {
            guard let name = dependency["api_name"]?.string else { continue }
            functions[(name.hasPrefix("/") ? "" : "/") + name] = dependency["id"]?.int ?? index
        }
    }

    /// The parameters of an endpoint, in order. nil when it has none of that name.
    static func parameters(of endpoint: String, info: JSONValue) -> [Parameter]? {
        info["named_endpoints"]?[endpoint]?["parameters"]?.array?.prefix(200).map { parameter in
            let name = parameter["parameter_name"]?.string ?? parameter["label"]?.string ?? ""
            return Parameter(name: name, usual: parameter["parameter_has_default"]?.bool == true ? parameter["parameter_default"] ?? .null : nil)
        }
    }

    /// Our values in the order of its parameters, with its own where we have none. nil when one is wanted that is neither known nor has a value of its own.
    static func arguments(_ parameters: [Parameter], _ values: [TierField: JSONValue], names: [String: String]) -> [JSONValue]? {
        var ours: [String: JSONValue] = [:]
        for (field, value) in values { ours[names[field.rawValue] ?? field.rawValue] = value }
        var arguments: [JSONValue] = []
        for parameter in parameters {
            guard let value = ours[parameter.name] ?? parameter.usual else { return nil }
            arguments.append(value)
        }
        return arguments
    }

    /// The first file among the outputs.
    static func file(in outputs: JSONValue) -> (path: String?, url: String?)? {
        switch outputs {
        case .object(let object):
            if object["path"]?.string != nil || object["url"]?.string != nil { return (object["path"]?.string, object["url"]?.string) }
            for key in object.keys.sorted() { if let file = object[key].flatMap({ file(in: $0) }) { return file } }
            return nil
        case .array(let array):
            for value in array.prefix(200) { if let file = file(in: value) { return file } }
            return nil
        default: return nil
        }
    }
}

extension UInt8 {
    /// Letters, digits and what paths hold besides, nothing that means something in a URL.
    fileprivate var isPathByte: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) || [0x2D, 0x2E, 0x2F, 0x5F, 0x7E].contains(self)
    }
}
