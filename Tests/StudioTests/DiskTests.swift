import AudioFiles
import Foundation
import Playback
import Terminal
import Testing
@testable import Studio

/// Files and folders that do not do what they seem to promise, and what the studio says of them.
@Suite("What disks do")
struct DiskTests {
    @Test func keysDoNotWaitForAFolderThatDoesNotAnswer() {
        var state = TypedAheadTests.early()
        press(&state, "j", " ", "2")
        #expect(state.view == .files && state.typedAhead.keys.count == 3 && state.nextFrame() == 500)
        _ = update(&state, .patienceLost)
        #expect(state.typedAhead.isEmpty && state.message?.text.contains("does not answer") == true)
        // From here on every key has its turn, and those for rows say why not.
        press(&state, "j")
        #expect(state.typedAhead.isEmpty && state.message?.text.contains("h goes back up") == true)
        #expect(press(&state, "h").contains { if case .list(let query) = $0 { query.folder == "/music" } else { false } })
        // Another folder is given its time again.
        press(&state, "j")
        #expect(state.typedAhead.keys.count == 1)
        _ = TypedAheadTests.rowsArrive(&state)
        #expect(state.typedAhead.isEmpty && state.files.cursor.index == 1 && !state.files.isSilent)
    }

    @Test func aChangedFileIsNotRenderedUnheard() {
        var state = playingState()
        let path = "/music/mixes/rough_v7.wav"
        _ = update(&state, .fileChanged(path: path, isGone: false))
        #expect(text(screen(state, state.size)).contains("changed on disk"))
        #expect(press(&state, "r").isEmpty)
        #expect(state.message?.text.contains("rough_v7.wav was changed on disk; open it again") == true)
        // Marked files are rendered by their names, and nobody claims to have heard them.
        state.files.marks = ["/music/mixes/rough_v6.wav"]
        #expect(press(&state, "r") == [.plan(inputs: ["/music/mixes/rough_v6.wav"])])
        state.files.marks = []
        press(&state, KeyStroke(.enter))
        _ = update(&state, .opened(opening: state.deck.opening, testFacts))
        #expect(press(&state, "r").contains(.plan(inputs: [path])))
    }

    @Test func aSoundThatStandsStillIsSaidOnce() {
        var state = playingState()
        state.message = nil
        func read(_ position: Double, at milliseconds: Int64) { _ = update(&state, .player(playerSnapshot(position: position), testMeters(position: position), milliseconds: milliseconds)) }
        read(1, at: 1000)
        read(1.2, at: 1200)
        for at in stride(from: 1400, through: 4000, by: 200) { read(1.2, at: Int64(at)) }
        #expect(state.message == nil)
        for at in stride(from: 4200, through: 5000, by: 200) { read(1.2, at: Int64(at)) }
        #expect(state.message?.text.contains("stands still") == true && state.message?.text.contains("rough_v7.wav") == true)
        state.message = nil
        for at in stride(from: 5200, through: 20_000, by: 200) { read(1.2, at: Int64(at)) }
        #expect(state.message == nil, "once")
        read(1.4, at: 20_200)
        for at in stride(from: 20_400, through: 24_000, by: 200) { read(1.4, at: Int64(at)) }
        #expect(state.message?.text.contains("stands still") == true, "and again after it had gone on")
        // Rest is no standstill.
        state.message = nil
        var rests = playerSnapshot(position: 1.4)
        rests.playing = false
        for at in stride(from: 24_200, through: 40_000, by: 200) { _ = update(&state, .player(rests, nil, milliseconds: Int64(at))) }
        #expect(state.message == nil)
    }

    @Test func aFileThatEndsBeforeItsAnnouncedEndSaysSo() {
        var state = playingState()
        state.message = nil
        _ = update(&state, .player(playerSnapshot(position: 9), testMeters(position: 9), milliseconds: 1000))
        var ended = playerSnapshot(position: 9.04, playing: false)
        ended.ended = true
        _ = update(&state, .player(ended, nil, milliseconds: 1050))
        #expect(state.message?.text.contains("rough_v7.wav: ended at 0:09.0, before its announced end") == true)
        state.message = nil
        _ = update(&state, .player(playerSnapshot(position: 219), testMeters(position: 219), milliseconds: 2000))
        ended.position = 221
        _ = update(&state, .player(ended, nil, milliseconds: 4000))
        #expect(state.message == nil)
    }

    /// Two studios at once: each changes what its user changed there.
    @Test func placesMarkedElsewhereMeanwhileStay() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-places-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let before = ProcessInfo.processInfo.environment["XDG_CONFIG_HOME"]
        setenv("XDG_CONFIG_HOME", folder, 1)
        defer { if let before { setenv("XDG_CONFIG_HOME", before, 1) } else { unsetenv("XDG_CONFIG_HOME") } }
        let (events, continuation) = AsyncStream.makeStream(of: StudioEvent.self)
        var answers = events.makeAsyncIterator()
        func told() async -> [String]? {
            while let event = await answers.next() { if case .placesRead(let places) = event { return places } }
            return nil
        }
        let here = LiveFiles(isTold: false) { continuation.yield($0) }, there = LiveFiles(isTold: false) { _ in }
        here.readPlaces()
        #expect(await told() == [])
        there.savePlaces(["/there", "/shared"])
        here.savePlaces(["/here"])
        #expect(await told() == ["/there", "/shared", "/here"])
        there.savePlaces(["/there"])
        here.savePlaces(["/there", "/shared", "/here", "/more"])
        #expect(await told() == ["/there", "/here", "/more"])
        #expect(try Places.load() == ["/there", "/here", "/more"])
    }

    @Test func whatIsNoFileSaysWhatItIs() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-kinds-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        mkfifo(folder + "/pipe.wav", 0o600)
        symlink(folder + "/nothing", folder + "/dangling.wav")
        symlink(folder + "/loop.wav", folder + "/loop.wav")
        symlink("/dev/zero", folder + "/zero.wav")
        symlink(folder + "/pipe.wav", folder + "/linked.wav")
        FileManager.default.createFile(atPath: folder + "/notes.txt", contents: nil)
        FileManager.default.createFile(atPath: folder + "/mix.wav", contents: nil)
        symlink(folder + "/mix.wav", folder + "/same.wav")
        let (events, continuation) = AsyncStream.makeStream(of: StudioEvent.self)
        let files = LiveFiles(isTold: false) { continuation.yield($0) }
        var state = freshState()
        _ = state.enter(folder, selecting: nil)
        files.list(state.files.query)
        for await event in events {
            guard case .listing(_, _, _, true) = event else { continue }
            _ = update(&state, event)
            break
        }
        for (name, words) in [("pipe.wav", "pipe.wav: is a named pipe"), ("dangling.wav", "dangling.wav: is a link that leads nowhere"), ("loop.wav", "loop.wav: is a link that leads nowhere"),
                              ("zero.wav", "zero.wav: is a device"), ("linked.wav", "linked.wav: is a named pipe"), ("notes.txt", "notes.txt: not an audio file by its name")] {
            state.files.cursor.index = try #require(state.files.rows.firstIndex { $0.name == name })
            for key in [KeyStroke(.enter), .character("v")] {
                #expect(press(&state, key).isEmpty)
                #expect(state.message?.text.hasPrefix(words) == true, "\(state.message?.text ?? "-")")
            }
        }
        #expect(state.files.rows.filter { $0.kind == .audio }.map(\.name).sorted() == ["mix.wav", "same.wav"])
    }
}
