#include "CSignal.h"
#include "Kernel.h"

// Fourier transforms in place, real and imaginary parts apart: natural order to bit-reversed order and back, so that a convolution needs no
// reordering. Radix 4 by levels; blocks of 1024 and less stay in the first cache.
//
// twiddles, level by level from the largest: for a size that is no power of 4 first size/2 cosines and size/2 sines of exp(-2 pi i j/size);
// then for each size n = 4^m down to 16 the cosines and sines of exp(-2 pi i j s/n), s = 1, 2, 3, n/4 of each.

enum { near_size = 1024 };

#define LANES 4
#include "Radix.h"
#undef LANES
#define LANES 8
#include "Radix.h"
#undef LANES

#define AT(p) (*(d4 *)(p))

#define TRANSPOSE(a, b, c, d) do { \
    d4 ab0 = __builtin_shufflevector(a, b, 0, 4, 2, 6), ab1 = __builtin_shufflevector(a, b, 1, 5, 3, 7); \
    d4 cd0 = __builtin_shufflevector(c, d, 0, 4, 2, 6), cd1 = __builtin_shufflevector(c, d, 1, 5, 3, 7); \
    (a) = __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5); \
    (b) = __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5); \
    (c) = __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7); \
    (d) = __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7); \
} while (0)

// The last two levels, 16 numbers in registers.
INLINE void split16(double *re, double *im, const double *w) {
    split4_by_4(re, im, w, 16);
    d4 ar = AT(re), br = AT(re + 4), cr = AT(re + 8), dr = AT(re + 12);
    d4 ai = AT(im), bi = AT(im + 4), ci = AT(im + 8), di = AT(im + 12);
    TRANSPOSE(ar, br, cr, dr);
    TRANSPOSE(ai, bi, ci, di);
    d4 sr = ar + cr, si = ai + ci, tr = ar - cr, ti = ai - ci;
    d4 ur = br + dr, ui = bi + di, vr = bi - di, vi = dr - br;
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
    AT(re) = ar;
    AT(re + 4) = br;
    AT(re + 8) = cr;
    AT(re + 12) = dr;
    AT(im) = ai;
    AT(im + 4) = bi;
    AT(im + 8) = ci;
    AT(im + 12) = di;
}

INLINE void merge16(double *re, double *im, const double *w) {
    d4 ar = AT(re), br = AT(re + 4), cr = AT(re + 8), dr = AT(re + 12);
    d4 ai = AT(im), bi = AT(im + 4), ci = AT(im + 8), di = AT(im + 12);
    TRANSPOSE(ar, br, cr, dr);
    TRANSPOSE(ai, bi, ci, di);
    // The four are the frequencies 0, 2, 1, 3.
    d4 sr = ar + br, si = ai + bi, tr = ar - br, ti = ai - bi;
    d4 ur = cr + dr, ui = ci + di, vr = di - ci, vi = cr - dr;
    ar = sr + ur;
    ai = si + ui;
    br = tr + vr;
    bi = ti + vi;
    cr = sr - ur;
    ci = si - ui;
    dr = tr - vr;
    di = ti - vi;
    TRANSPOSE(ar, br, cr, dr);
    TRANSPOSE(ai, bi, ci, di);
    AT(re) = ar;
    AT(re + 4) = br;
    AT(re + 8) = cr;
    AT(re + 12) = dr;
    AT(im) = ai;
    AT(im + 4) = bi;
    AT(im + 8) = ci;
    AT(im + 12) = di;
    merge4_by_4(re, im, w, 16);
}

// Levels of more than 16 numbers in vectors of `lanes`, 4 or 8.
#define TRANSFORMS(forward, back, lanes) \
INLINE void forward(double *re, double *im, const double *twiddles, long size) { \
    const double *w = twiddles; \
    long n = size; \
    if (__builtin_ctzl(size) & 1) { \
        split2_by_##lanes(re, im, w, n); \
        w += n; \
        n /= 2; \
    } \
    for (; n > near_size; w += 6 * (n / 4), n /= 4) \
        for (long b = 0; b < size; b += n) split4_by_##lanes(re + b, im + b, w, n); \
    for (long b = 0; b < size; b += n) { \
        const double *v = w; \
        for (long m = n; m > 16; v += 6 * (m / 4), m /= 4) \
            for (long c = b; c < b + n; c += m) split4_by_##lanes(re + c, im + c, v, m); \
        for (long c = b; c < b + n; c += 16) split16(re + c, im + c, v); \
    } \
} \
INLINE void back(double *re, double *im, const double *twiddles, long size) { \
    long top = __builtin_ctzl(size) & 1 ? size / 2 : size, near = top; \
    while (near > near_size) near /= 4; \
    for (long b = 0; b < size; b += near) { \
        for (long c = b; c < b + near; c += 16) merge16(re + c, im + c, LEVEL(16)); \
        for (long m = 64; m <= near; m *= 4) \
            for (long c = b; c < b + near; c += m) merge4_by_##lanes(re + c, im + c, LEVEL(m), m); \
    } \
    for (long n = near * 4; n <= top; n *= 4) \
        for (long b = 0; b < size; b += n) merge4_by_##lanes(re + b, im + b, LEVEL(n), n); \
    if (top < size) merge2_by_##lanes(re, im, twiddles, size); \
}
// The twiddles of level n lie behind those of all larger ones.
#define LEVEL(n) (twiddles + (size - top) * 2 + 2 * (top - (n)))

TRANSFORMS(lathe_transform_body, lathe_transform_back_body, 4)
TRANSFORMS(lathe_transform_by_8, lathe_transform_back_by_8, 8)

// In bit-reversed order the frequency -k stands opposite of k: within [2^j, 2^(j+1)) counted from the other end.
INLINE void lathe_shape_pair_body(double *re, double *im, const double *sum, const double *difference, long size) {
    for (long p = 0; p < 2; p++) {
        double r = re[p], i = im[p];
        re[p] = r * (sum[p] + difference[p]);
        im[p] = i * (sum[p] - difference[p]);
    }
    for (long h = 1; h < 4; h *= 2)
        for (long c = 0; c < h; c++) {
            long p = 2 * h + c, q = 4 * h - 1 - c;
            double a = sum[h + c + 1], b = difference[h + c + 1], pr = re[p], pi = im[p], qr = re[q], qi = im[q];
            re[p] = a * pr + b * qr;
            im[p] = a * pi - b * qi;
            re[q] = a * qr + b * pr;
            im[q] = a * qi - b * pi;
        }
    for (long h = 4; h < size / 2; h *= 2)
        for (long c = 0; c < h; c += 4) {
            long p = 2 * h + c, q = 4 * h - 4 - c;
            d4 a = *(const d4u *)(sum + h + c + 1), b = *(const d4u *)(difference + h + c + 1);
            d4 pr = AT(re + p), pi = AT(im + p);
            d4 qr = __builtin_shufflevector(AT(re + q), AT(re + q), 3, 2, 1, 0), qi = __builtin_shufflevector(AT(im + q), AT(im + q), 3, 2, 1, 0);
            AT(re + p) = a * pr + b * qr;
            AT(im + p) = a * pi - b * qi;
            d4 nr = a * qr + b * pr, ni = a * qi - b * pi;
            AT(re + q) = __builtin_shufflevector(nr, nr, 3, 2, 1, 0);
            AT(im + q) = __builtin_shufflevector(ni, ni, 3, 2, 1, 0);
        }
}

KERNEL_WIDER(void, lathe_transform, lathe_transform_by_8, (double *re, double *im, const double *twiddles, long size), (re, im, twiddles, size))
KERNEL_WIDER(void, lathe_transform_back, lathe_transform_back_by_8,
    (double *re, double *im, const double *twiddles, long size), (re, im, twiddles, size))
KERNEL(void, lathe_shape_pair, (double *re, double *im, const double *sum, const double *difference, long size), (re, im, sum, difference, size))
