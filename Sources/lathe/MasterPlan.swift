import AudioFiles
import Glibc
import Mastering
import Rendering

/// Which file becomes which: decided before any work begins, so that a mistake in the last name of ten does not cost nine renders.
struct MasterPlan {
    let requests: [MasterRequest]

    /// - Parameters:
    ///   - output: a file, or a folder when it exists as one or ends in `/`; nil puts each master beside its input.
    ///   - format: nil follows the ending of `output`, else WAV.
    ///   - album: how the inputs follow each other, and the disc that is made of them.
    /// - Throws: usage errors: several inputs into one file, two masters of one name, an ending that contradicts or says nothing.
    init(
        inputs: [String], output: String?, format: OutputFormat.Container?, preset: Preset, force: Bool, extras: Extras = Extras(),
        album: (order: AlbumSequence, cue: String?, ddp: String?, signature: String?)? = nil
    ) throws(Failure) {
        let folder = output.flatMap { $0.hasSuffix("/") || Self.isFolder($0) ? $0 : nil }
        if inputs.count > 1, let output, folder == nil {
            throw Failure(Failure.usageExitCode, "\(output): is one name for \(inputs.count) masters; name an existing folder")
        }
        var container = format ?? .wav
        if let output, folder == nil { container = try Self.container(of: output, asked: format) }
        var requests: [MasterRequest] = []
        var takenBy: [String: Int] = [:]
        for input in inputs {
            let path = (folder == nil ? output : nil) ?? OutputName.standard(for: input, in: folder, container: container)
            var request = MasterRequest(input: input, output: path, preset: preset, container: container, force: force)
            request.delivery = extras.delivery(besides: path)
            requests.append(request)
        }
        if let album { album.order.apply(to: &requests, cue: album.cue, ddp: album.ddp, signature: album.signature) }
        for (index, request) in requests.enumerated() {
            for output in request.outputs {
                guard let other = takenBy.updateValue(index, forKey: Self.place(of: output)) else { continue }
                throw Failure(Failure.usageExitCode, other == index
                    ? "\(output): would be written twice; give the deliverables different formats"
                    : "\(output): would be the master of both \(inputs[other]) and \(inputs[index]); master them into different folders")
            }
        }
        self.requests = requests
    }

    private static func container(of path: String, asked: OutputFormat.Container?) throws(Failure) -> OutputFormat.Container {
        let named = OutputFormat.Container(path: path)
        if let asked {
            if let named, named != asked {
                throw Failure(Failure.usageExitCode, "\(path): its ending says \(named.rawValue), --format says \(asked.rawValue); make them agree")
            }
            return asked
        }
        if let named { return named }
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return .wav }
        let known = OutputFormat.Container.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure(Failure.usageExitCode, "\(path): its ending names no format Lathe writes; use one of \(known), or add --format")
    }

    /// Why a request must not run: its output is an input of the same command, by any name. The engine itself guards each
    /// job's own input only.
    func objection(to request: MasterRequest) -> Failure? {
        let inputs = requests.compactMap { Self.identity($0.input) }
        return request.outputs.first { output in Self.identity(output).map(inputs.contains) ?? false }
            .map { Failure(AudioFileError.outputIsInput(path: $0)) }
    }

    /// Where a file would come to lie, links followed: two names of one place are one output.
    static func place(of path: String) -> String {
        func real(_ path: String) -> String? {
            guard let found = path.withFileName({ realpath($0, nil) }) else { return nil }
            defer { free(found) }
            return FileName.text(found)
        }
        if let existing = real(path) { return existing }
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = name.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return (real(folder) ?? folder) + "/" + (name.map { String(path[path.index(after: $0)...]) } ?? path)
    }

    /// Device and inode, the same through every name and link; nil when there is no such file.
    static func identity(_ path: String) -> [UInt64]? {
        var status = stat()
        return path.withFileName({ stat($0, &status) }) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return path.withFileName({ stat($0, &status) }) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
