#ifndef LATHE_KERNEL_H
#define LATHE_KERNEL_H
#include <stdatomic.h>
#include <stdint.h>

// Vectors are passed between functions that are inlined everywhere: how others would pass them does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

typedef float f8 __attribute__((vector_size(32)));
typedef int32_t i8 __attribute__((vector_size(32)));
typedef int32_t i4 __attribute__((vector_size(16)));
typedef float f4 __attribute__((vector_size(16)));
typedef float f4u __attribute__((vector_size(16), aligned(4)));
typedef double d4 __attribute__((vector_size(32)));
typedef int64_t l4 __attribute__((vector_size(32)));
typedef double d8 __attribute__((vector_size(64)));
typedef int64_t l8 __attribute__((vector_size(64)));
typedef double d8u __attribute__((vector_size(64), aligned(8)));
typedef float f8u __attribute__((vector_size(32), aligned(4)));
typedef double d4u __attribute__((vector_size(32), aligned(8)));
typedef float f16 __attribute__((vector_size(64)));
typedef float f16u __attribute__((vector_size(64), aligned(4)));

// For headers that are included once for each width: names and types of LANES numbers, doubles unless said otherwise. U need not be aligned.
#ifndef KIND
#define KIND d
#define REAL double
#endif
#define NAME_(name, lanes) name##_by_##lanes
#define NAME__(name, lanes) NAME_(name, lanes)
#define NAME(name) NAME__(name, LANES)
#define TYPE_(kind, lanes, rest) kind##lanes##rest
#define TYPE__(kind, lanes, rest) TYPE_(kind, lanes, rest)
#define V TYPE__(KIND, LANES, )
#define U TYPE__(KIND, LANES, u)
#define L TYPE__(l, LANES, )

extern _Atomic int lathe_signal_narrowed;
#define NARROWED atomic_load_explicit(&lathe_signal_narrowed, memory_order_relaxed)

// Two versions of a kernel from one body; the processor decides at each call.
#if defined(__x86_64__)
#define KERNEL(result, name, parameters, arguments)                            \
    __attribute__((target("avx2"))) static result name##_avx2 parameters { return name##_body arguments; } \
    static result name##_base parameters { return name##_body arguments; }     \
    result name parameters { return __builtin_cpu_supports("avx2") && NARROWED != 1 ? name##_avx2 arguments : name##_base arguments; }
// A third version for processors with vectors of 512 bits, from a body of its own or, where 64-bit integers are multiplied (one instruction
// there), from the same.
#define KERNEL_WIDER(result, name, wide, parameters, arguments)                \
    __attribute__((target("avx512f,avx512dq,avx512vl"))) static result name##_avx512 parameters { return wide arguments; } \
    __attribute__((target("avx2"))) static result name##_avx2 parameters { return name##_body arguments; } \
    static result name##_base parameters { return name##_body arguments; }     \
    result name parameters { \
        if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && !NARROWED) return name##_avx512 arguments; \
        return __builtin_cpu_supports("avx2") && NARROWED != 1 ? name##_avx2 arguments : name##_base arguments; \
    }
#else
#define KERNEL(result, name, parameters, arguments) \
    result name parameters { return name##_body arguments; }
#define KERNEL_WIDER(result, name, wide, parameters, arguments) KERNEL(result, name, parameters, arguments)
#endif
#define KERNEL_WIDE(result, name, parameters, arguments) KERNEL_WIDER(result, name, name##_body, parameters, arguments)
#endif
