import AudioFiles
import DSP
import Foundation
import Testing

@Suite struct RoundTripTests {
    private static let lossless: [(OutputFormat.Container, OutputFormat.SampleBits)] = [
        (.wav, .int16), (.wav, .int24), (.wav, .float32), (.aiff, .int16), (.aiff, .int24), (.aiff, .float32),
        (.caf, .int16), (.caf, .int24), (.caf, .float32), (.flac, .int16), (.flac, .int24),
    ]

    /// Every corner of the format, then sines.
    private func corners(_ bits: OutputFormat.SampleBits, channels: Int) -> Sound {
        var sound: Sound
        switch bits {
        case .int16, .int24:
            let width = bits == .int16 ? 16 : 24
            let full = Double(1 << (width - 1))
            sound = .tones(channels: channels, frames: 20_000, bits: width)
            for (i, k) in [-full, full - 1, 0, 1, -1, 2, -2, full / 2, -full / 2].enumerated() {
                for c in 0..<channels { sound.rows[c][i + c] = k / full }
            }
        case .float32:
            sound = Sound(rows: (0..<channels).map { c in (0..<20_000).map { Double(Float(1.7 * sin(Double($0) * 0.01 * Double(c + 1)))) } })
            let special: [Float] = [.leastNonzeroMagnitude, -.leastNormalMagnitude, 1, -1, 3.5e8, 0, Float(1).ulp]
            for (i, x) in special.enumerated() { sound.rows[0][i] = Double(x) }
        }
        return sound
    }

    @Test(arguments: lossless, [1, 2, 6])
    func writtenSamplesComeBackBitExact(_ format: (OutputFormat.Container, OutputFormat.SampleBits), channels: Int) throws {
        let folder = try Folder()
        let sound = corners(format.1, channels: channels)
        let path = try write(sound, to: folder["a." + format.0.fileExtension], format.0, format.1)
        let reader = try AudioReader(path: path)
        #expect(reader.info.channels == channels && reader.info.sampleRate == 48_000)
        #expect(reader.info.format == format.0.rawValue.uppercased())
        #expect(reader.info.encoding == ["16": "pcm_16", "24": "pcm_24", "32f": "float_32"][format.1.rawValue])
        #expect(reader.info.claimedFrames == 20_000)
        #expect(try readAll(reader) == sound)
    }

    @Test func integersAreReadAsTheStandardLaysThemOut() throws {
        let folder = try Folder()
        let sixteen = try folder.write("16.wav", WaveBytes.file(data: [0x00, 0x80, 0xFF, 0x7F, 0x01, 0x00], bits: 16))
        #expect(try readAll(sixteen).rows == [[-1, 32767.0 / 32768, 1.0 / 32768]])
        let twentyFour = try folder.write("24.wav", WaveBytes.file(data: [0, 0, 0x80, 0xFF, 0xFF, 0x7F, 1, 0, 0], channels: 1, bits: 24))
        #expect(try readAll(twentyFour).rows == [[-1, 8388607.0 / 8388608, 1.0 / 8388608]])
        let eight = try folder.write("8.wav", WaveBytes.file(data: [0, 128, 255, 129], bits: 8))
        #expect(try readAll(eight).rows == [[-1, 0, 127.0 / 128, 1.0 / 128]])
        let float = try folder.write("f.wav", WaveBytes.file(data: [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0], channels: 2, bits: 32, format: 3))
        #expect(try readAll(float).rows == [[1], [-2.5]])
    }

    @Test func integersAreStoredAsTheStandardLaysThemOut() throws {
        let folder = try Folder()
        let sound = Sound(rows: [[-1, 8388607.0 / 8388608, 1.0 / 8388608], [0, -1.0 / 8388608, 0.5]])
        let file = try bytes(write(sound, to: folder["a.wav"], .wav, .int24))
        let data = try #require(file.indices.first { file[$0...].starts(with: Array("data".utf8)) }) + 8
        #expect(Array(file[data..<(data + 18)]) == [0, 0, 0x80, 0, 0, 0, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, 0, 0x40])
    }

    @Test func samplesBeyondFullScaleAreClampedInIntegers() throws {
        let folder = try Folder()
        let path = try write(Sound(rows: [[1, 1.5, -1.5, 0.99999999]]), to: folder["a.wav"], .wav, .int16)
        let top = 32767.0 / 32768
        #expect(try readAll(path).rows == [[top, top, -1, top]])
    }

    @Test(arguments: [(OutputFormat.Container.ogg, 44_100), (.opus, 48_000), (.mp3, 44_100)])
    func lossyFormatsKeepPitchLevelAndLength(container: OutputFormat.Container, rate: Int) throws {
        let folder = try Folder()
        let sound = Sound.tones(channels: 2, frames: rate, level: 0.5)
        let path = try write(sound, to: folder["a"], container, .int24, rate: rate)
        let reader = try AudioReader(path: path)
        let back = try readAll(reader)
        #expect(reader.info.format == container.rawValue.uppercased())
        #expect(abs(back.frames - sound.frames) <= 2400)
        for c in 0..<2 {
            // Power, and the tone's own power by correlation with its quadrature pair: nothing else may be there.
            let middle = back.rows[c][8000..<40_000]
            let w = 0.05 * Double(c + 1)
            let (re, im) = middle.enumerated().reduce((0.0, 0.0)) { ($0.0 + $1.1 * cos(w * Double($1.0)), $0.1 + $1.1 * sin(w * Double($1.0))) }
            let amplitude = 2 * (re * re + im * im).squareRoot() / Double(middle.count)
            #expect((amplitude - 0.5).magnitude < 0.02)
            let power = middle.reduce(0) { $0 + $1 * $1 } / Double(middle.count)
            #expect((power - 0.125).magnitude < 0.01)
        }
    }

    /// Whatever is left over for the last packet, and wherever the last page begins: as many frames come back, the pages are sound, and a
    /// sound that is cut off while it is loud ends as it went on (2 and 1 s are what one page holds, 20 ms a packet).
    @Test(arguments: [2, 6], [48_000, 24_000])
    func anOpusFileEndsWhereAndAsItsSoundDoes(channels: Int, rate: Int) throws {
        let folder = try Folder()
        var random = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...999_999, using: &random)
        for step in 0..<24 {
            let frames = rate * 19 / 10 + (rate / 100) * step + Int(seed % 97)
            var noise = seed
            func next() -> Double {
                noise = noise &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Double(noise >> 33) / Double(1 << 31) - 0.5
            }
            var sound = Sound(rows: Array(repeating: Array(repeating: 0, count: frames), count: channels))
            for c in 0..<channels { for i in 0..<frames { sound.rows[c][i] = 0.4 * sin(Double(i * (c + 1)) * 0.05) + 0.2 * next() } }
            let path = try write(sound, to: folder["a\(step).opus"], .opus, rate: rate)
            let back = try readAll(path)
            #expect(back.frames == frames, "seed \(seed), \(frames) frames")
            var (tail, rest) = (0.0, 0.0)
            for row in back.rows {
                for x in row.suffix(rate / 50) { tail = max(tail, abs(x)) }
                for x in row.dropFirst(rate / 10).dropLast(rate / 50) { rest = max(rest, abs(x)) }
            }
            #expect(tail < 1.15 * rest && rest > 0.4, "seed \(seed), \(frames) frames: \(tail), \(rest)")
        }
    }

    @Test(arguments: OutputFormat.Container.allCases)
    func seekingGivesTheSameSamplesAsReadingThrough(container: OutputFormat.Container) throws {
        let folder = try Folder()
        let path = try write(.tones(channels: 2, frames: 60_000), to: folder["a"], container)
        let whole = try readAll(path)
        let reader = try AudioReader(path: path)
        let buffer = AudioBuffer(channels: 2, frames: 500)
        for frame in [30_000, 0, 59_000, 1, 44_444, 44_445, 12_345] {
            try reader.seek(to: Int64(frame))
            #expect(reader.position == Int64(frame))
            #expect(try reader.read(into: buffer.block, frames: 500) == 500)
            // Decoders of overlapping frames start from other rounding; −90 dB is far below what they keep.
            let tolerance = container.isLossy ? 3e-5 : 0
            for c in 0..<2 {
                let worst = (0..<500).map { (buffer.block[c][$0] - whole.rows[c][frame + $0]).magnitude }.max() ?? 1
                #expect(worst <= tolerance, "\(container) at \(frame)")
            }
        }
        try reader.seek(to: .max)
        #expect(try reader.read(into: buffer.block, frames: 500) == 0)
    }

    @Test func seeksInVorbisAreExact_alsoWhereBlockSizesChange() throws {
        // Bursts make the encoder switch block sizes, over which libsndfile's own seek loses count.
        let folder = try Folder()
        let frames = 44_100 * 30
        var state: UInt64 = 3
        let bursts = Sound(rows: [(0..<frames).map { i in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return 0.2 * sin(Double(i) * 0.03) + exp(-Double(i % 9000) / 300) * Double(Int64(bitPattern: state)) / 2e19
        }])
        let path = try write(bursts, to: folder["a.ogg"], .ogg, rate: 44_100)
        let whole = try readAll(path)
        let reader = try AudioReader(path: path)
        let buffer = AudioBuffer(channels: 1, frames: 700)
        for _ in 0..<120 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let frame = Int(state >> 33) % (frames - 700)
            try reader.seek(to: Int64(frame))
            #expect(try reader.read(into: buffer.block, frames: 700) == 700)
            #expect((0..<700).allSatisfy { (buffer.block[0][$0] - whole.rows[0][frame + $0]).magnitude < 1e-6 }, "at \(frame)")
        }
    }

    @Test(arguments: lossless)
    func sameSamplesGiveTheSameBytes(_ format: (OutputFormat.Container, OutputFormat.SampleBits)) throws {
        let folder = try Folder()
        let sound = Sound.tones(channels: 2, frames: 5000)
        let first = try bytes(write(sound, to: folder["1"], format.0, format.1, tags: ["title": "A"]))
        let second = try bytes(write(sound, to: folder["2"], format.0, format.1, tags: ["title": "A"]))
        #expect(first == second)
        #expect(!first.indices.dropLast(4).contains { first[$0...].starts(with: Array("PEAK".utf8)) })
    }

    @Test(arguments: [OutputFormat.Container.wav, .flac, .ogg, .opus, .mp3])
    func tagsAreCarried(container: OutputFormat.Container) throws {
        let folder = try Folder()
        let tags = ["title": "Ünï → title", "artist": "Somebody", "album": "Record", "genre": "Dub", "comment": "hand made"]
        let path = try write(.tones(channels: 2, frames: 48_000), to: folder["a"], container, tags: tags)
        let back = try AudioReader(path: path).info.tags
        for (name, value) in tags { #expect(back[name] == value, "\(name) in \(container)") }
    }

    @Test func tagsThatAreNotUTF8AreReadAsLatin1() throws {
        let folder = try Folder()
        let title = Array("Caf".utf8) + [0xE9, 0]
        var file = WaveBytes.file(data: [0, 0, 1, 0])
        let list = Array("LIST".utf8) + WaveBytes.little(4 + 8 + 6, 4) + Array("INFOINAM".utf8) + WaveBytes.little(5, 4) + title + [0]
        file.insert(contentsOf: list, at: 36)
        file.replaceSubrange(4..<8, with: WaveBytes.little(file.count - 8, 4))
        let path = try folder.write("a.wav", file)
        #expect(try AudioReader(path: path).info.tags["title"] == "Café")
    }

    @Test func moreThanFourGigabytesBecomeRF64_orAreRefusedWhereThereIsNoSuchForm() throws {
        let folder = try Folder()
        let wave = try AtomicOutput(target: folder["a.wav"], force: false, inputs: [])
        let format = OutputFormat(container: .wav, bits: .int24, sampleRate: 48_000, channels: 2)
        let writer = try AudioWriter(fileDescriptor: wave.fileDescriptor, path: "a.wav", format: format, tags: [:], expectedFrames: 1_000_000_000)
        try Sound.tones(channels: 2, frames: 100, bits: 24).withBlock { try writer.write($0, frames: 100) }
        try writer.finish()
        let path = try wave.commit()
        #expect(try bytes(path).starts(with: Array("RF64".utf8)))
        #expect(try readAll(path) == .tones(channels: 2, frames: 100, bits: 24))

        let aiff = try AtomicOutput(target: folder["a.aiff"], force: false, inputs: [])
        #expect {
            try AudioWriter(
                fileDescriptor: aiff.fileDescriptor, path: "a.aiff",
                format: OutputFormat(container: .aiff, bits: .int24, sampleRate: 48_000, channels: 2), tags: [:], expectedFrames: 1_000_000_000)
        } throws: {
            if case AudioFileError.tooLong = $0 { true } else { false }
        }
    }

    @Test func combinationsThatCannotBeWrittenSayWhatCan() {
        func objection(_ c: OutputFormat.Container, _ bits: OutputFormat.SampleBits, _ rate: Int, _ channels: Int) -> String? {
            OutputFormat(container: c, bits: bits, sampleRate: rate, channels: channels).objection
        }
        #expect(objection(.flac, .float32, 48_000, 2)?.contains("WAV") == true)
        #expect(objection(.opus, .int16, 44_100, 2)?.contains("48000") == true)
        #expect(objection(.mp3, .int16, 96_000, 2) != nil && objection(.mp3, .int16, 48_000, 3) != nil)
        #expect(objection(.wav, .int16, 48_000, 33) != nil && objection(.wav, .int16, 4000, 2) != nil)
        #expect(objection(.wav, .float32, 768_000, 32) == nil && objection(.flac, .int24, 192_000, 8) == nil)
    }

    @Test(arguments: [
        ("a.wav", .wav), ("b/c.FLAC", .flac), ("d.aif", .aiff), ("x.y.ogg", .ogg), ("x.opus", .opus), ("e.mp3", .mp3), ("f", nil),
        (".wav", nil), ("a.wav/b", nil), ("x.exe", nil),
    ] as [(String, OutputFormat.Container?)])
    func nameTellsTheContainer(name: String, expected: OutputFormat.Container?) {
        #expect(OutputFormat.Container(path: name) == expected)
    }

    /// RIFX is a WAV with the highest byte first (Microsoft, Multimedia Programming Interface 1.0, "RIFX"). Both ways of decoding.
    @Test(arguments: [16, 24], [1, 2, 3])
    func integersArriveExactlyWhicheverByteComesFirst(bits: Int, channels: Int) throws {
        let folder = try Folder(), frames = 9001, width = bits / 8
        let numbers = (0..<frames * channels).map { (index: Int) -> Int in
            index < 3 ? [-(1 << (bits - 1)), (1 << (bits - 1)) - 1, -1][index] : index &* 40_503 % (1 << bits) - (1 << (bits - 1))
        }
        func bytes(_ value: Int, _ count: Int, _ isBig: Bool) -> [UInt8] {
            let little = WaveBytes.little(value, count)
            return isBig ? little.reversed() : little
        }
        for isBig in [false, true] {
            let size = numbers.count * width, padding = size % 2
            var file = Array((isBig ? "RIFX" : "RIFF").utf8) + bytes(36 + size + padding, 4, isBig) + Array("WAVEfmt ".utf8)
            let fields = [(16, 4), (1, 2), (channels, 2), (44_100, 4), (44_100 * channels * width, 4), (channels * width, 2), (bits, 2)]
            for (value, count) in fields { file += bytes(value, count, isBig) }
            file += Array("data".utf8) + bytes(size, 4, isBig) + numbers.flatMap { bytes($0, width, isBig) } + [UInt8](repeating: 0, count: padding)
            let path = try folder.write(isBig ? "big.wav" : "little.wav", file)
            let reader = try AudioReader(path: path)
            #expect(reader.info.claimedFrames == Int64(frames))
            let sound = try readAll(reader, size: 777)
            for c in 0..<channels {
                #expect(sound.rows[c] == (0..<frames).map { Double(numbers[$0 * channels + c]) / Double(1 << (bits - 1)) })
            }
            try reader.seek(to: 5000)
            #expect(try readAll(reader).rows[0] == Array(sound.rows[0][5000...]))
        }
    }
}
