import Foundation
import FoundationXML
import Glibc
import Testing

@Suite struct ReportCommandTests {
    @Test func aPageStandsAlone_withPicturesThatAreWellFormed() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.bursts(seconds: 5))
        let outcome = try place.run("analyze", "mix.wav", "--report", "page.html")
        #expect(outcome.status == 0, "\(outcome.err)")
        let page = String(decoding: try place.bytes("page.html"), as: UTF8.self)
        for foreign in ["http:", "https:", "<script", "src=", "@import", "url("] { #expect(!page.contains(foreign), "\(foreign)") }
        // Loudness, spectrum, peaks; equaliser, limiter, aliases, rate conversion.
        let pictures = page.components(separatedBy: "<svg").dropFirst().map { "<svg" + $0.components(separatedBy: "</svg>")[0] + "</svg>" }
        #expect(pictures.count == 7)
        for picture in pictures {
            let parser = XMLParser(data: Data(picture.utf8))
            #expect(parser.parse(), "\(picture.prefix(200))")
            #expect(!picture.contains("nan") && !picture.contains("inf") && !picture.contains(">none"))
        }
        let found = try place.run("analyze", "mix.wav", "--json").object
        let loudness = String(format: "%.2f LUFS", try #require(found["integrated_lufs"] as? Double)).replacingOccurrences(of: "-", with: "\u{2212}")
        #expect(page.contains(loudness) && page.contains("What services do to the level"))
        #expect(try place.names() == ["mix.wav", "page.html"])
        #expect(try place.openRows().isEmpty)
    }

    @Test func whatComesFromTheFileIsTextAndNothingElse() throws {
        let place = try Workspace()
        let name = "<img src=x onerror=alert(1)>&\"'\u{202E}.wav"
        try place.write(name, WAV.tone(dBFS: -20, seconds: 1))
        #expect(try place.run("analyze", name, "--report", "page.html").status == 0)
        let page = String(decoding: try place.bytes("page.html"), as: UTF8.self)
        #expect(!page.contains("<img") && page.contains("&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;"))
        #expect(!page.unicodeScalars.contains("\u{202E}"))
    }

    @Test func silenceAndAMomentHaveAPageToo() throws {
        let place = try Workspace()
        try place.write("silence.wav", WAV.file([Int16](repeating: 0, count: 96_000)))
        try place.write("blip.wav", WAV.tone(dBFS: -20, seconds: 0.01))
        let outcome = try place.run("analyze", "silence.wav", "blip.wav", "--report", "page.html")
        #expect(outcome.status == 0, "\(outcome.err)")
        let page = String(decoding: try place.bytes("page.html"), as: UTF8.self)
        #expect(page.contains("silence.wav") && page.contains("blip.wav") && !page.contains("nan"))
    }

    @Test func aReportReplacesNothingUnasked_andNeverAnInput() throws {
        let place = try Workspace()
        let input = WAV.tone(dBFS: -20, seconds: 1)
        try place.write("mix.wav", input)
        try place.write("page.html", Array("precious".utf8))
        #expect(link(place.path("mix.wav"), place.path("other.html")) == 0)
        func refused(_ report: String, _ words: String, force: Bool = false) throws {
            let outcome = try place.start(["analyze", "mix.wav", "--report", report] + (force ? ["--force"] : [])).outcome()
            #expect(outcome.status == 73 && outcome.out.isEmpty, "\(outcome.err)")
            expectOneLine(outcome.err, words)
        }
        try refused("page.html", "--force")
        try refused("nowhere/page.html", "does not exist")
        try refused("other.html", "never overwritten", force: true)
        #expect(try place.bytes("mix.wav") == input && place.bytes("page.html") == Array("precious".utf8))
        #expect(try place.run("analyze", "mix.wav", "--report", "page.html", "--force").status == 0)
        #expect(try place.bytes("page.html").count > 10_000)
    }
}
