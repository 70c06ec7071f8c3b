import DSP

/// The ways samples leave for a device or a pipe: interleaved, little-endian.
enum SampleEncoding: Sendable {
    case float32, int32, int24Packed, int24In32, int16

    var bytes: Int {
        switch self {
        case .float32, .int32, .int24In32: 4
        case .int24Packed: 3
        case .int16: 2
        }
    }

    var name: String {
        switch self {
        case .float32: "32-bit float"
        case .int32: "32-bit"
        case .int24Packed, .int24In32: "24-bit"
        case .int16: "16-bit dithered"
        }
    }

    /// Interleaves `frames` frames of `block` (within ±1) into `out`. 16-bit samples get TPDF dither, in place in `block`.
    func encode(_ block: AudioBlock, frames: Int, firstFrame: Int, to out: UnsafeMutableRawPointer) {
        let channels = block.channels
        switch self {
        case .float32:
            let out = out.assumingMemoryBound(to: Float.self)
            for c in 0..<channels {
                let x = block[c]
                for i in 0..<frames { out[i * channels + c] = Float(x[i]) }
            }
        case .int32:
            integers(block, frames, scale: 0x1p31) { index, value in out.storeBytes(of: value, toByteOffset: index * 4, as: Int32.self) }
        case .int24In32:
            integers(block, frames, scale: 0x1p23) { index, value in out.storeBytes(of: value, toByteOffset: index * 4, as: Int32.self) }
        case .int24Packed:
            integers(block, frames, scale: 0x1p23) { index, value in
                out.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: index * 3, as: UInt8.self)
                out.storeBytes(of: UInt8(truncatingIfNeeded: value >> 8), toByteOffset: index * 3 + 1, as: UInt8.self)
                out.storeBytes(of: UInt8(truncatingIfNeeded: value >> 16), toByteOffset: index * 3 + 2, as: UInt8.self)
            }
        case .int16:
            Dither.quantise(block, frames: frames, firstFrame: Int64(firstFrame), bits: 16, tpdf: true, seed: 0)
            integers(block, frames, scale: 0x1p15) { index, value in
                out.storeBytes(of: Int16(truncatingIfNeeded: value), toByteOffset: index * 2, as: Int16.self)
            }
        }
    }

    @inline(__always)
    private func integers(_ block: AudioBlock, _ frames: Int, scale: Double, _ store: (Int, Int32) -> Void) {
        let channels = block.channels
        for c in 0..<channels {
            let x = block[c]
            for i in 0..<frames {
                let value = (x[i] * scale).rounded(.toNearestOrEven)
                store(i * channels + c, Int32(min(max(value, -scale), scale - 1)))
            }
        }
    }
}
