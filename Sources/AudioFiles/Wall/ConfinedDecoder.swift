import Glibc

/// A decoder in a process of its own, seen from the reader: asks some blocks ahead, so that the two work side by side and wake each other once
/// for several.
///
/// Every answer is checked against what was asked; the first that does not fit, or does not come, ends the process.
final class ConfinedDecoder: SampleSource {
    let header: SoundHeader
    private let channel: Int32
    private let process: ApartProcess
    private let frameBytes: Int
    private let blockFrames: Int
    private let room: SampleRoom
    /// Of sound that needs no decoder.
    private let plain: PlainSamples?
    /// The first frame that nobody has taken yet.
    private var position: Int64 = 0
    /// Such frames in the slot `reading`.
    private var held = 0..<0
    private var reading = 0
    /// Where the next block that is asked for goes; answers come in the order of the questions.
    private var asking = 0
    private var receiving = 0
    /// Blocks that have been asked for and not been received.
    private var due = 0
    /// How many to ask for: one after a seek, more as it goes on from there.
    private var ahead = 1
    static let mostAhead = 6

    /// Takes the open file over; the decoder has a copy.
    init(_ file: Int32, behind wall: DecodingWall) throws(DecodeFailure) {
        defer { close(file) }
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { throw .unavailable(code: errno) }
        let channel = ends[0]
        do throws(DecodeFailure) {
            defer { close(ends[1]) }
            DecodingWall.limitWaiting(channel, wall.patience)
            let made = try SampleRoom.make()
            defer { close(made.descriptor) }
            room = made.room
            process = try wall.start(.decode, [file, ends[1], made.descriptor])
        } catch {
            close(channel)
            throw error
        }
        do throws(DecodeFailure) {
            let message = try Self.answer(channel, .header)
            guard message.count <= SoundHeader.mostBytes else { throw .brokeDown(.nonsense) }
            guard let header = SoundHeader(message, try Self.payload(channel, Int(message.count))) else { throw .brokeDown(.nonsense) }
            self.header = header
            plain = PlainSamples(file, header)
        } catch {
            close(channel)
            throw error
        }
        self.channel = channel
        frameBytes = header.channels * header.form.byteCount
        blockFrames = SampleRoom.frames(of: header)
    }

    deinit { close(channel) }

    func next(_ most: Int) throws(DecodeFailure) -> (samples: UnsafeRawPointer, frames: Int) {
        if let plain { return try plain.next(most) }
        if held.isEmpty {
            if due == 0 { try ask(1) }
            reading = receiving
            held = 0..<(try receiveBlock())
            // The next ones, while this is worked on; after the end only for who asks again.
            if !held.isEmpty, due <= ahead / 2 {
                try ask(ahead - due)
                ahead = min(ahead + 1, Self.mostAhead)
            }
        }
        let taken = held.prefix(most)
        held = taken.upperBound..<held.upperBound
        position += Int64(taken.count)
        return (room[reading] + taken.lowerBound * frameBytes, taken.count)
    }

    func seek(to target: Int64) throws(DecodeFailure) -> Int64 {
        if let plain { return plain.seek(to: target) }
        held = 0..<0
        while due > 0 {
            // What lies between is not wanted any more, whether it could be read or not.
            do { _ = try receiveBlock() } catch { if case .brokeDown = error { throw error } }
        }
        ahead = 1
        try send(WallMessage(.seek, target))
        let reached = try Self.answer(channel, .position).value
        guard (0...target).contains(reached) else { throw .brokeDown(.nonsense) }
        position = reached
        return reached
    }

    func chunk(_ chunk: RIFFChunks.Readable) throws(DecodeFailure) -> [UInt8]? {
        // Answers come in the order of the questions.
        if due > 0 { _ = try seek(to: position) }
        try send(WallMessage(.chunk, Int64(RIFFChunks.Readable.allCases.firstIndex(of: chunk) ?? 0)))
        let message = try Self.answer(channel, .chunk)
        guard message.count <= RIFFChunks.longest else { throw .brokeDown(.nonsense) }
        let bytes = try Self.payload(channel, Int(message.count))
        return message.value == 1 ? bytes : nil
    }

    private func ask(_ blocks: Int) throws(DecodeFailure) {
        guard blocks > 0 else { return }
        let wishes = (0..<blocks).map { WallMessage(.samples, Int64(blockFrames), slot: (asking + $0) % SampleRoom.slots) }
        guard WallMessage.ask(channel, wishes) else { throw Self.unheard }
        asking = (asking + blocks) % SampleRoom.slots
        due += blocks
    }

    private func receiveBlock() throws(DecodeFailure) -> Int {
        due -= 1
        receiving = (receiving + 1) % SampleRoom.slots
        let message = try Self.answer(channel, .samples)
        guard message.value >= 0, message.value <= blockFrames, message.count == 0 else { throw .brokeDown(.nonsense) }
        return Int(message.value)
    }

    private func send(_ message: WallMessage) throws(DecodeFailure) {
        guard WallMessage.ask(channel, [message]) else { throw Self.unheard }
    }

    private static var unheard: DecodeFailure { .brokeDown(errno == EAGAIN ? .stuck : .crashed) }

    private static func answer(_ channel: Int32, _ word: DecoderWord) throws(DecodeFailure) -> WallMessage {
        var message = WallMessage(.failure)
        try receive(channel, &message, MemoryLayout<WallMessage>.size)
        if message.word == DecoderWord.failure.rawValue { throw DecodeFailure(message) }
        guard message.word == word.rawValue, message.count >= 0 else { throw .brokeDown(.nonsense) }
        return message
    }

    /// `count` has been checked against what such an answer holds at most.
    private static func payload(_ channel: Int32, _ count: Int) throws(DecodeFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        if count > 0 { try receive(channel, &bytes, count) }
        return bytes
    }

    private static func receive(_ channel: Int32, _ into: UnsafeMutableRawPointer, _ count: Int) throws(DecodeFailure) {
        switch WallMessage.receive(channel, into, count) {
        case .complete: break
        case .ended: throw .brokeDown(.crashed)
        case .late: throw .brokeDown(.stuck)
        }
    }
}
