#ifndef LATHE_CSIGNAL_H
#define LATHE_CSIGNAL_H

// Kernels whose results are the same to the last bit on every x86-64 and with every vector width: each output is computed by the
// same operations in the same order, only how many are computed at once depends on the processor. Compiled without contraction.

// Makes every later call take the version for processors without AVX2 (1), or the best there is (0, as at the start): for comparing them.
void lathe_signal_narrow(int narrow);

// Rows of one call of the half-band cascade: the 1x samples, and the seven phases between them. Each pointer is at frame 0.
struct lathe_halfband_rows {
    const float *x;
    float *p1, *p2, *p3, *p4, *p5, *p6, *p7;
};

// Half taps of the three symmetric stages: 32, 6 and 4, the outermost first.
struct lathe_halfband_taps {
    float stage1[32];
    float stage2[6];
    float stage3[4];
};

// Fills the phase rows for frames -8 ..< 64. Reads x for frames -44 ..< 100; writes p4 for -12 ..< 68, p2 and p6 for -9 ..< 65.
void lathe_halfband_oversample(const struct lathe_halfband_taps *taps, const struct lathe_halfband_rows *rows);

// Raises peaks[0 ..< 64] to the largest magnitude among the eight phases of each frame.
void lathe_halfband_maximum(const struct lathe_halfband_rows *rows, float *peaks);

// Largest |samples[i]|, i < count, a multiple of 8.
float lathe_largest_magnitude(const float *samples, long count);

// Rounds count doubles to floats. Returns the largest |double|.
double lathe_to_float(const double *samples, float *out, long count);

// Levels (linear, >= 0) to the reduction, in log2 amplitude, that a soft-knee curve asks for. In place; count is a multiple of 4.
// quiet: level under which nothing is asked for. threshold, half_knee: log2 amplitude. curvature: 1 / (4 half_knee), 0 without a knee.
void lathe_static_curve(double *levels, long count, double quiet, double threshold, double slope, double half_knee, double curvature);

// Reductions in log2 amplitude to gains under a mix that runs linearly: gain = 1 - mix + mix * 2^-reduction. In place; count is a multiple of 4.
// The mix of frame i is from + step * (i + 1).
void lathe_mixed_gain(double *reductions, long count, double from, double step);

// Fourier transform of size complex numbers in place, real and imaginary parts apart, unscaled: natural order to bit-reversed order, and the
// inverse of it. size: 64 or more, a power of two. re, im and twiddles lie at multiples of 32 bytes; for the twiddles' layout see Transform.c.
void lathe_transform(double *re, double *im, const double *twiddles, long size);
void lathe_transform_back(double *re, double *im, const double *twiddles, long size);

// On a bit-reversed spectrum of a + i b: multiplies the spectrum of a by sum + difference and that of b by sum - difference, both real and even.
// Element 0 is frequency 0, element 1 frequency size/2, element h + c + 1 (h = 1, 2, 4 ... size/4; c < h) that of bit-reversed position 2h + c.
void lathe_shape_pair(double *re, double *im, const double *sum, const double *difference, long size);

// Lets numbers below the smallest normal one count as 0 on this thread (results and operands). Returns what the mode was.
unsigned long lathe_subnormals_off(void);
// Brings back a mode that lathe_subnormals_off returned.
void lathe_subnormals_restore(unsigned long mode);

#endif
