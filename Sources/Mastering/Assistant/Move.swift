import DSP

/// One thing that was done to a programme without being asked for in numbers, or left undone on purpose, with its reason.
public struct Move: Sendable, Equatable, Codable {
    public enum Block: String, Sendable, Codable { case assistant, condition, tone, deEsser = "de_esser", compressor, clip, loudness, limiter }

    public var block: Block
    /// Stable, e.g. `tone_cut`, `compressor_off`.
    public var code: String
    /// Gain, cut or reduction, dB, where there is one number that says it.
    public var db: Double?
    /// Where, and from where to where it is at least half as strong.
    public var hz: Double?
    public var lowHz: Double?
    public var highHz: Double?
    /// Of a tone move: `stereo`, `mid`, `side`.
    public var channel: String?
    /// From the target, before; and half the width of the band that is usual.
    public var deviationDB: Double?
    public var bandDB: Double?
    /// The same deviation in the finished master, when that was measured.
    public var afterDeviationDB: Double?
    /// One sentence for people, with its reason.
    public var text: String

    public init(_ block: Block, _ code: String, db: Double? = nil, hz: Double? = nil, text: String) {
        self.block = block
        self.code = code
        self.db = db
        self.hz = hz
        self.text = text
    }

    enum CodingKeys: String, CodingKey {
        case block, code, db, hz, channel, text
        case lowHz = "low_hz", highHz = "high_hz", deviationDB = "deviation_db", bandDB = "band_db", afterDeviationDB = "after_deviation_db"
    }

    /// Every field is always there; a value that does not exist is `null`.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(block, forKey: .block)
        try fields.encode(code, forKey: .code)
        try fields.encode(db, forKey: .db)
        try fields.encode(hz, forKey: .hz)
        try fields.encode(lowHz, forKey: .lowHz)
        try fields.encode(highHz, forKey: .highHz)
        try fields.encode(channel, forKey: .channel)
        try fields.encode(deviationDB, forKey: .deviationDB)
        try fields.encode(bandDB, forKey: .bandDB)
        try fields.encode(afterDeviationDB, forKey: .afterDeviationDB)
        try fields.encode(text, forKey: .text)
    }
}

extension Move {
    /// `−0.7 dB at 250 Hz: 2.1 dB above the band`.
    static func tone(_ region: ToneBalance.Region, toward kind: ToneTarget.Kind) -> Move {
        let octaves = logarithm2(region.highHz / region.lowHz)
        let place = octaves < 1
            ? "at \(frequency(region.hz))"
            : "from \(frequency(region.lowHz)) to \(frequency(region.highHz)), most at \(frequency(region.hz))"
        let side = switch region.channel {
        case .stereo: ""
        case .mid: kind == .reference ? "" : " in mid"
        case .side: " in side"
        }
        let much = tenths(region.outsideDB.magnitude)
        let above = region.outsideDB > 0
        let reason = switch kind {
        case .genre: "\(much) dB \(above ? "above" : "below") the band"
        case .reference: "the reference has \(much) dB \(above ? "less" : "more")"
        }
        var move = Move(
            .tone, region.db < 0 ? "tone_cut" : "tone_boost", db: region.db, hz: region.hz, text: "\(signed(region.db)) dB \(place)\(side): \(reason)")
        move.lowHz = region.lowHz
        move.highHz = region.highHz
        move.channel = region.channel.rawValue
        move.deviationDB = region.deviationDB
        move.bandDB = region.toleranceDB
        return move
    }

    /// `, 0.9 after`: what was measured where a tone move was made.
    static func effect(of move: Move, _ band: ToneBalance.Band, toward kind: ToneTarget.Kind) -> String {
        guard let before = move.deviationDB, let db = move.db else { return "" }
        let left = kind == .genre ? band.outsideDB : band.deviationDB
        let crossed = left * before < 0 ? (left > 0 ? " above" : " below") : ""
        let now = left.magnitude < 0.05 ? (kind == .genre ? "within it" : "none") : tenths(left.magnitude) + crossed
        // The finished sound is measured, with all that the blocks behind the equaliser did to it.
        let moved = band.deviationDB - before
        return ", \(now) after" + (moved * db < 0 && moved.magnitude >= 0.1 ? " what the other blocks did" : "")
    }

    /// What every channel's mean was, at most.
    ///
    /// - Parameter wandering: the means of a track that was filtered because they come and go.
    static func offset(_ offsets: [Double], wandering: [Double]?) -> Move? {
        if let most = wandering?.map(\.magnitude).max(), most > 0 {
            let level = FastMath.decibels(most)
            return Move(
                .condition, "dc_filtered", db: level, hz: Offset.filterHz,
                text: "An offset that comes and goes, \(signed(level)) dBFS in the mean, was filtered out below 4 Hz: it wasted headroom")
        }
        guard let most = offsets.map(\.magnitude).max(), most > 0 else { return nil }
        let level = FastMath.decibels(most)
        return Move(.condition, "dc_removed", db: level, text: "An offset of up to \(signed(level)) dBFS was taken out: it wasted headroom")
    }

    /// A track that does not stand where it stood among its neighbours.
    ///
    /// - Parameter flows: it runs into a neighbour without a pause.
    static func drift(_ db: Double, flows: Bool) -> Move {
        Move(
            .loudness, "level_drift", db: db,
            text: "\(fixedDecimal(db.magnitude, places: 2)) LU \(db > 0 ? "louder" : "quieter") beside the album's loudest track than before: "
                + (flows ? "it flows into its neighbour, so both have one gain, and the album's settings treat them differently"
                    : "the solve did not come nearer"))
    }

    /// What the loudness solve came to.
    public static func loudness(gainDB: Double, before: Double, after: Double) -> Move {
        Move(.loudness, "gain", db: gainDB, text: "\(signed(gainDB)) dB of gain: from \(signed(before, plus: "")) to \(signed(after, plus: "")) LUFS")
    }

    /// - Parameter reductionDB: the largest, ≥ 0.
    public static func limiter(reductionDB: Double, ceilingDBTP: Double) -> Move {
        let ceiling = signed(ceilingDBTP, plus: "")
        return reductionDB < 0.05
            ? Move(.limiter, "limiter_idle", db: 0, text: "The limiter had nothing to do: no peak reaches \(ceiling) dBTP")
            : Move(.limiter, "limited", db: -reductionDB, text: "Up to \(tenths(reductionDB)) dB of limiting: the highest peaks stop at \(ceiling) dBTP")
    }

    /// - Parameter reductionDB: off the highest peak, > 0.
    public static func clip(reductionDB: Double) -> Move {
        Move(.clip, "clipped", db: -reductionDB, text: "Up to \(tenths(reductionDB)) dB off the tips of the highest peaks, so that the limiter has less to do")
    }

    /// - Parameter reductionDB: on the loud parts, ≥ 0.
    public static func compressor(reductionDB: Double, loudnessRangeLU: Double?) -> Move {
        let reason = loudnessRangeLU.map { ": the loudness ranges over \(tenths($0)) LU" } ?? ""
        return Move(.compressor, "compressed", db: -reductionDB, text: "\(tenths(reductionDB)) dB of compression on the loud parts\(reason)")
    }

    /// `+1.2`, `−0.7`, with a true minus sign.
    static func signed(_ db: Double, plus: String = "+") -> String {
        let text = fixedDecimal(db.magnitude, places: 1)
        return text == "0.0" ? text : (db < 0 ? "\u{2212}" : plus) + text
    }

    static func tenths(_ db: Double) -> String { fixedDecimal(db, places: 1) }

    /// `31.5 Hz`, `250 Hz`, `3.15 kHz` where a nominal third-octave frequency is meant, else two digits.
    static func frequency(_ hz: Double) -> String {
        let nominal = ThirdOctaveSpectrum.centres.first { (hz / $0 - 1).magnitude < 0.015 }
        let digits = hz < 100 ? 1.0 : hz < 1000 ? 10 : hz < 10_000 ? 100 : 1000
        let shown = nominal ?? (hz / digits).rounded() * digits
        return shown < 1000 ? trimmedDecimal(shown, places: 1) + " Hz" : trimmedDecimal(shown / 1000, places: 2) + " kHz"
    }
}
