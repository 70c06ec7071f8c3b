import Glibc

/// Wakes whoever waits for the player to come to some state. Not for the audio thread: it takes a lock.
final class Announcements: @unchecked Sendable {
    // Unchecked: the count is only touched under the mutex.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var count = 0

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func announce() {
        pthread_mutex_lock(mutex)
        count += 1
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Asks `holds` now and after each announcement until it says yes (true) or the monotonic `deadline` has passed (false).
    func wait(deadline: Int, until holds: () -> Bool) -> Bool {
        var time = timespec(tv_sec: deadline / 1_000_000_000, tv_nsec: deadline % 1_000_000_000)
        while true {
            pthread_mutex_lock(mutex)
            let seen = count
            pthread_mutex_unlock(mutex)
            if holds() { return true }
            pthread_mutex_lock(mutex)
            var late = false
            while count == seen && !late { late = pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT }
            pthread_mutex_unlock(mutex)
            if late { return holds() }
        }
    }
}
