import AudioFiles
import DSP

/// One streaming run over a file, or over several as if they were one, in two or three stages that a crew of threads shares: reading and
/// processing, on the calling thread, processing further if there is more to do, and measuring and writing.
///
/// Memory is a handful of blocks, whatever the length of the file.
enum Pass {
    static let blockFrames = 8192
    private static let blocksInFlight = 24

    /// - Parameters:
    ///   - latency: frames by which both processings together trail their input; the output is aligned and cut to the input's length.
    ///   - files: of one sample rate and channel count.
    ///   - opened: stands at the start of the first, where it is open already.
    ///   - process: works on a block in place, on the calling thread; a block comes from one file (the tail from the last).
    ///   - processFurther: goes on with what `process` has done, on any thread, one block at a time.
    ///   - consume: gets the aligned blocks in order with the index of their first frame, on any thread, one at a time.
    /// - Returns: frames in all files.
    /// - Throws: `AudioFileError`, `CancellationError`, or what `consume` threw.
    @discardableResult
    static func run(
        _ files: [PlacedFile], opened: TrackReader? = nil, latency: Int = 0, progress: (Double) -> Void, isCancelled: () -> Bool,
        process: (AudioBlock, Int, _ file: Int) -> Void,
        processFurther: (@Sendable (AudioBlock, Int, _ file: Int) -> Void)? = nil,
        consume: @escaping @Sendable (AudioBlock, Int, Int64) throws -> Void
    ) throws -> Int64 {
        let mode = Subnormals.off()
        defer { Subnormals.restore(mode) }
        var file = 0
        var reader = try opened ?? TrackReader(files[0])
        let channels = reader.info.channels, sampleRate = reader.info.sampleRate
        let buffers = (0..<blocksInFlight).map { _ in AudioBuffer(channels: channels, frames: blockFrames) }
        // The stages work on views: the memory has to outlive the last one.
        defer { withExtendedLifetime(buffers) {} }
        let last: @Sendable (Crew.Load) throws -> Void = { try consume($0.block.advanced(by: $0.dropped), $0.frames - $0.dropped, $0.firstFrame) }
        let crew = Crew(slots: blocksInFlight, work: processFurther.map { further in [{ further($0.block, $0.frames, $0.file) }, last] } ?? [last])
        var before = 0.0
        var total: Int64 = 0, sent: Int64 = 0
        var toDrop = latency, tail = latency
        var ended = false
        try crew.run { slot in
            if isCancelled() { throw CancellationError() }
            let block = buffers[slot].block
            var n = ended ? 0 : try reader.read(into: block, frames: blockFrames)
            while n == 0 && file + 1 < files.count {
                file += 1
                before = Double(file) / Double(files.count)
                reader = try TrackReader(files[file])
                guard reader.info.channels == channels, reader.info.sampleRate == sampleRate else {
                    throw AudioFileError.readFailed(path: files[file].path, reason: "its sample rate or channels are not those of the first file any more")
                }
                n = try reader.read(into: block, frames: blockFrames)
            }
            if n == 0 {
                ended = true
                n = min(tail, blockFrames)
                tail -= n
                block.clear(frames: n)
            } else {
                total += Int64(n)
            }
            if n == 0 { return nil }
            process(block, n, file)
            let dropped = min(toDrop, n)
            toDrop -= dropped
            defer { sent += Int64(n - dropped) }
            if let fraction = reader.fraction { progress(before + fraction / Double(files.count)) }
            return Crew.Load(block: block, frames: n, file: file, dropped: dropped, firstFrame: sent)
        }
        return total
    }
}
