@testable import Terminal
import Testing
@testable import Studio

@Suite("The shell around update and view")
struct AppTests {
    static func app() throws -> StudioApp {
        StudioApp(state: StudioState(folder: "/"), opens: nil, options: StudioOptions(), mailbox: try Mailbox())
    }

    @Test func theFirstFrameComesBeforeAnyService() throws {
        var app = try Self.app()
        let size = Size(columns: 80, rows: 24)
        var turn = app.handle([.input(.resize(size))])
        #expect(turn.draw == .now)
        turn = app.handle([.tick])
        // Not painted yet: the tick must not have started anything, and asks again.
        #expect(turn.wake == .after(0) && !app.hasServices)
        #expect(app.frame(size: size).size == size)
    }

    @Test func keysAreDrawnAtOnceAndAskTheLoop() throws {
        var app = try Self.app()
        #expect(app.handle([.input(.key(.character("2"), []))]).draw == .now)
        #expect(app.state.view == .master)
        #expect(app.handle([.input(.key(.character("l"), .control))]).requests == [.repaint])
        #expect(app.handle([.input(.key(.character("z"), .control))]).requests == [.suspend])
        #expect(app.handle([.input(.key(.character("q"), []))]).requests == [.end])
    }

    @Test func aKeyThatNothingCanBeBoundToSaysSo() throws {
        var app = try Self.app()
        _ = app.handle([.input(.key(.function(1), []))])
        #expect(app.state.message?.text == "F1 does nothing here; ? lists the keys")
        _ = app.handle([.input(.key(.insert, []))])
        #expect(app.state.message?.text.hasPrefix("Ins does nothing") == true)
        // What is being asked stays.
        _ = app.handle([.input(.key(.character(":"), []))])
        _ = app.handle([.input(.key(.function(5), []))])
        #expect(app.state.message == nil && app.state.overlay != nil)
    }

    @Test func whatIsWrongInAConfigurationIsToldOnTheScreen() throws {
        var options = StudioOptions()
        options.warning = "config.toml:3:1: unknown key (the usual settings apply)"
        let app = StudioApp(state: StudioState(folder: "/"), opens: nil, options: options, mailbox: try Mailbox())
        #expect(app.state.message?.text == options.warning)
    }

    @Test func shiftTabGoesTheOtherWay() throws {
        var forth = try Self.app(), back = try Self.app()
        _ = forth.handle([.input(.key(.tab, []))])
        _ = back.handle([.input(.key(.tab, .shift))])
        #expect(forth.state.focus == PanelID.graphs.first && back.state.focus == PanelID.graphs.last)
    }

    @Test func whatKeysAskForBeforeThereAreServicesIsKept() throws {
        var app = try Self.app()
        _ = app.handle([.input(.key(.character("s"), []))])
        #expect(app.waiting == [.list(app.state.files.query)] && app.state.files.query.sort == .newest)
    }

    @Test func theFolderIsReadBeforeTheFirstFrame() async throws {
        let mailbox = try Mailbox<StudioEvent>()
        let app = StudioApp(state: StudioState(folder: "/"), opens: nil, options: StudioOptions(), mailbox: mailbox)
        #expect(!app.hasServices)
        var rows = 0
        while rows == 0 {
            for case .listing(app.state.files.query.number, let found, _, _) in mailbox.take() { rows = found.count }
            await Task.yield()
        }
        #expect(rows > 0)
    }

    @Test func aTerminalWithoutUTF8GetsASCII() throws {
        var app = try Self.app()
        _ = app.handle([.input(.capabilities(Capabilities(colorDepth: .mono, utf8: false)))])
        #expect(app.state.glyphs == .ascii)
    }

    @Test func aFileAsPathOpensInItsFolder() {
        let (folder, file) = Studio.start(#filePath)
        #expect(file.map(Path.name) == "AppTests.swift" && file.flatMap(Path.parent) == folder)
        #expect(Studio.start("/").folder == "/" && Studio.start("/").file == nil)
        #expect(Studio.start("/nowhere/at all").folder == "/nowhere/at all")
    }
}
