/// What changed in an output since the one before: `[[operation, path, value]…]`, as Gradio sends after the first of a generator's outputs.
enum GradioDiff {
    private static let mostOperations = 10_000
    private static let deepest = 32

    /// nil for a diff that does not fit.
    static func apply(_ diff: JSONValue, to value: JSONValue) -> JSONValue? {
        guard let operations = diff.array, operations.count <= mostOperations else { return nil }
        var value = value
        for operation in operations {
            guard let name = operation[0]?.string, let path = operation[1]?.array, path.count <= deepest, let argument = operation[2],
                  let changed = change(value, name, path[...], argument) else { return nil }
            value = changed
        }
        return value
    }

    private static func change(_ value: JSONValue, _ name: String, _ path: ArraySlice<JSONValue>, _ argument: JSONValue) -> JSONValue? {
        guard let step = path.first else {
            switch name {
            case "replace", "add": return argument
            case "append":
                if case .string(let old) = value, case .string(let more) = argument { return .string(old + more) }
                if case .array(let old) = value, case .array(let more) = argument { return .array(old + more) }
                return nil
            default: return nil
            }
        }
        let isLast = path.count == 1
        switch value {
        case .object(var object):
            guard let key = step.string else { return nil }
            if isLast, name == "delete" {
                object[key] = nil
            } else {
                guard let changed = change(object[key] ?? .null, name, path.dropFirst(), argument) else { return nil }
                object[key] = changed
            }
            return .object(object)
        case .array(var array):
            guard let index = step.int else { return nil }
            if isLast, name == "delete" {
                guard array.indices.contains(index) else { return nil }
                array.remove(at: index)
            } else if isLast, name == "add", (0...array.count).contains(index) {
                array.insert(argument, at: index)
            } else {
                guard array.indices.contains(index), let changed = change(array[index], name, path.dropFirst(), argument) else { return nil }
                array[index] = changed
            }
            return .array(array)
        default: return nil
        }
    }
}
