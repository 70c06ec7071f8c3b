// The Linux system calls that Swift cannot import: variadic ones and macros with casts.
// Descriptors are close-on-exec; -1 is failure with errno set. No system header is included here, so that Swift's own
// view of them is not contradicted.
#ifndef LATHE_CLINUX_H
#define LATHE_CLINUX_H
#include <stddef.h>
#include <stdint.h>

/* No core file, and no other process of this user may read our memory. */
int lathe_core_dumps_off(void);
/* From here on the kernel refuses this process other programs, a network (unless `network`), other processes' memory and new rights. Cannot be taken back. */
int lathe_give_up_powers(int network);
/* A file without a name in `folder`'s file system. */
int lathe_open_unnamed(const char *folder);
/* The magic number of `folder`'s file system; -1 when it cannot be told. */
int64_t lathe_file_system(const char *folder);
/* The same of an open file. */
int64_t lathe_file_system_of(int fd);
/* Bytes that a user may still write there; -1 when it cannot be told. */
int64_t lathe_free_bytes(const char *folder);
int lathe_memfd(const char *label);
/* Bytes of a large page. */
#define LATHE_LARGE_PAGE (2 << 20)
/* Puts the `number`-th LATHE_LARGE_PAGE of a file in memory, some of which must be there already, into one large page where the kernel can: it is freed in one step then.
   Takes some 3 ms. */
void lathe_use_large_page(int fd, int64_t number);
int lathe_wake_fd(void);
/* Counts suspended time too, so that a deadline is not postponed by a closed lid. */
int lathe_timer_fd(void);
/* Absolute CLOCK_BOOTTIME in nanoseconds; 0 disarms. */
int lathe_timer_arm(int fd, int64_t nanoseconds);
int64_t lathe_boot_nanoseconds(void);
/* Becomes readable when somebody writes to the file, or removes or moves it or its folder. */
int lathe_watch_fd(const char *path, const char *folder);
/* Signals go to the thread that handles them; only faults stay, because they belong to the thread that made them. */
void lathe_block_signals(void);
/* At most 15 characters. */
void lathe_name_thread(const char *name);
/* Lowers the priority of the calling thread and of those it starts. */
void lathe_yield_to_others(int niceness);

/* Processes that keep apart. Where a process that was spawned or forked for a task finds the first descriptor it was given. */
enum { LATHE_LINE = 3 };
/* Starts `program` in a session of its own, with `line` and /dev/null as its only descriptors. Returns its number, or -errno. */
int lathe_spawn_apart(const char *program, const char *name, int line, char *const environment[]);
/* For a process of one thread. */
int lathe_fork(void);
/* For a process of one thread: starts `program` in a session of its own, as nobody's child, with LATHE_LINE as the pipe into which it writes a byte when it is ready.
   1 when it did within `patience` milliseconds, 0 when it ended or was slower, else -errno. */
int lathe_start_detached(const char *program, char *const arguments[], int patience);
/* A child that waits on its end of `line` and starts `program` as above for each byte, answering 1 or 0; it ends with the line. It runs no other program until then,
   so it costs a fork. Its number, or -errno. */
int lathe_raise_launcher(int line, const char *program, char *const arguments[], int patience);
/* Sockets under a name in an open folder, for this user only. */
int lathe_listen_at(int folder, const char *name);
int lathe_connect_at(int folder, const char *name);
int lathe_accept(int socket);
/* Whether the other end of a connection is a process of this user (SO_PEERCRED, unix(7)). */
int lathe_is_same_user(int line);
/* A descriptor that stands for the process, and the end of it. */
int lathe_process_handle(int process);
int lathe_process_end(int handle);
/* Calls that wait return with EINTR when a child has ended. */
void lathe_wake_on_child(void);
void lathe_take_children_away(void);
/* -1 also when `parent` is gone already. */
int lathe_die_with_parent(int parent);
/* `descriptors`, at most four, become LATHE_LINE, LATHE_LINE + 1, …; all beyond are closed. */
int lathe_keep_only(const int *descriptors, int count);
/* One message with at most four descriptors. */
int64_t lathe_send(int line, const void *bytes, size_t count, const int *descriptors, int descriptor_count);
/* `descriptors` has room for four. 0 when the other end is gone. */
int64_t lathe_receive(int line, void *bytes, size_t count, int *descriptors, int *descriptor_count);
/* For a process of one thread that decodes an open file: limits of memory and processor time, no new files, processes, programs, sockets or rights. */
int lathe_confine_decoder(uint64_t memory, uint64_t seconds);
/* For the process that starts such ones: it may start programs, but reach nobody. */
int lathe_confine_keeper(void);
/* For one that is about to become a codec between two descriptors: limits, no sockets, nothing made or changed. */
int lathe_confine_codec(uint64_t memory, uint64_t seconds);
/* One byte of a file, locked until the descriptor is closed (open file description locks, fcntl(2)). 0, or -1 with errno. */
int lathe_lock_byte(int fd, int64_t place);
/* 1 when another open file has it locked, 0 when none has, -1 with errno. */
int lathe_byte_is_locked(int fd, int64_t place);

/* For a process that lives long and is mostly still: what is freed goes back to the kernel early. Before threads are started. */
void lathe_keep_memory_small(void);
/* Gives back now what is free, and the pages of programs and libraries that nobody has used since: these come from the page cache again. Takes some 1 ms. */
void lathe_give_back_memory(void);

/* From here on, what is freed is overwritten with zeros first. For good, for the whole process. */
void lathe_zero_what_is_freed(void);
#endif
