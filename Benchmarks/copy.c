/* copy IN OUT: libsndfile reads floats and writes 24-bit WAV. The floor: no program that masters a file can do less. */
#include <sndfile.h>
#include <stdlib.h>

enum { BLOCK = 65536 };

int main(int argc, char **argv) {
    SF_INFO in = {0};
    SNDFILE *source = argc == 3 ? sf_open(argv[1], SFM_READ, &in) : NULL;
    if (!source) return 1;
    SF_INFO out = in;
    out.format = SF_FORMAT_WAV | SF_FORMAT_PCM_24;
    SNDFILE *target = sf_open(argv[2], SFM_WRITE, &out);
    float *block = malloc(sizeof(float) * BLOCK * (size_t)in.channels);
    if (!target || !block) return 1;
    for (sf_count_t n; (n = sf_readf_float(source, block, BLOCK)) > 0;)
        if (sf_writef_float(target, block, n) != n) return 1;
    free(block);
    sf_close(source);
    return sf_close(target);
}
