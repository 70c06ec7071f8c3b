#include "CSignal.h"
#include "Kernel.h"

_Atomic int lathe_signal_narrowed;
void lathe_signal_narrow(int narrow) { atomic_store_explicit(&lathe_signal_narrowed, narrow, memory_order_relaxed); }

#define LOAD(p) (*(const f8u *)(p))
#define STORE(v, p) (*(f8u *)(p) = (v))
// Numbers that are not negative have the order of their bits as integers.
#define LARGER(a, b) ((a) = (f8)__builtin_elementwise_max((i8)(a), (i8)(b) & 0x7FFFFFFF))

INLINE void lathe_halfband_oversample_body(const struct lathe_halfband_taps *t, const struct lathe_halfband_rows *r) {
    const float *x = r->x;
    float *y = r->p4, *q2 = r->p2, *q6 = r->p6;
    // Half way between the samples: symmetric 64 taps around frame m + 1/2, five vectors at a time.
    for (long m = -12; m < 68; m += 40) {
        f8 a = {0}, b = {0}, c = {0}, d = {0}, e = {0};
        for (long k = 0; k < 32; k++) {
            const float *late = x + m + 32 - k, *early = x + m - 31 + k;
            float h = t->stage1[k];
            a += h * (LOAD(late) + LOAD(early));
            b += h * (LOAD(late + 8) + LOAD(early + 8));
            c += h * (LOAD(late + 16) + LOAD(early + 16));
            d += h * (LOAD(late + 24) + LOAD(early + 24));
            e += h * (LOAD(late + 32) + LOAD(early + 32));
        }
        STORE(a, y + m);
        STORE(b, y + m + 8);
        STORE(c, y + m + 16);
        STORE(d, y + m + 24);
        STORE(e, y + m + 32);
    }
    // Quarters, on the 2x grid where even samples are x and odd ones y. The last vector overlaps the one before it.
    for (long i = 0; i < 10; i++) {
        long m = i < 9 ? -9 + 8 * i : 57;
        f8 early = {0}, late = {0};
        for (long j = 0; j < 3; j++) {
            float outer = t->stage2[2 * j], inner = t->stage2[2 * j + 1];
            early += outer * (LOAD(x + m + 3 - j) + LOAD(y + m - 3 + j));
            early += inner * (LOAD(y + m + 2 - j) + LOAD(x + m - 2 + j));
            late += outer * (LOAD(y + m + 3 - j) + LOAD(x + m - 2 + j));
            late += inner * (LOAD(x + m + 3 - j) + LOAD(y + m - 2 + j));
        }
        STORE(early, q2 + m);
        STORE(late, q6 + m);
    }
    // Eighths, on the 4x grid: x, q2, y, q6.
    float t0 = t->stage3[0], t1 = t->stage3[1], t2 = t->stage3[2], t3 = t->stage3[3];
    for (long m = -8; m < 64; m += 8) {
        f8 xm = LOAD(x + m), xn = LOAD(x + m + 1);
        f8 q2l = LOAD(q2 + m - 1), q2m = LOAD(q2 + m), q2n = LOAD(q2 + m + 1);
        f8 yl = LOAD(y + m - 1), ym = LOAD(y + m), yn = LOAD(y + m + 1);
        f8 q6l = LOAD(q6 + m - 1), q6m = LOAD(q6 + m), q6n = LOAD(q6 + m + 1);
        STORE(t0 * (xn + q2l) + t1 * (q6m + yl) + t2 * (ym + q6l) + t3 * (q2m + xm), r->p1 + m);
        STORE(t0 * (q2n + yl) + t1 * (xn + q6l) + t2 * (q6m + xm) + t3 * (ym + q2m), r->p3 + m);
        STORE(t0 * (yn + q6l) + t1 * (q2n + xm) + t2 * (xn + q2m) + t3 * (q6m + ym), r->p5 + m);
        STORE(t0 * (q6n + xm) + t1 * (yn + q2m) + t2 * (q2n + ym) + t3 * (xn + q6m), r->p7 + m);
    }
}

INLINE void lathe_halfband_maximum_body(const struct lathe_halfband_rows *r, float *peaks) {
    for (long i = 0; i < 64; i += 8) {
        f8 v = LOAD(peaks + i);
        LARGER(v, LOAD(r->x + i));
        LARGER(v, LOAD(r->p1 + i));
        LARGER(v, LOAD(r->p2 + i));
        LARGER(v, LOAD(r->p3 + i));
        LARGER(v, LOAD(r->p4 + i));
        LARGER(v, LOAD(r->p5 + i));
        LARGER(v, LOAD(r->p6 + i));
        LARGER(v, LOAD(r->p7 + i));
        STORE(v, peaks + i);
    }
}

INLINE float lathe_largest_magnitude_body(const float *samples, long count) {
    f8 v = {0};
    for (long i = 0; i < count; i += 8) LARGER(v, LOAD(samples + i));
    float largest = 0;
    for (int lane = 0; lane < 8; lane++) if (v[lane] > largest) largest = v[lane];
    return largest;
}

// Largest of eight that are not negative.
INLINE float largest_of(f8 v) {
    i4 a = (i4)__builtin_shufflevector(v, v, 0, 1, 2, 3), b = (i4)__builtin_shufflevector(v, v, 4, 5, 6, 7);
    a = __builtin_elementwise_max(a, b);
    a = __builtin_elementwise_max(a, __builtin_shufflevector(a, a, 2, 3, 0, 1));
    a = __builtin_elementwise_max(a, __builtin_shufflevector(a, a, 1, 0, 3, 2));
    return ((f4)a)[0];
}

// The last vectors overlap those before them.
INLINE void lathe_extent_float_body(const float *x, long count, float *peak, float *bend) {
    f8 highest = {0}, sharpest = {0};
#define BEND(i) ((LOAD(x + (i)) - LOAD(x + (i) + 1)) - (LOAD(x + (i) + 1) - LOAD(x + (i) + 2)))
    for (long i = 0; i + 10 < count; i += 8) {
        LARGER(highest, LOAD(x + i));
        LARGER(sharpest, BEND(i));
    }
    LARGER(highest, LOAD(x + count - 10));
    LARGER(highest, LOAD(x + count - 8));
    LARGER(sharpest, BEND(count - 10));
    *peak = largest_of(highest);
    *bend = largest_of(sharpest);
}

// The third difference: its largest magnitude, and the sum of all, four running sums added at the end.
INLINE void lathe_third_difference_body(const double *x, long count, double *peak, double *sum) {
    d4 highest = {0}, total = {0};
    for (long i = 0; i < count; i += 4) {
        d4 a = *(const d4u *)(x + i), b = *(const d4u *)(x + i + 1), c = *(const d4u *)(x + i + 2), d = *(const d4u *)(x + i + 3);
        d4 magnitude = (d4)((l4)((d - a) - 3 * (c - b)) & 0x7FFFFFFFFFFFFFFF);
        l4 over = magnitude > highest;
        highest = (d4)(((l4)magnitude & over) | ((l4)highest & ~over));
        total += magnitude;
    }
    *peak = 0;
    for (int lane = 0; lane < 4; lane++) if (highest[lane] > *peak) *peak = highest[lane];
    *sum = (total[0] + total[1]) + (total[2] + total[3]);
}

INLINE double lathe_to_float_body(const double *samples, float *out, long count) {
    d8 peak = {0};
    long i = 0;
    for (; i + 8 <= count; i += 8) {
        d8 x = *(const d8u *)(samples + i);
        d8 magnitude = (d8)((l8)x & 0x7FFFFFFFFFFFFFFF);
        l8 over = magnitude > peak;
        peak = (d8)(((l8)magnitude & over) | ((l8)peak & ~over));
        // In whole vectors, which what reads them next takes at once.
        *(f8u *)(out + i) = __builtin_convertvector(x, f8);
    }
    double largest = 0;
    for (int lane = 0; lane < 8; lane++) if (peak[lane] > largest) largest = peak[lane];
    for (; i < count; i++) {
        double magnitude = samples[i] < 0 ? -samples[i] : samples[i];
        if (magnitude > largest) largest = magnitude;
        out[i] = (float)samples[i];
    }
    return largest;
}

#define LANES 4
#include "GainComputer.h"
#undef LANES
#define LANES 8
#include "GainComputer.h"
#undef LANES
#define lathe_static_curve_body lathe_static_curve_by_4
#define lathe_mixed_gain_body lathe_mixed_gain_by_4

KERNEL(void, lathe_halfband_oversample, (const struct lathe_halfband_taps *taps, const struct lathe_halfband_rows *rows), (taps, rows))
KERNEL(void, lathe_halfband_maximum, (const struct lathe_halfband_rows *rows, float *peaks), (rows, peaks))
KERNEL(float, lathe_largest_magnitude, (const float *samples, long count), (samples, count))
KERNEL(void, lathe_extent_float, (const float *x, long count, float *peak, float *bend), (x, count, peak, bend))
KERNEL(void, lathe_third_difference, (const double *x, long count, double *peak, double *sum), (x, count, peak, sum))
KERNEL_WIDE(double, lathe_to_float, (const double *samples, float *out, long count), (samples, out, count))
KERNEL_WIDER(void, lathe_static_curve, lathe_static_curve_by_8,
    (double *levels, long count, double quiet, double threshold, double slope, double half_knee, double curvature),
    (levels, count, quiet, threshold, slope, half_knee, curvature))
KERNEL_WIDER(void, lathe_mixed_gain, lathe_mixed_gain_by_8, (double *reductions, long count, double from, double step), (reductions, count, from, step))
