@testable import Composition
import Foundation

/// The genres that come with Lathe, read from the source tree.
enum Shipped {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Presets/Generation")

    static let genres: [Genre] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".toml") }.sorted()) ?? []
        return names.compactMap { name in
            (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)).flatMap { try? Genre.parse(toml: $0, file: name) }
        }
    }()

    static func brief(_ prompt: String, seed: UInt64 = 1) -> Brief { Brief(PromptReader.read(prompt, genres: genres), genres: genres, seed: seed) }
    static func score(_ prompt: String, seed: UInt64 = 1) -> Score { Composer.compose(brief(prompt, seed: seed)) }
}
