#include "CSignal.h"
#include "Kernel.h"

// Oversampled nonlinearities. Signals lie as rows, one per place between two frames, so that neighbouring lanes are neighbouring frames.

#define READ(p) (*(const d4u *)(p))
#define WRITE(v, p) (*(d4u *)(p) = (v))
// Where the mask is set a, elsewhere b.
#define CHOOSE(mask, a, b) ((d4)(((l4)(a) & (mask)) | ((l4)(b) & ~(mask))))

INLINE void lathe_filter_row_body(const struct lathe_row_filter *f, const double *base, double *out, long count) {
    long i = 0;
    for (; i + 16 <= count; i += 16) {
        const double *middle = base + f->middle_at + i;
        d4 a = f->middle * READ(middle), b = f->middle * READ(middle + 4);
        d4 c = f->middle * READ(middle + 8), d = f->middle * READ(middle + 12);
        for (long k = 0; k < f->pairs; k++) {
            const double *early = base + f->early[k] + i, *late = base + f->late[k] + i;
            double tap = f->taps[k];
            a += tap * (READ(early) + READ(late));
            b += tap * (READ(early + 4) + READ(late + 4));
            c += tap * (READ(early + 8) + READ(late + 8));
            d += tap * (READ(early + 12) + READ(late + 12));
        }
        WRITE(a, out + i);
        WRITE(b, out + i + 4);
        WRITE(c, out + i + 8);
        WRITE(d, out + i + 12);
    }
    for (; i < count; i += 4) {
        d4 a = f->middle * READ(base + f->middle_at + i);
        for (long k = 0; k < f->pairs; k++) a += f->taps[k] * (READ(base + f->early[k] + i) + READ(base + f->late[k] + i));
        WRITE(a, out + i);
    }
}

INLINE void lathe_extent_body(const double *x, long count, double *peak, double *bend) {
    d4 highest = {0}, sharpest = {0};
    for (long i = 0; i < count; i += 4) {
        d4 here = READ(x + i);
        d4 second = (READ(x + i - 1) + READ(x + i + 1)) - (here + here);
        d4 magnitude = (d4)((l4)here & 0x7FFFFFFFFFFFFFFF), curve = (d4)((l4)second & 0x7FFFFFFFFFFFFFFF);
        highest = CHOOSE(magnitude > highest, magnitude, highest);
        sharpest = CHOOSE(curve > sharpest, curve, sharpest);
    }
    *peak = 0;
    *bend = 0;
    for (int lane = 0; lane < 4; lane++) {
        if (highest[lane] > *peak) *peak = highest[lane];
        if (sharpest[lane] > *bend) *bend = sharpest[lane];
    }
}

// The mean of v / sqrt(1 + v^2) between two samples, its antiderivative's divided difference, has a form without cancellation:
// (v0 + v1) / (s0 + s1) with s = sqrt(1 + v^2).
INLINE void lathe_saturate_body(
    const double *rows, long stride, double *out, long out_stride, long places, long step, const struct lathe_saturation *p, long count) {
    for (long i = 0; i < count; i += 4) {
        d4 drive = READ(p->drive + i), bias = READ(p->bias + i), gain = READ(p->gain + i), rest = READ(p->rest + i), weight = READ(p->weight + i);
        d4 u0 = READ(rows + (places - 1) * step * stride + i - 1);
        d4 v0 = drive * u0 + bias;
        d4 s0 = __builtin_elementwise_sqrt(1 + v0 * v0);
        for (long place = 0; place < places; place++) {
            d4 u1 = READ(rows + place * step * stride + i);
            d4 v1 = drive * u1 + bias;
            d4 s1 = __builtin_elementwise_sqrt(1 + v1 * v1);
            WRITE(weight * (gain * ((v0 + v1) / (s0 + s1)) - rest - 0.5 * (u0 + u1)), out + place * out_stride + i);
            u0 = u1;
            v0 = v1;
            s0 = s1;
        }
    }
}

// With c the part of the knee that |u| is through and e how many knees it is beyond: the bend's integral and the bend itself, in knees.
#define INTEGRAL(c, e) ((c) * (c) * ((c) * (c)) * (0.25 - 0.1 * (c)) + 0.5 * (e) * (1 + (e)))
#define BEND(c, e) ((c) * (c) * (c) * (1 - 0.5 * (c)) + (e))
#define POSITION(u, c, e) do { \
    d4 at_ = ((d4)((l4)(u) & 0x7FFFFFFFFFFFFFFF) - start) * inverse; \
    at_ = CHOOSE(at_ > 0, at_, ((d4){0})); \
    (c) = CHOOSE(at_ > 1, ((d4){1, 1, 1, 1}), at_); \
    (e) = at_ - (c); \
} while (0)

INLINE void lathe_clip_body(const double *rows, long stride, double *out, long places, const struct lathe_clipping *p, long count) {
    for (long i = 0; i < count; i += 4) {
        d4 start = READ(p->start + i), knee = READ(p->knee + i), weight = READ(p->weight + i);
        d4 inverse = 1 / knee, area = weight * knee * knee, height = weight * knee;
        d4 u0 = READ(rows + (places - 1) * stride + i - 1), c, e;
        POSITION(u0, c, e);
        d4 h0 = INTEGRAL(c, e);
        for (long place = 0; place < places; place++) {
            d4 u1 = READ(rows + place * stride + i);
            POSITION(u1, c, e);
            d4 h1 = INTEGRAL(c, e);
            d4 rise = u1 - u0;
            l4 flat = (d4)((l4)rise & 0x7FFFFFFFFFFFFFFF) < 1e-6;
            d4 residue = area * (h0 - h1) / CHOOSE(flat, ((d4){1, 1, 1, 1}), rise);
            if (flat[0] | flat[1] | flat[2] | flat[3]) {
                // Too near for a divided difference: the curve itself, half way.
                d4 middle = 0.5 * (u0 + u1);
                POSITION(middle, c, e);
                d4 here = height * BEND(c, e);
                residue = CHOOSE(flat, CHOOSE(middle > 0, -here, here), residue);
            }
            WRITE(residue, out + place * stride + i);
            u0 = u1;
            h0 = h1;
        }
    }
}

KERNEL(void, lathe_filter_row, (const struct lathe_row_filter *f, const double *base, double *out, long count), (f, base, out, count))
KERNEL(void, lathe_extent, (const double *x, long count, double *peak, double *bend), (x, count, peak, bend))
KERNEL(void, lathe_saturate,
    (const double *rows, long stride, double *out, long out_stride, long places, long step, const struct lathe_saturation *p, long count),
    (rows, stride, out, out_stride, places, step, p, count))
KERNEL(void, lathe_clip,
    (const double *rows, long stride, double *out, long places, const struct lathe_clipping *p, long count),
    (rows, stride, out, places, p, count))
