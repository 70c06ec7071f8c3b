import Glibc

/// AAC by an `ffmpeg` that stands on the search path: the one program that Lathe lets run, for three fixed tasks, between two descriptors, behind the
/// wall; the third is `PictureFrames`. It may start threads and read files, and can make none, change none and reach nobody.
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

    /// Raw frames as `PictureFrames` wants them.
    static func frames(isClip: Bool, from input: Int32, to output: Int32) throws(Problem) -> ApartProcess {
        try start(.showFrames, isClip ? 1 : 0, input, output)
    }

    private static func start(_ task: WallTask, _ value: Int32, _ input: Int32, _ output: Int32) throws(Problem) -> ApartProcess {
        guard case .apart(let wall) = DecodingPlace.standard else { throw .refused }
        do { return try wall.start(task, value: value, [input, output]) } catch { throw error == .unavailable(code: ENOENT) ? .missing : .refused }
    }

    // MARK: In the keeper

    /// The first on the search path; relative entries do not count.
    static let program: String? = getenv("PATH").flatMap { path in
        String(cString: path).split(separator: ":").filter { $0.hasPrefix("/") }.map { $0 + "/ffmpeg" }.first { access($0, X_OK) == 0 }
    }

    static func words(_ task: WallTask, value: Int32) -> [String] {
        let common = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "quiet", "-protocol_whitelist", "file,pipe"]
        switch task {
        case .encodeAAC: return common + ["-i", "/proc/self/fd/0", "-map", "0:a:0", "-ar", "\(value)", "-c:a", "aac", "-b:a", "256k", "-f", "adts", "pipe:1"]
        case .showFrames:
            let size = "scale=\(PictureFrames.columns):\(PictureFrames.rows):flags=area,format=rgb24"
            // Play lists and descriptions that name other files are none of these.
            return common + ["-format_whitelist", pictures, "-max_pixels", "100000000", "-threads", "1", "-t", "\(PictureFrames.longest)", "-i", "/proc/self/fd/0",
                             "-map", "0:v:0", "-an", "-sn", "-dn", "-filter_threads", "1", "-vf", value == 1 ? "fps=\(PictureFrames.rate)," + size : size]
                + (value == 1 ? [] : ["-frames:v", "1"]) + ["-f", "rawvideo", "pipe:1"]
        default: return common + ["-f", "aac", "-i", "pipe:0", "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1"]
        }
    }

    /// By ffmpeg's names.
    private static let pictures = "png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,gif,gif_pipe,tiff_pipe,apng,qoi_pipe,jpegxl_pipe,j2k_pipe,"
        + "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,asf,flv,h264,hevc,ivf,mjpeg,yuv4mpegpipe"

    static func become(_ program: String, _ words: [String]) -> Never {
        let arguments = words.map { strdup($0) } + [nil]
        // What it takes to find its libraries, and nothing else of the user's.
        let environment = [getenv("LD_LIBRARY_PATH").flatMap { strdup("LD_LIBRARY_PATH=" + String(cString: $0)) }, nil]
        execve(program, arguments, environment)
        _exit(1)
    }
}
