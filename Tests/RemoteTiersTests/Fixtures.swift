import AudioFiles
import DSP
import Foundation
import PrivacyLedger
@testable import RemoteTiers
@testable import Rendering
import TestSupport

enum Sounds {
    /// A swelling chord, as a WAV of 24 bits.
    static func wav(seconds: Double, channels: Int = 2, level: Double = 0.25) throws -> [UInt8] {
        let folder = Folder()
        let path = folder.file("sound.wav"), rate = 44_100, frames = Int(seconds * Double(rate))
        let buffer = AudioBuffer(channels: channels, frames: max(1, frames))
        for i in 0..<frames {
            let t = Double(i) / Double(rate)
            for channel in 0..<channels {
                buffer.block[channel][i] = level * (sin(2 * .pi * (110 + Double(channel)) * t) + 0.4 * sin(2 * .pi * 1320 * t)) * (1 + 0.3 * sin(.pi * t))
            }
        }
        let output = try AtomicOutput(target: path, force: true, inputs: [])
        let writer = try AudioWriter(
            fileDescriptor: output.fileDescriptor, path: path, format: OutputFormat(container: .wav, bits: .int24, sampleRate: rate, channels: channels), tags: [:])
        try writer.write(buffer.block, frames: frames)
        try writer.finish()
        _ = try output.commit()
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}

/// One call of an adapter, with the file it filled.
struct Call {
    let sink = FileHandle.temporary
    var order: RemoteOrder

    init(_ work: RemoteOrder.Work) {
        order = RemoteOrder(key: "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0", work: work, inputRow: RowID(), outputRow: RowID())
    }

    static func generate(_ prompt: String = "slow piano", seconds: Double = 2, bpm: Double? = 128, seed: UInt64 = 7) -> Call {
        Call(.generate(prompt: prompt, wish: .init(seconds: seconds, bpm: bpm, key: "A minor", meter: "3/4", genre: nil, seed: seed)))
    }

    /// What came of it: nil for a result.
    func outcome(of tier: any RemoteTier, receipt: @escaping @Sendable (TierReceipt) -> Void = { _ in }) async -> TierError? {
        do throws(TierError) {
            _ = try await tier.run(order, RemoteLink(sink: sink.fileDescriptor, receipt: receipt))
            return nil
        } catch { return error }
    }

    var received: [UInt8] {
        sink.seek(toFileOffset: 0)
        return [UInt8](sink.readDataToEndOfFile())
    }
}

extension FileHandle {
    static var temporary: FileHandle {
        var path = Array((NSTemporaryDirectory() + "lathe-test-XXXXXX").utf8CString)
        let descriptor = mkstemp(&path)
        unlink(path)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}

extension TierSettings {
    static func on(_ server: RawServer, _ speaks: TierProtocol, name: String = "far") -> TierSettings {
        TierSettings(name: name, speaks: speaks, url: TierURL(server.url)!, privacyClass: .own)
    }
}
