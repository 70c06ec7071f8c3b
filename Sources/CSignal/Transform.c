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

#define LAST_LEVELS(re, im, w, n) for (long c_ = 0; c_ < (n); c_ += 16) split16_by_4((re) + c_, (im) + c_, w)
FORWARD(lathe_transform_body, 4)
FORWARD(lathe_transform_by_8, 8)

#define BACKWARD(back, lanes) \
INLINE void back(double *re, double *im, const double *twiddles, long size) { \
    long top = __builtin_ctzl(size) & 1 ? size / 2 : size, near = top; \
    while (near > near_size) near /= 4; \
    for (long b = 0; b < size; b += near) { \
        for (long c = b; c < b + near; c += 16) merge16_by_4(re + c, im + c, LEVEL(16)); \
        for (long m = 64; m <= near; m *= 4) \
            for (long c = b; c < b + near; c += m) merge4_by_##lanes(re + c, im + c, LEVEL(m), m); \
    } \
    for (long n = near * 4; n <= top; n *= 4) \
        for (long b = 0; b < size; b += n) merge4_by_##lanes(re + b, im + b, LEVEL(n), n); \
    if (top < size) merge2_by_##lanes(re, im, twiddles, size); \
}
// The twiddles of level n lie behind those of all larger ones.
#define LEVEL(n) (twiddles + (size - top) * 2 + 2 * (top - (n)))

BACKWARD(lathe_transform_back_body, 4)
BACKWARD(lathe_transform_back_by_8, 8)

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
