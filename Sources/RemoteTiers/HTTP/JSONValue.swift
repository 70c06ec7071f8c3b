import FoundationEssentials

/// JSON that somebody else wrote. Nothing in it is believed: every look into it may find nothing.
public enum JSONValue: Sendable, Equatable, Codable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// nil for what is no JSON. The decoder refuses nesting beyond 512.
    init?(bytes: some Collection<UInt8>) {
        do { self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes)) } catch { return nil }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
            // Which of the kinds it is shows by trying: what fits none of them is thrown at the end.
        } else if let bool = try? container.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let string = try? container.decode(String.self) {
            self = .string(string)
        } else if let array = try? container.decode([JSONValue].self) {
            self = .array(array)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let bool): try container.encode(bool)
        case .number(let number):
            // A whole number is written as one: many servers refuse 120.0 where they want an integer.
            if let whole = Int64(exactly: number) { try container.encode(whole) } else { try container.encode(number) }
        case .string(let string): try container.encode(string)
        case .array(let array): try container.encode(array)
        case .object(let object): try container.encode(object)
        }
    }

    /// Compact, keys sorted. Not finite numbers have no place in JSON and become null.
    var bytes: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(finite)) } catch { return Array("null".utf8) }
    }

    private var finite: JSONValue {
        switch self {
        case .number(let number): number.isFinite ? self : .null
        case .array(let array): .array(array.map(\.finite))
        case .object(let object): .object(object.mapValues(\.finite))
        default: self
        }
    }

    subscript(key: String) -> JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    subscript(index: Int) -> JSONValue? {
        if case .array(let array) = self, array.indices.contains(index) { array[index] } else { nil }
    }

    var string: String? { if case .string(let string) = self { string } else { nil } }
    var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    var array: [JSONValue]? { if case .array(let array) = self { array } else { nil } }
    var object: [String: JSONValue]? { if case .object(let object) = self { object } else { nil } }
    var number: Double? { if case .number(let number) = self, number.isFinite { number } else { nil } }
    var int: Int? { number.flatMap { Int(exactly: $0) } }
}
