#ifndef LATHE_CSIGNAL_H
#define LATHE_CSIGNAL_H
#include <stdint.h>

// Kernels whose results are the same to the last bit on every x86-64 and with every vector width: each output is computed by the
// same operations in the same order, only how many are computed at once depends on the processor. Compiled without contraction.

// Makes every later call take the version for processors without AVX2 (1), without AVX-512 (2), or the best there is (0, as at the start): for
// comparing them.
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

// Largest |x[i]|, i < count, and largest |x[i] - 2 x[i+1] + x[i+2]|, i < count - 2; count is 10 or more.
void lathe_extent_float(const float *x, long count, float *peak, float *bend);

// Largest magnitude, and sum of magnitudes, of x[i+3] - 3 x[i+2] + 3 x[i+1] - x[i], i < count, a multiple of 4.
void lathe_third_difference(const double *x, long count, double *peak, double *sum);

// On a bit-reversed spectrum of a + i b: |A|^2 and |B|^2 of each element (those of lathe_shape_pair) side by side, their sum added to total, the
// second alone to `second`, and the real part of A times B's conjugate to cross.
void lathe_pair_power(const float *re, const float *im, long size, float *powers, double *total, double *second, double *cross);

// Rounds to whole multiples of 1 / scale within -1 and 1 - 1 / scale, in place, ties to even. With dithers, adds noise of triangular density
// within +-1 step first, a function of key and of the number of the frame alone.
void lathe_quantise(double *x, long count, double scale, uint64_t key, uint64_t first, int dithers);

// (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2) as five taps over 1 + feed[0] z^-2 + feed[1] z^-4 (lathe_section_of), and the last four
// inputs and outputs of two channels, the oldest first, frame by frame.
struct lathe_section {
    double taps[5], feed[2];
};
struct lathe_section_memory {
    double x[8], y[8];
};
struct lathe_section lathe_section_of(double b0, double b1, double b2, double a1, double a2);

// Two channels through the filter: level[i] is the larger magnitude of both, and with first 0 of what was there before. Returns the largest level.
double lathe_sidechain(
    const double *left, const double *right, long count, const struct lathe_section *filter, struct lathe_section_memory *memory, double *level,
    int first);

// Two filters, one after the other; u is what is between them.
struct lathe_weighting {
    struct lathe_section shelf, high_pass;
};
struct lathe_weighting_memory {
    double x[8], u[8], y[8];
};

// Adds the squares of two channels' filtered frames to the two sums, one by one.
void lathe_weighted_squares(
    const double *left, const double *right, long count, const struct lathe_weighting *weighting, struct lathe_weighting_memory *memory, double *sums);

// High-pass, then low-pass of two bands, on the mean of two channels; memory as of two channels, one for each band.
struct lathe_speech {
    struct lathe_section high_pass[2], low_pass[2];
};
struct lathe_speech_memory {
    double x[8], u[8], y[8];
};

// Adds the squares of both bands to the two energies, frame by frame.
void lathe_speech_bands(
    const double *left, const double *right, long count, const struct lathe_speech *filters, struct lathe_speech_memory *memory, double *energies);

// Four one-pole low-passes, twice each; what each gave at the last two frames, once through and twice; the last input.
struct lathe_bands {
    double smoothing[4];
};
struct lathe_bands_memory {
    double a[8], b[8], x;
};

// The mean of two channels through four one-pole low-passes, twice each: adds the squares of the first, and of each less the one before it, to the
// four energies.
void lathe_band_energies(
    const double *left, const double *right, long count, const struct lathe_bands *filters, struct lathe_bands_memory *memory, double *energies);

// In place: a peak that is met at once and falls with release r per frame towards the level (`peak`), then a one-pole low-pass of attack a
// (`smooth`). Returns the largest result.
double lathe_follow(double *level, long count, double r, double a, double *peak, double *smooth);

// Two rows of finite numbers to interleaved integers within -scale and scale - 1, ties to even, shifted to the left.
void lathe_gather_pair(const double *left, const double *right, long count, double scale, int shift, int32_t *out);

// The same as 24-bit integers, the lowest byte first.
void lathe_gather_packed24(const double *left, const double *right, long count, uint8_t *out);

// Interleaved pairs of 24-bit integers, lowest byte first, anywhere in memory, to two rows, full scale 1. Exact.
void lathe_spread_packed24(const uint8_t *in, long frames, double *left, double *right);

// Smallest, largest and sum of count numbers, 1 or more.
void lathe_extremes(const double *x, long count, double *low, double *high, double *sum);

// Rounds count doubles to floats. Returns the largest |double|.
double lathe_to_float(const double *samples, float *out, long count);

// Levels (linear, >= 0) to the reduction, in log2 amplitude, that a soft-knee curve asks for. In place; count is a multiple of 8.
// quiet: level under which nothing is asked for. threshold, half_knee: log2 amplitude. curvature: 1 / (4 half_knee), 0 without a knee.
void lathe_static_curve(double *levels, long count, double quiet, double threshold, double slope, double half_knee, double curvature);

// Reductions in log2 amplitude to gains under a mix that runs linearly: gain = 1 - mix + mix * 2^-reduction. In place; count is a multiple of 8.
// The mix of frame i is from + step * (i + 1).
void lathe_mixed_gain(double *reductions, long count, double from, double step);

// Fourier transform of size complex numbers in place, real and imaginary parts apart, unscaled: natural order to bit-reversed order, and the
// inverse of it. size: 64 or more, a power of two. re, im and twiddles lie at multiples of 32 bytes; for the twiddles' layout see Transform.c.
void lathe_transform(double *re, double *im, const double *twiddles, long size);
void lathe_transform_back(double *re, double *im, const double *twiddles, long size);
// The first of these in single precision: the noise of its rounding lies some 135 dB under the signal, spread over all frequencies.
void lathe_transform_single(float *re, float *im, const float *twiddles, long size);

// On a bit-reversed spectrum of a + i b: multiplies the spectrum of a by sum + difference and that of b by sum - difference, both real and even.
// Element 0 is frequency 0, element 1 frequency size/2, element h + c + 1 (h = 1, 2, 4 ... size/4; c < h) that of bit-reversed position 2h + c.
void lathe_shape_pair(double *re, double *im, const double *sum, const double *difference, long size);

// One row of a symmetric filter over rows: out[i] = middle * base[middle_at + i] + sum of taps[k] * (base[early[k] + i] + base[late[k] + i]).
struct lathe_row_filter {
    const double *taps;
    const int *early, *late;
    long pairs;
    double middle;
    long middle_at;
};

// count is a multiple of 4.
void lathe_filter_row(const struct lathe_row_filter *filter, const double *base, double *out, long count);

// Largest |x[i]| and |x[i-1] - 2 x[i] + x[i+1]|, 0 <= i < count, a multiple of 4.
void lathe_extent(const double *x, long count, double *peak, double *bend);

// A value per frame each: what v = drive * u + bias goes through v / sqrt(1 + v^2) for, times gain, less rest, is the shaped u; its
// difference from u comes out, times weight.
struct lathe_saturation {
    const double *drive, *bias, *gain, *rest, *weight;
};

// Rows are `places` places of a frame, every `step`-th row; the shaped rows' differences from the mean of neighbours, half a place early, go to
// out, one row each. Reads row `places - 1` from frame -1 on. count is a multiple of 4.
void lathe_saturate(const double *rows, long stride, double *out, long out_stride, long places, long step, const struct lathe_saturation *p, long count);

// A value per frame each: where the knee starts, its width (> 0), and what the difference is multiplied by.
struct lathe_clipping {
    const double *start, *knee, *weight;
};

// As lathe_saturate, for the curve that leaves the straight line at `start` and is level from `start + knee` on. out has the rows' stride.
void lathe_clip(const double *rows, long stride, double *out, long places, const struct lathe_clipping *p, long count);

// Lets numbers below the smallest normal one count as 0 on this thread (results and operands). Returns what the mode was.
unsigned long lathe_subnormals_off(void);
// Brings back a mode that lathe_subnormals_off returned.
void lathe_subnormals_restore(unsigned long mode);

#endif
