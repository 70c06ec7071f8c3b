#include "CSignal.h"
#include "Kernel.h"

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
typedef double d2u __attribute__((vector_size(16), aligned(8)));

// Recursive filters two frames at a time. Multiplied above and below by its denominator with every second sign turned, a second-order filter
// waits for what it gave two and four frames ago, not for the frame before, and its numerator has five taps. Every frame is worked out by the
// same operations, whichever of the two it is. Vectors hold two lanes of one frame, then those of the next.
//
// Of a row before the two frames at hand: the two before them, those before these, and the two between.
struct trail {
    d4 near, far, past;
};
#define BETWEEN(a, b) __builtin_shufflevector(a, b, 2, 3, 4, 5)
#define LOW(v) __builtin_shufflevector(v, v, 0, 1)
#define HIGH(v) __builtin_shufflevector(v, v, 2, 3)
#define SWAPPED(v) __builtin_shufflevector(v, v, 1, 0, 3, 2)
#define MAGNITUDE(v) ((d4)((l4)(v) & 0x7FFFFFFFFFFFFFFF))

INLINE d4 larger_of(d4 a, d4 b) {
    l4 over = b > a;
    return (d4)(((l4)b & over) | ((l4)a & ~over));
}

INLINE struct trail recall(const double *last4) {
    d4 far = *(const d4u *)last4, near = *(const d4u *)(last4 + 4);
    return (struct trail){near, far, BETWEEN(far, near)};
}

INLINE void retain(const struct trail *t, double *last4) {
    *(d4u *)last4 = t->far;
    *(d4u *)(last4 + 4) = t->near;
}

INLINE void move_on(struct trail *t, d4 now) {
    t->past = BETWEEN(t->near, now);
    t->far = t->near;
    t->near = now;
}

// Of the two frames only the first was there.
INLINE void move_on_by_one(struct trail *t, d4 now) {
    d4 near = t->near;
    t->near = BETWEEN(near, now);
    t->far = t->past;
    t->past = near;
}

// A section's coefficients for all lanes.
struct wide {
    d4 taps[5], feed[2];
};

INLINE struct wide widen(const struct lathe_section *a, const struct lathe_section *b) {
    struct wide w;
    for (int k = 0; k < 5; k++) w.taps[k] = (d4){a->taps[k], b->taps[k], a->taps[k], b->taps[k]};
    for (int k = 0; k < 2; k++) w.feed[k] = (d4){a->feed[k], b->feed[k], a->feed[k], b->feed[k]};
    return w;
}

INLINE d4 filtered(const struct wide *w, d4 x, const struct trail *in, const struct trail *out) {
    d4 sum = ((w->taps[0] * x + w->taps[1] * BETWEEN(in->near, x)) + (w->taps[2] * in->near + w->taps[3] * in->past)) + w->taps[4] * in->far;
    return (sum - w->feed[1] * out->far) - w->feed[0] * out->near;
}

INLINE d4 two_frames(const double *left, const double *right) {
    d2 l = *(const d2u *)left, r = *(const d2u *)right;
    return __builtin_shufflevector(l, r, 0, 2, 1, 3);
}

INLINE d4 one_frame(const double *left, const double *right) { return (d4){*left, *right, 0, 0}; }

struct lathe_section lathe_section_of(double b0, double b1, double b2, double a1, double a2) {
    return (struct lathe_section){
        {b0, b1 - a1 * b0, (b2 - a1 * b1) + a2 * b0, a2 * b1 - a1 * b2, a2 * b2}, {(a2 + a2) - a1 * a1, a2 * a2}};
}

// Keeps the memory of filters out of the slow subnormal range in silence; -600 dB.
#define BIAS 1e-30

INLINE double lathe_sidechain_body(
    const double *left, const double *right, long count, const struct lathe_section *f, struct lathe_section_memory *memory, double *level, int first) {
    struct wide filter = widen(f, f);
    struct trail x = recall(memory->x), y = recall(memory->y);
    d4 highest = {0};
    long i = 0;
    for (; i + 2 <= count; i += 2) {
        d4 now = two_frames(left + i, right + i), out = filtered(&filter, now, &x, &y);
        d4 loudest = larger_of(MAGNITUDE(out), SWAPPED(MAGNITUDE(out)));
        if (!first) loudest = larger_of(loudest, (d4){level[i], 0, level[i + 1], 0});
        level[i] = loudest[0];
        level[i + 1] = loudest[2];
        highest = larger_of(highest, loudest);
        move_on(&x, now);
        move_on(&y, out);
    }
    if (i < count) {
        d4 now = one_frame(left + i, right + i), out = filtered(&filter, now, &x, &y);
        d4 loudest = larger_of(MAGNITUDE(out), SWAPPED(MAGNITUDE(out)));
        if (!first) loudest = larger_of(loudest, (d4){level[i], 0, 0, 0});
        level[i] = loudest[0];
        highest = larger_of(highest, (d4){loudest[0], 0, 0, 0});
        move_on_by_one(&x, now);
        move_on_by_one(&y, out);
    }
    // Ends the fall into subnormal numbers.
    d4 most = larger_of(MAGNITUDE(y.near), MAGNITUDE(y.far));
    if (most[0] < 1e-40 && most[1] < 1e-40 && most[2] < 1e-40 && most[3] < 1e-40) y.near = y.far = (d4){0};
    retain(&x, memory->x);
    retain(&y, memory->y);
    return highest[0] > highest[2] ? highest[0] : highest[2];
}

INLINE void lathe_weighted_squares_body(
    const double *left, const double *right, long count, const struct lathe_weighting *w, struct lathe_weighting_memory *memory, double *sums) {
    struct wide first = widen(&w->shelf, &w->shelf), second = widen(&w->high_pass, &w->high_pass);
    struct trail x = recall(memory->x), u = recall(memory->u), y = recall(memory->y);
    d2 sum = {sums[0], sums[1]};
    long i = 0;
    for (; i + 2 <= count; i += 2) {
        d4 now = two_frames(left + i, right + i) + BIAS, between = filtered(&first, now, &x, &u), out = filtered(&second, between, &u, &y);
        d4 squares = out * out;
        sum += LOW(squares);
        sum += HIGH(squares);
        move_on(&x, now);
        move_on(&u, between);
        move_on(&y, out);
    }
    if (i < count) {
        d4 now = one_frame(left + i, right + i) + BIAS, between = filtered(&first, now, &x, &u), out = filtered(&second, between, &u, &y);
        sum += LOW(out * out);
        move_on_by_one(&x, now);
        move_on_by_one(&u, between);
        move_on_by_one(&y, out);
    }
    retain(&x, memory->x);
    retain(&u, memory->u);
    retain(&y, memory->y);
    sums[0] = sum[0];
    sums[1] = sum[1];
}

INLINE void lathe_speech_bands_body(
    const double *left, const double *right, long count, const struct lathe_speech *f, struct lathe_speech_memory *memory, double *energies) {
    struct wide first = widen(&f->high_pass[0], &f->high_pass[1]), second = widen(&f->low_pass[0], &f->low_pass[1]);
    struct trail x = recall(memory->x), u = recall(memory->u), y = recall(memory->y);
    d2 energy = {energies[0], energies[1]};
    long i = 0;
    for (; i + 2 <= count; i += 2) {
        d4 both = two_frames(left + i, right + i), now = 0.5 * (both + SWAPPED(both)) + BIAS;
        d4 between = filtered(&first, now, &x, &u), out = filtered(&second, between, &u, &y), squares = out * out;
        energy += LOW(squares);
        energy += HIGH(squares);
        move_on(&x, now);
        move_on(&u, between);
        move_on(&y, out);
    }
    if (i < count) {
        d4 both = one_frame(left + i, right + i), now = 0.5 * (both + SWAPPED(both)) + BIAS;
        d4 between = filtered(&first, now, &x, &u), out = filtered(&second, between, &u, &y);
        energy += LOW(out * out);
        move_on_by_one(&x, now);
        move_on_by_one(&u, between);
        move_on_by_one(&y, out);
    }
    retain(&x, memory->x);
    retain(&u, memory->u);
    retain(&y, memory->y);
    energies[0] = energy[0];
    energies[1] = energy[1];
}

#define JOINED(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7)
#define LOWER(v) __builtin_shufflevector(v, v, 0, 1, 2, 3)
#define UPPER(v) __builtin_shufflevector(v, v, 4, 5, 6, 7)

// Lanes: four filters at one frame, then the same at the next.
INLINE void lathe_band_energies_body(
    const double *left, const double *right, long count, const struct lathe_bands *f, struct lathe_bands_memory *memory, double *energies) {
    const d4 s4 = *(const d4u *)f->smoothing;
    const d8 s = JOINED(s4, s4), r = 1 - s, rs = r * s, rr = r * r;
    d8 a = *(const d8u *)memory->a, b = *(const d8u *)memory->b;
    d4 energy = *(const d4u *)energies;
    double last = memory->x;
    long i = 0;
// Neighbouring low-passes subtracted are bands.
#define NEXT(x0, x1) \
    d8 now = {x0, x0, x0, x0, x1, x1, x1, x1}, early = {last, last, last, last, x0, x0, x0, x0}; \
    d8 next_a = rr * a + (rs * early + s * now), late_a = __builtin_shufflevector(a, next_a, 4, 5, 6, 7, 8, 9, 10, 11); \
    d8 next_b = rr * b + (rs * late_a + s * next_a); \
    d8 band = next_b - __builtin_shufflevector(next_b, (d8){0}, 8, 0, 1, 2, 8, 4, 5, 6), squares = band * band; \
    energy += LOWER(squares);
    for (; i + 2 <= count; i += 2) {
        double x0 = 0.5 * (left[i] + right[i]), x1 = 0.5 * (left[i + 1] + right[i + 1]);
        NEXT(x0, x1)
        energy += UPPER(squares);
        a = next_a;
        b = next_b;
        last = x1;
    }
    if (i < count) {
        double x0 = 0.5 * (left[i] + right[i]);
        NEXT(x0, 0)
        a = late_a;
        b = __builtin_shufflevector(b, next_b, 4, 5, 6, 7, 8, 9, 10, 11);
        last = x0;
    }
    *(d8u *)memory->a = a;
    *(d8u *)memory->b = b;
    memory->x = last;
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
    d4 lanes = {0};
    for (i = 0; i + 4 <= count; i += 4) lanes = larger_of(lanes, *(const d4u *)(level + i));
    for (; i < count; i++) deepest = larger(deepest, level[i]);
    for (int lane = 0; lane < 4; lane++) deepest = larger(deepest, lanes[lane]);
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

typedef uint8_t b32 __attribute__((vector_size(32)));

#define NEAREST(x) do { \
    l4 low_ = (x) > -0x1p23; \
    (x) = (d4)(((l4)(x) & low_) | ((l4)(d4){-0x1p23, -0x1p23, -0x1p23, -0x1p23} & ~low_)); \
    l4 high_ = (x) < 0x1p23 - 1; \
    (x) = (d4)(((l4)(x) & high_) | ((l4)(d4){0x1p23 - 1, 0x1p23 - 1, 0x1p23 - 1, 0x1p23 - 1} & ~high_)) + 0x1.8p52; \
} while (0)

INLINE void lathe_gather_packed24_body(const double *left, const double *right, long count, uint8_t *out) {
    long i = 0;
    // Each half of a vector takes 12 bytes and spoils 4 behind them, which come next.
    for (; i + 5 <= count; i += 4, out += 24) {
        d4 x = *(const d4u *)(left + i) * 0x1p23, y = *(const d4u *)(right + i) * 0x1p23;
        NEAREST(x);
        NEAREST(y);
        b32 packed = __builtin_shufflevector((b32)x, (b32)y,
            0, 1, 2, 32, 33, 34, 8, 9, 10, 40, 41, 42, 0, 0, 0, 0, 16, 17, 18, 48, 49, 50, 24, 25, 26, 56, 57, 58, 0, 0, 0, 0);
        __builtin_memcpy(out, &packed, 16);
        __builtin_memcpy(out + 12, (const uint8_t *)&packed + 16, 16);
    }
    for (; i < count; i++, out += 6) {
        double x[2] = {left[i] * 0x1p23, right[i] * 0x1p23};
        for (int c = 0; c < 2; c++) {
            x[c] = x[c] > -0x1p23 ? x[c] : -0x1p23;
            x[c] = (x[c] < 0x1p23 - 1 ? x[c] : 0x1p23 - 1) + 0x1.8p52;
            __builtin_memcpy(out + 3 * c, &x[c], 3);
        }
    }
}

typedef uint8_t b16u __attribute__((vector_size(16), aligned(1)));

// Each number in the upper three bytes of a lane; what fills the lowest is masked away.
#define LEFT_JUSTIFIED(a, b, p, q, r, s) __builtin_convertvector( \
    (i4)__builtin_shufflevector(a, b, 0, p, p + 1, p + 2, 0, q, q + 1, q + 2, 0, r, r + 1, r + 2, 0, s, s + 1, s + 2) & (int32_t)0xFFFFFF00, d4)

INLINE void lathe_spread_packed24_body(const uint8_t *in, long frames, double *left, double *right) {
    long i = 0;
    for (; i + 4 <= frames; i += 4, in += 24) {
        // Bytes 0 to 15 and 8 to 23.
        b16u a = *(const b16u *)in, b = *(const b16u *)(in + 8);
        *(d4u *)(left + i) = LEFT_JUSTIFIED(a, b, 0, 6, 20, 26) * 0x1p-31;
        *(d4u *)(right + i) = LEFT_JUSTIFIED(a, b, 3, 9, 23, 29) * 0x1p-31;
    }
    for (; i < frames; i++, in += 6) {
        left[i] = (int32_t)((uint32_t)in[0] << 8 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 24) * 0x1p-31;
        right[i] = (int32_t)((uint32_t)in[3] << 8 | (uint32_t)in[4] << 16 | (uint32_t)in[5] << 24) * 0x1p-31;
    }
}

KERNEL(void, lathe_gather_packed24, (const double *left, const double *right, long count, uint8_t *out), (left, right, count, out))
KERNEL(void, lathe_spread_packed24, (const uint8_t *in, long frames, double *left, double *right), (in, frames, left, right))
KERNEL_WIDE(void, lathe_quantise,
    (double *x, long count, double scale, uint64_t key, uint64_t first, int dithers), (x, count, scale, key, first, dithers))
KERNEL(void, lathe_extremes, (const double *x, long count, double *low, double *high, double *sum), (x, count, low, high, sum))
KERNEL(void, lathe_weighted_squares,
    (const double *left, const double *right, long count, const struct lathe_weighting *w, struct lathe_weighting_memory *memory, double *sums),
    (left, right, count, w, memory, sums))
KERNEL(double, lathe_sidechain,
    (const double *left, const double *right, long count, const struct lathe_section *f, struct lathe_section_memory *memory, double *level, int first),
    (left, right, count, f, memory, level, first))
KERNEL(void, lathe_speech_bands,
    (const double *left, const double *right, long count, const struct lathe_speech *f, struct lathe_speech_memory *memory, double *energies),
    (left, right, count, f, memory, energies))
KERNEL_WIDE(void, lathe_band_energies,
    (const double *left, const double *right, long count, const struct lathe_bands *f, struct lathe_bands_memory *memory, double *energies),
    (left, right, count, f, memory, energies))
KERNEL(double, lathe_follow, (double *level, long count, double r, double a, double *peak, double *smooth), (level, count, r, a, peak, smooth))
KERNEL(void, lathe_gather_pair,
    (const double *left, const double *right, long count, double scale, int shift, int32_t *out), (left, right, count, scale, shift, out))
