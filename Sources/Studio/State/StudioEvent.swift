import Mastering
import Rendering
import Playback
import Terminal

/// Everything that can happen to the studio: keys, answers of the services, time.
enum StudioEvent: Sendable {
    case key(KeyStroke)
    case paste(String)
    case mouse(Mouse)
    case placesRead([String])
    /// The theme's file was changed.
    case themeRead(Theme)
    /// The terminal has the user's attention, or another window has.
    case focus(Bool)
    case resize(Size)
    /// Seconds since 1970 and the wall clock's `HH:MM`.
    case clock(now: Double, wall: String)

    /// Rows of a folder in the order asked for; again and again until complete.
    case listing(number: Int, rows: [DirectoryEntry], total: Int, complete: Bool)
    case listingFailed(number: Int, String)
    /// Something was added to a folder, renamed or removed since its rows were read.
    case folderChanged(String)
    /// Keys have waited for a folder for too long.
    case patienceLost
    /// The open file is not what it was when it was opened, or no longer there.
    case fileChanged(path: String, isGone: Bool)
    /// nil: not audio that can be read.
    case facts(path: String, AudioFacts?)

    case opened(opening: Int, AudioFacts)
    case openFailed(opening: Int, String)
    case measuring(opening: Int, fraction: Double)
    /// What the share of a long file that has been read looks like.
    case picture(opening: Int, fraction: Double, wave: [WaveColumn])
    case measured(opening: Int, FileProfile)
    case measureFailed(opening: Int, String)
    /// What was measured of the file was destroyed: idle for too long, or on request.
    case measurementGone(opening: Int)
    /// The player let the file go for the same reasons.
    case unloaded(opening: Int)
    /// The sound goes somewhere else now.
    case outputChanged
    /// What ALSA offers, and what it had to say.
    case outputs([ALSADevice], log: [String])
    /// The listener's page is served.
    case pageOpened(PageInfo)
    /// Its row ended.
    case pageGone
    /// The row of the sound that leaves for the output ended: nothing leaves any more.
    case soundEnded
    /// From the listener's page.
    case ordered(PageOrder)
    /// The player's state and latest readings; `milliseconds` on a clock that never goes back.
    case player(PlayerSnapshot, MeterFrame?, milliseconds: Int64)

    /// The pause after a change of the setting is over.
    case settled(version: Int)
    case solved(version: Int, SolvedMaster)
    case solveFailed(version: Int, String)

    case referenceKept(ToneTarget, ReferenceTrack)
    /// The reference could not be loaded, or the mix is back.
    case referenceLeft
    case platforms([Platform])
    case presets([PresetEntry])
    case presetSaved(Preset, path: String)
    case presetExists(Preset)
    case presetFailed(String)

    /// What a prompt says, with what was changed about it.
    case promptRead(version: Int, Understanding)
    /// Its row has ended.
    case promptGone(Int)
    case takeOutlined(Int, TakeOutline)
    /// The first seconds are there.
    case takePlayable(Int, path: String)
    case takeProgress(Int, Double)
    case takeReady(Int)
    case takeGone(Int)
    case takeFailed(Int, String)
    /// The unmastered mix is a file now.
    case takeSaved(path: String)

    case planned([RenderOrder])
    /// The queue has taken what one effect asked for: the ids that its jobs have in `jobs`, before or after this.
    case queued([String])
    case jobs([JobRow])
    case ledger(LedgerSnapshot)
    case ledgerFailed(String)
    /// An earlier run kept this, at so many seconds since 1970.
    case sessionFound(KeptSession, keptAt: Double)
    /// The user destroyed what was kept of this run: it is not kept again.
    case sessionUnwanted
    /// The row of the edits that can be taken back has ended, or could not be had: then there is no use in asking `again`.
    case undoGone(again: Bool)

    /// The question on the screen has been there for long enough to be read.
    case questionShown
    case explained(title: String, lines: [String])
    case notice(Notice)
}

/// What the studio wants done. Effects are values: `update` only asks, the services act and answer with events.
enum Effect: Sendable, Equatable {
    case list(FileQuery)
    case readFacts([String])
    /// Look after this file, in place of the one before.
    case watch(path: String)

    /// Load the file into the player, heard as `preset` says, and start to measure it.
    case open(path: String, opening: Int, preset: Preset)
    /// Measure the open file anew; nothing else about it changes.
    case measure(path: String, opening: Int)
    case play
    case pause
    case seek(Double)
    /// The file is still in use: its idle time starts anew.
    case keep(path: String)
    case setVoice(Voice)
    case setTrims(master: Double, original: Double)
    /// Hear a reference in the mix's place, turned down by so many dB; nil goes back to the mix.
    case hearReference(ReferenceTrack?, trim: Double)
    /// Seconds to repeat; nil goes on.
    case loop(ClosedRange<Double>?)
    case resetMeters
    case readPlaces
    case savePlaces([String])
    case listPlatforms
    case chooseOutput(OutputChoice)
    case listOutputs
    /// Whether the page may show which voice is heard.
    case setBlind(Bool)
    /// Into the clipboard of the machine where the user sits.
    case copy(String)
    /// Let the preset be heard at once, with its automatic settings estimated.
    case audition(Preset)
    /// Let exactly these parameters be heard.
    case use(ChainParameters)
    /// Send `settled(version)` when nothing has changed for a moment.
    case settle(version: Int)
    case solve(Preset, version: Int)

    /// Measure a recording and keep its balance as a curve.
    case keepReference(path: String)
    case listPresets
    case savePreset(Preset, replacing: Bool)

    /// Find the outputs' names and whether they exist.
    case plan(inputs: [String])
    case render([RenderOrder], preset: Preset)
    case cancelJob(String)
    /// What the user said about a tier.
    case answerJob(String, ConsentReply)

    /// Give a prompt its row, before it has a text.
    case holdPrompt(Int)
    case readPrompt(String, amendment: String, version: Int)
    case makeTake(TakeOrder)
    /// Load a take into the player; it may still be growing.
    case openTake(path: String, opening: Int, preset: Preset)
    /// Stop making it, or let its sound go.
    case letGoTake(Int)
    case exportTake(TakeOrder, folder: String)
    case sendTake(TakeOrder, folder: String)

    case destroy(id: String)
    case destroyEverything
    case extend(id: String)
    case explainRow(id: String)
    /// Show the counters behind these lines.
    case showUsage(after: [String])
    case exportLedger(folder: String)
    case verifyLedger
    /// A row for the edits that can be taken back.
    case holdUndo
    /// Keep this for the next start, in place of what was kept before.
    case keepSession(KeptSession)
    /// Look for what an earlier run kept.
    case takeSession

    case redraw
    case suspend
    case quit
}
