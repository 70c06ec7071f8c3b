import Foundation
import TestSupport
import Testing

/// A folder of its own with its own XDG folders, and the built `lathe` to run in it.
final class Workspace {
    struct Outcome {
        let status: Int32
        let out: String
        let err: String

        /// Standard output as one JSON document.
        var json: Any { get throws { try JSONSerialization.jsonObject(with: Data(out.utf8), options: [.fragmentsAllowed]) } }
        var object: [String: Any] { get throws { try #require(try json as? [String: Any]) } }
        var array: [[String: Any]] { get throws { try #require(try json as? [[String: Any]]) } }
    }

    let folder: String
    let home: String
    private var runs = 0

    init() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-commands-\(UUID().uuidString)").path
        folder = root + "/work"
        home = root + "/home"
        for path in [folder, home + "/runtime"] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: (folder as NSString).deletingLastPathComponent) }

    /// `lathe` is built into the folder of the test bundle.
    static let binary: String = {
        if let path = ProcessInfo.processInfo.environment["LATHE_BINARY"] { return path }
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (executable as NSString).deletingLastPathComponent + "/lathe"
    }()

    func path(_ name: String) -> String { folder + "/" + name }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        return name
    }

    /// Writes a file of the user's configuration.
    func configure(_ name: String, _ text: String) throws {
        let folder = home + "/config/lathe"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
    }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// Hidden names too.
    func names() throws -> Set<String> { Set(try FileManager.default.contentsOfDirectory(atPath: folder)) }

    func run(_ arguments: String...) throws -> Outcome { try start(arguments).outcome() }

    /// A running command whose output goes to files, so that no pipe can fill up.
    final class Running {
        let process: ChildProcess
        private let files: (out: String, err: String)
        /// Keeps the folder until the outcome has been read.
        private let place: Workspace

        fileprivate init(_ place: Workspace, _ files: (out: String, err: String), _ process: ChildProcess) {
            self.place = place
            self.files = files
            self.process = process
        }

        func outcome() throws -> Outcome {
            let status = try process.wait()
            func text(_ path: String) throws -> String { String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self) }
            return Outcome(status: status, out: try text(files.out), err: try text(files.err))
        }
    }

    /// - Parameters:
    ///   - listens: whether standard error is heard through `process` in place of the outcome's `err`.
    ///   - changes: variables that are other than here.
    func start(_ arguments: [String], listens: Bool = false, environment changes: [String: String] = [:]) throws -> Running {
        runs += 1
        let files = (out: home + "/out-\(runs)", err: home + "/err-\(runs)")
        _ = FileManager.default.createFile(atPath: files.err, contents: nil)
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("XDG_") }
        environment["HOME"] = home
        for (key, name) in [("STATE_HOME", "state"), ("CONFIG_HOME", "config"), ("CACHE_HOME", "cache"), ("RUNTIME_DIR", "runtime")] {
            environment["XDG_" + key] = home + "/" + name
        }
        environment.merge(changes) { $1 }
        return Running(self, files, try ChildProcess(
            Self.binary, arguments, environment: environment, folder: folder, output: .file(files.out),
            error: listens ? .captured : .file(files.err)))
    }

    /// Rows of the ledger that are still open.
    func openRows() throws -> [[String: Any]] {
        try run("ledger", "list", "--json").array.filter { !["destroyed", "handed_over"].contains($0["state"] as? String) }
    }
}

/// WAV files, byte by byte.
enum WAV {
    /// 16-bit PCM.
    static func file(_ samples: [Int16], rate: Int = 48_000, channels: Int = 2) -> [UInt8] {
        func little(_ value: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        let data = samples.flatMap { little(Int($0), 2) }
        let format = little(1, 2) + little(channels, 2) + little(rate, 4) + little(rate * channels * 2, 4) + little(channels * 2, 2) + little(16, 2)
        let body = Array("WAVEfmt ".utf8) + little(16, 4) + format + Array("data".utf8) + little(data.count, 4) + data
        return Array("RIFF".utf8) + little(body.count, 4) + body
    }

    /// 1 kHz, stereo, in phase: at `dBFS` it reads the same number in LUFS (EBU Tech 3341, case 1).
    static func tone(dBFS: Double, seconds: Double, rate: Int = 48_000, channels: Int = 2) -> [UInt8] {
        let amplitude = 32767 * pow(10, dBFS / 20)
        let frames = Int(seconds * Double(rate))
        return file((0..<frames).flatMap { n in
            [Int16](repeating: Int16((amplitude * sin(2 * .pi * 1000 * Double(n) / Double(rate))).rounded()), count: channels)
        }, rate: rate, channels: channels)
    }

    /// Bursts over a quiet tone: 14 dB between peak and mean, so that a loud target needs the limiter.
    static func bursts(seconds: Double, rate: Int = 48_000) -> [UInt8] {
        file((0..<Int(seconds * Double(rate))).flatMap { n -> [Int16] in
            let t = Double(n) / Double(rate), inBeat = t.truncatingRemainder(dividingBy: 0.5)
            let x = 0.05 * sin(2 * .pi * 220 * t) + 0.6 * exp(-inBeat * 40) * sin(2 * .pi * 90 * t)
            return [Int16((32767 * x).rounded()), Int16((32767 * 0.9 * x).rounded())]
        }, rate: rate)
    }

    /// Channels, rate, bits and frames of a PCM WAV, read from its chunks.
    static func header(_ bytes: [UInt8]) throws -> (channels: Int, rate: Int, bits: Int, frames: Int) {
        func little(_ at: Int, _ count: Int) -> Int { (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) } }
        try #require(bytes.count > 44 && bytes[0..<4].elementsEqual("RIFF".utf8) && bytes[8..<12].elementsEqual("WAVE".utf8))
        var at = 12, channels = 0, rate = 0, bits = 0, size = 0
        while at + 8 <= bytes.count {
            let name = String(decoding: bytes[at..<at + 4], as: UTF8.self), length = little(at + 4, 4)
            if name == "fmt " { (channels, rate, bits) = (little(at + 10, 2), little(at + 12, 4), little(at + 22, 2)) }
            if name == "data" { size = length }
            at += 8 + length + length % 2
        }
        try #require(channels > 0 && bits > 0)
        return (channels, rate, bits, size / (channels * bits / 8))
    }
}

/// One line, with nothing in it that steers a terminal.
func expectOneLine(_ text: String, _ parts: String..., location: SourceLocation = #_sourceLocation) {
    #expect(text.hasSuffix("\n") && text.filter(\.isNewline).count == 1, "not one line: \(text)", sourceLocation: location)
    for part in parts { #expect(text.contains(part), "no '\(part)' in: \(text)", sourceLocation: location) }
}
