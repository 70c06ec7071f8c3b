import ArgumentParser
import AudioFiles
import Mastering

/// What makes several files an album, and the album a disc.
struct AlbumOptions: ParsableArguments {
    @Flag(help: "Treat the files as one programme: one setting for all, the loudest at the target, relative levels and seams kept.") var album = false
    @Option(help: ArgumentHelp("A TOML file with the album's order: files, gaps, fades, titles, codes.", valueName: "file"), completion: .toml) var sequence: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Silence between the tracks; a sequence has its own.", valueName: "s")) var gap: Double?
    @Option(help: ArgumentHelp("A cue sheet of the album as a CD, its sound beside it in one WAV.", valueName: "file"), completion: .file()) var cue: String?
    @Option(help: ArgumentHelp("A DDP 2.00 image of the album as a CD, with PQ sheet and MD5 sums.", valueName: "folder"), completion: .directory) var ddp: String?
    @Option(help: ArgumentHelp("The disc's UPC or EAN; a sequence has its own.", valueName: "digits")) var upc: String?

    @Option(help: ArgumentHelp("Keep how the album sounds, for a later track.", valueName: "file"), completion: .file()) var saveSignature: String?
    @Option(help: ArgumentHelp("Master beside the album that this was kept of, with its preset.", valueName: "file"), completion: .file()) var signature: String?

    func validate() throws {
        if signature != nil, isAlbum { throw ValidationError("--signature puts single files beside an album; leave out the album's options") }
        if let saveSignature, saveSignature.isEmpty { throw ValidationError("--save-signature names a file") }
        if let gap, !(0...600).contains(gap) { throw ValidationError("--gap takes 0 to 600 s") }
        if sequence != nil, gap != nil || upc != nil { throw ValidationError("a sequence holds gaps and UPC; leave out --gap and --upc") }
        if let upc {
            guard UPC(upc) != nil else { throw ValidationError("--upc: '\(upc.prefix(40))' is no UPC or EAN; write its 12 or 13 digits, the check digit included") }
            guard cue != nil || ddp != nil else { throw ValidationError("--upc is a disc's; add --cue or --ddp") }
        }
        if let cue, cue.hasSuffix("/") || cue.isEmpty { throw ValidationError("--cue names a file") }
        if let cue, let ddp, MasterPlan.place(of: cue) == MasterPlan.place(of: ddp) { throw ValidationError("--cue and --ddp name one place, '\(cue.prefix(60))'; a cue sheet is a file, a DDP image a folder: name two") }
        if let ddp, ddp.isEmpty { throw ValidationError("--ddp names a folder") }
    }

    /// The inputs are one programme.
    var isAlbum: Bool { album || sequence != nil || gap != nil || cue != nil || ddp != nil || saveSignature != nil }

    /// The order of the inputs, and the inputs where the order names them.
    /// - Throws: `PresetError` from the file, a usage error when it does not go with the inputs.
    func order(_ inputs: [String]) throws -> (sequence: AlbumSequence, inputs: [String]) {
        guard let path = sequence else {
            var order = AlbumSequence(count: inputs.count, gapSeconds: gap ?? 0)
            order.upc = upc.flatMap { UPC($0) }
            return (order, inputs)
        }
        let order = try AlbumSequence.read(path)
        let named = order.tracks.compactMap(\.file)
        if named.isEmpty {
            guard inputs.count == order.tracks.count else {
                throw Failure(Failure.usageExitCode, "\(path): has \(order.tracks.count) tracks for \(inputs.count) files; give one for each, or name them in it")
            }
            return (order, inputs)
        }
        guard inputs.isEmpty else { throw Failure(Failure.usageExitCode, "\(path): names its files itself; leave out \(inputs[0])") }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        return (order, named.map { $0.hasPrefix("/") ? $0 : folder + $0 })
    }
}

extension AlbumSequence {
    /// Puts the order into the requests of its tracks.
    func apply(to requests: inout [MasterRequest], cue: String?, ddp: String?, signature: String?) {
        for (index, placement) in placements.enumerated() {
            requests[index].placement = placement
            requests[index].delivery.tags = isPlain ? [:] : tags(of: index)
            if let isrc = tracks[index].isrc { requests[index].delivery.isrc = isrc }
        }
        requests[0].delivery.signature = signature
        guard cue != nil || ddp != nil else { return }
        var disc = Disc(tracks: tracks.map { Disc.Track(title: $0.title, artist: $0.artist, isrc: $0.isrc) })
        (disc.cue, disc.ddp, disc.title, disc.artist, disc.upc) = (cue, ddp, title, artist, upc)
        requests[0].delivery.disc = disc
    }

    /// Nothing is known of the album but its order: the tags stay the inputs'.
    private var isPlain: Bool { title == nil && artist == nil && tracks.allSatisfy { $0.title == nil && $0.artist == nil && $0.isrc == nil } }
}
