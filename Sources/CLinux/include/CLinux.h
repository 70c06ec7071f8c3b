// The Linux system calls that Swift cannot import: variadic ones and macros with casts.
// Descriptors are close-on-exec; -1 is failure with errno set. No system header is included here, so that Swift's own
// view of them is not contradicted.
#ifndef LATHE_CLINUX_H
#define LATHE_CLINUX_H
#include <stdint.h>

/* No core file, and no other process of this user may read our memory. */
int lathe_core_dumps_off(void);
/* From here on the kernel refuses this process other programs, a network, other processes' memory and new rights. Cannot be taken back. */
int lathe_give_up_powers(void);
/* A file without a name in `folder`'s file system. */
int lathe_open_unnamed(const char *folder);
/* The magic number of `folder`'s file system; -1 when it cannot be told. */
int64_t lathe_file_system(const char *folder);
/* Bytes that a user may still write there; -1 when it cannot be told. */
int64_t lathe_free_bytes(const char *folder);
int lathe_memfd(const char *label);
int lathe_wake_fd(void);
/* Counts suspended time too, so that a deadline is not postponed by a closed lid. */
int lathe_timer_fd(void);
/* Absolute CLOCK_BOOTTIME in nanoseconds; 0 disarms. */
int lathe_timer_arm(int fd, int64_t nanoseconds);
int64_t lathe_boot_nanoseconds(void);
/* Becomes readable when somebody writes to the file. */
int lathe_watch_fd(const char *path);
/* Signals go to the thread that handles them; only faults stay, because they belong to the thread that made them. */
void lathe_block_signals(void);
/* At most 15 characters. */
void lathe_name_thread(const char *name);
/* Lowers the priority of the calling thread and of those it starts. */
void lathe_yield_to_others(int niceness);
#endif
