import Glibc

/// The three streams of a command: results on standard output, one line per failure and progress on standard error.
enum Output {
    /// Writes a result line.
    /// - Throws: `Failure` (74) when nobody can receive it, e.g. a full disk behind a redirection.
    static func result(_ text: String) throws(Failure) {
        guard write(text + "\n", to: STDOUT_FILENO) else {
            throw Failure.unwritable
        }
    }

    /// Writes the `lathe: …` line of a failure.
    static func failure(_ failure: Failure) {
        // When standard error is gone there is nowhere left to say so; the exit code still tells.
        _ = write("lathe: " + failure.line + "\n", to: STDERR_FILENO)
    }

    /// Writes the `lathe: …` line of what the user should know although the command goes on.
    static func warning(_ line: String) {
        // As with a failure, there is no other place to say it.
        _ = write("lathe: " + line + "\n", to: STDERR_FILENO)
    }

    /// All of `text`, over signals and short writes.
    static func write(_ text: String, to descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while rest.count > 0 {
                let n = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if n < 0 {
                    if errno == EINTR { continue }
                    return false
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[n...])
            }
            return true
        }
    }
}
