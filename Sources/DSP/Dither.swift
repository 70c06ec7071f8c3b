import CSignal

/// Word-length reduction with triangular dither of 2 LSB peak to peak: S. Lipshitz, R. Wannamaker, J. Vanderkooy,
/// "Quantization and dither: a theoretical survey", JAES 40(5), 1992.
///
/// The noise is a function of (seed, absolute frame, channel) alone, so any cut into blocks or threads gives the same bits.
public enum Dither {
    /// Rounds `frames` frames in place to multiples of 2^(1−bits), within ±full scale.
    ///
    /// - Parameters:
    ///   - firstFrame: index of the block's first frame in the file.
    ///   - bits: 8…24.
    ///   - tpdf: add dither before rounding; without it values are rounded to nearest, ties to even.
    public static func quantise(_ block: AudioBlock, frames: Int, firstFrame: Int64, bits: Int, tpdf: Bool, seed: UInt64) {
        let scale = Double(1 << (bits - 1))
        for c in 0..<block.channels {
            lathe_quantise(block[c], frames, scale, key(seed: seed, channel: c), UInt64(bitPattern: firstFrame), tpdf ? 1 : 0)
        }
    }

    static func key(seed: UInt64, channel: Int) -> UInt64 { seed &+ UInt64(channel) &* 0x9E37_79B9_7F4A_7C15 }

    /// Noise of triangular density within ±1 LSB: two independent uniform values in ±½ LSB.
    @inline(__always)
    static func triangular(_ key: UInt64, frame: Int64) -> Double {
        let r = mix(key ^ (UInt64(bitPattern: frame) &* 0xD1B5_4A32_D192_ED03))
        return Double(Int32(truncatingIfNeeded: r)) * 0x1p-32 + Double(Int32(truncatingIfNeeded: r >> 32)) * 0x1p-32
    }

    /// The finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014), twice: a counter in, well-mixed bits out.
    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        return z ^ (z >> 31)
    }
}
