#include "CSignal.h"

#if defined(__x86_64__)

// Of the control and status word: flush to zero, and denormals are zero.
enum { lathe_both = 1 << 15 | 1 << 6 };

unsigned long lathe_subnormals_off(void)
{
    unsigned mode = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mode | lathe_both);
    return mode;
}

void lathe_subnormals_restore(unsigned long mode) { __builtin_ia32_ldmxcsr((unsigned)mode); }

#elif defined(__aarch64__)

unsigned long lathe_subnormals_off(void)
{
    unsigned long mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    // Bit 24: flush to zero, operands and results.
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | 1ul << 24));
    return mode;
}

void lathe_subnormals_restore(unsigned long mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }

#else

unsigned long lathe_subnormals_off(void) { return 0; }
void lathe_subnormals_restore(unsigned long mode) { (void)mode; }

#endif
