/* The allocator of the C library, with one thing added where a process asks for it: what is given back is overwritten. A process that lives for days keeps freed memory;
 * without this, sound and words of items that have been destroyed would lie there until something else is written over them. */
#include "CLinux.h"
#include <malloc.h>
#include <stdatomic.h>
#include <string.h>

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
