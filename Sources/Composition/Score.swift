/// A note as it is played: ticks of `Meter.quarter`, a MIDI pitch (or drum key) and velocity 1…127.
public struct Note: Sendable, Hashable {
    public var start: Int
    public var length: Int
    public var pitch: Int
    public var velocity: Int
    public var end: Int { start + length }

    public init(start: Int, length: Int, pitch: Int, velocity: Int) {
        self.start = start
        self.length = length
        self.pitch = pitch
        self.velocity = velocity
    }
}

/// One part of the arrangement with everything it plays.
public struct Track: Sendable, Equatable {
    public var name: String
    public var part: Genre.Part
    public var voice: Voice
    public var notes: [Note]
    public var isDrums: Bool { voice.program == nil }
}

public struct Section: Sendable, Equatable {
    public var name: String
    /// From 0.
    public var bar: Int
    public var bars: Int
    /// 0…1.
    public var energy: Double
    public var end: Int { bar + bars }
}

/// A chord with its place, in ticks.
public struct ChordSpan: Sendable, Equatable {
    public var start: Int
    public var length: Int
    public var chord: Chord
    public var end: Int { start + length }
}

/// A piece, ready to be played.
public struct Score: Sendable, Equatable {
    public var brief: Brief
    public var sections: [Section]
    public var chords: [ChordSpan]
    public var tracks: [Track]
    /// The last notes are held from here on.
    public var ringStart: Int
    /// Where the last bar ends.
    public var ticks: Int { brief.bars * brief.meter.ticksPerBar }

    /// Frames from the start at which a tick is reached: rounded once, so that no error grows along the piece.
    public func frame(_ tick: Int, rate: Int) -> Int { Int((Double(tick) * brief.secondsPerTick * Double(rate)).rounded()) }

    /// Length of the file in frames: whole bars, or the seconds that were asked for.
    public func frames(rate: Int) -> Int { Int((brief.length * Double(rate)).rounded()) }
}
