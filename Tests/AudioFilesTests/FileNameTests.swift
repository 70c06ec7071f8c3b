import Glibc
import Testing
@testable import AudioFiles

@Suite struct FileNameTests {
    /// UTF-8, ISO 8859-1, cut and overlong sequences, surrogates (RFC 3629, 3 and 10), and our own stand-ins in a name.
    static let names: [[UInt8]] = [
        Array("plain.wav".utf8), Array("日本語 é.wav".utf8), [], [0xE9], Array("caf".utf8) + [0xE9] + Array(".wav".utf8), [0x80, 0xFF, 0xFE], [0xC3],
        [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xE2, 0x82, 0x41, 0xE9],
        Array("\u{10FEE9}".utf8), Array("\u{10FEE9}".utf8) + [0xE9], Array("\u{10FE80}\u{10FEFF}\u{10FE7F}\u{10FF00}".utf8), Array("\u{10FFFF}".utf8),
    ]

    @Test(arguments: names) func everyNameLeadsBackToItsBytes(name: [UInt8]) {
        let text = FileName.text(name)
        #expect(FileName.bytes(text) == name)
        #expect((name + [0]).withUnsafeBufferPointer { $0.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { FileName.text($0) } } } == text)
        #expect(text.withFileName { String(cString: $0) } == String(decoding: name, as: UTF8.self))
    }

    @Test func differentNamesAreDifferentTexts() {
        #expect(Set(Self.names.map { FileName.text($0) }).count == Self.names.count)
    }

    @Test func namesThatAreUTF8StandAsTheyAre() {
        #expect(FileName.text(Array("日本語 é.wav".utf8)) == "日本語 é.wav")
    }

    @Test func randomBytesSurvive() {
        var state: UInt64 = 5
        for _ in 0..<2000 {
            let name = (0..<12).map { _ -> UInt8 in
                state = state &* 6364136223846793005 &+ 1442695040888963407
                return UInt8(truncatingIfNeeded: state >> 33) | 1
            }
            #expect(FileName.bytes(FileName.text(name)) == name, "\(name)")
        }
    }

    @Test func messagesShowTheByte() {
        #expect(FileName.text(Array("caf".utf8) + [0xE9]).printable == "caf\\xE9")
    }

    /// Both ways of coming into being, new and in place of an old file.
    @Test(arguments: [true, false], [true, false]) func aFileAppearsUnderItsBytes(unnamed: Bool, force: Bool) throws {
        let folder = try Folder()
        let name = folder.path + "/" + FileName.text([0xFC, 0x62, 0x65, 0x72])
        if force { close(name.withFileName { open($0, O_CREAT | O_WRONLY, 0o600) }) }
        let output = try AtomicOutput(target: name, force: force, inputs: [], scratchName: nil, unnamed: unnamed)
        #expect(write(output.fileDescriptor, "x", 1) == 1)
        let path = try output.commit()
        #expect(path.withFileName { access($0, F_OK) } == 0)
        #expect(FileName.bytes(path).suffix(4) == [0xFC, 0x62, 0x65, 0x72])
        #expect(throws: AudioFileError.outputIsInput(path: name)) { try AtomicOutput(target: name, force: true, inputs: [name]) }
    }
}
