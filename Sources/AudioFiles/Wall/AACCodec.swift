import Glibc

/// AAC by an `ffmpeg` that stands on the search path: the one program that Lathe lets run, for two fixed tasks, between two descriptors, behind the
/// wall. It may start threads and read files, and can make none, change none and reach nobody.
public enum AACCodec {
    public enum Problem: Error, Equatable {
        /// There is no ffmpeg.
        case missing
        /// There is no wall to run it behind.
        case refused
    }

    /// Hz; what services serve.
    public static let rates = 8000...48_000
    static let mostMemory: UInt64 = 1 << 30
    static let mostSeconds: UInt64 = 3600

    /// AAC-LC at 256 kbit/s, as ADTS.
    /// - Parameters:
    ///   - input: an audio file, open to read.
    ///   - output: one end of a pipe or a pair of sockets.
    /// - Returns: the process, which ends with the value.
    public static func encode(rate: Int, from input: Int32, to output: Int32) throws(Problem) -> ApartProcess {
        try start(.encodeAAC, Int32(clamping: rate), input, output)
    }

    /// 32-bit float samples, interleaved, little-endian, from ADTS.
    public static func decode(from input: Int32, to output: Int32) throws(Problem) -> ApartProcess { try start(.decodeAAC, 0, input, output) }

    private static func start(_ task: WallTask, _ value: Int32, _ input: Int32, _ output: Int32) throws(Problem) -> ApartProcess {
        guard case .apart(let wall) = DecodingPlace.standard else { throw .refused }
        do { return try wall.start(task, value: value, [input, output]) } catch { throw error == .unavailable(code: ENOENT) ? .missing : .refused }
    }

    // MARK: In the keeper

    /// The first on the search path; relative entries do not count.
    static let program: String? = getenv("PATH").flatMap { path in
        String(cString: path).split(separator: ":").filter { $0.hasPrefix("/") }.map { $0 + "/ffmpeg" }.first { access($0, X_OK) == 0 }
    }

    static func words(_ task: WallTask, rate: Int32) -> [String] {
        let common = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "quiet", "-protocol_whitelist", "file,pipe"]
        return common + (task == .encodeAAC
            ? ["-i", "/proc/self/fd/0", "-map", "0:a:0", "-ar", "\(rate)", "-c:a", "aac", "-b:a", "256k", "-f", "adts", "pipe:1"]
            : ["-f", "aac", "-i", "pipe:0", "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1"])
    }

    static func become(_ program: String, _ words: [String]) -> Never {
        let arguments = words.map { strdup($0) } + [nil]
        // What it takes to find its libraries, and nothing else of the user's.
        let environment = [getenv("LD_LIBRARY_PATH").flatMap { strdup("LD_LIBRARY_PATH=" + String(cString: $0)) }, nil]
        execve(program, arguments, environment)
        _exit(1)
    }
}
