import Playback

/// Where the sound goes, as the output chooser offers it.
enum OutputChoice: Sendable, Equatable {
    case automatic
    /// An ALSA device by its name.
    case device(String)
    /// A page in the browser of the machine where the user sits.
    case page
    case silent
}

/// Where the page is, and the line that leads there from another machine.
struct PageInfo: Sendable, Equatable {
    var url: String
    /// nil when the user sits at this machine.
    var forward: String?
}

/// The output chooser.
struct OutputChooser: Sendable, Equatable {
    var cursor = Cursor()
    /// What ALSA said of its devices, and to whoever asked for one.
    var showsLog = false
}

extension DeckState {
    struct OutputRow: Sendable, Equatable {
        var choice: OutputChoice
        var title: String
        var explanation: String
    }

    var outputRows: [OutputRow] {
        [OutputRow(choice: .automatic, title: "Automatic", explanation: "the default ALSA device when there is one, else a clock"),
         OutputRow(choice: .page, title: "Your browser", explanation: "a page on this machine's loopback, through ssh -L")]
            + devices.map { OutputRow(choice: .device($0.name), title: $0.name, explanation: $0.explanation) }
            + [OutputRow(choice: .silent, title: "No sound", explanation: "meters and transport run on a clock")]
    }
}
