#include "CSignal.h"
#include "Kernel.h"

// Spectra of a and b from that of a + i b: A(k) = (Z(k) + Z(-k)*) / 2, B(k) = (Z(k) - Z(-k)*) / 2i. The powers are those of both without the halves.
#define SEPARATE(zr, zi, qr, qi) \
    ar = (zr) + (qr), ai = (zi) - (qi), br = (zi) + (qi), bi = (qr) - (zr), \
    aa = 0.25 * (ar * ar + ai * ai), bb = 0.25 * (br * br + bi * bi), ab = 0.25 * (ar * br + ai * bi)

static inline __attribute__((always_inline)) void pair_power(
    double zr, double zi, double qr, double qi, long e, float *powers, double *total, double *second, double *cross) {
    double SEPARATE(zr, zi, qr, qi);
    powers[2 * e] = (float)aa;
    powers[2 * e + 1] = (float)bb;
    total[e] += aa + bb;
    second[e] += bb;
    cross[e] += ab;
}

// Positions as in lathe_shape_pair: -k stands opposite of k within [2h, 4h).
INLINE void lathe_pair_power_body(const double *re, const double *im, long size, float *powers, double *total, double *second, double *cross) {
    for (long p = 0; p < 2; p++) pair_power(re[p], im[p], re[p], im[p], p, powers, total, second, cross);
    for (long h = 1; h < 4; h *= 2)
        for (long c = 0; c < h; c++) {
            long p = 2 * h + c, q = 4 * h - 1 - c;
            pair_power(re[p], im[p], re[q], im[q], h + c + 1, powers, total, second, cross);
        }
    for (long h = 4; h < size / 2; h *= 2)
        for (long c = 0; c < h; c += 4) {
            long p = 2 * h + c, q = 4 * h - 4 - c, e = h + c + 1;
            d4 zr = *(const d4u *)(re + p), zi = *(const d4u *)(im + p), wr = *(const d4u *)(re + q), wi = *(const d4u *)(im + q);
            d4 qr = __builtin_shufflevector(wr, wr, 3, 2, 1, 0), qi = __builtin_shufflevector(wi, wi, 3, 2, 1, 0);
            d4 SEPARATE(zr, zi, qr, qi);
            f4 af = __builtin_convertvector(aa, f4), bf = __builtin_convertvector(bb, f4);
            *(f8u *)(powers + 2 * e) = __builtin_shufflevector(af, bf, 0, 4, 1, 5, 2, 6, 3, 7);
            *(d4u *)(total + e) += aa + bb;
            *(d4u *)(second + e) += bb;
            *(d4u *)(cross + e) += ab;
        }
}

INLINE void lathe_extremes_body(const double *x, long count, double *low, double *high, double *sum) {
    d4 l = {x[0], x[0], x[0], x[0]}, h = l, total = {0};
    long i = 0;
    for (; i + 4 <= count; i += 4) {
        d4 v = *(const d4u *)(x + i);
        l4 under = v < l, over = v > h;
        l = (d4)(((l4)v & under) | ((l4)l & ~under));
        h = (d4)(((l4)v & over) | ((l4)h & ~over));
        total += v;
    }
    *low = l[0];
    *high = h[0];
    for (int lane = 1; lane < 4; lane++) {
        if (l[lane] < *low) *low = l[lane];
        if (h[lane] > *high) *high = h[lane];
    }
    *sum = (total[0] + total[2]) + (total[1] + total[3]);
    for (; i < count; i++) {
        if (x[i] < *low) *low = x[i];
        if (x[i] > *high) *high = x[i];
        *sum += x[i];
    }
}

typedef uint64_t u4 __attribute__((vector_size(32)));

// A signed 32-bit number, in the low half of each lane, as a double: placed in the low bits of 2^52 + 2^31.
#define HALF(r) ((d4)((((r) ^ 0x80000000) & 0xFFFFFFFF) | 0x4330000000000000) - (0x1p52 + 0x1p31))

INLINE void lathe_quantise_body(double *x, long count, double scale, uint64_t key, uint64_t first, int dithers) {
    double step = 1 / scale, top = scale - 1;
    const uint64_t odd = 0xD1B54A32D192ED03;
    u4 frame = {first * odd, (first + 1) * odd, (first + 2) * odd, (first + 3) * odd};
    for (long i = 0; i < count; i += 4) {
        // The last vector is filled up with silence.
        double rest[4] = {0};
        int partial = i + 4 > count;
        if (partial) for (long k = i; k < count; k++) rest[k - i] = x[k];
        d4 v = (partial ? *(const d4u *)rest : *(const d4u *)(x + i)) * scale;
        if (dithers) {
            // SplitMix64's finaliser (G. Steele, D. Lea, C. Flood, OOPSLA 2014), twice.
            u4 z = (frame ^ key) + 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z ^= z >> 31;
            frame += 4 * odd;
            v += HALF(z) * 0x1p-32 + HALF(z >> 32) * 0x1p-32;
        }
        v = (v + 0x1.8p52) - 0x1.8p52;
        l4 low = v > -scale;
        v = (d4)(((l4)v & low) | ((l4)((d4){0} - scale) & ~low));
        l4 high = v < top;
        v = (d4)(((l4)v & high) | ((l4)((d4){0} + top) & ~high)) * step;
        if (partial) for (long k = i; k < count; k++) x[k] = v[k - i];
        else *(d4u *)(x + i) = v;
    }
}

typedef double d2 __attribute__((vector_size(16)));
typedef int64_t l2 __attribute__((vector_size(16)));

// Direct form I: an output waits for the one before it a multiplication and a subtraction, less than in any other form.
#define FILTER(b0, b1, b2, a1, a2, x, x1, x2, y1, y2) (((b0) * (x) + (b1) * (x1)) + ((b2) * (x2) - (a2) * (y2))) - (a1) * (y1)

INLINE void lathe_weighted_squares_body(
    const double *left, const double *right, long count, const struct lathe_weighting *w, struct lathe_weighting_memory *memory, double *sums) {
    const double b0 = w->b0, b1 = w->b1, b2 = w->b2, a1 = w->a1, a2 = w->a2, c1 = w->c1, c2 = w->c2;
    d2 x1 = *(d2 *)memory->x1, x2 = *(d2 *)memory->x2, u1 = *(d2 *)memory->u1, u2 = *(d2 *)memory->u2;
    d2 y1 = *(d2 *)memory->y1, y2 = *(d2 *)memory->y2, sum = {sums[0], sums[1]};
    for (long i = 0; i < count; i++) {
        // Keeps the memory out of the slow subnormal range in silence; -600 dB, and the high-pass removes it.
        d2 x = (d2){left[i], right[i]} + 1e-30;
        d2 u = FILTER(b0, b1, b2, a1, a2, x, x1, x2, u1, u2);
        d2 y = (((u - (u1 + u1)) + u2) - c2 * y2) - c1 * y1;
        x2 = x1;
        x1 = x;
        u2 = u1;
        u1 = u;
        y2 = y1;
        y1 = y;
        sum += y * y;
    }
    *(d2 *)memory->x1 = x1;
    *(d2 *)memory->x2 = x2;
    *(d2 *)memory->u1 = u1;
    *(d2 *)memory->u2 = u2;
    *(d2 *)memory->y1 = y1;
    *(d2 *)memory->y2 = y2;
    sums[0] = sum[0];
    sums[1] = sum[1];
}

INLINE void lathe_sidechain_body(
    const double *left, const double *right, long count, const struct lathe_biquad *f, struct lathe_biquad_memory *memory, double *level, int first) {
    const double b0 = f->b0, b1 = f->b1, b2 = f->b2, a1 = f->a1, a2 = f->a2;
    d2 x1 = *(d2 *)memory->x1, x2 = *(d2 *)memory->x2, y1 = *(d2 *)memory->y1, y2 = *(d2 *)memory->y2;
    for (long i = 0; i < count; i++) {
        d2 x = {left[i], right[i]};
        d2 y = FILTER(b0, b1, b2, a1, a2, x, x1, x2, y1, y2);
        x2 = x1;
        x1 = x;
        y2 = y1;
        y1 = y;
        d2 magnitude = (d2)((l2)y & 0x7FFFFFFFFFFFFFFF);
        double loudest = magnitude[0] > magnitude[1] ? magnitude[0] : magnitude[1];
        level[i] = first || loudest > level[i] ? loudest : level[i];
    }
    *(d2 *)memory->x1 = x1;
    *(d2 *)memory->x2 = x2;
    *(d2 *)memory->y1 = y1;
    *(d2 *)memory->y2 = y2;
}

INLINE void lathe_speech_bands_body(
    const double *left, const double *right, long count, const struct lathe_speech *f, struct lathe_speech_memory *memory, double *energies) {
#define PAIR(p) (*(const d2 *)(p))
    const d2 hb0 = PAIR(f->hb0), hb1 = PAIR(f->hb1), hb2 = PAIR(f->hb2), ha1 = PAIR(f->ha1), ha2 = PAIR(f->ha2);
    const d2 lb0 = PAIR(f->lb0), lb1 = PAIR(f->lb1), lb2 = PAIR(f->lb2), la1 = PAIR(f->la1), la2 = PAIR(f->la2);
    d2 x1 = {memory->x1, memory->x1}, x2 = {memory->x2, memory->x2}, energy = {energies[0], energies[1]};
    d2 u1 = PAIR(memory->u1), u2 = PAIR(memory->u2), y1 = PAIR(memory->y1), y2 = PAIR(memory->y2);
    for (long i = 0; i < count; i++) {
        // The bias keeps the filters out of the slow subnormal range in silence.
        double mid = 0.5 * (left[i] + right[i]) + 1e-30;
        d2 x = {mid, mid};
        d2 u = FILTER(hb0, hb1, hb2, ha1, ha2, x, x1, x2, u1, u2);
        d2 y = FILTER(lb0, lb1, lb2, la1, la2, u, u1, u2, y1, y2);
        x2 = x1;
        x1 = x;
        u2 = u1;
        u1 = u;
        y2 = y1;
        y1 = y;
        energy += y * y;
    }
    memory->x1 = x1[0];
    memory->x2 = x2[0];
    *(d2 *)memory->u1 = u1;
    *(d2 *)memory->u2 = u2;
    *(d2 *)memory->y1 = y1;
    *(d2 *)memory->y2 = y2;
    energies[0] = energy[0];
    energies[1] = energy[1];
}

INLINE void lathe_band_energies_body(
    const double *left, const double *right, long count, const double *smoothing, double *first, double *second, double *energies) {
    const d4 s = *(const d4u *)smoothing, rest = 1 - s;
    d4 a = *(const d4u *)first, b = *(const d4u *)second, energy = *(const d4u *)energies;
    for (long i = 0; i < count; i++) {
        double mid = 0.5 * (left[i] + right[i]);
        a = rest * a + s * mid;
        b = rest * b + s * a;
        // Neighbouring low-passes subtracted are bands.
        d4 band = b - __builtin_shufflevector(b, (d4){0}, 4, 0, 1, 2);
        energy += band * band;
    }
    *(d4u *)first = a;
    *(d4u *)second = b;
    *(d4u *)energies = energy;
}

static inline __attribute__((always_inline)) double larger(double x, double y) { return x > y ? x : y; }

// y1 = max(c, r y1 + (1 - r) c), taken n times, is again the larger of a number and r^n y1 plus another, as r > 0: four frames are worked out
// before the one in front of them is known, and wait for it one multiplication and one addition.
INLINE double lathe_follow_body(double *level, long count, double r, double a, double *peak, double *smooth) {
    const double hold = 1 - r, r2 = r * r, r3 = r2 * r, r4 = r2 * r2;
    const double f = 1 - a, a2 = a * a, a3 = a2 * a, a4 = a2 * a2;
    double y1 = *peak, y = *smooth, deepest = 0;
    long i = 0;
    for (; i + 4 <= count; i += 4) {
        double c0 = level[i], c1 = level[i + 1], c2 = level[i + 2], c3 = level[i + 3];
        double h1 = hold * c1, h2 = hold * c2, h3 = hold * c3;
        double s0 = hold * c0, s1 = r * s0 + h1, s2 = r * s1 + h2, s3 = r * s2 + h3;
        double m1 = larger(c1, r * c0 + h1), m2 = larger(c2, r * m1 + h2), m3 = larger(c3, r * m2 + h3);
        double p0 = larger(c0, r * y1 + s0), p1 = larger(m1, r2 * y1 + s1), p2 = larger(m2, r3 * y1 + s2);
        y1 = larger(m3, r4 * y1 + s3);
        double g0 = f * p0, g1 = a * g0 + f * p1, g2 = a * g1 + f * p2, g3 = a * g2 + f * y1;
        level[i] = a * y + g0;
        level[i + 1] = a2 * y + g1;
        level[i + 2] = a3 * y + g2;
        y = a4 * y + g3;
        level[i + 3] = y;
    }
    for (; i < count; i++) {
        y1 = larger(level[i], r * y1 + hold * level[i]);
        y = a * y + f * y1;
        level[i] = y;
    }
    for (i = 0; i < count; i++) deepest = larger(deepest, level[i]);
    *peak = y1;
    *smooth = y;
    return deepest;
}

// The sum's last bits are the nearest whole number, ties to even.
INLINE void lathe_gather_pair_body(const double *left, const double *right, long count, double scale, int shift, int32_t *out) {
    const double low = -scale, high = scale - 1;
    long i = 0;
    for (; i < count; i++) {
        double x = left[i] * scale, y = right[i] * scale;
        x = x > low ? x : low;
        y = y > low ? y : low;
        x = (x < high ? x : high) + 0x1.8p52;
        y = (y < high ? y : high) + 0x1.8p52;
        uint64_t a, b;
        __builtin_memcpy(&a, &x, 8);
        __builtin_memcpy(&b, &y, 8);
        out[2 * i] = (int32_t)((uint32_t)a << shift);
        out[2 * i + 1] = (int32_t)((uint32_t)b << shift);
    }
}

KERNEL(void, lathe_pair_power,
    (const double *re, const double *im, long size, float *powers, double *total, double *second, double *cross),
    (re, im, size, powers, total, second, cross))
KERNEL_WIDE(void, lathe_quantise,
    (double *x, long count, double scale, uint64_t key, uint64_t first, int dithers), (x, count, scale, key, first, dithers))
KERNEL(void, lathe_extremes, (const double *x, long count, double *low, double *high, double *sum), (x, count, low, high, sum))
KERNEL(void, lathe_weighted_squares,
    (const double *left, const double *right, long count, const struct lathe_weighting *w, struct lathe_weighting_memory *memory, double *sums),
    (left, right, count, w, memory, sums))
KERNEL(void, lathe_sidechain,
    (const double *left, const double *right, long count, const struct lathe_biquad *f, struct lathe_biquad_memory *memory, double *level, int first),
    (left, right, count, f, memory, level, first))
KERNEL(void, lathe_speech_bands,
    (const double *left, const double *right, long count, const struct lathe_speech *f, struct lathe_speech_memory *memory, double *energies),
    (left, right, count, f, memory, energies))
KERNEL(void, lathe_band_energies,
    (const double *left, const double *right, long count, const double *smoothing, double *first, double *second, double *energies),
    (left, right, count, smoothing, first, second, energies))
KERNEL(double, lathe_follow, (double *level, long count, double r, double a, double *peak, double *smooth), (level, count, r, a, peak, smooth))
KERNEL(void, lathe_gather_pair,
    (const double *left, const double *right, long count, double scale, int shift, int32_t *out), (left, right, count, scale, shift, out))
