import ArgumentParser
import AudioFiles
import Composition
import Mastering
import Playback
import PrivacyLedger
import Rendering
import Service
import Studio
import Terminal

/// What ends a command: one line for standard error and an exit code of `sysexits.h`.
struct Failure: Error, Equatable {
    /// File, what is wrong, what to do. Safe to print.
    let line: String
    let exitCode: Int32

    static let interruptedExitCode: Int32 = 130
    static let usageExitCode: Int32 = 64

    init(_ exitCode: Int32, _ line: String) {
        self.line = line.printable
        self.exitCode = exitCode
    }

    static let unwritable = Failure(74, "standard output: cannot be written; check the disk or pipe behind it")
    static let interrupted = Failure(interruptedExitCode, "interrupted; nothing was left behind")

    /// The failure that any error of the rooms below stands for.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as AudioFileError: self.init(error.exitCode, error.message)
        case let error as PresetError: self.init(error.exitCode, error.message)
        case let error as JobFailure: self.init(error.exitCode, error.message)
        case let error as GenreError: self.init(error.exitCode, error.message)
        case let error as BriefError: self.init(error.exitCode, error.message)
        case let error as LedgerError: self.init(error.exitCode, error.message)
        case let error as ServeError: self.init(error.exitCode, error.message)
        case let error as PlaybackError: self.init(error.exitCode, error.message)
        case let error as SettingsError: self.init(error.exitCode, error.message)
        case let error as TerminalError: self.init(69, error.message)
        case is CancellationError: self = .interrupted
        default: self.init(70, "internal error (\(type(of: error))); please report it with the command that led to it")
        }
    }
}
