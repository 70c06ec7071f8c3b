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
    /// - Throws: usage errors: several inputs into one file, two masters of one name, an ending that contradicts or says nothing.
    init(inputs: [String], output: String?, format: OutputFormat.Container?, preset: Preset, force: Bool) throws(Failure) {
        let folder = output.flatMap { $0.hasSuffix("/") || Self.isFolder($0) ? $0 : nil }
        if inputs.count > 1, let output, folder == nil {
            throw Failure(Failure.usageExitCode, "\(output): is one name for \(inputs.count) masters; name an existing folder")
        }
        var container = format ?? .wav
        if let output, folder == nil { container = try Self.container(of: output, asked: format) }
        var requests: [MasterRequest] = []
        var takenBy: [String: String] = [:]
        for input in inputs {
            let path = (folder == nil ? output : nil) ?? OutputName.standard(for: input, in: folder, container: container)
            if let other = takenBy.updateValue(input, forKey: path) {
                throw Failure(Failure.usageExitCode, "\(path): would be the master of both \(other) and \(input); master them into different folders")
            }
            requests.append(MasterRequest(input: input, output: path, preset: preset, container: container, force: force))
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
        guard let output = Self.identity(request.output), requests.contains(where: { Self.identity($0.input) == output }) else { return nil }
        return Failure(AudioFileError.outputIsInput(path: request.output))
    }

    /// Device and inode, the same through every name and link; nil when there is no such file.
    private static func identity(_ path: String) -> [UInt64]? {
        var status = stat()
        return path.withFileName({ stat($0, &status) }) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return path.withFileName({ stat($0, &status) }) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
