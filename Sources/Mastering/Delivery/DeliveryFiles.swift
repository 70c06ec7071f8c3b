import AudioFiles
import DSP
import Glibc

/// The open files of a render in the order of `MasterRequest.outputs`, as renditions and manifests.
struct DeliveryFiles {
    let master: Rendition
    let further: [Rendition]
    let disc: DiscFiles?
    private let requests: [MasterRequest]
    /// nil for a request without one.
    private let manifests: [Int32?]
    private let signature: Int32?

    /// - Throws: `AudioFileError` when an input's tags cannot be read or a container does not hold a format.
    init(_ requests: [MasterRequest], _ fileDescriptors: [Int32], programme: Programme, preset: Preset, curve: ToneTarget? = nil) throws {
        precondition(fileDescriptors.count == requests.reduce(0) { $0 + $1.outputs.count }, "a descriptor for each output")
        self.requests = requests
        let notes = try requests.map { try FileNotes(of: $0.input, madeWith: Engine.signature(preset, curve), isrc: $0.delivery.isrc, tags: $0.delivery.tags, wantsLoudness: preset.output.bext) }
        var own: [ArraySlice<Int32>] = []
        var rest = fileDescriptors[...]
        for request in requests {
            own.append(rest.prefix(request.outputs.count))
            rest = rest.dropFirst(request.outputs.count)
        }
        manifests = zip(requests, own).map { $0.delivery.manifest == nil ? nil : $1[$1.startIndex + 1 + $0.delivery.deliverables.count] }

        // Behind deliverables and manifest, before the disc.
        signature = requests[0].delivery.signature == nil ? nil : own[0].dropLast(requests[0].delivery.disc?.outputs.count ?? 0).last

        let rate = programme.profile.analysis.sampleRate
        let container = requests[0].container
        let main = OutputFormat(
            container: container, bits: preset.output.bits.sampleBits,
            sampleRate: preset.output.rate.hz ?? container.nearestRate(to: rate), layout: programme.layout)
        master = try Rendition(
            programme, format: main, dither: preset.output.dither, paths: requests.map(\.output), fileDescriptors: own.map { $0[$0.startIndex] },
            notes: notes)
        further = try requests[0].delivery.deliverables.indices.map { index in
            let deliverable = requests[0].delivery.deliverables[index]
            let wanted = deliverable.sampleRate ?? deliverable.container.nearestRate(to: preset.output.rate.hz ?? rate)
            var bits = deliverable.bits ?? main.bits
            // The master's floating point is no wish for a container that has none.
            if deliverable.bits == nil, deliverable.container == .flac, bits == .float32 { bits = .int24 }
            return try Rendition(
                programme, format: OutputFormat(container: deliverable.container, bits: bits, sampleRate: wanted, layout: programme.layout),
                dither: preset.output.dither, paths: requests.map { $0.delivery.deliverables[index].output },
                fileDescriptors: own.map { $0[$0.startIndex + 1 + index] }, notes: notes)
        }
        disc = try requests[0].delivery.disc.map {
            try DiscFiles($0, own[0].suffix($0.outputs.count), programme: programme, dither: preset.output.dither, notes: notes)
        }
    }

    /// A track's part of what the further renditions came to.
    func delivered(_ written: [[Rendition.Written]], track: Int, ceilingDBTP: Double) throws -> [DeliveredFile] {
        try zip(further, written).map { rendition, tracks in
            let own = tracks[track]
            let peak = own.outcome.truePeakDBTP ?? -.infinity
            return DeliveredFile(
                output: rendition.paths[track], after: own.analysis, ceilingHeld: peak <= ceilingDBTP + 0.1, clampedSamples: own.clampedSamples,
                sha256: try own.digest ?? Digest.file(rendition.fileDescriptors[track], path: rendition.paths[track]))
        }
    }

    /// Writes what a later track will need, when somebody asked for it.
    /// - Throws: `.unsupported` when all of the album is silent.
    func writeSignature(_ solution: Solution, preset: Preset, tracks: [Analysis], after: [Double?]) throws {
        guard let signature, let path = requests[0].delivery.signature else { return }
        guard let made = AlbumSignature(solution, preset: preset, tracks: tracks, afterLUFS: after) else {
            throw AudioFileError.unsupported(path: requests[0].input, detail: "and its album are silent, which leaves no signature")
        }
        try Self.write(Array(made.toml().utf8), to: signature, path: path)
    }

    /// Writes the manifest of each request that wants one.
    /// - Throws: `AudioFileError`, `CancellationError`.
    func writeManifests(_ results: [MasterResult], preset: Preset, solution: Solution, isCancelled: () -> Bool) throws {
        for (index, result) in results.enumerated() {
            guard let descriptor = manifests[index], let path = result.manifest else { continue }
            let renditions = [master] + further
            let sounds = try renditions.map {
                try Digest.sound("/proc/self/fd/\($0.fileDescriptors[index])", name: $0.paths[index], isCancelled: isCancelled)
            }
            let manifest = Manifest(
                result: result, preset: preset, trimDB: solution.trimsDB[index], parameters: solution.parameters,
                inputSHA256: try Digest.file(path: result.input),
                inputSound: try Digest.sound(result.input, name: result.input, isCancelled: isCancelled), outputSounds: sounds)
            try Self.write(Array(manifest.json.indented.utf8), to: descriptor, path: path)
        }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(AudioFileError) {
        func failed() -> AudioFileError {
            [ENOSPC, EDQUOT, EFBIG].contains(errno) ? .diskFull(path: path) : .writeFailed(path: path, reason: String(cString: strerror(errno)))
        }
        guard ftruncate(descriptor, 0) == 0 else { throw failed() }
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, off_t(done)) }
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else { throw failed() }
            done += put
        }
    }
}
