import DSP

/// What takes finished sound: a file of a container, or the bare samples of a disc.
public protocol SoundWriter: AnyObject {
    var format: OutputFormat { get }
    /// Appends `frames` frames of `block`.
    func write(_ block: AudioBlock, frames: Int) throws(AudioFileError)
    /// Completes the file and brings it to the disk. May be called again, for nothing.
    /// - Parameter software: in the place of the tag that was given at the start, and as long.
    func finish(loudness: BroadcastExtension.Loudness?, software: String?) throws(AudioFileError)
}

extension AudioWriter: SoundWriter {}
