import DSP

/// What takes finished sound: a file of a container, or the bare samples of a disc.
public protocol SoundWriter: AnyObject {
    var format: OutputFormat { get }
    /// Appends `frames` frames of `block`.
    func write(_ block: AudioBlock, frames: Int) throws(AudioFileError)
    /// Completes the file and brings it to the disk. May be called again, for nothing.
    func finish(loudness: BroadcastExtension.Loudness?) throws(AudioFileError)
}

extension AudioWriter: SoundWriter {}
