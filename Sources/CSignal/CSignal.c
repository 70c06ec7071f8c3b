#include "CSignal.h"
#include "Kernel.h"

_Atomic int lathe_signal_narrowed;
void lathe_signal_narrow(int narrow) { atomic_store_explicit(&lathe_signal_narrowed, narrow, memory_order_relaxed); }

#define LOAD(p) (*(const f8u *)(p))
#define STORE(v, p) (*(f8u *)(p) = (v))
#define LARGER(a, b) do { \
    i8 magnitude = (i8)(b) & 0x7FFFFFFF; \
    i8 over = (f8)magnitude > (a); \
    (a) = (f8)((magnitude & over) | ((i8)(a) & ~over)); \
} while (0)

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

INLINE double lathe_to_float_body(const double *samples, float *out, long count) {
    d4 peak = {0};
    long i = 0;
    for (; i + 4 <= count; i += 4) {
        d4 x = *(const d4u *)(samples + i);
        d4 magnitude = (d4)((l4)x & 0x7FFFFFFFFFFFFFFF);
        l4 over = magnitude > peak;
        peak = (d4)(((l4)magnitude & over) | ((l4)peak & ~over));
        *(f4u *)(out + i) = __builtin_convertvector(x, f4);
    }
    double largest = 0;
    for (int lane = 0; lane < 4; lane++) if (peak[lane] > largest) largest = peak[lane];
    for (; i < count; i++) {
        double magnitude = samples[i] < 0 ? -samples[i] : samples[i];
        if (magnitude > largest) largest = magnitude;
        out[i] = (float)samples[i];
    }
    return largest;
}

// log2 of normal numbers > 0, as FastMath.log2: mantissa in [sqrt 1/2, sqrt 2), atanh series to the 17th power.
INLINE void lathe_static_curve_body(
    double *levels, long count, double quiet, double threshold, double slope, double half_knee, double curvature) {
    for (long i = 0; i < count; i += 4) {
        d4 level = *(const d4u *)(levels + i);
        l4 loud = level > quiet;
        // What is not loud is not looked at: 1 keeps the arithmetic in range.
        l4 bits = ((l4)level & loud) | ((l4)(d4){1, 1, 1, 1} & ~loud);
        // The exponent field as a double: placed in the low bits of 2^52.
        d4 exponent = (d4)(((bits >> 52) & 0x7FF) | 0x4330000000000000) - (0x1p52 + 1023);
        d4 m = (d4)((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);
        l4 high = m > 1.4142135623730951;
        m *= (d4)((high & (l4)(d4){0.5, 0.5, 0.5, 0.5}) | (~high & (l4)(d4){1, 1, 1, 1}));
        exponent += (d4)(high & (l4)(d4){1, 1, 1, 1});
        d4 s = (m - 1) / (m + 1);
        d4 z = s * s;
        d4 p = z * (1.0 / 17) + 1.0 / 15;
        p = p * z + 1.0 / 13;
        p = p * z + 1.0 / 11;
        p = p * z + 1.0 / 9;
        p = p * z + 1.0 / 7;
        p = p * z + 1.0 / 5;
        p = p * z + 1.0 / 3;
        p = p * z + 1;
        d4 over = exponent + s * p * 2.8853900817779268 - threshold;
        d4 knee = over + half_knee;
        knee = (d4)((l4)knee & (knee > 0));
        l4 above = over >= half_knee;
        d4 wanted = (d4)((above & (l4)over) | (~above & (l4)(knee * knee * curvature)));
        *(d4u *)(levels + i) = slope * (d4)((l4)wanted & loud);
    }
}

// 2^-r for 0 <= r < 1000, as FastMath.exp2: Taylor series of e^(f ln 2), |f| <= 1/2.
INLINE void lathe_mixed_gain_body(double *reductions, long count, double from, double step) {
    d4 index = {1, 2, 3, 4};
    for (long i = 0; i < count; i += 4) {
        d4 x = -*(const d4u *)(reductions + i);
        d4 shifted = x + 0x1.8p52;
        d4 f = (x - (shifted - 0x1.8p52)) * 0.6931471805599453;
        d4 p = f * (1.0 / 479001600) + 1.0 / 39916800;
        p = p * f + 1.0 / 3628800;
        p = p * f + 1.0 / 362880;
        p = p * f + 1.0 / 40320;
        p = p * f + 1.0 / 5040;
        p = p * f + 1.0 / 720;
        p = p * f + 1.0 / 120;
        p = p * f + 1.0 / 24;
        p = p * f + 1.0 / 6;
        p = p * f + 0.5;
        p = p * f + 1;
        p = p * f + 1;
        // The whole part sits in the low bits of the sum: moved to the exponent, with its bias.
        d4 gain = p * (d4)(((l4)shifted + 1023) << 52);
        d4 mix = from + step * index;
        *(d4u *)(reductions + i) = (1 - mix) + mix * gain;
        index += 4;
    }
}

KERNEL(void, lathe_halfband_oversample, (const struct lathe_halfband_taps *taps, const struct lathe_halfband_rows *rows), (taps, rows))
KERNEL(void, lathe_halfband_maximum, (const struct lathe_halfband_rows *rows, float *peaks), (rows, peaks))
KERNEL(float, lathe_largest_magnitude, (const float *samples, long count), (samples, count))
KERNEL(double, lathe_to_float, (const double *samples, float *out, long count), (samples, out, count))
KERNEL(void, lathe_static_curve,
    (double *levels, long count, double quiet, double threshold, double slope, double half_knee, double curvature),
    (levels, count, quiet, threshold, slope, half_knee, curvature))
KERNEL(void, lathe_mixed_gain, (double *reductions, long count, double from, double step), (reductions, count, from, step))
