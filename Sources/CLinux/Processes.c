#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_descriptors = 4 };

int lathe_spawn_apart(const char *program, const char *name, int line, char *const environment[]) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0) return -ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -ENOMEM;
    }
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&actions, line, LATHE_LINE);
    for (int fd = 0; fd < LATHE_LINE; fd++) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, LATHE_LINE + 1);
    char *const arguments[] = {(char *)name, 0};
    pid_t process = 0;
    int code = posix_spawn(&process, program, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code == 0 ? process : -code;
}

int lathe_fork(void) { return fork(); }

int lathe_start_detached(const char *program, char *const arguments[], int patience) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0) return -errno;
    pid_t child = fork();
    if (child == 0) {
        setsid();
        /* Twice, so that nobody here has to take it away, and it can never get a terminal. */
        if (fork() != 0) _exit(0);
        if (lathe_keep_only(&ready[1], 1) != 0 || chdir("/") != 0) _exit(1);
        execv(program, arguments);
        _exit(1);
    }
    int code = child < 0 ? -errno : 0;
    close(ready[1]);
    if (child > 0) {
        while (waitpid(child, 0, 0) < 0 && errno == EINTR) {}
        struct pollfd end = {.fd = ready[0], .events = POLLIN};
        char word;
        int got;
        do got = poll(&end, 1, patience); while (got < 0 && errno == EINTR);
        code = got > 0 && read(ready[0], &word, 1) == 1 ? 1 : 0;
    }
    close(ready[0]);
    return code;
}

int lathe_raise_launcher(int line, const char *program, char *const arguments[], int patience) {
    pid_t child = fork();
    if (child != 0) return child > 0 ? child : -errno;
    /* From here on only calls that a child of a program with threads may make. */
    setsid();
    prctl(PR_SET_NAME, "lathe-launcher", 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    int nothing = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < LATHE_LINE; fd++)
        if (nothing < 0 || dup2(nothing, fd) < 0) _exit(1);
    if (lathe_keep_only(&line, 1) != 0) _exit(1);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
    for (;;) {
        char word;
        ssize_t got = read(LATHE_LINE, &word, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got != 1) _exit(0);
        word = lathe_start_detached(program, arguments, patience) == 1;
        if (write(LATHE_LINE, &word, 1) != 1) _exit(0);
    }
}

/* The folder by its descriptor: a path of any length fits, and it is the folder that was looked at. */
static int unix_address(int folder, const char *name, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    int length = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof address->sun_path) { errno = ENAMETOOLONG; return -1; }
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int lathe_listen_at(int folder, const char *name) {
    struct sockaddr_un address;
    int line = unix_address(folder, name, &address);
    if (line < 0) return -1;
    mode_t before = umask(0177);
    int code = bind(line, (struct sockaddr *)&address, sizeof address);
    umask(before);
    if (code == 0) code = listen(line, 64);
    if (code != 0) { int why = errno; close(line); errno = why; return -1; }
    return line;
}

int lathe_connect_at(int folder, const char *name) {
    struct sockaddr_un address;
    int line = unix_address(folder, name, &address);
    if (line < 0) return -1;
    int code;
    do code = connect(line, (struct sockaddr *)&address, sizeof address); while (code < 0 && errno == EINTR);
    if (code != 0) { int why = errno; close(line); errno = why; return -1; }
    return line;
}

int lathe_accept(int socket) { return accept4(socket, 0, 0, SOCK_CLOEXEC); }

int lathe_is_same_user(int line) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(line, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

int lathe_process_handle(int process) { return (int)syscall(__NR_pidfd_open, process, 0); }

int lathe_process_end(int handle) { return (int)syscall(__NR_pidfd_send_signal, handle, SIGKILL, 0, 0); }

static void woken(int signal) { (void)signal; }

void lathe_wake_on_child(void) {
    /* Without SA_RESTART: a call that waits returns, and the child is taken away. */
    struct sigaction action = {.sa_handler = woken};
    sigaction(SIGCHLD, &action, 0);
}

void lathe_take_children_away(void) {
    while (waitpid(-1, 0, WNOHANG) > 0) {}
}

int lathe_die_with_parent(int parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
    /* It may have gone before the wish was made. */
    return getppid() == parent ? 0 : -1;
}

int lathe_keep_only(const int *descriptors, int count) {
    /* Out of the way first, so that no target is still a source. */
    int moved[most_descriptors];
    if (count > most_descriptors) return -1;
    for (int i = 0; i < count; i++) {
        moved[i] = fcntl(descriptors[i], F_DUPFD, 64);
        if (moved[i] < 0) return -1;
    }
    for (int i = 0; i < count; i++)
        if (dup2(moved[i], LATHE_LINE + i) < 0) return -1;
    return (int)syscall(__NR_close_range, LATHE_LINE + count, ~0U, 0);
}

int64_t lathe_send(int line, const void *bytes, size_t count, const int *descriptors, int descriptor_count) {
    union { char room[CMSG_SPACE(sizeof(int) * most_descriptors)]; struct cmsghdr align; } control = {{0}};
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count > most_descriptors) { errno = EINVAL; return -1; }
    if (descriptor_count > 0) {
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)descriptor_count);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)descriptor_count);
        memcpy(CMSG_DATA(head), descriptors, sizeof(int) * (size_t)descriptor_count);
    }
    ssize_t sent;
    do sent = sendmsg(line, &message, MSG_NOSIGNAL); while (sent < 0 && errno == EINTR);
    return sent;
}

int64_t lathe_receive(int line, void *bytes, size_t count, int *descriptors, int *descriptor_count) {
    union { char room[CMSG_SPACE(sizeof(int) * most_descriptors)]; struct cmsghdr align; } control = {{0}};
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    *descriptor_count = 0;
    ssize_t got = recvmsg(line, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) return -1;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        int found = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(descriptors + *descriptor_count, CMSG_DATA(head), sizeof(int) * (size_t)found);
        *descriptor_count += found;
    }
    return got;
}
