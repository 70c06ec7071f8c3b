#include "CAllocations.h"
#include <errno.h>
#include <stddef.h>

// glibc's own entry points, under the names that a program may replace.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static __thread int counting;
static __thread long calls;

void lathe_allocations_begin(void) {
    calls = 0;
    counting = 1;
}

long lathe_allocations_end(void) {
    counting = 0;
    return calls;
}

void *malloc(size_t bytes) {
    calls += counting;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
    calls += counting;
    return __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes) {
    calls += counting;
    return __libc_realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    calls += counting;
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    *memory = memalign(alignment, bytes);
    return *memory ? 0 : ENOMEM;
}

void free(void *memory) {
    if (memory) calls += counting;
    __libc_free(memory);
}
