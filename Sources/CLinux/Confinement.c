#define _GNU_SOURCE
#include "CLinux.h"
#include "Filter.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

static int limit(int what, rlim_t most) {
    struct rlimit both = {most, most}, now;
    if (getrlimit(what, &now) == 0 && now.rlim_max < most) both.rlim_cur = both.rlim_max = now.rlim_max;
    return setrlimit(what, &both);
}

static int limit_all(uint64_t memory, uint64_t seconds, uint64_t descriptors) {
    return limit(RLIMIT_CORE, 0) == 0 && limit(RLIMIT_DATA, memory) == 0 && limit(RLIMIT_CPU, seconds) == 0 && limit(RLIMIT_FSIZE, 0) == 0 &&
                   limit(RLIMIT_NOFILE, descriptors) == 0
               ? 0
               : -1;
}

int lathe_confine_decoder(uint64_t memory, uint64_t seconds) {
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || limit_all(memory, seconds, 0) != 0 || limit(RLIMIT_NPROC, 0) != 0) return -1;
#ifdef NATIVE
    /* What arithmetic on an open file takes: nothing with a name in it, no memory that could be run or shared. */
    struct sock_filter rules[] = {
        HEAD
        ALLOW_CALL(pread64), ALLOW_CALL(lseek), ALLOW_CALL(recvfrom), ALLOW_CALL(writev),
        ALLOW_CALL(brk), ALLOW_CALL(munmap), ALLOW_CALL(mremap), ALLOW_CALL(madvise),
        ALLOW_CALL(futex), ALLOW_CALL(getrandom), ALLOW_CALL(clock_gettime), ALLOW_CALL(rt_sigreturn), ALLOW_CALL(rt_sigprocmask), ALLOW_CALL(sched_yield),
        ALLOW_CALL(exit), ALLOW_CALL(exit_group),
        ALLOW_WITHOUT(mprotect, 2, PROT_EXEC),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 0, 7),
        LOAD(args[2]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 4, 0),
        LOAD(args[3]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 2, 0), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 0, 1), ALLOW, REFUSE,
        REFUSE,
    };
    /* A kernel without filters leaves the limits; `lathe doctor` says so. */
    return install_filter(rules, sizeof rules / sizeof rules[0], 0) == 0 || errno == ENOSYS ? 0 : -1;
#else
    return 0;
#endif
}

int lathe_confine_keeper(void) {
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return -1;
#ifdef NATIVE
    struct sock_filter rules[] = {HEAD REFUSE_POWERS, REFUSE_CALL(socket), REFUSE_CALL(connect), REFUSE_CALL(bind), ALLOW};
    return install_filter(rules, sizeof rules / sizeof rules[0], 0) == 0 || errno == ENOSYS ? 0 : -1;
#else
    return 0;
#endif
}

int lathe_confine_codec(uint64_t memory, uint64_t seconds) {
    if (limit_all(memory, seconds, 64) != 0) return -1;
#ifdef NATIVE
    /* A program with libraries and threads, which may open files to read; it makes, changes and reaches nothing. */
    struct sock_filter rules[] = {
        HEAD
        REFUSE_POWERS,
        REFUSE_CALL(socket), REFUSE_CALL(connect), REFUSE_CALL(bind), REFUSE_CALL(memfd_create), REFUSE_CALL(kill), REFUSE_CALL(tgkill), REFUSE_CALL(pidfd_send_signal),
        REFUSE_CALL(mkdirat), REFUSE_CALL(mknodat), REFUSE_CALL(symlinkat), REFUSE_CALL(linkat), REFUSE_CALL(renameat2), REFUSE_CALL(unlinkat),
        REFUSE_CALL(truncate), REFUSE_CALL(fchmodat), REFUSE_CALL(fchownat), REFUSE_CALL(openat2),
#ifdef __x86_64__
        REFUSE_CALL(creat), REFUSE_CALL(mkdir), REFUSE_CALL(mknod), REFUSE_CALL(symlink), REFUSE_CALL(link), REFUSE_CALL(rename), REFUSE_CALL(renameat),
        REFUSE_CALL(unlink), REFUSE_CALL(rmdir), REFUSE_CALL(chmod), REFUSE_CALL(chown), REFUSE_CALL(fork), REFUSE_CALL(vfork),
        ALLOW_WITHOUT(open, 1, O_CREAT | O_WRONLY | O_RDWR),
#endif
        ALLOW_WITHOUT(openat, 2, O_CREAT | O_WRONLY | O_RDWR),
        ALLOW,
    };
    /* A kernel without filters leaves the limits; `lathe doctor` says so. */
    return install_filter(rules, sizeof rules / sizeof rules[0], 0) == 0 || errno == ENOSYS ? 0 : -1;
#else
    return 0;
#endif
}
