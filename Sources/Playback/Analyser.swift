import DSP
import Synchronization

/// Meters both voices from the tap, some 30 times a second of sound, and tells everybody who waits that something changed.
final class Analyser: @unchecked Sendable {
    // Unchecked: the meters are used by the analyser's thread alone once it runs; readings pass through `history`.
    private let shared: UnsafeMutablePointer<SharedState>
    private let announcements: Announcements
    private let sampleRate: Double
    private let channels: Int
    private var master: VoiceMeter
    private var original: VoiceMeter
    private var spectrum: SpectrumBands
    private var framesSinceReading = 0
    private var resetsSeen = 0
    private var compressorReduction = 0.0
    private var bandReductions = SIMD4<Double>.zero
    private var limiterReduction = 0.0

    private struct History {
        /// Readings with the count of frames handed to the sink at their end, oldest first.
        var readings: [(played: Int, frame: MeterFrame)] = []
    }
    private let history = Mutex(History())
    private static let readingsPerSecond = 30.0
    /// More than the longest delay of a sound server.
    private static let kept = 96

    init(shared: UnsafeMutablePointer<SharedState>, announcements: Announcements, sampleRate: Double, layout: ChannelLayout) {
        self.shared = shared
        self.announcements = announcements
        self.sampleRate = sampleRate
        channels = layout.channels
        spectrum = SpectrumBands(sampleRate: sampleRate)
        master = VoiceMeter(sampleRate: sampleRate, layout: layout, history: spectrum.size)
        original = VoiceMeter(sampleRate: sampleRate, layout: layout, history: spectrum.size)
    }

    func run() {
        while !shared.pointee.quit.load(ordering: .acquiring) {
            shared.pointee.analyserWakeup.wait()
            while let block = shared.pointee.tapBlocks.pop() { meter(block) }
            announcements.announce()
        }
        announcements.announce()
    }

    /// The newest readings of sound that has been heard when `heard` of the frames handed to the sink have been.
    func latest(heard: Int) -> MeterFrame? {
        history.withLock { history in history.readings.last { $0.played <= heard }?.frame }
    }

    /// Readings of sound behind the first `index` frames handed to the sink, oldest first.
    func readings(after index: Int) -> [(played: Int, frame: MeterFrame)] { history.withLock { $0.readings.filter { $0.played > index } } }

    private func meter(_ block: TapBlock) {
        if block.restart {
            master.reset()
            original.reset()
            framesSinceReading = 0
        }
        let resets = shared.pointee.meterResets.load(ordering: .acquiring)
        if resets != resetsSeen {
            resetsSeen = resets
            master.restart()
            original.restart()
        }
        var done = 0
        while done < block.frames {
            let (rows, count) = shared.pointee.tap.span(at: block.index + done, frames: block.frames - done)
            master.process(AudioBlock(base: rows.base, channels: channels, stride: rows.stride, capacity: count), frames: count)
            original.process(AudioBlock(base: rows[channels], channels: channels, stride: rows.stride, capacity: count), frames: count)
            done += count
        }
        shared.pointee.tap.release(before: block.index + block.frames)
        compressorReduction = min(compressorReduction, block.compressorReduction)
        bandReductions = pointwiseMin(bandReductions, block.bandReductions)
        limiterReduction = min(limiterReduction, block.limiterReduction)
        framesSinceReading += block.frames
        if Double(framesSinceReading) * Self.readingsPerSecond >= sampleRate { read(block) }
    }

    private func read(_ block: TapBlock) {
        var frame = MeterFrame()
        frame.frame = block.endFrame
        frame.position = Double(block.endFrame) / sampleRate
        frame.master = master.take(&spectrum)
        frame.original = original.take(&spectrum)
        frame.compressorReduction = compressorReduction
        frame.bandReductions = bandReductions
        frame.limiterReduction = limiterReduction
        framesSinceReading = 0
        compressorReduction = 0
        bandReductions = .zero
        limiterReduction = 0
        history.withLock { history in
            if history.readings.count == Self.kept { history.readings.removeFirst() }
            history.readings.append((block.played, frame))
        }
    }
}
