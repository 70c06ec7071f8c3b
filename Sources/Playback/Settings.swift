import AudioFiles
import Mastering
import Synchronization

/// The parameters as the threads that prepare sound see them.
final class Settings: Sendable {
    struct Value {
        var parameters: ChainParameters
        var version = 1
        /// Monotonic nanoseconds of the last change.
        var changed = 0
    }

    private let value: Mutex<Value>
    private let trouble = Mutex<AudioFileError?>(nil)

    init(_ parameters: ChainParameters) { value = Mutex(Value(parameters: parameters)) }

    var current: Value { value.withLock { $0 } }

    /// Stores changed parameters and gives them on, in one step: `publish` is the mailbox's only writer. False when nothing changed.
    func change(_ parameters: ChainParameters, publish: (VersionedParameters) -> Void) -> Bool {
        value.withLock { value in
            guard value.parameters != parameters else { return false }
            value = Value(parameters: parameters, version: value.version + 1, changed: monotonicNanoseconds())
            publish(VersionedParameters(parameters: parameters, version: value.version))
            return true
        }
    }

    /// The first reason why the file could not be read to its end.
    var problem: AudioFileError? {
        get { trouble.withLock { $0 } }
        set { trouble.withLock { $0 = $0 ?? newValue } }
    }
}
