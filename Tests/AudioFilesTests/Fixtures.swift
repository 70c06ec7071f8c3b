import AudioFiles
import DSP
import Foundation
import Testing

/// A folder of its own that goes with the test.
final class Folder {
    let path: String

    init(in parent: String = NSTemporaryDirectory()) throws {
        path = parent + (parent.hasSuffix("/") ? "" : "/") + "lathe-files-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record("\(path) stays behind: \(error)") }
    }

    subscript(name: String) -> String { path + "/" + name }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: self[name]))
        return self[name]
    }

    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}

func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

/// Planar samples that own themselves.
struct Sound: Equatable {
    var rows: [[Double]]
    var frames: Int { rows.first?.count ?? 0 }

    /// Sines of different pitch per channel, on the grid of `bits`.
    static func tones(channels: Int, frames: Int, bits: Int = 16, level: Double = 0.5) -> Sound {
        let grid = Double(1 << (bits - 1))
        func sample(_ channel: Int, _ frame: Int) -> Double {
            let phase = Double(frame) * 0.05 * Double(channel + 1)
            return (level * sin(phase) * grid).rounded() / grid
        }
        return Sound(rows: (0..<channels).map { c in (0..<frames).map { sample(c, $0) } })
    }

    func withBlock<T>(_ body: (AudioBlock) throws -> T) rethrows -> T {
        let buffer = AudioBuffer(channels: rows.count, frames: max(1, frames))
        for (c, row) in rows.enumerated() { for (i, x) in row.enumerated() { buffer.block[c][i] = x } }
        defer { withExtendedLifetime(buffer) {} }
        return try body(buffer.block)
    }
}

/// Writes `sound` in calls of uneven length.
@discardableResult
func write(
    _ sound: Sound, to path: String, _ container: OutputFormat.Container, _ bits: OutputFormat.SampleBits = .int16, rate: Int = 48_000,
    tags: [String: String] = [:], layout: ChannelLayout? = nil
) throws -> String {
    let output = try AtomicOutput(target: path, force: true, inputs: [])
    let format = OutputFormat(container: container, bits: bits, sampleRate: rate, layout: layout ?? .usual(sound.rows.count))
    let writer = try AudioWriter(fileDescriptor: output.fileDescriptor, path: path, format: format, tags: tags)
    try sound.withBlock { block in
        var at = 0
        while at < sound.frames {
            let count = min(7001, sound.frames - at)
            try writer.write(block.advanced(by: at), frames: count)
            at += count
        }
    }
    try writer.finish()
    return try output.commit()
}

/// Reads from where `reader` stands to the end, in calls of `size` frames.
func readAll(_ reader: AudioReader, size: Int = 3000) throws -> Sound {
    let buffer = AudioBuffer(channels: reader.info.channels, frames: size)
    var sound = Sound(rows: Array(repeating: [], count: reader.info.channels))
    while true {
        let got = try reader.read(into: buffer.block, frames: size)
        if got == 0 { break }
        for c in sound.rows.indices { sound.rows[c] += UnsafeBufferPointer(start: buffer.block[c], count: got) }
    }
    return sound
}

func readAll(_ path: String) throws -> Sound { try readAll(AudioReader(path: path)) }

/// The error that opening and reading `path` to its end gives; nil when it reads.
func failure(_ path: String) -> AudioFileError? {
    do {
        _ = try readAll(path)
        return nil
    } catch let error as AudioFileError {
        return error
    } catch {
        Issue.record("untyped: \(error)")
        return nil
    }
}

/// A WAVE file byte by byte (Microsoft/IBM, Multimedia Programming Interface 1.0), independent of the library under test.
enum WaveBytes {
    static func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    static func file(
        data: [UInt8], channels: Int = 1, rate: Int = 44_100, bits: Int = 16, format: Int = 1, claimedData: Int? = nil
    ) -> [UInt8] {
        let width = channels * bits / 8
        let claimed = claimedData ?? data.count
        var file = Array("RIFF".utf8) + little(claimedData == nil ? claimed + 36 : claimed, 4) + Array("WAVEfmt ".utf8)
        for (value, count) in [(16, 4), (format, 2), (channels, 2), (rate, 4), (rate * width, 4), (width, 2), (bits, 2)] {
            file += little(value, count)
        }
        return file + Array("data".utf8) + little(claimed, 4) + data
    }
}
