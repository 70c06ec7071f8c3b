#define _GNU_SOURCE
#include "CALSA.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINES = 64, LINE_BYTES = 256 };

static char lines[LINES][LINE_BYTES];
static unsigned long lines_written;
// A flag instead of a mutex: the audio thread may be the one that ALSA complains to, and it must not wait.
static atomic_flag log_busy = ATOMIC_FLAG_INIT;

static void keep_line(const char *file, int line, const char *function, int error, const char *format, ...) {
    (void)file;
    (void)line;
    if (atomic_flag_test_and_set_explicit(&log_busy, memory_order_acquire)) return;
    char *to = lines[lines_written % LINES];
    int used = snprintf(to, LINE_BYTES, "%s: ", function ? function : "alsa");
    if (used < 0 || used >= LINE_BYTES) used = 0;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(to + used, LINE_BYTES - (size_t)used, format, arguments);
    va_end(arguments);
    size_t length = strlen(to);
    while (length > 0 && to[length - 1] == '\n') to[--length] = 0;
    if (error) snprintf(to + length, LINE_BYTES - length, ": %s", snd_strerror(error));
    for (char *c = to; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    lines_written++;
    atomic_flag_clear_explicit(&log_busy, memory_order_release);
}

void lathe_alsa_capture_log(void) { snd_lib_error_set_handler(keep_line); }

size_t lathe_alsa_log(char *text, size_t capacity) {
    while (atomic_flag_test_and_set_explicit(&log_busy, memory_order_acquire)) sched_yield();
    size_t used = 0;
    unsigned long first = lines_written > LINES ? lines_written - LINES : 0;
    for (unsigned long i = first; i < lines_written; i++) {
        size_t length = strlen(lines[i % LINES]);
        if (used + length + 1 > capacity) break;
        memcpy(text + used, lines[i % LINES], length);
        used += length;
        text[used++] = '\n';
    }
    atomic_flag_clear_explicit(&log_busy, memory_order_release);
    return used;
}

int lathe_thread_join_until(pthread_t thread, const struct timespec *until) { return pthread_timedjoin_np(thread, NULL, until); }

void lathe_thread_name(const char *name) {
    char kept[16];
    snprintf(kept, sizeof kept, "%s", name);
    pthread_setname_np(pthread_self(), kept);
}

int lathe_semaphore_wait(sem_t *semaphore, long milliseconds) {
    int result;
    if (milliseconds < 0) {
        do result = sem_wait(semaphore);
        while (result != 0 && errno == EINTR);
        return result == 0;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    do result = sem_clockwait(semaphore, CLOCK_MONOTONIC, &until);
    while (result != 0 && errno == EINTR);
    return result == 0;
}
