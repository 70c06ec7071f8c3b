import CLinux
import Glibc

/// The process behind the wall that starts the others. It reads no file, and has one thread, so that it may fork.
public enum WallKeeper {
    /// By this name the program knows that it is meant.
    static let name = "lathe-decoders"
    private static let line = Int32(LATHE_LINE)

    /// Call before anything else is done. Returns at once unless this process was started to keep the wall.
    /// - Parameter decode: what a decoder does once it is confined, with its file, its channel and the room for its samples.
    public static func serveIfAsked(decode: (_ file: Int32, _ channel: Int32, _ room: UnsafeMutableRawPointer) -> Never = DecoderProcess.serve) {
        guard CommandLine.argc == 1, let called = CommandLine.unsafeArgv[0], String(cString: called) == name else { return }
        guard lathe_confine_keeper() == 0 else { _exit(1) }
        lathe_name_thread(name)
        lathe_wake_on_child()
        let keeper = getpid()
        while true {
            lathe_take_children_away()
            var request = WallRequest(task: 0, value: 0)
            var descriptors: [Int32] = [-1, -1, -1, -1], count: Int32 = 0
            let got = lathe_receive(line, &request, MemoryLayout<WallRequest>.size, &descriptors, &count)
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { _exit(0) }
            let given = Array(descriptors.prefix(Int(count)))
            var answer = WallAnswer(), handle: Int32 = -1
            if let task = WallTask(rawValue: request.task), given.count == (task == .decode ? 3 : 2), isPossible(task, request.value) {
                if task != .decode, AACCodec.program == nil { answer.code = ENOENT }
                let child = answer.code == 0 ? lathe_fork() : -1
                if child == 0 { work(task, request.value, given, keeper, decode) }
                handle = child > 0 ? lathe_process_handle(child) : -1
                if handle < 0, answer.code == 0 { answer.code = errno }
            } else {
                answer.code = EINVAL
            }
            for descriptor in given { close(descriptor) }
            guard lathe_send(line, &answer, MemoryLayout<WallAnswer>.size, &handle, handle < 0 ? 0 : 1) > 0 else { _exit(0) }
            if handle >= 0 { close(handle) }
        }
    }

    private static func isPossible(_ task: WallTask, _ value: Int32) -> Bool {
        switch task {
        case .encodeAAC: AACCodec.rates.contains(Int(value))
        case .showFrames: (0...1).contains(value)
        case .decode, .decodeAAC: true
        }
    }

    private static func work(
        _ task: WallTask, _ value: Int32, _ given: [Int32], _ keeper: Int32, _ decode: (Int32, Int32, UnsafeMutableRawPointer) -> Never
    ) -> Never {
        guard lathe_die_with_parent(keeper) == 0 else { _exit(1) }
        switch task {
        case .decode:
            guard lathe_keep_only(given, 3) == 0, let room = SampleRoom.enter(line + 2),
                  lathe_confine_decoder(DecoderProcess.mostMemory, DecoderProcess.mostSeconds) == 0
            else { _exit(1) }
            decode(line, line + 1, room)
        case .encodeAAC, .decodeAAC, .showFrames:
            guard let program = AACCodec.program, lathe_keep_only(given, 2) == 0, dup2(line, STDIN_FILENO) >= 0, dup2(line + 1, STDOUT_FILENO) >= 0,
                  lathe_confine_codec(AACCodec.mostMemory, AACCodec.mostSeconds) == 0
            else { _exit(1) }
            close(line)
            close(line + 1)
            AACCodec.become(program, AACCodec.words(task, value: value))
        }
    }
}
