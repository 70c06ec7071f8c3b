/// Turns frames into the bytes that change a terminal from the last frame to this one. A screen draws; it does not
/// write: the loop owns the line, so it can tell whether a frame has drained. Used by one thread.
public protocol Screen: AnyObject {
    var size: Size { get }
    /// Forgets the picture: the next frame, of the new size, is painted whole.
    func resize(to size: Size)
    /// The next frame is painted whole (Ctrl-L, back from suspension, a lost line).
    func invalidate()
    /// From now on; the next frame is painted whole if that changes anything.
    func setCapabilities(_ capabilities: Capabilities)
    /// Bytes that show `frame`, given that all bytes returned before have been or will be written; empty if nothing changed.
    /// A frame of another size than the screen is clipped or filled with blanks.
    func render(_ frame: Frame) -> [UInt8]
    /// Frees what the screen holds. Nothing is written.
    func close()
}

/// A screen that keeps frames instead of drawing them.
public final class MemoryScreen: Screen {
    public private(set) var size: Size
    public private(set) var frames: [Frame] = []
    public private(set) var isClosed = false
    public private(set) var capabilities = Capabilities(colorDepth: .truecolor, utf8: true)
    private var isValid = false

    public init(size: Size) { self.size = size }

    public func resize(to size: Size) {
        self.size = size
        isValid = false
    }

    public func invalidate() { isValid = false }

    public func setCapabilities(_ capabilities: Capabilities) { self.capabilities = capabilities }

    /// The text of the rows that changed, each ended by a line feed.
    public func render(_ frame: Frame) -> [UInt8] {
        let last = isValid ? frames.last : nil
        frames.append(frame)
        isValid = true
        guard let last, last.size == frame.size else { return Array((frame.lines.joined(separator: "\n") + "\n").utf8) }
        if last == frame { return [] }
        return (0..<frame.size.rows).filter { last.text(row: $0) != frame.text(row: $0) }
            .flatMap { Array((frame.text(row: $0) + "\n").utf8) }
    }

    public func close() { isClosed = true }
}
