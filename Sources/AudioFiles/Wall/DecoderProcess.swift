import Glibc

/// The inside of the wall: one file, one channel, and nothing else that could be reached.
public enum DecoderProcess {
    /// Memory beyond what the program brings along: libsndfile takes a few megabytes for the widest FLAC.
    static let mostMemory: UInt64 = 96 << 20
    /// Processor time in all; far more than a day's music takes. A single answer is limited by the reader's patience.
    static let mostSeconds: UInt64 = 3600

    /// Answers until the other end of the channel is gone.
    public static func serve(file: Int32, channel: Int32) -> Never {
        do throws(DecodeFailure) {
            let decoder = try FileDecoder(ByteSource(descriptor: file))
            let fields = decoder.header.fields
            let head = WallMessage(.header, code: decoder.header.format, decoder.header.frames ?? -1, count: fields.count)
            guard fields.withUnsafeBytes({ head.send(channel, $0) }) else { _exit(0) }
            let frameBytes = decoder.header.channels * decoder.header.form.byteCount
            while true {
                do throws(DecodeFailure) {
                    try answer(decoder, channel, frameBytes)
                } catch {
                    guard error.message.send(channel) else { _exit(0) }
                }
            }
        } catch {
            _ = error.message.send(channel)
            _exit(0)
        }
    }

    private static func answer(_ decoder: FileDecoder, _ channel: Int32, _ frameBytes: Int) throws(DecodeFailure) {
        var wish = WallMessage(.samples, 0)
        guard WallMessage.receive(channel, &wish, MemoryLayout<WallMessage>.size) == .complete else { _exit(0) }
        let isHeard: Bool
        switch DecoderWish(rawValue: wish.word) {
        case .samples:
            let (samples, frames) = try decoder.next(Int(wish.value))
            let count = frames * frameBytes
            isHeard = WallMessage(.samples, Int64(frames), count: count).send(channel, UnsafeRawBufferPointer(start: samples, count: count))
        case .seek:
            isHeard = WallMessage(.position, try decoder.seek(to: wish.value)).send(channel)
        case .chunk:
            let bytes = RIFFChunks.Readable.allCases.indices.contains(Int(wish.value)) ? decoder.chunk(RIFFChunks.Readable.allCases[Int(wish.value)]) : nil
            let head = WallMessage(.chunk, bytes == nil ? 0 : 1, count: bytes?.count ?? 0)
            isHeard = (bytes ?? []).withUnsafeBytes { head.send(channel, $0) }
        case nil: _exit(64)
        }
        if !isHeard { _exit(0) }
    }
}
