/// What a picture or clip looks like, in numbers.
public struct PictureFeatures: Sendable, Codable, Equatable {
    /// Mean luma, 0…1 (ITU-R BT.709 weights on the coded values).
    public var brightness = 0.0
    /// Standard deviation of luma over half its greatest possible value, 0…1.
    public var contrast = 0.0
    /// Mean of largest minus smallest component, 0…1.
    public var saturation = 0.0
    /// −1 blue … 1 red and yellow, weighed by saturation.
    public var warmth = 0.0
    /// Mean step between neighbouring pixels, 0…1.
    public var edges = 0.0
    /// The colours that cover most of it, `#rrggbb`.
    public var palette: [String] = []
    /// Of a clip; nil for a picture.
    public var clip: Clip?

    public struct Clip: Sendable, Codable, Equatable {
        public var seconds = 0.0
        /// Mean change of a pixel's luma within 0.1 s where there is no cut, 0…1.
        public var motion = 0.0
        /// Where another shot begins.
        public var cuts: [Double] = []
        public var cutsPerMinute: Double { seconds > 0 ? Double(cuts.count) * 60 / seconds : 0 }
        /// Median time between cuts; nil for fewer than three.
        public var shotSeconds: Double? {
            let gaps = zip(cuts, cuts.dropFirst()).map { $1 - $0 }.sorted()
            return gaps.count >= 2 ? gaps[gaps.count / 2] : nil
        }
    }

    public init() {}
}

/// Gathers the features of frames as they come. Cost: linear in pixels.
public struct PictureMeter {
    private let columns: Int
    private let rows: Int
    private let rate: Int
    private var frames = 0
    private var luma: [Float]
    private var before: [Float] = []
    private var histogram: [Float] = []
    private var sums = (brightness: 0.0, square: 0.0, saturation: 0.0, warmth: 0.0, edges: 0.0, motion: 0.0)
    private var moving = 0
    private var cuts: [Double] = []
    private var colours: [Int: (count: Int, sum: SIMD3<Int>)] = [:]

    /// - Parameter rate: frames in a second, of clips.
    public init(columns: Int, rows: Int, rate: Int) {
        (self.columns, self.rows, self.rate) = (columns, rows, rate)
        luma = Array(repeating: 0, count: columns * rows)
    }

    /// - Parameter frame: rows from the top, red, green and blue of each pixel.
    public mutating func add(_ frame: UnsafeRawBufferPointer) {
        guard frame.count >= columns * rows * 3 else { return }
        var bins = [Float](repeating: 0, count: 64)
        var (total, square, saturation, warmth) = (0.0, 0.0, 0.0, 0.0)
        let step = 1 / Float(columns * rows)
        for i in 0..<columns * rows {
            let (r, g, b) = (Int(frame[i * 3]), Int(frame[i * 3 + 1]), Int(frame[i * 3 + 2]))
            let y = (0.2126 * Double(r) + 0.7152 * Double(g) + 0.0722 * Double(b)) / 255
            luma[i] = Float(y)
            total += y
            square += y * y
            saturation += Double(max(r, g, b) - min(r, g, b)) / 255
            warmth += (Double(r) * 0.7 + Double(g) * 0.3 - Double(b)) / 255
            bins[(r >> 6) << 4 | (g >> 6) << 2 | b >> 6] += step
            let colour = (r >> 5) << 6 | (g >> 5) << 3 | b >> 5
            let known = colours[colour] ?? (0, .zero)
            colours[colour] = (known.count + 1, known.sum &+ SIMD3(r, g, b))
        }
        let n = Double(columns * rows)
        var edges = 0.0
        for y in 0..<rows { for x in 0..<columns {
            let here = luma[y * columns + x]
            if x + 1 < columns { edges += Double(abs(luma[y * columns + x + 1] - here)) }
            if y + 1 < rows { edges += Double(abs(luma[(y + 1) * columns + x] - here)) }
        } }
        sums.brightness += total / n
        sums.square += (square / n - total / n * total / n).clamped(0, 1).squareRoot()
        sums.saturation += saturation / n
        sums.warmth += warmth / n
        sums.edges += edges / (2 * n)
        if !before.isEmpty {
            let change = Double(zip(luma, before).reduce(Float(0)) { $0 + abs($1.0 - $1.1) }) / n
            let other = Double(zip(bins, histogram).reduce(Float(0)) { $0 + abs($1.0 - $1.1) }) / 2
            // Another shot has other colours in other places; a shot of less than 0.3 s counts with its neighbour.
            if (other > 0.4 && change > 0.06) || change > 0.25, (cuts.last ?? -1) < Double(frames) / Double(rate) - 0.25 {
                cuts.append(Double(frames) / Double(rate))
            } else {
                sums.motion += change
                moving += 1
            }
        }
        before = luma
        histogram = bins
        frames += 1
    }

    public func features(isClip: Bool) -> PictureFeatures {
        var out = PictureFeatures()
        guard frames > 0 else { return out }
        let n = Double(frames)
        out.brightness = sums.brightness / n
        out.contrast = min(1, sums.square / n * 2)
        out.saturation = sums.saturation / n
        out.warmth = max(-1, min(1, sums.warmth / n * 2))
        out.edges = sums.edges / n
        var distinct: [[Int]] = []
        for (_, colour) in colours.sorted(by: { ($0.value.count, $1.key) > ($1.value.count, $0.key) }) where distinct.count < 5 {
            let mean = [colour.sum.x, colour.sum.y, colour.sum.z].map { $0 / colour.count }
            // Neighbouring shades count as one colour.
            if distinct.allSatisfy({ zip($0, mean).contains { abs($0 - $1) > 40 } }) { distinct.append(mean) }
        }
        out.palette = distinct.map { "#" + $0.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
        if isClip {
            out.clip = PictureFeatures.Clip(seconds: n / Double(rate), motion: moving > 0 ? sums.motion / Double(moving) : 0, cuts: cuts)
        }
        return out
    }
}

/// How a picture becomes music: what people match when they are asked to. Lighter, more saturated, yellower colours go with faster music in major,
/// darker, greyer, bluer ones with slower music in minor (S. Palmer et al., "Music–color associations are mediated by emotion", PNAS 110, 2013).
public enum PictureMapping {
    /// One line of the mapping: what was seen, and what it does.
    public struct Line: Sendable, Codable, Equatable {
        public var from: String
        public var to: String
    }

    /// Tells the wish what it leaves open.
    /// - Returns: the mapping, also of what the wish had said already.
    public static func apply(_ picture: PictureFeatures, to wish: inout Wish) -> [Line] {
        var lines: [Line] = []
        func number(_ x: Double) -> String { let n = Int((x * 100).rounded()); return (n < 0 ? "-" : "") + "\(abs(n) / 100)." + (abs(n) % 100 < 10 ? "0" : "") + "\(abs(n) % 100)" }
        func say(_ from: String, _ to: String, isOpen: Bool = true) { lines.append(Line(from: from, to: isOpen ? to : to + " (the prompt says otherwise)")) }

        let light = (picture.brightness - 0.42) * 2 + picture.warmth * 0.6 + (picture.saturation - 0.25) * 0.4
        let mode = light > 0 ? Mode.major : .minor
        say("brightness \(number(picture.brightness)), warmth \(number(picture.warmth)), palette \(picture.palette.joined(separator: " "))", mode.rawValue, isOpen: wish.key == nil && wish.chords.isEmpty)
        if wish.key == nil { wish.mode = mode }

        let motion = picture.clip.map { min(1, $0.motion / 0.05) }
        let still = (min(1, picture.saturation / 0.6) * 0.4 + min(1, picture.contrast / 0.6) * 0.3 + min(1, picture.brightness) * 0.3)
        let arousal = motion.map { still * 0.4 + $0 * 0.6 } ?? still
        let energy = ((arousal - 0.5) * 0.6).clamped(-0.3, 0.3)
        say("contrast \(number(picture.contrast)), saturation \(number(picture.saturation))" + (picture.clip.map { ", motion \(number($0.motion))" } ?? ""), "energy " + (energy < 0 ? "" : "+") + number(energy))
        wish.energy = energy

        let density = ((min(1, picture.edges / 0.16) - 0.5) * 0.6).clamped(-0.3, 0.3)
        say("edges \(number(picture.edges))", "density " + (density < 0 ? "" : "+") + number(density))
        wish.density = density

        let isTempoOpen = wish.bpm == nil && wish.paceBPM == nil
        let pace = picture.clip.map { (arousal * 0.6 + min(1, $0.cutsPerMinute / 40) * 0.4).clamped(0, 1) } ?? arousal
        if let shot = picture.clip?.shotSeconds {
            say("\(picture.clip?.cuts.count ?? 0) cuts, one every \(number(shot)) s", "a tempo that has them on the beat", isOpen: isTempoOpen)
            if isTempoOpen { (wish.pace, wish.shotSeconds) = (pace, shot) }
        } else {
            say(picture.clip == nil ? "saturation, contrast and brightness together \(number(arousal))" : "motion and look together \(number(arousal))",
                "\(Int(pace * 100)) % of the way from the genre's slowest tempo to its fastest", isOpen: isTempoOpen)
            if isTempoOpen { wish.pace = pace }
        }
        if let clip = picture.clip {
            let isOpen = wish.seconds == nil && wish.bars == nil
            say("\(number(clip.seconds)) s long", "\(number(clip.seconds)) s of music", isOpen: isOpen)
            if isOpen, Brief.secondsRange.contains(clip.seconds) { wish.seconds = clip.seconds }
        }
        return lines
    }
}

extension Double {
    fileprivate func clamped(_ low: Double, _ high: Double) -> Double { Swift.max(low, Swift.min(high, self)) }
}
