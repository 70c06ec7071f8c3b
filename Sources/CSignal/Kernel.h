#ifndef LATHE_KERNEL_H
#define LATHE_KERNEL_H
#include <stdatomic.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

typedef float f8 __attribute__((vector_size(32)));
typedef int32_t i8 __attribute__((vector_size(32)));
typedef float f4 __attribute__((vector_size(16)));
typedef float f4u __attribute__((vector_size(16), aligned(4)));
typedef double d4 __attribute__((vector_size(32)));
typedef int64_t l4 __attribute__((vector_size(32)));
typedef float f8u __attribute__((vector_size(32), aligned(4)));
typedef double d4u __attribute__((vector_size(32), aligned(8)));

extern _Atomic int lathe_signal_narrowed;

// Two versions of every kernel from one body; the processor decides at each call.
#if defined(__x86_64__)
#define KERNEL(result, name, parameters, arguments)                            \
    __attribute__((target("avx2"))) static result name##_avx2 parameters { return name##_body arguments; } \
    static result name##_base parameters { return name##_body arguments; }     \
    result name parameters { return __builtin_cpu_supports("avx2") && !atomic_load_explicit(&lathe_signal_narrowed, memory_order_relaxed) \
            ? name##_avx2 arguments : name##_base arguments; \
    }
#else
#define KERNEL(result, name, parameters, arguments) \
    result name parameters { return name##_body arguments; }
#endif
#endif
