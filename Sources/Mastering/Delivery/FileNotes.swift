import AudioFiles

/// What a file says of itself besides its sound: tags, and for WAV the `bext` chunk of broadcasters, carried on from the input.
struct FileNotes {
    let tags: [String: String]
    private let madeWith: String
    private let inherited: BroadcastExtension?
    private let inputRate: Int
    private let wantsLoudness: Bool

    /// - Parameters:
    ///   - madeWith: `Engine.signature`.
    ///   - isrc: replaces the input's.
    ///   - own: replace the input's.
    ///   - wantsLoudness: make a `bext` chunk although the input has none.
    /// - Throws: `AudioFileError`.
    init(of input: String, madeWith: String, isrc: ISRC?, tags own: [String: String] = [:], wantsLoudness: Bool) throws {
        let reader = try AudioReader(path: input)
        var tags = reader.info.tags.merging(own) { $1 }
        if let isrc { tags["isrc"] = isrc.description }
        // By this a second pass with the same preset knows that there is nothing left to do.
        tags["software"] = madeWith + MasterSeal.open
        self.madeWith = madeWith
        self.tags = tags
        inherited = try reader.broadcast
        inputRate = reader.info.sampleRate
        self.wantsLoudness = wantsLoudness
    }

    /// The `software` tag of a file with such a sound, as long as the one in `tags`.
    func software(_ analysis: Analysis) -> String {
        madeWith + MasterSeal.text(integratedLUFS: analysis.integratedLUFS, truePeakDBTP: analysis.truePeakDBTP)
    }

    /// The chunk of a file in `format`, its loudness still open; nil when nobody wants one.
    ///
    /// A line is added to the history (EBU R 98). The identity of the material (UMID) stays the input's own.
    func broadcast(_ format: OutputFormat) -> BroadcastExtension? {
        guard wantsLoudness || inherited != nil else { return nil }
        var chunk = inherited ?? BroadcastExtension()
        chunk.umid = []
        chunk.loudness = .init()
        if chunk.description.isEmpty { chunk.description = [tags["artist"], tags["title"]].compactMap(\.self).joined(separator: " - ") }
        if chunk.originator.isEmpty { chunk.originator = Engine.name }
        let (whole, rest) = chunk.timeReference.quotientAndRemainder(dividingBy: UInt64(inputRate))
        chunk.timeReference = whole &* UInt64(format.sampleRate) &+ rest * UInt64(format.sampleRate) / UInt64(inputRate)
        let width = format.bits == .int16 ? 16 : format.bits == .int24 ? 24 : 32
        let mode = format.channels == 1 ? "mono" : format.channels == 2 ? "stereo" : "multichannel"
        var history = chunk.codingHistory
        if !history.isEmpty, history.unicodeScalars.last != "\n" { history += "\r\n" }
        chunk.codingHistory = history + "A=PCM,F=\(format.sampleRate),W=\(width),M=\(mode),T=\(Engine.name)"
        return chunk
    }
}
