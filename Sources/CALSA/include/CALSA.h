// ALSA's PCM interface, and what playback needs of the system that has no Swift spelling.
#ifndef LATHE_CALSA_H
#define LATHE_CALSA_H
#include <alsa/asoundlib.h>
#include <semaphore.h>
#include <stddef.h>

/// Sends everything that ALSA would print on standard error into a log of the newest 64 lines.
/// Lines are cut at 255 bytes and control characters become '?'. Any number of calls is one.
void lathe_alsa_capture_log(void);
/// Copies the newest lines, oldest first, each ended by '\n', into `text`; returns the bytes written (no terminating zero).
size_t lathe_alsa_log(char *text, size_t capacity);

/// Names the calling thread (15 bytes at most are kept).
/// 0 when the thread has ended and is joined; else it goes on (pthread_timedjoin_np, glibc; the clock is the real-time one).
int lathe_thread_join_until(pthread_t thread, const struct timespec *until);
void lathe_thread_name(const char *name);
/// Waits for `semaphore` on the monotonic clock; a negative time waits for ever. 1 when it was posted, 0 when the time is up.
int lathe_semaphore_wait(sem_t *semaphore, long milliseconds);
#endif
