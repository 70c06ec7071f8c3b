import NIOCore
import NIOHTTP1
import Playback

/// One connection.
final class PageHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let hub: PageHub
    private let token: String
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var body = ""
    private var isStreaming = false
    private let patience: TimeAmount
    /// Ends a connection whose first request does not arrive, or whose body does not.
    private var deadline: Scheduled<Void>?
    private static let bodyLimit = 64

    init(hub: PageHub, token: String, patience: TimeAmount) {
        self.hub = hub
        self.token = token
        self.patience = patience
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        expectRequest(context)
    }

    private func expectRequest(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        self.context = nil
        hub.forget(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ""
            expectRequest(context)
            // What is announced as too long is not waited for.
            if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > Self.bodyLimit {
                self.head = nil
                answer(413, [("connection", "close")])
                context.close(promise: nil)
            }
        case .body(let bytes):
            if body.utf8.count + bytes.readableBytes <= Self.bodyLimit {
                body += String(buffer: bytes)
            } else {
                // Nobody says so much to us.
                context.close(promise: nil)
            }
        case .end:
            deadline?.cancel()
            guard let head else { return }
            serve(head)
        }
    }

    private func serve(_ head: HTTPRequestHead) {
        // RFC 9112, section 3.2: exactly one.
        guard head.headers["host"].count <= 1 else { return refuse(400) }
        let request = PageRequest(
            method: head.method.rawValue, uri: head.uri, host: head.headers.first(name: "host"), origin: head.headers.first(name: "origin"),
            range: head.headers.first(name: "range"), body: body, token: token)
        switch request {
        case .part(let name): answer(200, [("content-type", PagePart.type(of: name))], PagePart.bytes(of: name))
        case .redirect(let path): answer(308, [("location", path)])
        case .soundHead: answer(200, [("content-type", "application/octet-stream"), ("accept-ranges", "bytes")])
        case .sound(let wanted): hub.wants(wanted, self)
        case .order(let order):
            hub.line.take(order)
            answer(204)
        case .report(let generation, let heard, let rolling):
            hub.line.report(generation: generation, heard: heard, rolling: rolling)
            answer(204)
        case .left:
            hub.line.left()
            answer(204)
        case .refused(let code): refuse(code)
        case .events:
            isStreaming = true
            write(head: 200, [("content-type", "text/event-stream")])
            context?.flush()
            hub.listen(self)
        }
    }

    // MARK: Answers

    func refuse(_ code: Int) { answer(code, [("content-type", "text/plain")], Array("\(code)\n".utf8)) }

    func part(_ bytes: [UInt8], range: String) {
        answer(206, [("content-type", "application/octet-stream"), ("accept-ranges", "bytes"), ("content-range", range)], bytes)
    }

    /// - Parameter now: the first frame that can be had.
    func gone(now: Int, length: Int) {
        answer(416, [("accept-ranges", "bytes"), ("content-range", "bytes */\(length)"), ("x-lathe-from", "\(now)")])
    }

    func answer(_ code: Int, _ headers: [(String, String)] = [], _ bytes: [UInt8] = []) {
        guard let context else { return }
        let isHead = head?.method == .HEAD
        write(head: code, headers + (code == 204 ? [] : [("content-length", "\(bytes.count)")]))
        if !isHead, !bytes.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: bytes)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if head?.isKeepAlive == false { context.close(promise: nil) }
    }

    private func write(head code: Int, _ headers: [(String, String)]) {
        guard let context else { return }
        var all = HTTPHeaders(headers)
        // The page is ours alone: nothing from elsewhere, nothing kept, no address told.
        all.add(name: "content-security-policy", value: "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        all.add(name: "cache-control", value: "no-store")
        all.add(name: "referrer-policy", value: "no-referrer")
        all.add(name: "x-content-type-options", value: "nosniff")
        all.add(name: "cross-origin-resource-policy", value: "same-origin")
        context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: code), headers: all))), promise: nil)
    }

    func send(event: String) {
        guard let context, isStreaming else { return }
        // A listener whose line does not take the meters gets them later, not all at once.
        guard context.channel.isWritable || !event.contains(#""t":"meters""#) else { return }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: "data: \(event)\n\n")))), promise: nil)
    }

    func finish() {
        guard let context, isStreaming else { return }
        isStreaming = false
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }
}

/// The files of the page, which the program carries in itself.
enum PagePart {
    static func bytes(of name: String) -> [UInt8] {
        switch name {
        case "page.css": PackageResources.page_css
        case "page.js": PackageResources.page_js
        case "voices.js": PackageResources.voices_js
        default: PackageResources.page_html
        }
    }

    static func type(of name: String) -> String {
        name.hasSuffix(".css") ? "text/css; charset=utf-8" : name.hasSuffix(".js") ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8"
    }
}
