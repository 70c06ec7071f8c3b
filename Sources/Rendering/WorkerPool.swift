import CLinux
import Glibc
import Synchronization

/// Threads of the engine's own for work that takes seconds, so that the cooperative pool stays free for events.
///
/// A task that prefers this executor runs its nonisolated code here; it hops away while it awaits an actor and comes back.
public final class WorkerPool: TaskExecutor, @unchecked Sendable {
    // Unchecked: the semaphore is a POSIX object at a fixed address that any thread may use; the rest is behind a lock.
    private struct Work {
        var jobs: [UnownedJob] = []
        var stopped = false
    }

    private let work = Mutex(Work())
    private let available: UnsafeMutablePointer<sem_t>
    private let threads: Int

    /// - Parameters:
    ///   - threads: at least one.
    ///   - niceness: 0…19, so that a render yields to sound and screen.
    public init(threads: Int, niceness: Int32 = 0) {
        self.threads = max(1, threads)
        available = .allocate(capacity: 1)
        sem_init(available, 0, 0)
        for _ in 0..<self.threads { startThread(niceness) }
    }

    deinit {
        sem_destroy(available)
        available.deallocate()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let isStopped = work.withLock { work in
            if !work.stopped { work.jobs.append(unowned) }
            return work.stopped
        }
        // After the end there is no thread left; what is still owed (the last lines of a cancelled task) runs where it is.
        if isStopped { unowned.runSynchronously(on: asUnownedTaskExecutor()) } else { sem_post(available) }
    }

    /// The threads end when the work at hand is done.
    public func stop() {
        work.withLock { $0.stopped = true }
        for _ in 0..<threads { sem_post(available) }
    }

    private func startThread(_ niceness: Int32) {
        final class Start {
            let pool: WorkerPool
            let niceness: Int32
            init(_ pool: WorkerPool, _ niceness: Int32) { self.pool = pool; self.niceness = niceness }
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Start(self, niceness))
        let code = pthread_create(&thread, nil, { context in
            guard let context else { return nil }
            let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            lathe_block_signals()
            lathe_name_thread("lathe-worker")
            // On Linux this concerns the calling thread only, and the threads it starts.
            if start.niceness > 0 { lathe_yield_to_others(start.niceness) }
            start.pool.loop()
            return nil
        }, context.toOpaque())
        precondition(code == 0, "no thread could be started")
        pthread_detach(thread)
    }

    private func loop() {
        let executor = asUnownedTaskExecutor()
        while true {
            while sem_wait(available) != 0 {}
            let (job, stopped) = work.withLock { work in
                (work.jobs.isEmpty ? nil : work.jobs.removeFirst(), work.stopped)
            }
            if let job { job.runSynchronously(on: executor) } else if stopped { return }
        }
    }
}
