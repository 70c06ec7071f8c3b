import Glibc

/// The inside of the wall: one file, one channel, and nothing else that could be reached.
public enum DecoderProcess {
    /// Memory beyond what the program brings along: libsndfile takes a few megabytes for the widest FLAC.
    static let mostMemory: UInt64 = 96 << 20
    /// Processor time in all; far more than a day's music takes. A single answer is limited by the reader's patience.
    static let mostSeconds: UInt64 = 3600

    /// Answers until the other end of the channel is gone.
    /// - Parameter room: a `SampleRoom`.
    public static func serve(file: Int32, channel: Int32, room: UnsafeMutableRawPointer) -> Never {
        do throws(DecodeFailure) {
            let decoder = try FileDecoder(ByteSource(descriptor: file))
            let fields = decoder.header.fields
            let head = WallMessage(.header, code: decoder.header.format, decoder.header.frames ?? -1, count: fields.count)
            guard fields.withUnsafeBytes({ head.send(channel, $0) }) else { _exit(0) }
            while true {
                do throws(DecodeFailure) {
                    try answer(decoder, channel, room)
                } catch {
                    guard error.message.send(channel) else { _exit(0) }
                }
            }
        } catch {
            _ = error.message.send(channel)
            _exit(0)
        }
    }

    private static func answer(_ decoder: FileDecoder, _ channel: Int32, _ room: UnsafeMutableRawPointer) throws(DecodeFailure) {
        var wish = WallMessage(DecoderWish.samples, 0)
        guard WallMessage.receive(channel, &wish, MemoryLayout<WallMessage>.size) == .complete else { _exit(0) }
        let isHeard: Bool
        switch DecoderWish(rawValue: wish.word) {
        case .samples:
            guard (0..<SampleRoom.slots).contains(Int(wish.code)) else { _exit(64) }
            let most = min(Int(wish.value), SampleRoom.frames(of: decoder.header))
            let frames = try decoder.next(most, into: room + Int(wish.code) * SampleRoom.slotBytes)
            isHeard = WallMessage(DecoderWord.samples, Int64(frames)).send(channel)
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
