// The words in which the filters for system calls are written (seccomp(2), classic BPF).
#ifndef LATHE_FILTER_H
#define LATHE_FILTER_H
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)
#define ALLOW ANSWER(SECCOMP_RET_ALLOW)
#define REFUSE ANSWER(SECCOMP_RET_ERRNO | EPERM)
#define ALLOW_CALL(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), ALLOW
#define REFUSE_CALL(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), REFUSE
/* Allowed when none of `bits` is in an argument, refused otherwise. */
#define ALLOW_WITHOUT(name, argument, bits) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 4), LOAD(args[argument]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0), ALLOW, REFUSE

/* Calls in the numbering of another processor are refused, and so is the second numbering of the same calls (x32). */
#ifdef __x86_64__
#define NO_SECOND_NUMBERING BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), REFUSE,
#else
#define NO_SECOND_NUMBERING
#endif
#define HEAD LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0), REFUSE, LOAD(nr), NO_SECOND_NUMBERING

/* What no part of Lathe needs; io_uring would do the other calls without making them. */
#define REFUSE_POWERS \
    REFUSE_CALL(ptrace), REFUSE_CALL(process_vm_readv), REFUSE_CALL(process_vm_writev), \
    REFUSE_CALL(bpf), REFUSE_CALL(perf_event_open), REFUSE_CALL(userfaultfd), \
    REFUSE_CALL(mount), REFUSE_CALL(umount2), REFUSE_CALL(pivot_root), REFUSE_CALL(chroot), REFUSE_CALL(setns), REFUSE_CALL(unshare), \
    REFUSE_CALL(init_module), REFUSE_CALL(finit_module), REFUSE_CALL(delete_module), REFUSE_CALL(kexec_load), \
    REFUSE_CALL(add_key), REFUSE_CALL(request_key), REFUSE_CALL(keyctl), REFUSE_CALL(io_uring_setup)

static inline int install_filter(struct sock_filter *rules, size_t count, unsigned flags) {
    struct sock_fprog program = {.len = (unsigned short)count, .filter = rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
#endif
