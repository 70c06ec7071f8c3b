// The gain computer in vectors of LANES numbers; included once for each width.

#define ONE ((V){0} + 1)

// log2 of normal numbers > 0, as FastMath.log2: mantissa in [sqrt 1/2, sqrt 2), atanh series to the 17th power.
INLINE void NAME(lathe_static_curve)(
    double *levels, long count, double quiet, double threshold, double slope, double half_knee, double curvature) {
    for (long i = 0; i < count; i += LANES) {
        V level = *(const U *)(levels + i);
        L loud = level > quiet;
        // What is not loud is not looked at: 1 keeps the arithmetic in range.
        L bits = ((L)level & loud) | ((L)ONE & ~loud);
        // The exponent field as a double: placed in the low bits of 2^52.
        V exponent = (V)(((bits >> 52) & 0x7FF) | 0x4330000000000000) - (0x1p52 + 1023);
        V m = (V)((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);
        L high = m > 1.4142135623730951;
        m *= (V)((high & (L)(0.5 * ONE)) | (~high & (L)ONE));
        exponent += (V)(high & (L)ONE);
        V s = (m - 1) / (m + 1);
        V z = s * s;
        V p = z * (1.0 / 17) + 1.0 / 15;
        p = p * z + 1.0 / 13;
        p = p * z + 1.0 / 11;
        p = p * z + 1.0 / 9;
        p = p * z + 1.0 / 7;
        p = p * z + 1.0 / 5;
        p = p * z + 1.0 / 3;
        p = p * z + 1;
        V over = exponent + s * p * 2.8853900817779268 - threshold;
        V knee = over + half_knee;
        knee = (V)((L)knee & (knee > 0));
        L above = over >= half_knee;
        V wanted = (V)((above & (L)over) | (~above & (L)(knee * knee * curvature)));
        *(U *)(levels + i) = slope * (V)((L)wanted & loud);
    }
}

// 2^-r for 0 <= r < 1000, as FastMath.exp2: Taylor series of e^(f ln 2), |f| <= 1/2.
INLINE void NAME(lathe_mixed_gain)(double *reductions, long count, double from, double step) {
    V index = {0};
    for (int lane = 0; lane < LANES; lane++) index[lane] = lane + 1;
    for (long i = 0; i < count; i += LANES) {
        V x = -*(const U *)(reductions + i);
        V shifted = x + 0x1.8p52;
        V f = (x - (shifted - 0x1.8p52)) * 0.6931471805599453;
        V p = f * (1.0 / 479001600) + 1.0 / 39916800;
        p = p * f + 1.0 / 3628800;
        p = p * f + 1.0 / 362880;
        p = p * f + 1.0 / 40320;
        p = p * f + 1.0 / 5040;
        p = p * f + 1.0 / 720;
        p = p * f + 1.0 / 120;
        p = p * f + 1.0 / 24;
        p = p * f + 1.0 / 6;
        p = p * f + 0.5;
        p = p * f + 1;
        p = p * f + 1;
        // The whole part sits in the low bits of the sum: moved to the exponent, with its bias.
        V gain = p * (V)(((L)shifted + 1023) << 52);
        V mix = from + step * index;
        *(U *)(reductions + i) = (1 - mix) + mix * gain;
        index += LANES;
    }
}

#undef ONE
