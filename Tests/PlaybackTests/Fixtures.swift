import DSP
import Foundation
import Mastering
@testable import Playback
import Testing

/// Planar samples in memory.
struct Sound: Equatable {
    var rows: [[Double]]
    var frames: Int { rows[0].count }

    /// Music-like enough to move every block of the chain: swelling tones and noise from a fixed generator, values exact in 32-bit float.
    static func test(frames: Int, channels: Int, seed: UInt64 = 1) -> Sound {
        var state = seed
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(Int32(truncatingIfNeeded: state >> 32)) / 0x1p31
        }
        let rows = (0..<channels).map { c in
            (0..<frames).map { i -> Double in
                let t = Double(i)
                let swell = 0.35 + 0.3 * sin(t / 9000)
                return Double(Float(swell * sin(t * (0.03 + 0.011 * Double(c))) + 0.2 * noise()))
            }
        }
        return Sound(rows: rows)
    }

    /// As a render would give it: through a fresh chain, its latency taken off, rounded to 32-bit float.
    func mastered(_ parameters: ChainParameters, sampleRate: Int) -> Sound {
        var chain = MasteringChain(sampleRate: Double(sampleRate), channels: rows.count)
        chain.set(parameters, ramp: false)
        let total = frames + chain.latency
        let buffer = AudioBuffer(channels: rows.count, frames: total)
        for (c, row) in rows.enumerated() { for i in 0..<frames { buffer.block[c][i] = row[i] } }
        chain.process(buffer.block, frames: total)
        return Sound(rows: rows.indices.map { c in (chain.latency..<total).map { Double(Float(buffer.block[c][$0])) } })
    }

    func suffix(_ count: Int) -> Sound { Sound(rows: rows.map { Array($0.suffix(count)) }) }

    /// The first frame that differs from `other` beginning at its `offset`.
    func firstDifference(from other: Sound, offset: Int = 0) -> Int? {
        for i in 0..<frames {
            for c in rows.indices where i + offset >= other.frames || rows[c][i].bitPattern != other.rows[c][i + offset].bitPattern { return i }
        }
        return nil
    }
}

extension ChainParameters {
    /// Every block of the chain at work.
    static var busy: ChainParameters {
        var p = ChainParameters()
        p.inputGainDB = 1.5
        p.bands[0].kind = .bell
        p.bands[0].db = 3
        p.compressorOn = true
        p.thresholdDB = -20
        p.width = 1.2
        p.makeupGainDB = 5
        p.limiterOn = true
        return p
    }
}

/// A folder for one test, with the tools to play into files of it.
final class Scene: Sendable {
    let folder: URL

    init() throws {
        Self.useOwnALSAConfiguration()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-playback-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// ALSA's `file` plug-in over `null`: what a device would be given, on disk. `lathe_capture:<file>`.
    private static let configured: Bool = {
        let text = """
            </usr/share/alsa/alsa.conf>
            pcm.lathe_capture {
                @args [ FILE ]
                @args.FILE { type string }
                type file
                slave.pcm null
                file $FILE
                format raw
            }
            """
        guard (try? text.write(toFile: configurationPath, atomically: true, encoding: .utf8)) != nil else { return false }
        setenv("ALSA_CONFIG_PATH", configurationPath, 1)
        atexit { unlink(Scene.configurationPath) }
        return true
    }()

    private static let configurationPath = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-asound-\(getpid()).conf").path

    private static func useOwnALSAConfiguration() { precondition(configured, "cannot write ALSA's configuration") }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Writes a 32-bit float WAV file (RIFF, WAVE_FORMAT_IEEE_FLOAT).
    func wav(_ sound: Sound, sampleRate: Int, name: String = "in.wav") throws -> String {
        var data = Data()
        func add<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) } }
        let channels = sound.rows.count, bytes = sound.frames * channels * 4
        data.append(contentsOf: Array("RIFF".utf8))
        add(UInt32(36 + bytes))
        data.append(contentsOf: Array("WAVEfmt ".utf8))
        add(UInt32(16))
        add(UInt16(3))
        add(UInt16(channels))
        add(UInt32(sampleRate))
        add(UInt32(sampleRate * channels * 4))
        add(UInt16(channels * 4))
        add(UInt16(32))
        data.append(contentsOf: Array("data".utf8))
        add(UInt32(bytes))
        for i in 0..<sound.frames { for row in sound.rows { add(Float(row[i]).bitPattern) } }
        let path = path(name)
        try data.write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Interleaved 32-bit float as planar samples.
    static func sound(raw data: Data, channels: Int) -> Sound {
        let values = data.withUnsafeBytes { bytes in (0..<data.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) } }
        return Sound(rows: (0..<channels).map { c in stride(from: c, to: values.count - values.count % channels, by: channels).map { Double(values[$0]) } })
    }

    func captured(_ name: String, channels: Int) throws -> Sound {
        Self.sound(raw: try Data(contentsOf: URL(fileURLWithPath: path(name))), channels: channels)
    }

    func captureOptions(_ name: String = "out.raw") -> PlaybackOptions {
        var options = PlaybackOptions(sink: .alsa(device: "lathe_capture:\(path(name))"))
        options.lossless = true
        return options
    }
}

/// Long enough for a loaded machine; reached only when something is broken.
let deadline = 60.0
