import AudioFiles
import DSP
import Foundation

/// A folder of its own that goes with the test.
final class Folder {
    let path: String
    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-master-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    subscript(name: String) -> String { path + "/" + name }
}

/// A made-up mix: kick, bass, chords and hats with a quiet start, so that gates, compressor and limiter all have work.
func mix(seconds: Double, rate: Int, level: Double) -> AudioBuffer {
    let frames = Int(seconds * Double(rate))
    let made = AudioBuffer(channels: 2, frames: frames)
    var state: UInt64 = 88172645463325252
    func hiss() -> Double {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Double(Int64(bitPattern: state)) / 9.3e18
    }
    for i in 0..<frames {
        let t = Double(i) / Double(rate), beat = t.truncatingRemainder(dividingBy: 0.5), eighth = t.truncatingRemainder(dividingBy: 0.25)
        let section = t < seconds / 4 ? 0.3 : 1
        let kick = exp(-beat * 18) * sin(2 * .pi * (45 * beat + 6 * (1 - exp(-beat * 30))))
        let bass = 0.4 * sin(2 * .pi * 55 * t) * (0.6 + 0.4 * sin(2 * .pi * 0.5 * t))
        let chord = 0.12 * (sin(2 * .pi * 220 * t) + sin(2 * .pi * 277.2 * t) + sin(2 * .pi * 329.6 * t))
        let hat = exp(-eighth * 60) * hiss() * 0.3
        made.block[0][i] = level * section * (kick * 0.8 + bass + chord + hat)
        made.block[1][i] = level * section * (kick * 0.8 + bass + chord * 0.8 - hat * 0.6)
    }
    return made
}

func write(_ buffer: AudioBuffer, frames: Int, to path: String, rate: Int) throws {
    let out = try AtomicOutput(target: path, force: true, inputs: [])
    let writer = try AudioWriter(
        fileDescriptor: out.fileDescriptor, path: path,
        format: OutputFormat(container: .wav, bits: .float32, sampleRate: rate, channels: buffer.block.channels), tags: [:])
    try writer.write(buffer.block, frames: frames)
    try writer.finish()
    _ = try out.commit()
}
