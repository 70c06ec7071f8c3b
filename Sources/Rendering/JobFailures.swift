import AudioFiles
import Composition
import Instruments
import Mastering
import PrivacyLedger

extension JobFailure {
    static func cancelled(output: String) -> JobFailure {
        JobFailure(message: "\(output.printable): cancelled; nothing was written", exitCode: 130)
    }

    /// Of a file that is no job's.
    init(_ error: any Error, writing path: String) {
        switch error {
        case let error as JobFailure: self = error
        case let error as AudioFileError: self.init(message: error.message, exitCode: error.exitCode)
        case let error as LedgerError: self.init(message: error.message, exitCode: error.exitCode)
        default: self.init(message: "\(path.printable): it could not be written (\(String(describing: error).printable)); try again", exitCode: 74)
        }
    }

    /// The typed errors of the rooms below, in one form that can be sent.
    init(_ error: any Error, job: Job) {
        switch error {
        case let error as JobFailure: self = error
        case let error as AudioFileError: self.init(message: error.message, exitCode: error.exitCode)
        case let error as PresetError: self.init(message: error.message, exitCode: error.exitCode)
        case let error as GenreError: self.init(message: error.message, exitCode: error.exitCode)
        case let error as BriefError: self.init(message: error.message, exitCode: error.exitCode)
        case let error as PictureError: self.init(message: error.message.printable, exitCode: error.exitCode)
        case let error as SoundBank.Absence: self.init(message: error.message, exitCode: 69)
        case let error as LedgerError: self.init(message: error.message, exitCode: error.exitCode)
        case is CancellationError: self = .cancelled(output: job.output)
        default:
            self.init(message: "\(job.input.printable): rendering failed (\(String(describing: error).printable)); try again", exitCode: 74)
        }
    }
}
