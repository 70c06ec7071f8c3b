#include "CLinux.h"
#include "Filter.h"

int lathe_give_up_powers(int network) {
#ifdef NATIVE
    /* For a process that carries jobs to tiers: sockets of the Internet, and netlink, by which names are looked up. Still no others (raw, packet, …). */
    struct sock_filter reaching_rules[] = {
        HEAD
        REFUSE_CALL(execve), REFUSE_CALL(execveat), REFUSE_POWERS,
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 6), LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 3, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0), REFUSE,
        ALLOW,
    };
    if (network) return install_filter(reaching_rules, sizeof reaching_rules / sizeof reaching_rules[0], SECCOMP_FILTER_FLAG_TSYNC);
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
