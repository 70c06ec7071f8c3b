import CSignal
import DSP

/// Between interleaved samples, as libsndfile has them, and planar 64-bit rows.
enum Interleaved {
    /// Beyond this a sample is as good as infinite: its square still fits a Double, and so do sums of squares.
    static let greatestSample = 0x1p31

    /// 32-bit integers, left-justified: full scale 2³¹. Exact.
    static func spread(_ input: UnsafePointer<Int32>, channels: Int, frames: Int, into block: AudioBlock) {
        let scale = 0x1p-31
        if channels == 2 {
            let (left, right) = (block[0], block[1])
            var from = input
            for i in 0..<frames {
                left[i] = Double(from[0]) * scale
                right[i] = Double(from[1]) * scale
                from += 2
            }
            return
        }
        for c in 0..<channels {
            let row = block[c]
            var from = input + c
            for i in 0..<frames {
                row[i] = Double(from.pointee) * scale
                from += channels
            }
        }
    }

    /// Integers of two bytes, the lower first; they may lie anywhere. Exact.
    static func spread16(_ input: UnsafeRawPointer, channels: Int, frames: Int, into block: AudioBlock) {
        for c in 0..<channels {
            let row = block[c]
            var from = input + 2 * c
            for i in 0..<frames {
                row[i] = Double(Int16(littleEndian: from.loadUnaligned(as: Int16.self))) * 0x1p-15
                from += 2 * channels
            }
        }
    }

    /// Integers of three bytes, the lowest first. Exact.
    static func spread24(_ input: UnsafeRawPointer, channels: Int, frames: Int, into block: AudioBlock) {
        let bytes = input.assumingMemoryBound(to: UInt8.self)
        if channels == 2 { return lathe_spread_packed24(bytes, frames, block[0], block[1]) }
        for c in 0..<channels {
            let row = block[c]
            var from = bytes + 3 * c
            for i in 0..<frames {
                let bits = UInt32(from[0]) << 8 | UInt32(from[1]) << 16 | UInt32(from[2]) << 24
                row[i] = Double(Int32(bitPattern: bits)) * 0x1p-31
                from += 3 * channels
            }
        }
    }

    static func spread<S: BinaryFloatingPoint>(_ input: UnsafePointer<S>, channels: Int, frames: Int, into block: AudioBlock) {
        for c in 0..<channels {
            let row = block[c]
            var from = input + c
            for i in 0..<frames {
                row[i] = Double(from.pointee)
                from += channels
            }
        }
    }

    /// Whether all samples are numbers of at most `greatestSample`.
    static func isUsable(_ row: UnsafePointer<Double>, _ frames: Int) -> Bool {
        // The comparison is false for NaN, so a NaN stays in no lane's maximum by accident.
        var usable = SIMDMask<SIMD4<Int64>>(repeating: true)
        let limit = SIMD4<Double>(repeating: greatestSample)
        var i = 0
        while i + 4 <= frames {
            let four = SIMD4(row[i], row[i + 1], row[i + 2], row[i + 3])
            usable = usable .& (four .<= limit) .& (four .>= -limit)
            i += 4
        }
        var all = Swift.all(usable)
        while i < frames {
            all = all && row[i].magnitude <= greatestSample
            i += 1
        }
        return all
    }

    /// Rounds to integers of `bits`, clamps to their range and left-justifies them in 32. Values that lie on the grid pass exactly.
    /// Returns the first frame with a sample that is not a number, or nil.
    static func gather(_ block: AudioBlock, channels: Int, frames: Int, bits: Int, into output: UnsafeMutablePointer<Int32>) -> Int? {
        let fullScale = Double(sign: .plus, exponent: bits - 1, significand: 1)
        let (lowest, highest) = (-fullScale, fullScale - 1)
        let shift = Int32(32 - bits)
        for c in 0..<channels where !isFinite(block[c], frames) { return (0..<frames).first { !block[c][$0].isFinite } }
        if channels == 2 {
            lathe_gather_pair(block[0], block[1], frames, fullScale, shift, output)
            return nil
        }
        for c in 0..<channels {
            let row = block[c]
            var to = output + c
            for i in 0..<frames {
                var value = row[i] * fullScale
                value = value > lowest ? value : lowest
                value = value < highest ? value : highest
                // The sum's last bits are the nearest whole number, ties to even.
                to.pointee = Int32(truncatingIfNeeded: (value + 0x1.8p52).bitPattern) &<< shift
                to += channels
            }
        }
        return nil
    }

    /// The same for two channels of 24 bits, in three bytes each, the lowest first.
    static func gather24(_ block: AudioBlock, frames: Int, into output: UnsafeMutableRawPointer) -> Int? {
        for c in 0..<2 where !isFinite(block[c], frames) { return (0..<frames).first { !block[c][$0].isFinite } }
        lathe_gather_packed24(block[0], block[1], frames, output.assumingMemoryBound(to: UInt8.self))
        return nil
    }

    private static func isFinite(_ row: UnsafePointer<Double>, _ frames: Int) -> Bool {
        // A number times zero is zero, whatever the others are; anything else stays what it is.
        var sums = SIMD4<Double>.zero
        var i = 0
        while i &+ 4 <= frames {
            sums += UnsafeRawPointer(row + i).loadUnaligned(as: SIMD4<Double>.self) * 0
            i &+= 4
        }
        var sum = sums.sum()
        while i < frames {
            sum += row[i] * 0
            i &+= 1
        }
        return sum == 0
    }

    /// Returns the first frame with a sample that is not a number or overflows 32-bit floating point, or nil.
    static func gather(_ block: AudioBlock, channels: Int, frames: Int, into output: UnsafeMutablePointer<Float>) -> Int? {
        for c in 0..<channels {
            let row = block[c]
            var to = output + c
            for i in 0..<frames {
                let value = Float(row[i])
                guard value.isFinite else { return i }
                to.pointee = value
                to += channels
            }
        }
        return nil
    }
}
