// Levels of a transform in vectors of LANES numbers; included once for each width.

#define AT(p) (*(U *)(p))
// (ar + i ai) (wr + i wi) and (ar + i ai) (wr - i wi)
#define TURN(ar, ai, wr, wi, yr, yi) do { V r_ = (ar) * (wr) - (ai) * (wi); (yi) = (ar) * (wi) + (ai) * (wr); (yr) = r_; } while (0)
#define BACK(ar, ai, wr, wi, yr, yi) do { V r_ = (ar) * (wr) + (ai) * (wi); (yi) = (ai) * (wr) - (ar) * (wi); (yr) = r_; } while (0)

INLINE void NAME(split2)(double *re, double *im, const double *w, long n) {
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

INLINE void NAME(merge2)(double *re, double *im, const double *w, long n) {
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
INLINE void NAME(split4)(double *re, double *im, const double *w, long n) {
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

INLINE void NAME(merge4)(double *re, double *im, const double *w, long n) {
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

#undef AT
#undef TURN
#undef BACK
