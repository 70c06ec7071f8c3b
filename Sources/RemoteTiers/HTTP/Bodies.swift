import AsyncHTTPClient
import Glibc
import NIOCore
import Rendering

/// A file that is sent as it is, between two pieces of text: the body of a form (RFC 7578) or of a plain upload. Memory is one piece.
struct FileBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let head: [UInt8]
    let descriptor: Int32
    let from: Int64
    let bytes: Int64
    let tail: [UInt8]
    /// Called with how many bytes of the file have been handed out.
    let sent: @Sendable (Int64) -> Void

    init(head: [UInt8] = [], descriptor: Int32, from: Int64 = 0, bytes: Int64, tail: [UInt8] = [], sent: @escaping @Sendable (Int64) -> Void) {
        (self.head, self.descriptor, self.from, self.bytes, self.tail, self.sent) = (head, descriptor, from, bytes, tail, sent)
    }

    var length: Int64 { Int64(head.count + tail.count) + bytes - from }

    var body: HTTPClientRequest.Body { .stream(self, length: .known(length)) }

    func makeAsyncIterator() -> Iterator { Iterator(body: self, at: from) }

    struct Iterator: AsyncIteratorProtocol {
        let body: FileBody
        var at: Int64
        var part = 0

        mutating func next() async throws -> ByteBuffer? {
            if part == 0 {
                part = 1
                if !body.head.isEmpty { return ByteBuffer(bytes: body.head) }
            }
            if part == 1 {
                let want = Int(Swift.min(64 << 10, body.bytes - at))
                if want > 0 {
                    var piece = [UInt8](repeating: 0, count: want)
                    let got = pread(body.descriptor, &piece, want, off_t(at))
                    // A file that became shorter meanwhile is not what was announced.
                    guard got > 0 else { throw TierError.final(JobFailure(message: "the input changed while it was sent; try again", exitCode: 74)) }
                    at += Int64(got)
                    body.sent(at)
                    return ByteBuffer(bytes: piece[..<got])
                }
                part = 2
                if !body.tail.isEmpty { return ByteBuffer(bytes: body.tail) }
            }
            return nil
        }
    }
}

extension HTTPLine {
    /// Writes the body of an answer to `sink`, from its start.
    /// - Parameter heard: called for every piece.
    /// - Throws: the class of a failed answer; `broken` for a page; `tooLarge`.
    func download(_ answer: Answer, into sink: Int32, heard: @Sendable (Int64) -> Void) async throws(TierError) {
        guard (200..<300).contains(answer.status) else { throw try await error(answer) }
        guard !answer.type.contains("html") else { throw .transport(.protocolMismatch) }
        guard ftruncate(sink, 0) == 0 else { throw Self.noRoom() }
        var at: Int64 = 0
        do {
            for try await piece in answer.body {
                let view = piece.readableBytesView
                guard at + Int64(view.count) <= limits.soundBytes else { throw TierError.badOutput(.tooLarge) }
                try Self.write(view, to: sink, at: at)
                at += Int64(view.count)
                heard(at)
            }
        } catch { throw Self.classify(error) }
    }

    static func write(_ bytes: some Collection<UInt8>, to sink: Int32, at offset: Int64) throws(TierError) {
        let bytes = Array(bytes)
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { pwrite(sink, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(offset) + off_t(done)) }
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { throw noRoom() }
            done += put
        }
    }

    private static func noRoom() -> TierError {
        .final(JobFailure(message: "the result cannot be kept here (\(String(cString: strerror(errno)).lowercased())); free some space", exitCode: 74))
    }

    /// Reads an event stream until `take` says that it is over.
    func events(_ answer: Answer, take: (EventStreamParser.Event) throws(TierError) -> Bool) async throws(TierError) {
        guard (200..<300).contains(answer.status) else { throw try await error(answer) }
        guard answer.type.contains("event-stream") else { throw .transport(.protocolMismatch) }
        var parser = EventStreamParser(limit: limits.eventBytes)
        do {
            for try await piece in answer.body {
                for event in try parser.parse(piece.readableBytesView) where try !take(event) { return }
            }
        } catch is EventStreamParser.TooLarge {
            throw .transport(.protocolMismatch)
        } catch { throw Self.classify(error) }
        // It ended before it was over.
        throw .transport(.broken)
    }

    func post(_ path: String, json: JSONValue, headers: [(String, String)] = [], within: Double? = nil) async throws(TierError) -> Answer {
        try await send(.POST, path, headers: headers + [("content-type", "application/json")], body: .bytes(ByteBuffer(bytes: json.bytes)), within: within)
    }
}
