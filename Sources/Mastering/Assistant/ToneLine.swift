import DSP
import Glibc

/// One spectrum beside one target, smoothed alike: the arithmetic under `ToneBalance`.
struct ToneLine {
    /// A run of bands that a correction moves the same way.
    struct Run {
        var peak: Int
        var low: Int
        var high: Int
        var db: Double
        var deviationDB: Double
        var toleranceDB: Double

        func region(_ channel: ToneBalance.Region.Channel) -> ToneBalance.Region {
            let hz = ToneCurve.frequencies
            return ToneBalance.Region(
                channel: channel, hz: hz[peak], db: db, lowHz: hz[low], highHz: hz[high], deviationDB: deviationDB, toleranceDB: toleranceDB)
        }
    }

    private let power: [Double]
    private let isUsed: [Bool]
    private let smoothing: OctaveSmoothing
    /// Smoothed, dB.
    private let measured: [Double]
    private let target: [Double]
    private let tolerance: [Double]

    init(_ power: [Double], _ levels: [Double?], _ tolerances: [Double?], _ settings: ToneSettings, _ edgeHz: Double?) {
        // The wall itself takes a band with it.
        let ceiling = edgeHz.map { 0.94 * $0 } ?? .infinity
        // Within 100 dB of the loudest band: below that lies dither, not music.
        let floor = (power.max() ?? 0) * 1e-10
        let isUsed = power.indices.map { power[$0] > floor && levels[$0] != nil && ToneCurve.frequencies[$0] < ceiling }
        let smoothing = OctaveSmoothing(octaves: settings.smoothingOct)
        self.power = power
        self.isUsed = isUsed
        self.smoothing = smoothing
        measured = Self.smoothed(power, isUsed, smoothing)
        // The same smoothing on both sides, so that a slope or a corner of the target is no deviation.
        target = Self.smoothed(levels.map { pow(10, ($0 ?? -300) / 10) }, isUsed, smoothing)
        tolerance = tolerances.map { $0 ?? 0 }
    }

    private static func smoothed(_ power: [Double], _ isUsed: [Bool], _ smoothing: OctaveSmoothing) -> [Double] {
        smoothing.mean(power, where: isUsed).map { $0 > 0 ? 10 * log10($0) : 0 }
    }

    /// Overall level of the spectrum over the target's, dB; nil when there is nothing to compare.
    ///
    /// The median of a band target; of a line the level that most bands agree on, so that a wide bell does not drag the rest along.
    func offset(isLine: Bool) -> Double? {
        // Where recordings differ most, level says least.
        let differences = isUsed.indices.compactMap { band -> (value: Double, weight: Double)? in
            let hz = ToneCurve.frequencies[band]
            guard isUsed[band], hz >= 100, hz <= 10_000 else { return nil }
            return (measured[band] - target[band], 1 / (1 + tolerance[band]))
        }
        guard var level = weightedMedian(differences), isLine else { return weightedMedian(differences) }
        let spread = weightedMedian(differences.map { (($0.value - level).magnitude, 1) }) ?? 0
        // Re-weighted mean with the weights of a Cauchy distribution.
        let scale = max(0.1, spread)
        for _ in 0..<20 {
            var sum = 0.0, total = 0.0
            for (value, _) in differences {
                let weight = 1 / (1 + (value - level) * (value - level) / (scale * scale))
                sum += weight * value
                total += weight
            }
            level = sum / total
        }
        return level
    }

    func bands(_ offset: Double) -> [ToneBalance.Band] {
        isUsed.indices.filter { isUsed[$0] }.map { band in
            ToneBalance.Band(
                hz: ToneCurve.frequencies[band], deviationDB: measured[band] - target[band] - offset, toleranceDB: tolerance[band],
                targetDB: target[band] + offset + 10 * log10(2))
        }
    }

    /// The gain per band, dB, and the runs it consists of.
    /// - Parameter isLine: the target is a line to be met, not a band to be stayed in.
    func correction(
        _ offset: Double, _ amount: Double, _ guards: ToneGuards, _ settings: ToneSettings, isLine: Bool
    ) -> ([Double], [Run]) {
        let count = LongTermSpectrum.bandCount
        let nothing = ([Double](repeating: 0, count: count), [Run]())
        guard amount > 0, settings.maxDB > 0 else { return nothing }
        let deviation = (0..<count).map { isUsed[$0] ? measured[$0] - target[$0] - offset : 0 }
        let outside = (0..<count).map { band in
            let excess = max(0, deviation[band].magnitude - tolerance[band])
            return deviation[band] < 0 ? -excess : excess
        }
        let presence = Self.presence(outside)
        var wanted = nothing.0
        var spans: [Range<Int>] = []
        var start = 0
        while start < count {
            let sign = outside[start].sign
            var end = start + 1
            if outside[start] != 0 {
                while end < count, outside[end] != 0, outside[end].sign == sign { end += 1 }
                let share = (start..<end).map { (outside[$0] > 0 ? guards.cut[$0] : guards.boost[$0] * presence[$0]) }
                let reach = zip(start..<end, share).reduce(0) { max($0, outside[$1.0].magnitude * $1.1) }
                if reach >= max(settings.deadbandDB, 1e-9) {
                    for (band, part) in zip(start..<end, share) { wanted[band] = -outside[band] * amount * part }
                    spans.append(start..<end)
                }
            }
            start = end
        }
        guard !spans.isEmpty else { return nothing }
        let raw = isLine ? traced(wanted, limit: settings.maxDB) : shaped(wanted, spans, limit: settings.maxDB)
        let curve = raw.enumerated().map { band, db in
            // Rounding reaches a little past a guard.
            db < 0 && guards.cut[band] > 0 || db > 0 && guards.boost[band] > 0 ? db : 0
        }
        return (curve, spans.compactMap { run($0, curve, deviation) })
    }

    /// 1 for a dip, 0 for an absence and within half an octave of one: what is 15 dB under its band was never played, and raising it
    /// would raise noise.
    private static func presence(_ outside: [Double]) -> [Double] {
        let reach = Int(0.5 / LongTermSpectrum.bandOctaves)
        return outside.indices.map { band in
            let lowest = outside[max(0, band - reach)...min(outside.count - 1, band + reach)].min() ?? 0
            return min(1, max(0, (15 + lowest) / 6))
        }
    }

    /// The curve whose smoothed effect is `wanted`, within ±`limit`, with corners rounded to a sixth of an octave.
    ///
    /// Smoothing flattens what is measured through it, so the curve is raised until the smoothed spectrum moves as asked; it never
    /// takes the other sign.
    private func traced(_ wanted: [Double], limit: Double) -> [Double] {
        let rounding = OctaveSmoothing(octaves: 1.0 / 6)
        var drive = wanted
        var curve = wanted
        for _ in 0..<6 {
            drive = drive.map { min(max($0, -limit), limit) }
            curve = rounding.mean(drive)
            let moved = effect(of: curve)
            for band in drive.indices where isUsed[band] && wanted[band] != 0 {
                let better = drive[band] + wanted[band] - moved[band]
                drive[band] = better.sign == wanted[band].sign ? better : 0
            }
        }
        return curve
    }

    /// Gentle bells, half an octave wide or more, each as deep as its region asks for where that is farthest out: what a hand on an
    /// equaliser would do about a band, and no trace of single notes.
    private func shaped(_ wanted: [Double], _ spans: [Range<Int>], limit: Double) -> [Double] {
        let rounding = OctaveSmoothing(octaves: 0.5)
        var sum = [Double](repeating: 0, count: wanted.count)
        for span in spans {
            guard let peak = span.max(by: { wanted[$0].magnitude < wanted[$1].magnitude }) else { continue }
            let bell = rounding.mean(wanted.indices.map { span.contains($0) ? wanted[$0] : 0 })
            let moved = effect(of: bell)[peak]
            let gain = moved != 0 ? min(4, max(1, wanted[peak] / moved)) : 1
            for band in sum.indices { sum[band] += bell[band] * gain }
        }
        return sum.map { min(max($0, -limit), limit) }
    }

    /// By how much `curve` moves the smoothed spectrum, dB.
    private func effect(of curve: [Double]) -> [Double] {
        let after = Self.smoothed(zip(power, curve).map { $0 * pow(10, $1 / 10) }, isUsed, smoothing)
        return zip(after, measured).map { $0 - $1 }
    }

    private func run(_ span: Range<Int>, _ curve: [Double], _ deviation: [Double]) -> Run? {
        // What answers to a band is what moves it back; what reaches in from a neighbouring region does not.
        let answered = span.filter { curve[$0] * deviation[$0] < 0 }
        guard let most = answered.map({ curve[$0].magnitude }).max(), most >= 0.05 else { return nil }
        // Where a curve is as deep over many bands, at its limit, the one is named that lies farthest out.
        func outside(_ band: Int) -> Double { deviation[band].magnitude - tolerance[band] }
        guard let peak = answered.filter({ curve[$0].magnitude >= 0.98 * most }).max(by: { outside($0) < outside($1) }) else { return nil }
        let half = curve[peak].magnitude / 2
        var low = peak, high = peak
        while low > span.lowerBound, curve[low - 1].magnitude >= half { low -= 1 }
        while high < span.upperBound - 1, curve[high + 1].magnitude >= half { high += 1 }
        return Run(
            peak: peak, low: low, high: high, db: onGrid(curve[peak], places: 2), deviationDB: deviation[peak], toleranceDB: tolerance[peak])
    }
}
