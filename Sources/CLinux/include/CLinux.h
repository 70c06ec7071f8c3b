// The Linux system calls that Swift cannot import: variadic ones and macros with casts.
#ifndef LATHE_CLINUX_H
#define LATHE_CLINUX_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* 0, or -1 with errno set. No core file, and no other process of this user may read our memory. */
static inline int lathe_core_dumps_off(void) {
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static inline int lathe_open_unnamed(const char *folder) {
    return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static inline int lathe_memfd(const char *label) { return memfd_create(label, MFD_CLOEXEC); }

static inline int lathe_wake_fd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/* Counts suspended time too, so that a deadline is not postponed by a closed lid. */
static inline int lathe_timer_fd(void) { return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK); }

/* Absolute CLOCK_BOOTTIME in nanoseconds; 0 disarms. */
static inline int lathe_timer_arm(int fd, int64_t nanoseconds) {
    struct itimerspec when = {{0, 0}, {nanoseconds / 1000000000, nanoseconds % 1000000000}};
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, 0);
}

static inline int64_t lathe_boot_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int lathe_watch_fd(const char *path) {
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) return -1;
    if (inotify_add_watch(fd, path, IN_MODIFY) < 0) { close(fd); return -1; }
    return fd;
}

/* Signals go to the thread that handles them; only faults stay, because they belong to the thread that made them. */
static inline void lathe_block_signals(void) {
    sigset_t set;
    sigfillset(&set);
    const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) sigdelset(&set, faults[i]);
    pthread_sigmask(SIG_SETMASK, &set, 0);
}

/* f_type of statfs, or 0. */
static inline uint64_t lathe_file_system_type(const char *path) {
    struct statfs s;
    return statfs(path, &s) == 0 ? (uint64_t)s.f_type : 0;
}
#endif
