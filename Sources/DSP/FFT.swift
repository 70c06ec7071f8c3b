import CFFTW
import Synchronization

/// FFTW's planner is the one part of it that is not safe to enter twice.
private let planner = Mutex(())

/// Real FFT in single precision.
///
/// Planned with FFTW_ESTIMATE: the same plan on every run, in a few ms. All memory is allocated in `init`; a transform neither
/// allocates nor locks.
public struct RealFFT: ~Copyable {
    /// Samples in.
    public let size: Int
    /// `size / 2 + 1` values out, from 0 Hz to half the sample rate.
    public var binCount: Int { size / 2 + 1 }

    private let input: UnsafeMutablePointer<Float>
    private let output: UnsafeMutablePointer<fftwf_complex>
    private let plan: fftwf_plan

    /// - Parameter size: an even number of samples; fastest when its prime factors are 2, 3 and 5.
    public init(size: Int) {
        precondition(size >= 2 && size.isMultiple(of: 2), "RealFFT needs an even size")
        self.size = size
        let made = planner.withLock { _ -> (UnsafeMutablePointer<Float>, UnsafeMutablePointer<fftwf_complex>, fftwf_plan)? in
            guard let input = fftwf_alloc_real(size), let output = fftwf_alloc_complex(size / 2 + 1),
                let plan = fftwf_plan_dft_r2c_1d(Int32(size), input, output, FFTW_ESTIMATE)
            else { return nil }
            return (input, output, plan)
        }
        guard let made else { preconditionFailure("out of memory for an FFT of \(size)") }
        (input, output, plan) = made
    }

    deinit {
        planner.withLock { _ in
            fftwf_destroy_plan(plan)
            fftwf_free(input)
            fftwf_free(output)
        }
    }

    /// |X|² of `size` samples, to which a window has been applied, as `binCount` values, not scaled.
    public mutating func powerSpectrum(_ windowed: UnsafePointer<Float>, into power: UnsafeMutablePointer<Float>) {
        input.update(from: windowed, count: size)
        fftwf_execute(plan)
        // A complex number of FFTW is two floats in a row.
        output.withMemoryRebound(to: SIMD2<Float>.self, capacity: binCount) { bins in
            for k in 0..<binCount {
                let squares = bins[k] * bins[k]
                power[k] = squares.x + squares.y
            }
        }
    }

    /// X of `size` samples under a window, as `binCount` complex values (real, imaginary), not scaled.
    public mutating func spectrum(
        of samples: UnsafePointer<Float>, window: UnsafePointer<Float>, into bins: UnsafeMutablePointer<SIMD2<Float>>
    ) {
        for i in 0..<size { input[i] = samples[i] * window[i] }
        fftwf_execute(plan)
        output.withMemoryRebound(to: SIMD2<Float>.self, capacity: binCount) { bins.update(from: $0, count: binCount) }
    }
}
