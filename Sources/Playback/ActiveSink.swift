import DSP

/// The sink in use. An enum over plain pointers, so that the audio thread calls it without existential boxes or reference counts.
enum ActiveSink: Sink {
    case none
    case device(UnsafeMutablePointer<ALSASink>)
    case clock(UnsafeMutablePointer<NullSink>)
    case stream(UnsafeMutablePointer<StreamSink>)
    case page(UnsafeMutablePointer<PageSink>)

    var periodFrames: Int {
        switch self {
        case .none: 0
        case .device(let sink): sink.pointee.periodFrames
        case .clock(let sink): sink.pointee.periodFrames
        case .stream(let sink): sink.pointee.periodFrames
        case .page(let sink): sink.pointee.periodFrames
        }
    }

    mutating func waitForRoom() -> SinkResult {
        switch self {
        case .none: .notYet
        case .device(let sink): sink.pointee.waitForRoom()
        case .clock(let sink): sink.pointee.waitForRoom()
        case .stream(let sink): sink.pointee.waitForRoom()
        case .page(let sink): sink.pointee.waitForRoom()
        }
    }

    mutating func write(_ block: AudioBlock, frames: Int, firstFrame: Int) -> SinkResult {
        switch self {
        case .none: .notYet
        case .device(let sink): sink.pointee.write(block, frames: frames, firstFrame: firstFrame)
        case .clock(let sink): sink.pointee.write(block, frames: frames, firstFrame: firstFrame)
        case .stream(let sink): sink.pointee.write(block, frames: frames, firstFrame: firstFrame)
        // It mixes at its end: see `write(master:original:…)`.
        case .page: .done
        }
    }

    mutating func delay() -> Int {
        switch self {
        case .none: 0
        case .device(let sink): sink.pointee.delay()
        case .clock(let sink): sink.pointee.delay()
        case .stream(let sink): sink.pointee.delay()
        case .page(let sink): sink.pointee.delay()
        }
    }

    mutating func drain() {
        switch self {
        case .none: break
        case .device(let sink): sink.pointee.drain()
        case .clock(let sink): sink.pointee.drain()
        case .stream(let sink): sink.pointee.drain()
        case .page(let sink): sink.pointee.drain()
        }
    }
}
