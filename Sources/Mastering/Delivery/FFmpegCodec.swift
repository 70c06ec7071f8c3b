import DSP
import Glibc

/// AAC through an `ffmpeg` on the search path: one process encodes, a second decodes, and the sound goes from pipe to pipe without ever
/// lying in a file.
struct FFmpegCodec {
    enum Problem: Error {
        case missing
        /// The process gave up the right to start programs.
        case refused
        case failed

        var sentence: String {
            switch self {
            case .missing: "there is no ffmpeg on the search path"
            case .refused: "this process may start no other programs, so no ffmpeg either; try it with ffmpeg by hand"
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
        let (coded, codedEnd) = try Self.pipe()
        let encoder: pid_t
        do {
            defer { close(codedEnd) }
            encoder = try Self.start(
                ["-i", "/proc/self/fd/0", "-map", "0:a:0", "-ar", "\(codedRate)", "-c:a", "aac", "-b:a", "256k", "-f", "adts", "pipe:1"],
                input: master, output: codedEnd)
        } catch {
            close(coded)
            throw error
        }
        defer { Self.end(encoder) }
        let (sound, soundEnd) = try { do { return try Self.pipe() } catch { close(coded); throw error } }()
        defer { close(sound) }
        let decoder: pid_t
        do {
            defer {
                close(soundEnd)
                close(coded)
            }
            decoder = try Self.start(["-f", "aac", "-i", "pipe:0", "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1"], input: coded, output: soundEnd)
        }
        defer { Self.end(decoder) }
        return try measure(sound, isCancelled)
    }

    private func measure(_ sound: Int32, _ isCancelled: () -> Bool) throws -> Double {
        let frames = 8192, frameBytes = 4 * channels
        let buffer = AudioBuffer(channels: channels, frames: frames)
        defer { withExtendedLifetime(buffer) {} }
        var bytes = [UInt8](repeating: 0, count: frames * frameBytes)
        var held = 0, total = 0
        var proof = TruePeakProof(channels: channels)
        while true {
            if isCancelled() { throw CancellationError() }
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

    private static func start(_ arguments: [String], input: Int32, output: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        // Worker threads block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t(), pipeSignal = sigset_t()
        sigemptyset(&none)
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &pipeSignal)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let words = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "quiet"] + arguments
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        // What it takes to find and load the program, and nothing else of the user's.
        var environment: [UnsafeMutablePointer<CChar>?] = ["PATH", "LD_LIBRARY_PATH"].compactMap { (name: String) in
            getenv(name).flatMap { value in strdup("\(name)=\(String(cString: value))") }
        } + [nil]
        defer { for pointer in environment { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, "ffmpeg", &actions, &attributes, &pointers, &environment)
        guard code == 0 else { throw code == ENOENT ? Problem.missing : code == EPERM ? Problem.refused : Problem.failed }
        return process
    }

    /// A child that has done its work has ended already; one that is still at it is not wanted any more.
    private static func end(_ process: pid_t) {
        kill(process, SIGKILL)
        while waitpid(process, nil, 0) < 0 && errno == EINTR {}
    }
}
