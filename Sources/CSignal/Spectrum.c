#define KIND f
#define REAL float
#include "CSignal.h"
#include "Kernel.h"

// What a measured spectrum takes: the forward transform of Transform.c in single precision, and powers.

enum { near_size = 1024 };

#define LANES 8
#include "Radix.h"
#undef LANES
#define LANES 16
#include "Radix.h"
#undef LANES

// The last two levels of two blocks of 16 numbers at once, one in each half of a vector.
#define PAIRED(p) __builtin_shufflevector(*(const f4u *)(p), *(const f4u *)((p) + 16), 0, 1, 2, 3, 4, 5, 6, 7)
#define TWICE(p) __builtin_shufflevector(*(const f4u *)(p), *(const f4u *)(p), 0, 1, 2, 3, 0, 1, 2, 3)
#define PART(p, v) do { \
    *(f4u *)(p) = __builtin_shufflevector(v, v, 0, 1, 2, 3); \
    *(f4u *)((p) + 16) = __builtin_shufflevector(v, v, 4, 5, 6, 7); \
} while (0)
#define TRANSPOSE(a, b, c, d) do { \
    f8 ab0 = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14), ab1 = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15); \
    f8 cd0 = __builtin_shufflevector(c, d, 0, 8, 2, 10, 4, 12, 6, 14), cd1 = __builtin_shufflevector(c, d, 1, 9, 3, 11, 5, 13, 7, 15); \
    (a) = __builtin_shufflevector(ab0, cd0, 0, 1, 8, 9, 4, 5, 12, 13); \
    (b) = __builtin_shufflevector(ab1, cd1, 0, 1, 8, 9, 4, 5, 12, 13); \
    (c) = __builtin_shufflevector(ab0, cd0, 2, 3, 10, 11, 6, 7, 14, 15); \
    (d) = __builtin_shufflevector(ab1, cd1, 2, 3, 10, 11, 6, 7, 14, 15); \
} while (0)
#define TURN(ar, ai, wr, wi) do { f8 r_ = (ar) * (wr) - (ai) * (wi); (ai) = (ar) * (wi) + (ai) * (wr); (ar) = r_; } while (0)

INLINE void split16_twice(float *re, float *im, const float *w) {
    f8 ar = PAIRED(re), br = PAIRED(re + 4), cr = PAIRED(re + 8), dr = PAIRED(re + 12);
    f8 ai = PAIRED(im), bi = PAIRED(im + 4), ci = PAIRED(im + 8), di = PAIRED(im + 12);
    f8 sr = ar + cr, si = ai + ci, tr = ar - cr, ti = ai - ci;
    f8 ur = br + dr, ui = bi + di, vr = bi - di, vi = dr - br;
    ar = sr + ur;
    ai = si + ui;
    br = sr - ur;
    bi = si - ui;
    TURN(br, bi, TWICE(w + 8), TWICE(w + 12));
    cr = tr + vr;
    ci = ti + vi;
    TURN(cr, ci, TWICE(w), TWICE(w + 4));
    dr = tr - vr;
    di = ti - vi;
    TURN(dr, di, TWICE(w + 16), TWICE(w + 20));
    TRANSPOSE(ar, br, cr, dr);
    TRANSPOSE(ai, bi, ci, di);
    sr = ar + cr, si = ai + ci, tr = ar - cr, ti = ai - ci;
    ur = br + dr, ui = bi + di, vr = bi - di, vi = dr - br;
    ar = sr + ur;
    ai = si + ui;
    br = sr - ur;
    bi = si - ui;
    cr = tr + vr;
    ci = ti + vi;
    dr = tr - vr;
    di = ti - vi;
    TRANSPOSE(ar, br, cr, dr);
    TRANSPOSE(ai, bi, ci, di);
    PART(re, ar);
    PART(re + 4, br);
    PART(re + 8, cr);
    PART(re + 12, dr);
    PART(im, ai);
    PART(im + 4, bi);
    PART(im + 8, ci);
    PART(im + 12, di);
}

#define LAST_LEVELS(re, im, w, n) for (long c_ = 0; c_ < (n); c_ += 32) split16_twice((re) + c_, (im) + c_, w)
FORWARD(lathe_transform_single_body, 8)
FORWARD(lathe_transform_single_by_16, 16)

// Spectra of a and b from that of a + i b: A(k) = (Z(k) + Z(-k)*) / 2, B(k) = (Z(k) - Z(-k)*) / 2i. The powers are those of both without the halves.
#define SEPARATE(zr, zi, qr, qi) \
    ar = (zr) + (qr), ai = (zi) - (qi), br = (zi) + (qi), bi = (qr) - (zr), \
    aa = 0.25f * (ar * ar + ai * ai), bb = 0.25f * (br * br + bi * bi), ab = 0.25f * (ar * br + ai * bi)

INLINE void pair_power(float zr, float zi, float qr, float qi, long e, float *powers, double *total, double *second, double *cross) {
    float SEPARATE(zr, zi, qr, qi);
    powers[2 * e] = aa;
    powers[2 * e + 1] = bb;
    total[e] += (double)aa + (double)bb;
    second[e] += bb;
    cross[e] += ab;
}

// Positions as in lathe_shape_pair: -k stands opposite of k within [2h, 4h).
INLINE void lathe_pair_power_body(const float *re, const float *im, long size, float *powers, double *total, double *second, double *cross) {
    for (long p = 0; p < 2; p++) pair_power(re[p], im[p], re[p], im[p], p, powers, total, second, cross);
    for (long h = 1; h < 8; h *= 2)
        for (long c = 0; c < h; c++) {
            long p = 2 * h + c, q = 4 * h - 1 - c;
            pair_power(re[p], im[p], re[q], im[q], h + c + 1, powers, total, second, cross);
        }
    for (long h = 8; h < size / 2; h *= 2)
        for (long c = 0; c < h; c += 8) {
            long p = 2 * h + c, q = 4 * h - 8 - c, e = h + c + 1;
            f8 zr = *(const f8u *)(re + p), zi = *(const f8u *)(im + p), wr = *(const f8u *)(re + q), wi = *(const f8u *)(im + q);
            f8 qr = __builtin_shufflevector(wr, wr, 7, 6, 5, 4, 3, 2, 1, 0), qi = __builtin_shufflevector(wi, wi, 7, 6, 5, 4, 3, 2, 1, 0);
            f8 SEPARATE(zr, zi, qr, qi);
            *(f8u *)(powers + 2 * e) = __builtin_shufflevector(aa, bb, 0, 8, 1, 9, 2, 10, 3, 11);
            *(f8u *)(powers + 2 * e + 8) = __builtin_shufflevector(aa, bb, 4, 12, 5, 13, 6, 14, 7, 15);
            d8 more = __builtin_convertvector(bb, d8);
            *(d8u *)(total + e) += __builtin_convertvector(aa, d8) + more;
            *(d8u *)(second + e) += more;
            *(d8u *)(cross + e) += __builtin_convertvector(ab, d8);
        }
}

KERNEL_WIDER(void, lathe_transform_single, lathe_transform_single_by_16, (float *re, float *im, const float *twiddles, long size), (re, im, twiddles, size))
KERNEL_WIDE(void, lathe_pair_power,
    (const float *re, const float *im, long size, float *powers, double *total, double *second, double *cross),
    (re, im, size, powers, total, second, cross))
