/* The allocator of the C library, with one thing added where a process asks for it: what is given back is overwritten. A process that lives for days keeps freed memory;
 * without this, sound and words of items that have been destroyed would lie there until something else is written over them. */
#define _GNU_SOURCE
#include "CLinux.h"
#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void __libc_free(void *);
extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);

static atomic_int zeroes;

void lathe_zero_what_is_freed(void) { atomic_store_explicit(&zeroes, 1, memory_order_relaxed); }

/* What was mapped on its own goes back to the kernel, which gives nobody its content. glibc says so in the word before it (malloc.c, IS_MMAPPED). */
static int is_mapped(void *p) { return (int)(((size_t *)p)[-1] & 2); }

/* Weak: a test that counts allocations brings its own. */
__attribute__((weak)) void free(void *p) {
    if (p && atomic_load_explicit(&zeroes, memory_order_relaxed) && !is_mapped(p)) {
        memset(p, 0, malloc_usable_size(p));
        /* Nobody reads it again: the compiler must not know. */
        __asm__ __volatile__("" : : "r"(p) : "memory");
    }
    __libc_free(p);
}

__attribute__((weak)) void *realloc(void *p, size_t size) {
    if (!p || !size || !atomic_load_explicit(&zeroes, memory_order_relaxed) || is_mapped(p)) return __libc_realloc(p, size);
    size_t had = malloc_usable_size(p);
    if (size <= had && size >= had / 2) return p;
    void *to = __libc_malloc(size);
    if (!to) return NULL;
    memcpy(to, p, had < size ? had : size);
    free(p);
    return to;
}

void lathe_keep_memory_small(void) {
    /* Setting the threshold also keeps glibc from raising it each time a large block is freed (mallopt(3)). */
    mallopt(M_MMAP_THRESHOLD, 64 << 10);
    mallopt(M_TRIM_THRESHOLD, 128 << 10);
    /* One arena for each of a dozen threads would keep what each of them needed at its busiest. */
    mallopt(M_ARENA_MAX, 2);
}

/* Segments that are never written hold nothing but the file's bytes; relocated ones are in writable segments (elf(5), PT_LOAD, PT_GNU_RELRO). */
static int let_go(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size, (void)unused;
    /* The kernel's own (vdso(7)) is no file. */
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        uintptr_t from = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1), to = object->dlpi_addr + segment->p_vaddr + segment->p_filesz;
        /* A refusal leaves them where they are. */
        madvise((void *)from, ((to + page - 1) & ~(page - 1)) - from, MADV_DONTNEED);
    }
    return 0;
}

void lathe_give_back_memory(void) {
    malloc_trim(0);
    dl_iterate_phdr(let_go, NULL);
}
