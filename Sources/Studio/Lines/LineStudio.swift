import Dispatch
import Glibc
import Terminal

/// The studio without a screen: a line is read, what happened is said in lines. The state, the commands and the services are the studio's own.
public enum LineStudio {
    /// EX_IOERR of sysexits.h.
    public static let lost: Int32 = 74

    /// Runs until `quit`, the end of the input or a signal.
    /// - Returns: the exit status; `lost` when nobody could receive what was said.
    public static func run(_ options: StudioOptions) async throws(TerminalError) -> Int32 {
        let result: Result<Int32, TerminalError> = try await TerminalThread.run {
            do throws(TerminalError) { return .success(try LineSession(options).run()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

/// On one thread.
private final class LineSession {
    private var app: StudioApp
    private let input: LineInput<StudioEvent>
    private var waits = false
    private var ends = false
    /// What was to be said could not be written.
    private var isUnheard = false
    /// Since when the rows of a folder are on their way.
    private var listedSince: ContinuousClock.Instant?
    private static let listingPatience: Duration = .seconds(3)
    private var told = Told()
    /// What was said already.
    private struct Told {
        var message: Notice?
        var overlay: Overlay?
        var opened = 0
        var measured = 0
        var solved = -1
    }

    init(_ options: StudioOptions) throws(TerminalError) {
        let mailbox = try Mailbox<StudioEvent>()
        input = try LineInput(mailbox: mailbox)
        app = StudioApp(options, mailbox: mailbox)
        perform(app.beginWithoutScreen())
    }

    func run() -> Int32 {
        say(["Lathe in lines. help lists the words."])
        while !ends, input.signal == nil {
            if !waits || !app.isBusy, !isListing(), let line = input.next() {
                waits = false
                take(line)
                continue
            }
            // The end of a script: what it began is finished first.
            if input.isAtEnd, !input.hasLine, !app.isBusy { break }
            perform(app.take(input.wait(milliseconds: app.isBusy || listedSince != nil ? 100 : 1000)))
            if app.isBusy { app.refresh() }
            tell()
        }
        app.shutDown(within: 2)
        input.finish()
        return input.signal.map { 128 + $0 } ?? (isUnheard ? LineStudio.lost : 0)
    }

    /// A word about rows means those of the folder that was asked for: they are waited for, but not for a file system that hangs.
    private func isListing() -> Bool {
        guard !app.state.files.complete else {
            listedSince = nil
            return false
        }
        let now = ContinuousClock.now
        let since = listedSince ?? now
        listedSince = since
        return now - since < Self.listingPatience
    }

    private func take(_ line: String) {
        app.refresh()
        told.message = nil
        let (answer, requests) = app.read(line)
        perform(requests)
        switch answer {
        case .said(let lines): say(lines)
        case .wait: waits = true
        case .done: break
        }
        tell()
    }

    private func perform(_ requests: [Turn.Request]) {
        for request in requests where request == .end { ends = true }
    }

    /// Says what is new since the last time.
    private func tell() {
        let state = app.state
        if let message = state.message, message != told.message {
            told.message = message
            say([message.text])
        }
        if state.deck.isLoaded, told.opened != state.deck.opening {
            told.opened = state.deck.opening
            say([(state.deck.player.playing ? "playing " : "loaded ") + (state.deck.label ?? Path.name(of: state.deck.path ?? "")) + (state.deck.facts.map { ", " + $0.summary } ?? "")])
        }
        if state.deck.profile != nil, told.measured != state.deck.opening, let analysis = state.deck.profile?.analysis {
            told.measured = state.deck.opening
            say(["measured: " + Format.reading(analysis.integratedLUFS) + " LUFS, " + Format.reading(analysis.truePeakDBTP) + " dBTP"])
        }
        if let solved = state.master.solved, told.solved != state.master.version {
            told.solved = state.master.version
            say(["master: " + Format.reading(solved.integratedLUFS) + " LUFS, " + Format.reading(solved.truePeakDBTP) + " dBTP" + (solved.note.map { "; " + $0 } ?? "")])
        }
        guard state.overlay != told.overlay else { return }
        told.overlay = state.overlay
        let (lines, isRead) = state.overlayInWords()
        say(lines)
        // What only wanted to be read is.
        if isRead {
            app.closeOverlay()
            told.overlay = nil
        }
    }

    private func say(_ lines: [String]) {
        for line in lines {
            var bytes = Array((Sanitise.line(line) + "\n").utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                if count <= 0 {
                    // A reader that went away has heard enough; a full disk has lost something.
                    isUnheard = errno != EPIPE
                    ends = true
                    return
                }
                bytes = bytes.dropFirst(count)
            }
        }
    }
}
