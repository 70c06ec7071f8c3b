import DSP
import Glibc

/// What a finished album sounds like, kept so that a later track can be mastered to stand beside it.
///
/// The settings that the album was made with, as numbers; how loud its loudest and its quietest track came out, and how loud the loudest went in;
/// and the band that the tracks' spectra keep to. A track of the album comes out as it did there; a stranger is brought into the album's spread.
public struct AlbumSignature: Sendable, Equatable {
    public static let schema = 1
    /// How far a stranger may leave the spread of the album's tracks, dB.
    private static let toleranceMarginDB = 1.0

    /// The preset as it was asked for, in its file form.
    public var presetTOML: String
    /// LUFS: of the loudest track before and after, and of the quietest after.
    public var loudestInputLUFS: Double
    public var loudestLUFS: Double
    public var quietestLUFS: Double
    /// dBFS of the compressor's detector; nil when there was none.
    public var thresholdDB: Double?
    public var compressorReductionDB: Double
    public var saturationLevelDB: Double
    /// True peak before the make-up gain, dBTP: what the clipper counts from.
    public var tonePeakDB: Double
    public var mayClip: Bool
    public var deEss: Assistant.DeEss?
    /// The correction that all tracks had.
    public var tone: ToneCurve
    /// The tracks as they came, and how far they lie apart; nil where no balance was compared.
    public var balance: ToneTarget?

    /// Of a solved programme.
    /// - Parameter afterLUFS: of the finished tracks.
    /// - Returns: nil when all was silent.
    init?(_ solution: Solution, preset: Preset, tracks: [Analysis], afterLUFS: [Double?]) {
        let heard = zip(tracks, afterLUFS).compactMap { before, after in
            before.integratedLUFS.flatMap { before in after.map { (before: before, after: $0) } }
        }
        guard let loudest = heard.max(by: { $0.after < $1.after }), let quietest = heard.map(\.after).min() else { return nil }
        presetTOML = preset.toml()
        (loudestInputLUFS, loudestLUFS, quietestLUFS) = (loudest.before, loudest.after, quietest)
        let parameters = solution.parameters, plan = solution.direction.plan
        thresholdDB = parameters.compressorOn ? parameters.thresholdDB : nil
        compressorReductionDB = plan.compressorReductionDB
        saturationLevelDB = parameters.saturationLevelDB
        tonePeakDB = parameters.clip.peakDB - parameters.makeupGainDB
        mayClip = plan.mayClip
        deEss = plan.deEss
        tone = plan.tone.curve
        balance = preset.tone.mode == .off ? nil : Self.balance(tracks.map(\.traits.spectrum), preset.tone.settings)
    }

    /// The mean of the tracks' spectra, and as tolerance how far each band of any track strays from it.
    private static func balance(_ spectra: [LongTermSpectrum], _ settings: ToneSettings) -> ToneTarget? {
        let heard = spectra.filter { $0.gatedLUFS != nil }
        let bands = LongTermSpectrum.centres.indices.filter { band in !heard.isEmpty && heard.allSatisfy { $0.mid[band] > 1e-18 } }
        guard bands.count >= 2 else { return nil }
        func level(_ spectrum: LongTermSpectrum, _ band: Int) -> Double { max(10 * log10(spectrum.mid[band]) - (spectrum.gatedLUFS ?? 0) - 20, -120) }
        var target = ToneTarget(
            id: "album", name: "Album", kind: .genre, source: "Measured by Lathe.", date: "", points: bands.map { band in
                ToneTarget.Point(hz: LongTermSpectrum.centres[band], db: heard.reduce(0) { $0 + level($1, band) } / Double(heard.count))
            })
        var strays: [Double: Double] = [:]
        for spectrum in heard {
            for band in ToneBalance.compare(spectrum, with: target, settings).bands {
                strays[band.hz] = max(strays[band.hz] ?? 0, band.deviationDB.magnitude)
            }
        }
        for i in target.points.indices { target.points[i].sigmaDB = min(24, (strays[target.points[i].hz] ?? 0) + toleranceMarginDB) }
        return target
    }

    /// What is to be made of a track: its place in the album.
    func plan(_ analysis: Analysis, tone settings: ToneSettings) -> Assistant.Plan {
        var plan = Assistant.Plan()
        guard let loudness = analysis.integratedLUFS else {
            plan.isActive = false
            plan.moves = [Move(.loudness, "silent", text: "No gain: the sound is silent or too short to have a loudness")]
            return plan
        }
        let place = min(max(loudness + loudestLUFS - loudestInputLUFS, quietestLUFS), loudestLUFS)
        plan.targetLUFS = place
        plan.compressorOn = thresholdDB != nil
        plan.compressorReductionDB = compressorReductionDB
        plan.mayClip = mayClip
        plan.deEss = deEss
        plan.asAlbum = Assistant.Plan.AlbumSettings(thresholdDB: thresholdDB, saturationLevelDB: saturationLevelDB, tonePeakDB: tonePeakDB)
        if let balance { plan.tone = ToneBalance.compare(analysis.traits.spectrum, with: balance, settings, edgeHz: analysis.traits.edgeHz) }
        plan.moves = [Move(
            .loudness, "beside_album", text: "Beside the album at \(Move.signed(place, plus: "")) LUFS: its tracks lie from "
                + "\(Move.signed(quietestLUFS, plus: "")) to \(Move.signed(loudestLUFS, plus: ""))")]
        plan.moves += plan.tone.regions.map { region in
            var move = Move.tone(region, toward: .genre)
            move.text = "\(Move.signed(region.db)) dB around \(Move.frequency(region.hz)): \(Move.tenths(region.outsideDB.magnitude)) dB "
                + "\(region.outsideDB > 0 ? "above" : "below") what the album's tracks have there"
            return move
        }
        plan.tone.curve = ToneCurve(
            midDB: zip(tone.midDB, plan.tone.curve.midDB).map { $0 + $1 }, sideDB: zip(tone.sideDB, plan.tone.curve.sideDB).map { $0 + $1 })
        return plan
    }
}
