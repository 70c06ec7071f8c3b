/// Why an audio file could not be read or written. Every case carries the file; `message` adds the remedy.
public enum AudioFileError: Error, Equatable, Sendable {
    // Reading.
    case notFound(path: String)
    case unreadable(path: String, reason: String)
    /// A folder, a pipe, a device or a socket where a file was expected. It has not been opened.
    case notAFile(path: String, kind: String)
    case empty(path: String)
    case notAudio(path: String)
    /// Outside what Lathe accepts: `detail` says which limit.
    case unsupported(path: String, detail: String)
    /// There is less sound than what a sequence cuts off its ends and fades.
    case tooShort(path: String)
    /// Sound ends at `seconds`, when that can be told, before the end that the file announces.
    case truncated(path: String, seconds: Double?)
    case damaged(path: String, seconds: Double)
    /// A sample that is not a number, infinite, or beyond `Interleaved.greatestSample`.
    case notFinite(path: String, seconds: Double)
    case readFailed(path: String, reason: String)
    /// The process that decodes this file came to an end over it.
    case decoderBrokeDown(path: String, end: DecoderEnd)
    case noDecoder(path: String, reason: String)

    // Writing.
    case unsupportedOutput(path: String, detail: String)
    case outputIsInput(path: String)
    case outputExists(path: String)
    case missingFolder(path: String, folder: String)
    case outputNotAFile(path: String, kind: String)
    case cannotCreate(path: String, reason: String)
    case tooLong(path: String, detail: String)
    case diskFull(path: String)
    case writeFailed(path: String, reason: String)

    /// The sysexits code of the command that ends with this error.
    public var exitCode: Int32 {
        switch self {
        case .unsupportedOutput: 64
        case .notAFile, .empty, .notAudio, .unsupported, .tooShort, .truncated, .damaged, .notFinite, .decoderBrokeDown: 65
        case .notFound, .unreadable: 66
        case .outputIsInput, .outputExists, .missingFolder, .outputNotAFile, .cannotCreate, .tooLong: 73
        case .readFailed, .diskFull, .writeFailed: 74
        case .noDecoder: 75
        }
    }

    /// One line: the file, what is wrong, what to do. Control characters of the path are shown, not sent.
    public var message: String {
        switch self {
        case .notFound(let path):
            "\(path.printable): no such file; check the name"
        case .unreadable(let path, let reason):
            "\(path.printable): cannot be opened (\(reason)); check its permissions and links"
        case .notAFile(let path, let kind):
            "\(path.printable): is \(kind), not an audio file; name a file"
        case .empty(let path):
            "\(path.printable): is empty; export it again"
        case .notAudio(let path):
            "\(path.printable): is not audio that Lathe can read; use WAV, FLAC, AIFF, CAF, Ogg, Opus or MP3"
        case .unsupported(let path, let detail):
            "\(path.printable): \(detail.printable); convert it first"
        case .tooShort(let path):
            "\(path.printable): is shorter than what is cut off its ends and faded; correct the sequence"
        case .truncated(let path, let seconds):
            "\(path.printable): is cut off\(seconds.map { " at " + clock($0) } ?? ""), before its announced end; copy or export it again"
        case .damaged(let path, let seconds):
            "\(path.printable): is damaged at \(clock(seconds)); copy or export it again"
        case .notFinite(let path, let seconds):
            "\(path.printable): holds a sample that is not a number, or far beyond any level, at \(clock(seconds)); export it again"
        case .readFailed(let path, let reason):
            "\(path.printable): reading failed (\(reason)); check the disk and try again"
        case .decoderBrokeDown(let path, let end):
            "\(path.printable): its decoder \(end.words) and was ended; the file is damaged or meant to do harm, export it again"
        case .noDecoder(let path, let reason):
            "\(path.printable): there is no process to decode it in (\(reason)); start lathe again"
        case .unsupportedOutput(let path, let detail):
            "\(path.printable): \(detail.printable)"
        case .outputIsInput(let path):
            "\(path.printable): is an input, and inputs are never overwritten; choose another output"
        case .outputExists(let path):
            "\(path.printable): exists already; choose another name or allow overwriting with --force"
        case .missingFolder(let path, let folder):
            "\(path.printable): the folder \(folder.printable) does not exist; create it first"
        case .outputNotAFile(let path, let kind):
            "\(path.printable): is \(kind) and is left alone; choose another output"
        case .cannotCreate(let path, let reason):
            "\(path.printable): cannot be created (\(reason)); choose another folder or check its permissions"
        case .tooLong(let path, let detail):
            "\(path.printable): \(detail.printable)"
        case .diskFull(let path):
            "\(path.printable): no space left for it; free some space or choose another disk"
        case .writeFailed(let path, let reason):
            "\(path.printable): writing failed (\(reason)); check the disk and try again"
        }
    }
}

/// `75.25` → `1:15.250`.
private func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "an unknown time" }
    let milliseconds = Int((seconds * 1000).rounded())
    let (minutes, rest) = milliseconds.quotientAndRemainder(dividingBy: 60_000)
    let (whole, fraction) = rest.quotientAndRemainder(dividingBy: 1000)
    return "\(minutes):\(padded(whole, 2)).\(padded(fraction, 3))"
}

private func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension String {
    /// The text with every character that could steer a terminal or reorder a line written as an escape: `\n`, `\u{1B}`, `\u{202E}`;
    /// a byte of a file name that is not UTF-8 as `\xE9`.
    public var printable: String {
        var out = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            default:
                if let byte = FileName.byte(scalar) {
                    out += "\\x" + String(byte, radix: 16, uppercase: true)
                    continue
                }
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                    out += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
                default: out.unicodeScalars.append(scalar)
                }
            }
        }
        return out
    }
}
