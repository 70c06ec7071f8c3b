import CALSA
import DSP
import Glibc

/// A counting semaphore that any thread, also the audio thread, may post without waiting.
struct Wakeup: @unchecked Sendable {
    // Unchecked: a semaphore is made for being shared; whoever made it destroys it after its threads have ended.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        semaphore.initialize(to: sem_t())
        sem_init(semaphore, 0, 0)
    }

    func destroy() {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func post() { sem_post(semaphore) }

    /// Waits until somebody posted; several posts are one. Without a time it waits for ever.
    func wait(milliseconds: Int = -1) {
        guard lathe_semaphore_wait(semaphore, milliseconds) == 1 else { return }
        while sem_trywait(semaphore) == 0 {}
    }
}

/// A thread of the player.
struct PlaybackThread: @unchecked Sendable {
    // Unchecked: the handle is used once, by whoever joins.
    enum Urgency { case realTime, normal, background }

    private let handle: pthread_t

    private final class Start {
        let name: String
        let urgency: Urgency
        let body: @Sendable () -> Void
        init(name: String, urgency: Urgency, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.urgency = urgency
            self.body = body
        }
    }

    /// Starts a thread that takes no signals, so that those of the terminal go where they are handled.
    init(name: String, urgency: Urgency, body: @escaping @Sendable () -> Void) throws(PlaybackError) {
        let start = Unmanaged.passRetained(Start(name: name, urgency: urgency, body: body))
        var all = sigset_t(), before = sigset_t()
        sigfillset(&all)
        for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP] { sigdelset(&all, fault) }
        pthread_sigmask(SIG_SETMASK, &all, &before)
        var made = pthread_t()
        let result = pthread_create(&made, nil, { argument in
            let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
            lathe_thread_name(start.name)
            // As in a render, so that both give the same bits.
            Subnormals.off()
            switch start.urgency {
            case .realTime: PlaybackThread.becomeRealTime()
            case .normal: break
            // On Linux this is the calling thread's own niceness. A third of a share: on a busy machine it must still get done.
            case .background: setpriority(Int32(PRIO_PROCESS.rawValue), 0, 5)
            }
            start.body()
            return nil
        }, start.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard result == 0 else {
            start.release()
            throw .noThread(String(cString: strerror(result)))
        }
        handle = made
    }

    func join() { pthread_join(handle, nil) }

    /// False when the thread has not ended by then; it is still to be joined.
    func join(seconds: Double) -> Bool {
        var until = timespec()
        clock_gettime(CLOCK_REALTIME, &until)
        let nanoseconds = until.tv_nsec + Int(seconds * 1e9)
        until.tv_sec += nanoseconds / 1_000_000_000
        until.tv_nsec = nanoseconds % 1_000_000_000
        return lathe_thread_join_until(handle, &until) == 0
    }

    /// Asks for real-time scheduling; without the right to it the thread goes on as it is.
    private static func becomeRealTime() {
        var parameters = sched_param()
        parameters.sched_priority = 20
        pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters)
    }

    /// Gives real-time scheduling back.
    static func becomeOrdinary() {
        var parameters = sched_param()
        parameters.sched_priority = 0
        pthread_setschedparam(pthread_self(), SCHED_OTHER, &parameters)
    }
}

/// Nanoseconds of the monotonic clock.
func monotonicNanoseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
}

func sleepNanoseconds(_ nanoseconds: Int) {
    var time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
    nanosleep(&time, nil)
}
