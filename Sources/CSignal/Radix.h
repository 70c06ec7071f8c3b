// Levels of a transform in vectors of LANES numbers; included once for each width.

#define AT(p) (*(U *)(p))
// (ar + i ai) (wr + i wi) and (ar + i ai) (wr - i wi)
#define TURN(ar, ai, wr, wi, yr, yi) do { V r_ = (ar) * (wr) - (ai) * (wi); (yi) = (ar) * (wi) + (ai) * (wr); (yr) = r_; } while (0)
#define BACK(ar, ai, wr, wi, yr, yi) do { V r_ = (ar) * (wr) + (ai) * (wi); (yi) = (ai) * (wr) - (ar) * (wi); (yr) = r_; } while (0)

INLINE void NAME(split2)(REAL *re, REAL *im, const REAL *w, long n) {
    long h = n / 2;
    for (long j = 0; j < h; j += LANES) {
        V ar = AT(re + j), ai = AT(im + j), br = AT(re + j + h), bi = AT(im + j + h);
        AT(re + j) = ar + br;
        AT(im + j) = ai + bi;
        V yr, yi;
        TURN(ar - br, ai - bi, AT(w + j), AT(w + h + j), yr, yi);
        AT(re + j + h) = yr;
        AT(im + j + h) = yi;
    }
}

INLINE void NAME(merge2)(REAL *re, REAL *im, const REAL *w, long n) {
    long h = n / 2;
    for (long j = 0; j < h; j += LANES) {
        V ar = AT(re + j), ai = AT(im + j), br, bi;
        BACK(AT(re + j + h), AT(im + j + h), AT(w + j), AT(w + h + j), br, bi);
        AT(re + j) = ar + br;
        AT(im + j) = ai + bi;
        AT(re + j + h) = ar - br;
        AT(im + j + h) = ai - bi;
    }
}

// One quarter each of the frequencies 0, 2, 1, 3 modulo 4: two levels of radix 2 at once.
INLINE void NAME(split4)(REAL *re, REAL *im, const REAL *w, long n) {
    long q = n / 4;
    for (long j = 0; j < q; j += LANES) {
        V ar = AT(re + j), ai = AT(im + j), br = AT(re + j + q), bi = AT(im + j + q);
        V cr = AT(re + j + 2 * q), ci = AT(im + j + 2 * q), dr = AT(re + j + 3 * q), di = AT(im + j + 3 * q);
        V sr = ar + cr, si = ai + ci, tr = ar - cr, ti = ai - ci;
        V ur = br + dr, ui = bi + di, vr = bi - di, vi = dr - br;
        V yr, yi;
        AT(re + j) = sr + ur;
        AT(im + j) = si + ui;
        TURN(sr - ur, si - ui, AT(w + 2 * q + j), AT(w + 3 * q + j), yr, yi);
        AT(re + j + q) = yr;
        AT(im + j + q) = yi;
        TURN(tr + vr, ti + vi, AT(w + j), AT(w + q + j), yr, yi);
        AT(re + j + 2 * q) = yr;
        AT(im + j + 2 * q) = yi;
        TURN(tr - vr, ti - vi, AT(w + 4 * q + j), AT(w + 5 * q + j), yr, yi);
        AT(re + j + 3 * q) = yr;
        AT(im + j + 3 * q) = yi;
    }
}

INLINE void NAME(merge4)(REAL *re, REAL *im, const REAL *w, long n) {
    long q = n / 4;
    for (long j = 0; j < q; j += LANES) {
        V ar = AT(re + j), ai = AT(im + j), br, bi, cr, ci, dr, di;
        BACK(AT(re + j + q), AT(im + j + q), AT(w + 2 * q + j), AT(w + 3 * q + j), cr, ci);
        BACK(AT(re + j + 2 * q), AT(im + j + 2 * q), AT(w + j), AT(w + q + j), br, bi);
        BACK(AT(re + j + 3 * q), AT(im + j + 3 * q), AT(w + 4 * q + j), AT(w + 5 * q + j), dr, di);
        V sr = ar + cr, si = ai + ci, tr = ar - cr, ti = ai - ci;
        V ur = br + dr, ui = bi + di, vr = di - bi, vi = br - dr;
        AT(re + j) = sr + ur;
        AT(im + j) = si + ui;
        AT(re + j + q) = tr + vr;
        AT(im + j + q) = ti + vi;
        AT(re + j + 2 * q) = sr - ur;
        AT(im + j + 2 * q) = si - ui;
        AT(re + j + 3 * q) = tr - vr;
        AT(im + j + 3 * q) = ti - vi;
    }
}

#if LANES == 4
#define TRANSPOSE(a, b, c, d) do { \
    V ab0 = __builtin_shufflevector(a, b, 0, 4, 2, 6), ab1 = __builtin_shufflevector(a, b, 1, 5, 3, 7); \
    V cd0 = __builtin_shufflevector(c, d, 0, 4, 2, 6), cd1 = __builtin_shufflevector(c, d, 1, 5, 3, 7); \
    (a) = __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5); \
    (b) = __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5); \
    (c) = __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7); \
    (d) = __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7); \
} while (0)

// The last two levels, 16 numbers in registers.
INLINE void NAME(split16)(REAL *re, REAL *im, const REAL *w) {
    NAME(split4)(re, im, w, 16);
    V ar = AT(re), br = AT(re + 4), cr = AT(re + 8), dr = AT(re + 12);
    V ai = AT(im), bi = AT(im + 4), ci = AT(im + 8), di = AT(im + 12);
    TRANSPOSE(ar, br, cr, dr);
    TRANSPOSE(ai, bi, ci, di);
    V sr = ar + cr, si = ai + ci, tr = ar - cr, ti = ai - ci;
    V ur = br + dr, ui = bi + di, vr = bi - di, vi = dr - br;
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

INLINE void NAME(merge16)(REAL *re, REAL *im, const REAL *w) {
    V ar = AT(re), br = AT(re + 4), cr = AT(re + 8), dr = AT(re + 12);
    V ai = AT(im), bi = AT(im + 4), ci = AT(im + 8), di = AT(im + 12);
    TRANSPOSE(ar, br, cr, dr);
    TRANSPOSE(ai, bi, ci, di);
    // The four are the frequencies 0, 2, 1, 3.
    V sr = ar + br, si = ai + bi, tr = ar - br, ti = ai - bi;
    V ur = cr + dr, ui = ci + di, vr = di - ci, vi = cr - dr;
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
    NAME(merge4)(re, im, w, 16);
}
#undef TRANSPOSE
#endif

#undef AT
#undef TURN
#undef BACK

// Levels of more than 16 numbers in vectors of `lanes`.
#ifndef FORWARD
#define FORWARD(name, lanes) \
INLINE void name(REAL *re, REAL *im, const REAL *twiddles, long size) { \
    const REAL *w = twiddles; \
    long n = size; \
    if (__builtin_ctzl(size) & 1) { \
        split2_by_##lanes(re, im, w, n); \
        w += n; \
        n /= 2; \
    } \
    for (; n > near_size; w += 6 * (n / 4), n /= 4) \
        for (long b = 0; b < size; b += n) split4_by_##lanes(re + b, im + b, w, n); \
    for (long b = 0; b < size; b += n) { \
        const REAL *v = w; \
        for (long m = n; m > 16; v += 6 * (m / 4), m /= 4) \
            for (long c = b; c < b + n; c += m) split4_by_##lanes(re + c, im + c, v, m); \
        LAST_LEVELS(re + b, im + b, v, n); \
    } \
}
#endif
