import AudioFiles
import Foundation
import Synchronization
import Testing
@testable import Studio

/// What never comes ends in five minutes: on a busy machine others hold the threads for one.
@Suite("Files", .timeLimit(.minutes(5)))
struct FilesTests {
    static func names(_ query: FileQuery, _ entries: [DirectoryEntry]) -> [String] { query.arrange(entries).map(\.name) }

    static let entries: [DirectoryEntry] = [
        DirectoryEntry(name: "take 10.wav", kind: .audio, bytes: 5, modified: 30), DirectoryEntry(name: "Take 9.wav", kind: .audio, bytes: 9, modified: 10),
        DirectoryEntry(name: "zebra", kind: .folder, modified: 1), DirectoryEntry(name: ".hidden", kind: .folder),
        DirectoryEntry(name: "alpha.txt", kind: .other, bytes: 7, modified: 20),
    ]

    @Test func foldersComeFirstAndNumbersCount() {
        #expect(Self.names(FileQuery(folder: "/"), Self.entries) == ["zebra", "alpha.txt", "Take 9.wav", "take 10.wav"])
    }

    @Test func ordersByAgeAndSize() {
        var query = FileQuery(folder: "/")
        query.sort = .newest
        #expect(Self.names(query, Self.entries) == ["zebra", "take 10.wav", "alpha.txt", "Take 9.wav"])
        query.sort = .largest
        #expect(Self.names(query, Self.entries) == ["zebra", "Take 9.wav", "alpha.txt", "take 10.wav"])
        query.showsHidden = true
        #expect(Self.names(query, Self.entries).first == ".hidden")
    }

    @Test func theFilterIsFuzzyAndTheBestMatchComesFirst() {
        var query = FileQuery(folder: "/")
        query.filter = "t1"
        #expect(Self.names(query, Self.entries) == ["take 10.wav"])
        query.filter = "tk"
        #expect(Set(Self.names(query, Self.entries)) == ["take 10.wav", "Take 9.wav"])
        query.filter = "xyz"
        #expect(Self.names(query, Self.entries).isEmpty)
        let pattern = FuzzyPattern("rv7")
        #expect((pattern.score("rough_v7.wav") ?? 0) > (pattern.score("river v 17 of.wav") ?? 0))
    }

    @Test func pathsAreTakenApartWithoutTheDisk() {
        #expect(Path.parent(of: "/a/b") == "/a" && Path.parent(of: "/a") == "/" && Path.parent(of: "/") == nil)
        #expect(Path.stem(of: "/a/b.c.wav") == "b.c" && Path.stem(of: "/a/.wav") == ".wav")
    }

    @Test func aFolderIsListedInTheBackground() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-list-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder.appendingPathComponent("sub"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for n in 0..<40 { try Data().write(to: folder.appendingPathComponent("take \(n).wav")) }
        try Data().write(to: folder.appendingPathComponent("notes.txt"))

        let (events, continuation) = AsyncStream.makeStream(of: StudioEvent.self)
        let files = LiveFiles { continuation.yield($0) }
        var query = FileQuery(folder: folder.path)
        query.number = 1
        files.list(query)
        var rows: [DirectoryEntry] = []
        for await event in events {
            guard case .listing(1, let found, 42, true) = event else { continue }
            rows = found
            break
        }
        #expect(rows.first?.name == "sub" && rows.first?.kind == .folder)
        #expect(rows[1].name == "notes.txt" && rows[1].kind == .other)
        #expect(rows[2].name == "take 0.wav" && rows[11].name == "take 9.wav" && rows[12].name == "take 10.wav")
    }

    /// The system tells: nobody has to look.
    @Test(arguments: ["appears", "is written", "vanishes"]) func aChangeIsToldWithoutLooking(how: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-watch-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("mix.wav")
        if how != "appears" { try Data([1]).write(to: file) }
        let (events, continuation) = AsyncStream.makeStream(of: StudioEvent.self)
        let files = LiveFiles { continuation.yield($0) }
        var answers = events.makeAsyncIterator()
        files.list(FileQuery(folder: folder.path))
        guard case .listing(0, _, _, true)? = await answers.next() else { Issue.record("not listed"); return }
        if how == "vanishes" { try FileManager.default.removeItem(at: file) } else { try Data([1, 2]).write(to: file) }
        guard case .folderChanged(folder.path)? = await answers.next() else { Issue.record("not told"); return }
    }

    @Test func theOpenFileIsLookedAfterInWhateverFolderItLies() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-open-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("mix.wav")
        try Data([1]).write(to: file)
        let (events, continuation) = AsyncStream.makeStream(of: StudioEvent.self)
        let files = LiveFiles { continuation.yield($0) }
        var answers = events.makeAsyncIterator()
        let elsewhere = FileQuery(folder: "/")
        files.list(elsewhere)
        guard case .listing? = await answers.next() else { Issue.record("not listed"); return }
        files.remember(file.path)
        try Data([1, 2]).write(to: file)
        files.check(elsewhere)
        guard case .fileChanged(file.path, isGone: false)? = await answers.next() else { Issue.record("not told"); return }
        try FileManager.default.removeItem(at: file)
        // Asked again and again, as the studio does: while one look is under way another is not begun.
        let asking = Task { while !Task.isCancelled { files.check(elsewhere); try? await Task.sleep(for: .milliseconds(5)) } }
        defer { asking.cancel() }
        while true {
            guard let answer = await answers.next() else { Issue.record("not told"); return }
            if case .fileChanged(file.path, isGone: true) = answer { return }
        }
    }

    /// A name as an old drive holds it, in Latin-1: `é` is the byte 0xE9 (ISO 8859-1).
    @Test func namesThatAreNotUTF8LeadToTheirFiles() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-latin-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let name: [UInt8] = Array("caf".utf8) + [0xE9] + Array(".wav".utf8)
        let path: [CChar] = (Array(folder.utf8) + [0x2F] + name + [0]).map { CChar(bitPattern: $0) }
        let made = open(path, O_CREAT | O_WRONLY, 0o600)
        #expect(made >= 0)
        close(made)
        let (events, continuation) = AsyncStream.makeStream(of: StudioEvent.self)
        let files = LiveFiles { continuation.yield($0) }
        files.list(FileQuery(folder: folder))
        for await event in events {
            guard case .listing(_, let rows, 1, true) = event, let entry = rows.first else { continue }
            #expect(entry.kind == .audio && FileName.bytes(entry.name) == name)
            #expect((folder + "/" + entry.name).withFileName { access($0, F_OK) } == 0)
            var state = freshState()
            state.files.rows = rows
            #expect(screen(state, state.size).lines.contains { $0.contains("caf‹xE9›.wav") })
            break
        }
    }

    @Test func changesFromOutsideAreNoticedAndSoIsTheFoldersEnd() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-look-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (events, continuation) = AsyncStream.makeStream(of: StudioEvent.self)
        let files = LiveFiles(isTold: false) { continuation.yield($0) }
        var answers = events.makeAsyncIterator()
        var query = FileQuery(folder: folder.path)
        query.number = 1
        files.list(query)
        guard case .listing(1, _, 0, true)? = await answers.next() else { Issue.record("not listed"); return }

        try Data().write(to: folder.appendingPathComponent("new.wav"))
        // File systems count in ticks: a time of its own makes the change certain.
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: folder.path)
        files.check(query)
        guard case .folderChanged(folder.path)? = await answers.next() else { Issue.record("not noticed"); return }
        query.number = 2
        files.list(query)
        guard case .listing(2, _, 1, true)? = await answers.next() else { Issue.record("not listed again"); return }

        try FileManager.default.removeItem(at: folder)
        files.check(query)
        guard case .listingFailed(2, "this folder is gone")? = await answers.next() else { Issue.record("not told"); return }
    }

    @Test func aFolderThatCannotBeReadSaysWhy() async {
        let (events, continuation) = AsyncStream.makeStream(of: StudioEvent.self)
        let files = LiveFiles { continuation.yield($0) }
        files.list(FileQuery(folder: "/nowhere/at/all"))
        for await event in events {
            guard case .listingFailed(0, let why) = event else { Issue.record("listed"); return }
            #expect(why == "this folder is gone")
            return
        }
    }
}
