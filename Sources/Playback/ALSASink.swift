import AudioFiles
import CALSA
import DSP
import Glibc

/// Why a device could not be used: what to tell, and the errno.
struct DeviceRefusal: Error {
    let code: Int32
    /// The device that was asked for, where one was named.
    var device: String?

    /// For people.
    var reason: String {
        switch code {
        case ENOENT where device != nil: "there is no sound device \((device ?? "").printable) (aplay -L lists them)"
        case ENOENT: "there is no such sound device"
        case EBUSY: "the sound device is in use by another program"
        case EACCES, EPERM: "no permission to use the sound device (is this user in the audio group?)"
        case ENODEV, ENXIO: "the sound device is gone"
        case ECONNREFUSED: "the sound server does not answer"
        case EINVAL: "the sound device does not accept this kind of sound"
        case ETIMEDOUT: "the sound device stopped taking sound"
        default: "the sound device failed (\(String(cString: snd_strerror(code))))"
        }
    }
}

/// An ALSA playback PCM. Opened and closed on the opener's thread, in between used by the audio thread alone.
struct ALSASink: Sink {
    let periodFrames: Int
    /// Times the device ran dry or was suspended.
    private(set) var interruptions = 0
    let description: String

    private let pcm: OpaquePointer
    private let encoding: SampleEncoding
    private let frameBytes: Int
    private let buffer: UnsafeMutableRawPointer

    // MARK: Opener

    /// Opens `device` for exactly this rate and channel count; where the device itself has them not, through ALSA's `plug` layer.
    ///
    /// - Parameter periodSeconds: what is aimed at; the buffer holds five.
    init(device: String, sampleRate: Double, channels: Int, periodSeconds: Double) throws(DeviceRefusal) {
        lathe_alsa_capture_log()
        do {
            try self.init(opening: device, called: device, sampleRate: sampleRate, channels: channels, periodSeconds: periodSeconds)
        } catch {
            // The device exists but lacks the format: anything else would only fail again.
            guard error.code == EINVAL, !device.hasPrefix("plug"), !device.contains("'") else { throw error }
            try self.init(
                opening: "plug:'\(device)'", called: device, sampleRate: sampleRate, channels: channels, periodSeconds: periodSeconds)
        }
    }

    private init(opening name: String, called shown: String, sampleRate: Double, channels: Int, periodSeconds: Double) throws(DeviceRefusal) {
        var handle: OpaquePointer?
        // Non-blocking: a device that is in use says so instead of queueing us.
        let result = snd_pcm_open(&handle, name, SND_PCM_STREAM_PLAYBACK, Int32(SND_PCM_NONBLOCK))
        guard result >= 0, let pcm = handle else { throw DeviceRefusal(code: -result, device: shown == "default" ? nil : shown) }
        do {
            (encoding, periodFrames) = try Self.configure(
                pcm, rate: UInt32(sampleRate.rounded()), channels: UInt32(channels), periodSeconds: periodSeconds)
        } catch {
            snd_pcm_close(pcm)
            throw error
        }
        self.pcm = pcm
        frameBytes = encoding.bytes * channels
        buffer = .allocate(byteCount: maximumBlockFrames * frameBytes, alignment: 16)
        description = "ALSA \(shown.printable), \(Int(sampleRate)) Hz, \(encoding.name)"
    }

    /// Closes the device and frees the memory. The opener's thread: a device that was pulled out may take its time.
    func close() {
        snd_pcm_close(pcm)
        buffer.deallocate()
    }

    private static func configure(
        _ pcm: OpaquePointer, rate: UInt32, channels: UInt32, periodSeconds: Double
    ) throws(DeviceRefusal) -> (SampleEncoding, Int) {
        func check(_ result: Int32) throws(DeviceRefusal) {
            if result < 0 { throw DeviceRefusal(code: -result) }
        }
        var hardware: OpaquePointer?
        try check(snd_pcm_hw_params_malloc(&hardware))
        defer { snd_pcm_hw_params_free(hardware) }
        try check(snd_pcm_hw_params_any(pcm, hardware))
        try check(snd_pcm_hw_params_set_rate_resample(pcm, hardware, 1))
        try check(snd_pcm_hw_params_set_access(pcm, hardware, SND_PCM_ACCESS_RW_INTERLEAVED))
        let preferences: [(snd_pcm_format_t, SampleEncoding)] = [
            (SND_PCM_FORMAT_FLOAT_LE, .float32), (SND_PCM_FORMAT_S32_LE, .int32), (SND_PCM_FORMAT_S24_3LE, .int24Packed),
            (SND_PCM_FORMAT_S24_LE, .int24In32), (SND_PCM_FORMAT_S16_LE, .int16),
        ]
        guard let (format, encoding) = preferences.first(where: { snd_pcm_hw_params_test_format(pcm, hardware, $0.0) == 0 }) else {
            throw DeviceRefusal(code: EINVAL)
        }
        try check(snd_pcm_hw_params_set_format(pcm, hardware, format))
        try check(snd_pcm_hw_params_set_channels(pcm, hardware, channels))
        try check(snd_pcm_hw_params_set_rate(pcm, hardware, rate, 0))
        var period = snd_pcm_uframes_t(max(64, Double(rate) * periodSeconds))
        var size = period * 5
        try check(snd_pcm_hw_params_set_period_size_near(pcm, hardware, &period, nil))
        try check(snd_pcm_hw_params_set_buffer_size_near(pcm, hardware, &size))
        try check(snd_pcm_hw_params(pcm, hardware))
        snd_pcm_hw_params_get_period_size(hardware, &period, nil)
        snd_pcm_hw_params_get_buffer_size(hardware, &size)

        var software: OpaquePointer?
        try check(snd_pcm_sw_params_malloc(&software))
        defer { snd_pcm_sw_params_free(software) }
        try check(snd_pcm_sw_params_current(pcm, software))
        // Starts when no further whole period fits; a shorter piece is started by the drain.
        try check(snd_pcm_sw_params_set_start_threshold(pcm, software, max(1, size / max(1, period) * period)))
        try check(snd_pcm_sw_params_set_avail_min(pcm, software, period))
        try check(snd_pcm_sw_params(pcm, software))
        return (encoding, min(maximumBlockFrames, max(1, Int(period))))
    }

    // MARK: Audio thread

    mutating func waitForRoom() -> SinkResult {
        let available = snd_pcm_avail_update(pcm)
        if available >= periodFrames { return .done }
        if available < 0 { return recover(Int32(available)) }
        let result = snd_pcm_wait(pcm, 100)
        if result < 0 { return recover(result) }
        return result == 0 ? .notYet : .done
    }

    mutating func write(_ block: AudioBlock, frames: Int, firstFrame: Int) -> SinkResult {
        encoding.encode(block, frames: frames, firstFrame: firstFrame, to: buffer)
        var done = 0
        // Some two seconds without progress: the device hangs.
        var patience = 20
        while done < frames {
            let count = snd_pcm_writei(pcm, buffer + done * frameBytes, snd_pcm_uframes_t(frames - done))
            if count > 0 {
                done += count
                continue
            }
            let result = count == 0 || count == -Int(EAGAIN) ? waitForRoom() : recover(Int32(count))
            switch result {
            case .failed: return result
            case .done: if count == 0 { patience -= 1 }
            case .notYet: patience -= 1
            }
            if patience == 0 { return .failed(ETIMEDOUT) }
        }
        return .done
    }

    /// Gets the device going again after it ran dry or the machine slept.
    private mutating func recover(_ error: Int32) -> SinkResult {
        switch -error {
        case EINTR, EAGAIN:
            return .notYet
        case EPIPE:
            interruptions += 1
            let result = snd_pcm_prepare(pcm)
            return result < 0 ? .failed(-result) : .done
        case ESTRPIPE:
            interruptions += 1
            for _ in 0..<40 {
                let result = snd_pcm_resume(pcm)
                if result == 0 { return .done }
                if result != -EAGAIN { break }
                sleepNanoseconds(50_000_000)
            }
            let result = snd_pcm_prepare(pcm)
            return result < 0 ? .failed(-result) : .done
        default:
            return .failed(-error)
        }
    }

    mutating func delay() -> Int {
        var frames = snd_pcm_sframes_t(0)
        return snd_pcm_delay(pcm, &frames) < 0 ? 0 : max(0, frames)
    }

    mutating func drain() {
        // Blocking, because some plug-ins finish their work only then.
        snd_pcm_nonblock(pcm, 0)
        snd_pcm_drain(pcm)
        snd_pcm_nonblock(pcm, 1)
        snd_pcm_prepare(pcm)
    }
}
