#define _GNU_SOURCE
#include "CLinux.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* madvise(2), Linux 6.1; an older kernel refuses it and nothing changes. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

int lathe_core_dumps_off(void) {
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int lathe_open_unnamed(const char *folder) { return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); }

int64_t lathe_file_system(const char *folder) {
    struct statfs info;
    return statfs(folder, &info) == 0 ? (int64_t)(uint32_t)info.f_type : -1;
}

int64_t lathe_file_system_of(int fd) {
    struct statfs found;
    return fstatfs(fd, &found) == 0 ? (int64_t)(uint32_t)found.f_type : -1;
}

int64_t lathe_free_bytes(const char *folder) {
    struct statfs info;
    return statfs(folder, &info) == 0 ? (int64_t)info.f_bavail * (int64_t)info.f_bsize : -1;
}

int lathe_memfd(const char *label) { return memfd_create(label, MFD_CLOEXEC); }

void lathe_use_large_page(int fd, int64_t number) {
    const size_t size = LATHE_LARGE_PAGE;
    // A place in the address space where a large page can begin.
    char *room = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return;
    char *at = (char *)(((uintptr_t)room + size - 1) & ~(uintptr_t)(size - 1));
    if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, number * (int64_t)size) != MAP_FAILED) madvise(at, size, MADV_COLLAPSE);
    munmap(room, 2 * size);
}

int lathe_wake_fd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int lathe_timer_fd(void) { return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK); }

int lathe_timer_arm(int fd, int64_t nanoseconds) {
    struct itimerspec when = {{0, 0}, {nanoseconds / 1000000000, nanoseconds % 1000000000}};
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, 0);
}

int64_t lathe_boot_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int lathe_watch_fd(const char *path, const char *folder) {
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) return -1;
    if (inotify_add_watch(fd, path, IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) < 0
        || inotify_add_watch(fd, folder, IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void lathe_block_signals(void) {
    sigset_t set;
    sigfillset(&set);
    const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) sigdelset(&set, faults[i]);
    pthread_sigmask(SIG_SETMASK, &set, 0);
}

void lathe_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

/* setpriority(2), "BUGS": Linux takes 0 for the calling thread, not the process. A refusal costs smoothness only. */
void lathe_yield_to_others(int niceness) { (void)setpriority(PRIO_PROCESS, 0, niceness); }

static struct flock lock_of(int64_t place, short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};
    return lock;
}

int lathe_lock_byte(int fd, int64_t place) {
    struct flock lock = lock_of(place, F_WRLCK);
    return fcntl(fd, F_OFD_SETLK, &lock);
}

int lathe_byte_is_locked(int fd, int64_t place) {
    struct flock lock = lock_of(place, F_WRLCK);
    if (fcntl(fd, F_OFD_GETLK, &lock) != 0) return -1;
    return lock.l_type != F_UNLCK;
}
