@testable import Composition
import Foundation
import Testing

struct GenreTests {
    @Test func everyShippedGenreIsReadAndComplete() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Shipped.folder.path).filter { $0.hasSuffix(".toml") }
        for name in files {
            let text = try String(contentsOf: Shipped.folder.appendingPathComponent(name), encoding: .utf8)
            let genre = try Genre.parse(toml: text, file: name)
            #expect(genre.id + ".toml" == name)
            #expect(genre.parts.contains { $0.role == .bass } && genre.parts.contains { [.chords, .pad, .arp].contains($0.role) }, "\(name)")
        }
        #expect(files.count >= 18)
        let words = Shipped.genres.flatMap(\.words)
        #expect(Set(words).count == words.count, "a word names two genres: \(Dictionary(grouping: words) { $0 }.filter { $1.count > 1 }.keys)")
    }

    @Test(arguments: [
        ("id = 3", "id"), ("id = \"x\"\nminor = [\"i\"]\nmajor = [\"H\"]\nforms = [\"A 8 0.5\"]", "'H'"), ("id = \"x\"\nunknown = 1", "unknown"),
        ("id = \"x\"\ntempo = [200, 100, 50]", "tempo"), ("id = \"x\"\nminor = [\"i\"]\nmajor = [\"I\"]\nforms = [\"A 8 7\"]", "forms"), ("id = ", "TOML"),
        ("a.b.c.d.e.f.g = 1", "nesting"), ("id = \"x\"\nminor = [\"i\"]\nmajor = [\"I\"]\nforms = [\"A 8 0.5\"]\n[[part]]\nrole = \"bass\"\nvoice = \"kazoo\"", "voice"),
    ])
    func aBadGenreIsRefusedByName(_ text: String, _ named: String) {
        do {
            _ = try Genre.parse(toml: text, file: "x.toml")
            Issue.record("accepted")
        } catch {
            #expect(error.message.contains(named) && error.message.contains("x.toml"), "\(error.message)")
        }
    }
}
