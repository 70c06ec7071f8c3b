import AudioFiles
import DSP
import Glibc

/// What lossy codecs make of a finished master's peaks: each encodes and decodes it, and the result is measured on the 16× grid.
public enum CodecCheck {
    public enum Mode: String, Sendable, Codable, CaseIterable {
        case off
        case report
        /// Lower the ceiling and solve again until every codec holds the preset's, at most seven times.
        case auto
    }

    public struct Reading: Sendable, Codable, Equatable {
        /// `opus_160`, `vorbis_q6`, `mp3_320`, `aac_256`: the codec and its bit rate in kbit/s, or its quality.
        public var codec: String
        /// Of what comes out of the decoder; nil for silence.
        public var truePeakDBTP: Double?
        /// Above the preset's ceiling; negative below it.
        public var overshootDB: Double?
        /// Why it could not be tried.
        public var problem: String?

        public var json: JSON {
            .object([
                ("codec", .string(codec)), ("true_peak_dbtp", .measured(truePeakDBTP)), ("overshoot_db", .measured(overshootDB)),
                ("problem", .optional(problem)),
            ])
        }
    }

    /// Beyond the ceiling by this much counts as over it.
    public static let slackDB = 0.05

    private struct Codec {
        let name: String
        let container: OutputFormat.Container
        var opusBitRate: Int?
    }

    private static let codecs = [
        Codec(name: "opus_160", container: .opus, opusBitRate: 160_000), Codec(name: "vorbis_q6", container: .ogg),
        Codec(name: "mp3_320", container: .mp3),
    ]

    /// - Parameters:
    ///   - master: an open, finished file.
    ///   - scratch: an open file, for what the encoders make; emptied before and after.
    /// - Throws: `AudioFileError` when the master cannot be read or the scratch not be written; `CancellationError`.
    static func measure(
        _ master: Int32, _ name: String, scratch: Int32, ceilingDBTP: Double, isCancelled: () -> Bool
    ) throws -> [Reading] {
        defer { _ = ftruncate(scratch, 0) }
        var readings: [Reading] = []
        func note(_ codec: String, _ peak: Double) {
            let db = peak > 0 ? FastMath.decibels(peak) : nil
            readings.append(Reading(codec: codec, truePeakDBTP: db, overshootDB: db.map { $0 - ceilingDBTP }))
        }
        for codec in codecs {
            do {
                try encode(master, codec, into: scratch, name, isCancelled)
            } catch AudioFileError.unsupportedOutput(_, let detail) {
                readings.append(Reading(codec: codec.name, problem: detail))
                continue
            }
            note(codec.name, try peak(of: AudioReader(path: "/proc/self/fd/\(scratch)"), isCancelled))
        }
        let info = try AudioReader(path: "/proc/self/fd/\(master)").info
        do {
            note("aac_256", try FFmpegCodec(master: master, sampleRate: info.sampleRate, channels: info.channels).peak(isCancelled: isCancelled))
        } catch let problem as FFmpegCodec.Problem {
            readings.append(Reading(codec: "aac_256", problem: problem.sentence))
        }
        return readings
    }

    private static func encode(_ master: Int32, _ codec: Codec, into scratch: Int32, _ name: String, _ isCancelled: () -> Bool) throws {
        let reader = try AudioReader(path: "/proc/self/fd/\(master)")
        let (rate, channels) = (reader.info.sampleRate, reader.info.channels)
        let format = OutputFormat(
            container: codec.container, bits: .float32, sampleRate: codec.container.nearestRate(to: rate), channels: channels)
        guard ftruncate(scratch, 0) == 0 else { throw AudioFileError.writeFailed(path: name, reason: String(cString: strerror(errno))) }
        let writer = try AudioWriter(
            fileDescriptor: scratch, path: "\(name) as \(codec.name)", format: format, tags: [:], opusBitRate: codec.opusBitRate)
        let buffer = AudioBuffer(channels: channels, frames: Pass.blockFrames)
        defer { withExtendedLifetime(buffer) {} }
        var converter = rate == format.sampleRate ? nil : SampleRateConverter(from: rate, to: format.sampleRate, channels: channels)
        while true {
            if isCancelled() { throw CancellationError() }
            let count = try reader.read(into: buffer.block, frames: Pass.blockFrames)
            if count == 0 { break }
            if converter == nil {
                try writer.write(buffer.block, frames: count)
            } else {
                try converter?.process(buffer.block, frames: count) { try writer.write($0, frames: $1) }
            }
        }
        try converter?.finish { try writer.write($0, frames: $1) }
        try writer.finish()
    }

    private static func peak(of reader: AudioReader, _ isCancelled: () -> Bool) throws -> Double {
        let buffer = AudioBuffer(channels: reader.info.channels, frames: Pass.blockFrames)
        defer { withExtendedLifetime(buffer) {} }
        var proof = TruePeakProof(channels: reader.info.channels)
        while true {
            if isCancelled() { throw CancellationError() }
            let count = try reader.read(into: buffer.block, frames: Pass.blockFrames)
            if count == 0 { break }
            proof.process(buffer.block, frames: count)
        }
        proof.finish()
        return proof.peak
    }
}
