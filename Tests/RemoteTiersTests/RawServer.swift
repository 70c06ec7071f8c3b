import Foundation
import Synchronization

/// A server on loopback that says exactly the bytes it is told, for what no good server would say.
final class RawServer: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        var headers: [String: String]
        var body: [UInt8]
        /// Of this server, counted from 0.
        var number: Int
    }
    enum Reply: Sendable {
        case bytes([UInt8])
        /// Says these, and then nothing until the other end goes.
        case thenSilence([UInt8])
        /// Says these and ends the connection.
        case thenEnd([UInt8])

        static func answer(_ status: Int, _ body: String, type: String = "application/json", headers: [String] = []) -> Reply {
            .bytes(Array(head(status, headers + ["content-type: \(type)", "content-length: \(body.utf8.count)"]).utf8) + Array(body.utf8))
        }
        static func sound(_ bytes: [UInt8], type: String = "audio/wav") -> Reply {
            .bytes(Array(head(200, ["content-type: \(type)", "content-length: \(bytes.count)"]).utf8) + bytes)
        }
        /// An event stream that ends the connection after its events.
        static func events(_ events: [String]) -> Reply { .thenEnd(stream(events)) }
        static func stream(_ events: [String]) -> [UInt8] {
            Array((head(200, ["content-type: text/event-stream", "connection: close"]) + events.map { "data: \($0)\n\n" }.joined()).utf8)
        }
        static func head(_ status: Int, _ headers: [String]) -> String { "HTTP/1.1 \(status) X\r\n" + headers.map { $0 + "\r\n" }.joined() + "\r\n" }
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex<(requests: [Request], open: [Int32], isOver: Bool)>(([], [], false))
    private let reply: @Sendable (Request) -> Reply

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { state.withLock { $0.requests } }
    func requests(_ path: String) -> [Request] { requests.filter { $0.path.hasPrefix(path) } }

    init(_ reply: @escaping @Sendable (Request) -> Reply) {
        self.reply = reply
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0 }
        }
        precondition(bound, "no port on loopback")
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { [self] in accepts() }.start()
    }

    func stop() {
        state.withLock { state in
            state.isOver = true
            // Those in the list are not closed yet: a number that was closed may be another test's connection by now.
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accepts() {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            let isOver = state.withLock { state in
                state.open.append(descriptor)
                return state.isOver
            }
            if isOver { close(descriptor); break }
            Thread { [self] in serve(descriptor) }.start()
        }
        close(listener)
    }

    private func serve(_ descriptor: Int32) {
        defer {
            state.withLock { $0.open.removeAll { $0 == descriptor } }
            close(descriptor)
        }
        var buffer: [UInt8] = []
        while let request = next(descriptor, &buffer) {
            switch reply(request) {
            case .bytes(let bytes): guard put(bytes, descriptor) else { return }
            case .thenEnd(let bytes):
                _ = put(bytes, descriptor)
                return
            case .thenSilence(let bytes):
                _ = put(bytes, descriptor)
                var one: UInt8 = 0
                while recv(descriptor, &one, 1, 0) > 0 {}
                return
            }
        }
    }

    private func put(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let n = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL)) }
            guard n > 0 else { return false }
            done += n
        }
        return true
    }

    private func next(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Request? {
        let end: [UInt8] = [13, 10, 13, 10]
        func more() -> Bool {
            var piece = [UInt8](repeating: 0, count: 64 << 10)
            let n = recv(descriptor, &piece, piece.count, 0)
            guard n > 0 else { return false }
            buffer += piece[..<n]
            return true
        }
        var split = buffer.firstRange(of: end)
        while split == nil {
            guard more() else { return nil }
            split = buffer.firstRange(of: end)
        }
        let lines = String(decoding: buffer[..<split!.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].components(separatedBy: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        let length = headers["content-length"].flatMap(Int.init) ?? 0
        let start = split!.upperBound
        while buffer.count - start < length { guard more() else { return nil } }
        var request = Request(method: words[0], path: words.count > 1 ? words[1] : "", headers: headers, body: Array(buffer[start..<start + length]), number: 0)
        buffer.removeFirst(start + length)
        state.withLock { state in
            request.number = state.requests.count
            state.requests.append(request)
        }
        return request
    }
}
