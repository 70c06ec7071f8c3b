import AudioFiles
import Glibc

/// Stands in for a decoder that a hostile file has taken over. What it does is the first word of the file; files without such a word are decoded.
enum HostileDecoder {
    static func serve(file: Int32, channel: Int32, room: UnsafeMutableRawPointer) -> Never {
        var start = [UInt8](repeating: 0, count: 8)
        _ = pread(file, &start, start.count, 0)
        switch String(decoding: start.prefix { $0 != 0 }, as: UTF8.self) {
        case "crash": crash()
        case "stall": stall(channel)
        case "spin": while true { start[0] &+= 1 }
        case "eat": eat(channel)
        case "reach": say(channel, word: 1, value: Int64(reach(file)), header(rate: 44_100, channels: 2))
        case "wide": say(channel, word: 1, value: 1000, header(rate: 44_100, channels: 1 << 30))
        case "fast": say(channel, word: 1, value: 1000, header(rate: -1, channels: 2))
        case "long": say(channel, word: 1, value: 1000, count: .max, header(rate: 44_100, channels: 2))
        case "minus": say(channel, word: 1, value: -2, header(rate: 44_100, channels: 2))
        case "tags": say(channel, word: 1, value: 1000, header(rate: 44_100, channels: 2) + [3, 255, 255, 255, 127, 65])
        case "twice": say(channel, word: 1, value: 1000, header(rate: 44_100, channels: 3, speakers: [0, 1, 1]))
        case "beyond": say(channel, word: 1, value: 1000, header(rate: 44_100, channels: 3, speakers: [0, 1, 18]))
        case "fewer": say(channel, word: 1, value: 1000, header(rate: 44_100, channels: 3, speakers: [0, 1]))
        case "word": say(channel, word: 99, value: 0, [])
        case "more": say(channel, word: 1, value: 1000, header(rate: 44_100, channels: 2), then: (2, 1 << 40, .max))
        case "less": say(channel, word: 1, value: 1000, header(rate: 44_100, channels: 2), then: (2, -1, -8))
        case "nan": sayNotANumber(channel, room)
        default: DecoderProcess.serve(file: file, channel: channel, room: room)
        }
        stall(channel)
    }

    private static func header(rate: Int32, channels: Int32, speakers: [UInt8] = []) -> [UInt8] {
        // An ending that is stated, no plain samples, and the count of loudspeakers.
        withUnsafeBytes(of: rate.littleEndian) { Array($0) } + withUnsafeBytes(of: channels.littleEndian) { Array($0) }
            + [0] + [UInt8](repeating: 255, count: 8) + [UInt8(speakers.count)] + speakers
    }

    /// Word, code, value and count, as readers expect them; 0x10002 is a WAV of 16 bits.
    private static func say(
        _ channel: Int32, word: UInt32, code: UInt32 = 0x10002, value: Int64, count: Int64? = nil, _ payload: [UInt8], then: (UInt32, Int64, Int64)? = nil
    ) {
        func head(_ word: UInt32, _ value: Int64, _ count: Int64) -> [UInt8] {
            [word, code].flatMap { withUnsafeBytes(of: $0) { Array($0) } } + [value, count].flatMap { withUnsafeBytes(of: $0) { Array($0) } }
        }
        var bytes = head(word, value, count ?? Int64(payload.count)) + payload
        if let then { bytes += head(then.0, then.1, then.2) + [UInt8](repeating: 7, count: 64) }
        send(channel, bytes)
    }

    /// With the one call that a decoder may send by.
    private static func send(_ channel: Int32, _ bytes: [UInt8]) {
        var copy = bytes
        copy.withUnsafeMutableBytes { bytes in
            var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
            _ = writev(channel, &part, 1)
        }
    }

    /// A WAV of floats whose third frame is none.
    private static func sayNotANumber(_ channel: Int32, _ room: UnsafeMutableRawPointer) {
        say(channel, word: 1, code: 0x10006, value: 4, header(rate: 44_100, channels: 1))
        let samples: [Float] = [0, 0.5, .nan, 0]
        samples.withUnsafeBytes { room.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        say(channel, word: 2, code: 0, value: 4, [])
    }

    private static func crash() -> Never {
        UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1
        _exit(0)
    }

    private static func stall(_ channel: Int32) -> Never {
        var byte: UInt8 = 0
        while recv(channel, &byte, 1, 0) > 0 {}
        while true {}
    }

    /// Takes memory until there is none, and says how many megabytes there were.
    private static func eat(_ channel: Int32) {
        var megabytes: Int64 = 0
        // A chain, so that every piece is needed to the end.
        var last: UnsafeMutableRawPointer?
        while megabytes < 4096, let piece = malloc(1 << 20) {
            memset(piece, 1, 1 << 20)
            piece.storeBytes(of: last, as: UnsafeMutableRawPointer?.self)
            last = piece
            megabytes += 1
        }
        var counted: Int64 = 0
        while let piece = last {
            last = piece.load(as: UnsafeMutableRawPointer?.self)
            counted += 1
        }
        megabytes = counted
        say(channel, word: 1, value: megabytes, header(rate: 44_100, channels: 2))
    }

    /// One bit for everything that a confined process should not have been able to do.
    private static func reach(_ file: Int32) -> Int {
        var done = 0
        func tried(_ bit: Int, _ result: Int) { if result >= 0 { done |= 1 << bit } }
        tried(0, Int(open("/etc/passwd", O_RDONLY)))
        tried(1, Int(open("/dev/shm/lathe-hostile", O_WRONLY | O_CREAT, 0o600)))
        tried(2, Int(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)))
        tried(3, Int(socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)))
        tried(4, Int(kill(getppid(), 0)))
        tried(5, Int(unlink("/dev/shm/lathe-hostile")))
        tried(6, Int(ftruncate(file, 0)))
        tried(7, Int(nice(5)) == 5 ? 0 : -1)
        tried(8, mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0)
        tried(9, mmap(nil, 4096, PROT_READ, MAP_PRIVATE, file, 0) == MAP_FAILED ? -1 : 0)
        tried(10, mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0)
        tried(11, Int(dup(file)))
        tried(12, Int(chdir("/")))
        var words: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        var process: pid_t = 0
        tried(13, posix_spawn(&process, "/bin/true", nil, nil, &words, nil) == 0 ? 0 : -1)
        tried(14, pthread_create_one())
        return done
    }

    private static func pthread_create_one() -> Int {
        var thread = pthread_t()
        return pthread_create(&thread, nil, { _ in nil }, nil) == 0 ? 0 : -1
    }
}
