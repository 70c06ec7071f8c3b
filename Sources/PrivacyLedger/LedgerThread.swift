import CLinux
import Glibc
import Synchronization

/// The one thread on which the ledger lives: runs the actor's work, and wakes by itself when a deadline comes or
/// another process has written the store. Never the cooperative pool, so that a busy program does not delay an expiry.
final class LedgerThread: SerialExecutor, @unchecked Sendable {
    // Unchecked: the descriptors are set once in `init`; everything shared afterwards is behind `shared`.

    enum Alarm { case timer, foreignWrite }

    private struct Shared {
        var jobs: [UnownedJob] = []
        var stopped = false
        var onAlarm: (@Sendable (Alarm) -> Void)?
        var thread: pthread_t?
        var watch: Int32 = -1
    }

    private let shared = Mutex(Shared())
    private let wake: Int32
    private let timer: Int32

    init() throws(LedgerError) {
        wake = lathe_wake_fd()
        timer = lathe_timer_fd()
        guard wake >= 0, timer >= 0 else {
            let reason = String(cString: strerror(errno))
            if wake >= 0 { close(wake) }
            if timer >= 0 { close(timer) }
            throw .cannotOpen(path: "timer", reason: reason)
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let code = pthread_create(&thread, nil, { context in
            guard let context else { return nil }
            Unmanaged<LedgerThread>.fromOpaque(context).takeRetainedValue().loop()
            return nil
        }, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw .cannotOpen(path: "thread", reason: String(cString: strerror(code)))
        }
        pthread_detach(thread)
    }

    deinit {
        close(wake)
        close(timer)
        let watch = shared.withLock { $0.watch }
        if watch >= 0 { close(watch) }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        shared.withLock { $0.jobs.append(unowned) }
        ring()
    }

    func checkIsolated() {
        let isHere = shared.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
        precondition(isHere, "the ledger is used off its thread")
    }

    /// `action` runs on this thread.
    func onAlarm(_ action: @escaping @Sendable (Alarm) -> Void) { shared.withLock { $0.onAlarm = action } }

    /// Calls the alarm soon after somebody writes to `file`, or removes or moves it or its folder. Called on this thread, or before it has anything to watch.
    func watch(_ file: String, in folder: String) {
        let fd = lathe_watch_fd(file, folder)
        guard fd >= 0 else { return }
        let old = shared.withLock { shared in
            defer { shared.watch = fd }
            return shared.watch
        }
        if old >= 0 { close(old) }
        ring()
    }

    /// Arms the timer at a CLOCK_BOOTTIME; nil disarms it.
    func wake(at nanoseconds: Int64?) { _ = lathe_timer_arm(timer, nanoseconds.map { max(1, $0) } ?? 0) }

    /// The thread ends after the work at hand.
    func stop() {
        shared.withLock { $0.stopped = true; $0.onAlarm = nil }
        ring()
    }

    private func ring() {
        var one: UInt64 = 1
        // The counter can only be full when the thread is about to wake anyway.
        _ = write(wake, &one, 8)
    }

    private func loop() {
        lathe_block_signals()
        lathe_name_thread("lathe-ledger")
        shared.withLock { $0.thread = pthread_self() }
        while true {
            let (jobs, stopped, watch) = shared.withLock { shared in
                let taken = shared.jobs
                shared.jobs.removeAll(keepingCapacity: true)
                return (taken, shared.stopped, shared.watch)
            }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            if stopped, jobs.isEmpty { return }
            var waits = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0), pollfd(fd: timer, events: Int16(POLLIN), revents: 0),
                         pollfd(fd: watch, events: Int16(POLLIN), revents: 0)]
            // However much there is to do, nobody's time passes unnoticed behind it.
            guard poll(&waits, nfds_t(waits.count), jobs.isEmpty ? -1 : 0) > 0 else { continue }
            if waits[0].revents != 0 { drain(wake) }
            let action = shared.withLock { $0.onAlarm }
            if waits[1].revents != 0 { drain(timer); action?(.timer) }
            if waits[2].revents != 0 { drain(watch); action?(.foreignWrite) }
        }
    }

    private func drain(_ fd: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { _ = read(fd, $0.baseAddress, 4096) }
    }
}
