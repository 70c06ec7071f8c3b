import AudioFiles

/// Why a server does not start. One line with the remedy.
public enum ServeError: Error, Sendable, Equatable {
    case secret(path: String, reason: String)
    case store(path: String, reason: String)
    case placeholder(path: String, line: Int, text: String)
    case settings(String)
    case cannotListen(address: String, reason: String)
    case alreadyServing(folder: String)

    /// As in sysexits(3).
    public var exitCode: Int32 {
        switch self {
        case .secret, .store: 74
        case .placeholder: 65
        case .settings: 64
        case .cannotListen: 69
        case .alreadyServing: 75
        }
    }

    public var message: String {
        switch self {
        case .secret(let path, let reason): "\(path.printable): cannot be used as a secret: \(reason)"
        case .store(let path, let reason): "\(path.printable): the accounts cannot be opened (\(reason)); make the folder writable"
        case .placeholder(let path, let line, let text): "\(path.printable):\(line): \(text.printable) is still to be filled in; a server does not start with a policy that says nothing"
        case .settings(let what): what
        case .cannotListen(let address, let reason): "\(address.printable): cannot be listened on (\(reason.lowercased())); choose another --host or --port"
        case .alreadyServing(let folder): "\(folder.printable): another lathe serve uses this folder; end it, or name another with --data"
        }
    }
}
