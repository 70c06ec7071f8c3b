#include "CLinux.h"
#include "Filter.h"

int lathe_give_up_powers(void) {
#ifdef NATIVE
    struct sock_filter rules[] = {
        HEAD
        REFUSE_CALL(execve), REFUSE_CALL(execveat), REFUSE_POWERS,
        /* Sockets inside this machine are how sound servers are reached; all others lead out. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3), LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0), REFUSE,
        ALLOW,
    };
    return install_filter(rules, sizeof rules / sizeof rules[0], SECCOMP_FILTER_FLAG_TSYNC);
#else
    errno = ENOSYS;
    return -1;
#endif
}
