import Composition
import DSP

/// Where parts stand in the mix before the genre's own taste, dB and shares. The sum keeps some 6 dB below full scale.
enum MixLevels {
    static func level(_ track: Track) -> Double {
        switch track.part.role {
        case .drums: -7
        case .percussion: -9
        case .bass: -7.5
        case .lead: -8
        case .chords: -13
        case .arp: -12.5
        case .counter: -13
        case .pad: -17
        }
    }

    /// How much of the kick's ducking a part takes.
    static func ducking(_ role: Role) -> Double {
        switch role {
        case .drums, .percussion: 0
        case .bass: 0.7
        case .lead, .counter: 0.35
        case .chords, .arp: 0.8
        case .pad: 1
        }
    }
}

/// The kick makes room for itself: a gain curve from where the kicks stand, the same on every run.
struct Ducking {
    private let kicks: [Int]
    private let most: Double
    private let attack: Double
    private let recovery: Double

    init(_ score: Score, rate: Int) {
        let depthDB = score.brief.genre.mix.duck
        most = 1 - FastMath.amplitude(dB: -depthDB)
        kicks = depthDB > 0 ? score.tracks.filter(\.isDrums).flatMap { $0.notes.filter { $0.pitch == 36 }.map { score.frame($0.start, rate: rate) } }.sorted() : []
        attack = 0.004 * Double(rate)
        recovery = score.brief.genre.mix.duckBeats * score.brief.secondsPerTick * Double(Meter.quarter * rate)
    }

    /// What a part of full depth loses at each frame: 0 … 1 − 10^(−depth/20).
    /// - Returns: whether any of it is not 0.
    func fill(_ loss: UnsafeMutablePointer<Double>, at frame: Int, frames: Int) -> Bool {
        // The last kick at or before the frame.
        var (low, high) = (0, kicks.count)
        while low < high {
            let middle = (low + high) / 2
            if kicks[middle] <= frame { low = middle + 1 } else { high = middle }
        }
        var isMoving = false
        for i in 0..<frames {
            while low < kicks.count, kicks[low] <= frame + i { low += 1 }
            var amount = low > 0 ? shape(frame + i - kicks[low - 1]) : 0
            // A kick that comes early falls from where the last one had come back to.
            if low > 1, amount < most { amount = max(amount, shape(frame + i - kicks[low - 2])) }
            loss[i] = amount * most
            isMoving = isMoving || amount > 0
        }
        return isMoving
    }

    private func shape(_ frames: Int) -> Double {
        let since = Double(frames)
        guard since < recovery else { return 0 }
        let back = since / recovery
        return (1 - back * back * (3 - 2 * back)) * min(1, since / attack)
    }
}

/// Rounds off the peaks that stand out of the mix, so that loudness is not lost to a handful of samples: as gain, from the louder channel.
///
/// Where the ceiling stands follows the loudest 0.4 s so far (the momentary window of ITU-R BS.1770-5), so a quiet opening is not flattened for what
/// follows it, nor a loud one let through. Without memory between samples: below the knee nothing changes.
struct PeakRounding {
    private var power = 0.0
    private var loudest: Double
    private var ceiling = 1.0
    private var knee = 1.0
    private var count = 0
    private let follow: Double
    private let crest: Double

    init(crestDB: Double, rate: Double) {
        follow = 1 - FastMath.exp(-1 / (0.2 * rate))
        crest = FastMath.amplitude(dB: crestDB)
        // As loud as a sparse mix is; an opening hit has nothing before it to be measured by.
        loudest = FastMath.exp(-24 / 10 * 2.302585092994046)
    }

    mutating func gain(_ left: Double, _ right: Double) -> Double {
        power += follow * ((left * left + right * right) * 0.5 - power)
        if count == 0 {
            loudest = max(loudest, power)
            ceiling = loudest.squareRoot() * crest
            knee = ceiling * 0.6
        }
        count = (count + 1) & 15
        let peak = max(abs(left), abs(right))
        guard peak > knee else { return 1 }
        let over = (peak - knee) / (ceiling - knee)
        return (knee + (ceiling - knee) * over / (1 + over)) / peak
    }
}

/// A bus compressor of 2 : 1 that holds the mix together: its gain comes from the sum of both channels.
struct Glue {
    private var power = 0.0
    private var reduction = 0.0
    private var goal = 1.0
    private var held = 1.0
    private var count = 0
    private let threshold: Double
    private let work: Double
    private let follow: Double
    private let attack: Double
    private let release: Double

    init(workDB: Double, rate: Double) {
        work = workDB
        threshold = -25
        follow = 1 - FastMath.exp(-1 / (0.012 * rate))
        attack = 1 - FastMath.exp(-16 / (0.03 * rate))
        release = 1 - FastMath.exp(-16 / (0.22 * rate))
    }

    mutating func gain(_ left: Double, _ right: Double) -> Double {
        power += follow * ((left * left + right * right) * 0.5 - power)
        if count == 0 {
            let over = FastMath.decibels(max(1e-9, power)) * 0.5 - threshold
            // Soft knee of 6 dB, at most `work` dB of reduction.
            let wanted = over <= -3 ? 0 : over < 3 ? (over + 3) * (over + 3) / 24 : over * 0.5
            let target = min(work, wanted)
            reduction += (target > reduction ? attack : release) * (target - reduction)
            goal = FastMath.amplitude(dB: -reduction)
        }
        count = (count + 1) & 15
        held += (goal - held) * 0.1
        return held
    }
}
