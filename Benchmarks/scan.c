/* scan IN: libebur128 measures integrated loudness, loudness range and true peak. The peer of `lathe analyze`. */
#include <ebur128.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 65536 };

int main(int argc, char **argv) {
    SF_INFO in = {0};
    SNDFILE *source = argc == 2 ? sf_open(argv[1], SFM_READ, &in) : NULL;
    if (!source) return 1;
    ebur128_state *state = ebur128_init((unsigned)in.channels, (unsigned long)in.samplerate,
                                        EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK | EBUR128_MODE_SAMPLE_PEAK);
    float *block = malloc(sizeof(float) * BLOCK * (size_t)in.channels);
    if (!state || !block) return 1;
    for (sf_count_t n; (n = sf_readf_float(source, block, BLOCK)) > 0;)
        ebur128_add_frames_float(state, block, (size_t)n);
    double loudness = 0, range = 0, peak = 0;
    ebur128_loudness_global(state, &loudness);
    ebur128_loudness_range(state, &range);
    for (int c = 0; c < in.channels; c++) {
        double p = 0;
        ebur128_true_peak(state, (unsigned)c, &p);
        if (p > peak) peak = p;
    }
    printf("%.2f LUFS %.2f LU %.2f dBTP\n", loudness, range, 20 * log10(peak));
    ebur128_destroy(&state);
    free(block);
    return sf_close(source);
}
