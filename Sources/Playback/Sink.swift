import DSP

/// How a sink answered.
enum SinkResult: Equatable {
    case done
    /// Nothing happened within a short time; ask again.
    case notYet
    /// The sink is of no more use; an errno.
    case failed(Int32)
}

/// Something that takes sound, used by the audio thread alone. No method allocates or waits for longer than it says.
protocol Sink {
    /// Frames it likes to be given at a time.
    var periodFrames: Int { get }
    /// Waits, at most some 100 ms, until a period fits.
    mutating func waitForRoom() -> SinkResult
    /// Takes all `frames` ≤ 4096 frames; values are within ±1. May change `block`.
    /// - Parameter firstFrame: frames given before, which key the dither.
    mutating func write(_ block: AudioBlock, frames: Int, firstFrame: Int) -> SinkResult
    /// Frames taken but not yet heard.
    mutating func delay() -> Int
    /// Returns when everything was heard.
    mutating func drain()
}

/// The most frames a sink is given at once.
let maximumBlockFrames = 4096
