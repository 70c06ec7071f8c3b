#define _GNU_SOURCE
#include <stdlib.h>
#include "CTerminal.h"
#include <errno.h>
#include <fcntl.h>
#include <term.h>

extern char **environ;

// MARK: terminal descriptions

// setupterm gives its description to the current screen, which keeps its own in the meantime here.
static TERMINAL *set_aside;

int lathe_terminfo_load(const char *term) {
    int result = 0;
    set_aside = cur_term;
    setupterm(term, STDERR_FILENO, &result);
    if (result != 1) set_curterm(set_aside);
    return result;
}

void lathe_terminfo_unload(void) {
    TERMINAL *loaded = cur_term;
    set_curterm(set_aside);
    del_curterm(loaded);
}

const char *lathe_terminfo_string(const char *name) {
    const char *value = tigetstr(name);
    return value == (const char *)-1 ? NULL : value;
}

int lathe_terminfo_number(const char *name) {
    int value = tigetnum(name);
    return value == -2 ? -1 : value;
}

bool lathe_terminfo_flag(const char *name) { return tigetflag(name) == 1; }

static int position(const char *const *names, const char *name) {
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

int lathe_terminfo_string_index(const char *name) { return position(strnames, name); }
int lathe_terminfo_number_index(const char *name) { return position(numnames, name); }
int lathe_terminfo_flag_index(const char *name) { return position(boolnames, name); }

// newterm and setupterm know terminals by name; a one-variable environment makes them read ours and nothing else.
SCREEN *lathe_newterm(char *terminfo, const char *name, FILE *out, FILE *in) {
    static const int touched[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    struct sigaction before[4];
    for (int i = 0; i < 4; i++) sigaction(touched[i], NULL, &before[i]);
    char *only[] = {terminfo, NULL};
    char **everything = environ;
    environ = only;
    use_env(FALSE);
    SCREEN *screen = newterm(name, out, in);
    environ = everything;
    for (int i = 0; i < 4; i++) sigaction(touched[i], &before[i], NULL);
    return screen;
}

int lathe_pipe(int ends[2]) { return pipe2(ends, O_NONBLOCK | O_CLOEXEC); }

int lathe_poll(struct pollfd *set, int count, double seconds) {
    struct timespec limit = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    return ppoll(set, (nfds_t)count, seconds < 0 ? NULL : &limit, NULL);
}

void lathe_terminal_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int lathe_memory_file(void) { return memfd_create("lathe-screen", MFD_CLOEXEC); }
int lathe_columns(wchar_t scalar) { return wcwidth(scalar); }

// MARK: signals that become events

static volatile sig_atomic_t signal_pipe = -1;
static struct sigaction signal_before[NSIG];
static sigset_t signal_set;

static void forward(int number) {
    int error = errno;
    unsigned char byte = (unsigned char)number;
    int fd = signal_pipe;
    // A full pipe means the loop will wake anyway; the byte may go.
    if (fd >= 0 && write(fd, &byte, 1) < 0) { }
    errno = error;
}

bool lathe_signals_begin(int descriptor, const int *numbers, int count) {
    if (signal_pipe >= 0) return false;
    signal_pipe = descriptor;
    sigemptyset(&signal_set);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = forward;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < count; i++) {
        sigaction(numbers[i], &action, &signal_before[numbers[i]]);
        sigaddset(&signal_set, numbers[i]);
    }
    return true;
}

void lathe_signals_end(void) {
    if (signal_pipe < 0) return;
    for (int number = 1; number < NSIG; number++)
        if (sigismember(&signal_set, number) == 1) sigaction(number, &signal_before[number], NULL);
    signal_pipe = -1;
}

// MARK: the restorer

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
enum { fatal_count = sizeof fatal / sizeof *fatal };

static struct sigaction fatal_before[NSIG];
static struct termios fatal_termios;
static unsigned char fatal_bytes[512];
static size_t fatal_size;
static int fatal_tty = -1, fatal_error = -1, fatal_captured = -1;
static _Atomic int fatal_armed, fatal_ran;
static bool fatal_backtrace;
static stack_t fatal_stack_before;
static unsigned char fatal_stack[64 * 1024];

static void restore_and_raise(int number) {
    if (__atomic_exchange_n((int *)&fatal_armed, 0, __ATOMIC_SEQ_CST)) {
        fatal_ran = 1;
        size_t done = 0;
        // The line may be full; a tenth of a second at most for a terminal that does not read.
        for (int tries = 0; done < fatal_size && tries < 4; tries++) {
            ssize_t n = write(fatal_tty, fatal_bytes + done, fatal_size - done);
            if (n > 0) {
                done += (size_t)n;
            } else if (n < 0 && errno == EAGAIN) {
                struct pollfd ready = {fatal_tty, POLLOUT, 0};
                poll(&ready, 1, 25);
            } else if (!(n < 0 && errno == EINTR)) {
                break;
            }
        }
        // In the background, tcsetattr would stop us instead of restoring.
        sigset_t stop;
        sigemptyset(&stop);
        sigaddset(&stop, SIGTTOU);
        pthread_sigmask(SIG_BLOCK, &stop, NULL);
        tcsetattr(fatal_tty, TCSANOW, &fatal_termios);
        if (fatal_error >= 0) {
            dup2(fatal_error, STDERR_FILENO);
            char said[4096];
            ssize_t n = read(fatal_captured, said, sizeof said);
            if (n > 0 && write(STDERR_FILENO, said, (size_t)n) < 0) { }
        }
    }
    // The system ends the process at once. Swift's backtracer would ask questions on the terminal for half a minute, so it
    // only gets its turn when it was asked for.
    struct sigaction plain;
    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    sigaction(number, fatal_backtrace ? &fatal_before[number] : &plain, NULL);
    raise(number);
}

bool lathe_restorer_arm(int tty, const struct termios *saved, const void *bytes, size_t count, int saved_error, int captured) {
    if (fatal_armed || count > sizeof fatal_bytes) return false;
    fatal_tty = tty;
    fatal_termios = *saved;
    memcpy(fatal_bytes, bytes, count);
    fatal_size = count;
    fatal_error = saved_error;
    fatal_captured = captured;
    fatal_ran = 0;
    fatal_backtrace = getenv("SWIFT_BACKTRACE") != NULL;
    // A stack overflow on this thread needs another stack to be handled on.
    stack_t stack = {.ss_sp = fatal_stack, .ss_size = sizeof fatal_stack, .ss_flags = 0};
    if (sigaltstack(NULL, &fatal_stack_before) == 0 && (fatal_stack_before.ss_flags & SS_DISABLE)) sigaltstack(&stack, NULL);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = restore_and_raise;
    action.sa_flags = SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    fatal_armed = 1;
    for (int i = 0; i < fatal_count; i++) sigaction(fatal[i], &action, &fatal_before[fatal[i]]);
    return true;
}

void lathe_restorer_disarm(void) {
    if (!__atomic_exchange_n((int *)&fatal_armed, 0, __ATOMIC_SEQ_CST)) return;
    for (int i = 0; i < fatal_count; i++) sigaction(fatal[i], &fatal_before[fatal[i]], NULL);
    if (fatal_stack_before.ss_flags & SS_DISABLE) {
        stack_t off = {.ss_sp = NULL, .ss_size = 0, .ss_flags = SS_DISABLE};
        sigaltstack(&off, NULL);
    }
}

bool lathe_restorer_ran(void) { return fatal_ran != 0; }

// MARK: stopping

void lathe_stop(bool group) {
    struct sigaction before, action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    if (group) {
        // First the others, then ourselves: raise returns only when this thread runs again.
        action.sa_handler = SIG_IGN;
        sigaction(SIGTSTP, &action, &before);
        kill(0, SIGTSTP);
        action.sa_handler = SIG_DFL;
        sigaction(SIGTSTP, &action, NULL);
    } else {
        action.sa_handler = SIG_DFL;
        sigaction(SIGTSTP, &action, &before);
    }
    // Threads of a pool may have it blocked; the stop must happen here and now.
    sigset_t stop, mask;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &stop, &mask);
    raise(SIGTSTP);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGTSTP, &before, NULL);
}
