import Playback

/// Levels against place and frequency, filled where the file was heard: a second pass draws over the first, as in `LoudnessHistory`.
struct Spectrogram: Sendable, Equatable {
    static let columns = 512
    static let bands = 32

    /// One byte a cell, column after column: 0 is not heard yet, 1…255 are −96…0 dB.
    private(set) var master: [UInt8] = []
    private(set) var original: [UInt8] = []
    private var last: Int?

    mutating func record(_ frame: MeterFrame, position: Double, duration: Double) {
        guard duration > 0, position >= 0 else { last = nil; return }
        if master.isEmpty {
            master = [UInt8](repeating: 0, count: Self.columns * Self.bands)
            original = master
        }
        let column = min(Self.columns - 1, Int(position / duration * Double(Self.columns)))
        // A short file passes several columns between two readings; a jump is a seek.
        let limit = max(1, Int(0.5 / duration * Double(Self.columns)))
        let from = last.map { column > $0 && column - $0 <= limit ? $0 + 1 : column } ?? column
        for k in from...column {
            for band in 0..<Self.bands {
                master[k * Self.bands + band] = Self.level(frame.master, band)
                original[k * Self.bands + band] = Self.level(frame.original, band)
            }
        }
        last = column
    }

    private static func level(_ voice: MeterFrame.VoiceMeters, _ band: Int) -> UInt8 {
        var most = MeterFrame.floorDB
        let from = band * MeterFrame.bandCount / bands, to = (band + 1) * MeterFrame.bandCount / bands
        for k in from..<to { most = max(most, voice.spectrum[k]) }
        return UInt8(1 + 254 * max(0, min(1, (most + 96) / 96)))
    }

    mutating func clear() { self = Spectrogram() }
}
