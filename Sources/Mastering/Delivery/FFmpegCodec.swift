import AudioFiles
import DSP
import Glibc

/// What AAC makes of a master's peaks: one process encodes, a second decodes (`AACCodec`), and the sound goes from one to the other and back here
/// without ever lying in a file.
struct FFmpegCodec {
    enum Problem: Error {
        case missing
        /// It cannot be run where it does no harm.
        case refused
        case failed

        var sentence: String {
            switch self {
            case .missing: "there is no ffmpeg on the search path"
            case .refused: "there is no process here that could keep ffmpeg from everything else; try it with ffmpeg by hand"
            case .failed: "ffmpeg could not encode or decode it"
            }
        }
    }

    /// An open audio file that ffmpeg can read.
    let master: Int32
    let sampleRate: Int
    let channels: Int

    /// AAC holds at most 96 kHz, and services serve at most 48.
    private var codedRate: Int { sampleRate <= 48_000 ? sampleRate : sampleRate % 11_025 == 0 ? 44_100 : 48_000 }

    /// Largest magnitude on the 16× grid after 256 kbit/s AAC-LC.
    /// - Throws: `Problem`, `CancellationError`.
    func peak(isCancelled: () -> Bool) throws -> Double {
        // Of its own, so that the encoder cannot write to the master.
        let input = open("/proc/self/fd/\(master)", O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw Problem.failed }
        defer { close(input) }
        let (coded, codedEnd) = try Self.pipe()
        let (sound, soundEnd): (Int32, Int32)
        let processes: [ApartProcess]
        do {
            // The processes have copies; an end that stayed open here would keep the other side waiting.
            defer {
                close(coded)
                close(codedEnd)
            }
            (sound, soundEnd) = try Self.pipe()
            defer { close(soundEnd) }
            do throws(AACCodec.Problem) {
                processes = [try AACCodec.encode(rate: codedRate, from: input, to: codedEnd), try AACCodec.decode(from: coded, to: soundEnd)]
            } catch {
                close(sound)
                throw error == .missing ? Problem.missing : Problem.refused
            }
        }
        defer {
            close(sound)
            withExtendedLifetime(processes) {}
        }
        return try measure(sound, isCancelled)
    }

    /// How long ffmpeg may keep quiet, in quarters of a second.
    private static let patience = 240

    /// Until there is something to read; a program that never says anything is given up.
    private static func wait(for sound: Int32, _ isCancelled: () -> Bool) throws {
        for _ in 0..<patience {
            if isCancelled() { throw CancellationError() }
            var waiting = pollfd(fd: sound, events: Int16(POLLIN), revents: 0)
            if poll(&waiting, 1, 250) > 0 { return }
        }
        throw Problem.failed
    }

    private func measure(_ sound: Int32, _ isCancelled: () -> Bool) throws -> Double {
        let frames = 8192, frameBytes = 4 * channels
        let buffer = AudioBuffer(channels: channels, frames: frames)
        defer { withExtendedLifetime(buffer) {} }
        var bytes = [UInt8](repeating: 0, count: frames * frameBytes)
        var held = 0, total = 0
        var proof = TruePeakProof(channels: channels)
        while true {
            try Self.wait(for: sound, isCancelled)
            let room = bytes.count - held
            let got = bytes.withUnsafeMutableBytes { read(sound, $0.baseAddress.map { $0 + held }, room) }
            if got < 0 && errno == EINTR { continue }
            if got <= 0 { break }
            held += got
            let count = held / frameBytes
            bytes.withUnsafeBytes { raw in
                for c in 0..<channels {
                    for i in 0..<count {
                        let x = Double(raw.loadUnaligned(fromByteOffset: (i * channels + c) * 4, as: Float.self))
                        buffer.block[c][i] = x.isFinite ? x : 0
                    }
                }
            }
            proof.process(buffer.block, frames: count)
            total += count
            // A frame can be cut by the pipe.
            let rest = held - count * frameBytes
            for i in 0..<rest { bytes[i] = bytes[count * frameBytes + i] }
            held = rest
        }
        guard total > 0 else { throw Problem.failed }
        proof.finish()
        return proof.peak
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        // A pair of sockets: closed in other children from its first moment, which a plain pipe is not.
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { throw Problem.failed }
        return (ends[0], ends[1])
    }
}
