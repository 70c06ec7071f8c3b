import NIOCore
import Playback

/// Who listens, who waits for sound, and what they were told. On the event loop alone.
final class PageHub: @unchecked Sendable {
    // Unchecked: `line` and `loop` are safe; the rest is only touched on `loop`.
    let line: PageLine
    let loop: any EventLoop
    private var listener: PageHandler?
    private var told: PageState?
    private var metersTold = 0
    private var waiting: [(handler: PageHandler, request: PageRequest.SoundRequest, until: NIODeadline)] = []
    /// How long a request for sound that is not there yet is kept.
    private static let patience = TimeAmount.seconds(4)
    /// Seconds of sound in one answer.
    private static let mostSeconds = 1.0
    /// Between two accounts of the position, which the page counts on by itself.
    private static let positionSeconds = 0.5
    private static let mostWaiting = 16

    init(line: PageLine, loop: any EventLoop) {
        self.line = line
        self.loop = loop
    }

    /// A page opened its stream of events; the one before is told that it has been replaced.
    func listen(_ handler: PageHandler) {
        loop.preconditionInEventLoop()
        if let before = listener, before !== handler {
            before.send(event: #"{"t":"taken"}"#)
            before.finish()
        }
        listener = handler
        told = nil
        metersTold = 0
        turn()
    }

    func forget(_ handler: PageHandler) {
        loop.preconditionInEventLoop()
        waiting.removeAll { $0.handler === handler }
        guard listener === handler else { return }
        listener = nil
        line.left()
    }

    func wants(_ request: PageRequest.SoundRequest, _ handler: PageHandler) {
        if let heard = request.heard { line.report(generation: request.generation, heard: heard, rolling: request.rolling) }
        guard waiting.count < Self.mostWaiting else { return handler.refuse(503) }
        if !answer(request, handler) { waiting.append((handler, request, .now() + Self.patience)) }
    }

    /// Something may have happened.
    func turn() {
        loop.preconditionInEventLoop()
        waiting.removeAll { one in
            if answer(one.request, one.handler) { return true }
            guard one.until <= .now() else { return false }
            one.handler.answer(204)
            return true
        }
        guard let listener else { return }
        let state = line.current()
        if told.map({ Self.differ($0, state) }) ?? true {
            if told?.generation != state.generation { metersTold = 0 }
            told = state
            listener.send(event: PageMessage.state(state))
        }
        for meters in line.meters(after: metersTold) {
            metersTold = meters.index
            listener.send(event: PageMessage.meters(meters))
        }
    }

    /// Whether the listener must know. They count on by themselves what moves steadily.
    private static func differ(_ a: PageState, _ b: PageState) -> Bool {
        var (x, y) = (a, b)
        (x.position, y.position, x.written, y.written) = (0, 0, 0, 0)
        return x != y || abs(a.position - b.position) > positionSeconds
    }

    /// False while the sound is not there.
    private func answer(_ request: PageRequest.SoundRequest, _ handler: PageHandler) -> Bool {
        let state = line.current()
        let frameBytes = PageLine.samplesPerFrame * request.bits / 8
        guard let wanted = request.range.frames(ofBytes: frameBytes, length: state.written * frameBytes, most: max(1, Int(state.sampleRate * Self.mostSeconds))) else {
            handler.refuse(416)
            return true
        }
        switch line.sound(generation: request.generation, first: wanted.first, frames: wanted.count, bits: request.bits) {
        case .notYet: return false
        case .gone(let now):
            handler.gone(now: now, length: state.written * frameBytes)
            return true
        case .bytes(let bytes):
            let first = wanted.first * frameBytes + wanted.skip
            handler.part(Array(bytes[wanted.skip..<(wanted.skip + wanted.bytes)]), range: "bytes \(first)-\(first + wanted.bytes - 1)/*")
            return true
        }
    }
}
