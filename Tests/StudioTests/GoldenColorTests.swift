import Foundation
@testable import Terminal
import Testing
@testable import Studio

/// What each cell looks like with 24-bit, 256, 16 and no colours: the theme for that depth, and what is left of it there.
@Suite("Golden colours")
struct GoldenColorTests {
    @Test(arguments: ColorDepth.allCases, ["files", "master"])
    func cellsLookAsKept(_ depth: ColorDepth, _ name: String) throws {
        let size = Size(columns: 80, rows: 24)
        var state = GoldenTests.state(name, size)
        state.theme = try ThemeLibrary.standard(for: depth)
        let drawn = styles(screen(state, size), depth)
        let file = GoldenTests.folder.appendingPathComponent("colours-\(name)-\(depth).txt")
        if GoldenTests.rewrites { try drawn.write(to: file, atomically: true, encoding: .utf8) }
        #expect(drawn == (try String(contentsOf: file, encoding: .utf8)), "\(file.lastPathComponent) differs; LATHE_REWRITE_GOLDEN=1 writes it anew")
        // Without colours the selection must show all the same.
        if depth == .mono { #expect(drawn.contains("-/-r") && !drawn.contains("#")) }
    }

    /// Each row as runs: how many cells, foreground/background, attributes.
    private func styles(_ frame: Frame, _ depth: ColorDepth) -> String {
        func word(_ color: Color) -> String {
            switch color.reduced(to: depth).kind {
            case .default: "-"
            case .indexed(let index): "\(index)"
            case .rgb(let r, let g, let b): "#" + [r, g, b].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
        }
        var out = ""
        for y in 0..<frame.size.rows {
            var runs: [(String, Int)] = []
            for x in 0..<frame.size.columns {
                let style = frame[x, y].style
                let marks = [(style.bold, "b"), (style.dim, "d"), (style.italic, "i"), (style.underline, "u"), (style.reverse, "r")].map { $0.0 ? $0.1 : "" }.joined()
                let text = word(style.foreground) + "/" + word(style.background) + marks
                if runs.last?.0 == text { runs[runs.count - 1].1 += 1 } else { runs.append((text, 1)) }
            }
            out += runs.map { "\($0.1)x\($0.0)" }.joined(separator: " ") + "\n"
        }
        return out
    }
}
