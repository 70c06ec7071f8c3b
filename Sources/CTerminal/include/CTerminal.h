// ncursesw as a diffing back end, and the few things about a terminal that Swift cannot do: code that is safe inside a
// signal handler, and process-wide state that must be swapped for the length of one call.
#ifndef LATHE_CTERMINAL_H
#define LATHE_CTERMINAL_H
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

// term.h is left to the C file: it defines hundreds of lower-case macros.

/// Loads the database's description of a terminal: 1 found, 0 not usable, -1 no such terminal or database.
int lathe_terminfo_load(const char *term);
void lathe_terminfo_unload(void);
/// A capability of the loaded description by its terminfo name; NULL, -1 or false if it has none.
const char *lathe_terminfo_string(const char *name);
int lathe_terminfo_number(const char *name);
bool lathe_terminfo_flag(const char *name);
/// The place of a capability in a compiled description, -1 if there is none of that name.
int lathe_terminfo_string_index(const char *name);
int lathe_terminfo_number_index(const char *name);
int lathe_terminfo_flag_index(const char *name);

/// newterm with a terminal description of our own ("TERMINFO=hex:…") instead of the database's.
/// The environment is swapped, not changed: setenv would free what another thread's getenv is reading. The signal
/// handlers that newterm installs are taken out again.
SCREEN *lathe_newterm(char *terminfo, const char *name, FILE *out, FILE *in);

/// A pipe, non-blocking at both ends, not inherited; 0, or -1 with errno.
int lathe_pipe(int ends[2]);
/// poll with a time limit in seconds to the nanosecond; negative waits for ever.
int lathe_poll(struct pollfd *set, int count, double seconds);
void lathe_terminal_name_thread(const char *name);

/// An unnamed file in memory for ncurses to draw into; -1 with errno.
int lathe_memory_file(void);
/// Columns the C library, and so ncurses, gives a code point.
int lathe_columns(wchar_t scalar);

/// A style's cell: up to `count` (1…5) code points, of which the first takes columns. False if ncurses refuses them.
static inline bool lathe_cell(cchar_t *cell, const wchar_t *text, attr_t attributes, int pair) {
    return setcchar(cell, text, attributes, 0, &pair) == OK;
}

static inline bool lathe_put_row(int y, const cchar_t *cells, int count) {
    return mvwadd_wchnstr(stdscr, y, 0, cells, count) == OK;
}

static inline int lathe_pair_limit(void) { return COLOR_PAIRS; }
static inline void lathe_repaint(void) { clearok(curscr, TRUE); }
static inline void lathe_cursor(int y, int x) {
    leaveok(stdscr, FALSE);
    wmove(stdscr, y, x);
}
static inline void lathe_no_cursor(void) { leaveok(stdscr, TRUE); }
/// wnoutrefresh + doupdate on the standard window.
static inline void lathe_update(void) { wrefresh(stdscr); }
static inline attr_t lathe_bold(void) { return A_BOLD; }
static inline attr_t lathe_dim(void) { return A_DIM; }
static inline attr_t lathe_italic(void) { return A_ITALIC; }
static inline attr_t lathe_underline(void) { return A_UNDERLINE; }
static inline attr_t lathe_reverse(void) { return A_REVERSE; }

/// Signals that arrive are written as one byte each, their number, to `descriptor` (non-blocking), until
/// lathe_signals_end puts the old dispositions back. One owner in a process at a time; false if there is one already.
bool lathe_signals_begin(int descriptor, const int *numbers, int count);
void lathe_signals_end(void);

/// What a crash must undo: write `count` (at most 512) bytes to `tty`, restore `saved`. From then on SEGV, BUS, ILL, FPE, TRAP and
/// ABRT run the restorer once and are raised again as they would have been. Only for one terminal at a time.
/// Where standard error is captured, `saved_error` is its real descriptor and `captured` the pipe's end to read, else -1: what
/// the crash said goes where it belongs.
bool lathe_restorer_arm(int tty, const struct termios *saved, const void *bytes, size_t count, int saved_error, int captured);
/// The terminal is restored, or is about to be by the caller: a crash leaves it alone.
void lathe_restorer_disarm(void);
/// True once a crash has begun to restore the terminal: write nothing more to it.
bool lathe_restorer_ran(void);

/// Stops this process as Ctrl-Z in a cooked terminal would: with its process group if `group`, else alone. Returns once continued.
void lathe_stop(bool group);

#endif
