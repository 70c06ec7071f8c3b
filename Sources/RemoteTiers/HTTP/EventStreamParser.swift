/// Server-sent events (HTML Living Standard, 9.2.6): bytes in, the data of whole events out. Comments, ids and retry times are dropped.
struct EventStreamParser {
    struct Event: Equatable {
        var name: String
        var data: [UInt8]
    }

    /// An event would be larger than allowed.
    struct TooLarge: Error {}

    private let limit: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var name = ""
    private var hasData = false
    private var lastWasReturn = false

    init(limit: Int) { self.limit = limit }

    mutating func parse(_ bytes: some Sequence<UInt8>) throws(TooLarge) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            // LF, CR and CR LF each end a line.
            if byte == 10, lastWasReturn {
                lastWasReturn = false
                continue
            }
            lastWasReturn = byte == 13
            guard byte == 10 || byte == 13 else {
                line.append(byte)
                guard line.count + data.count <= limit else { throw TooLarge() }
                continue
            }
            if line.isEmpty {
                if hasData { events.append(Event(name: name, data: data)) }
                data = []
                name = ""
                hasData = false
            } else {
                field()
            }
            line.removeAll(keepingCapacity: true)
        }
        return events
    }

    private mutating func field() {
        guard line[0] != UInt8(ascii: ":") else { return }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            if hasData { data.append(10) }
            data += value
            hasData = true
        case "event": name = String(decoding: value.prefix(64), as: UTF8.self)
        default: break
        }
    }
}
