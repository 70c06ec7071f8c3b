import DSP

/// Decaying sinusoids, each a recursion y[n] = 2r·cos θ·y[n−1] − r²·y[n−2]: two multiplications a partial, exact in pitch, free of aliasing.
///
/// Partials are sorted by how long they last, so that those that have died cost nothing.
struct ModalVoice: SoundingNote {
    private var count: Int
    /// Frames after which each partial is below −90 dB.
    private var lives: [Int]
    private var c1: [SIMD2<Double>]
    private var c2: [SIMD2<Double>]
    private var y1: [SIMD2<Double>]
    private var y2: [SIMD2<Double>]
    /// Where a pair of partials stands.
    private var left: [SIMD2<Double>]
    private var right: [SIMD2<Double>]
    private var frame = 0
    private var gain = 1.0
    private let order: NoteOrder
    private let dampPerFrame: Double
    private let motor: Double
    private let motorRate: Double
    private var noise: Noise
    private var strike: Double
    private let strikeFall: Double
    private let strikeTone: Double
    private var strikeState = 0.0
    /// What is struck is loudest while hammer or finger still drives it.
    private var accent = 0.9
    private let accentFall: Double

    init(_ sound: ModalSound, _ order: NoteOrder) {
        self.order = order
        let rate = order.rate
        let f0 = FastMath.hz(Double(order.pitch))
        let octaves = (Double(order.pitch) - 60) / 12
        let loudness = (0.2 + 0.8 * order.velocity) * (0.2 + 0.8 * order.velocity)
        struct Partial { var hz, level, seconds, side: Double }
        var partials: [Partial] = []
        let base = sound.decay * FastMath.exp2(-octaves * sound.keyDecay)
        let n = sound.ratios?.count ?? sound.partials
        for i in 0..<n {
            let h = Double(i + 1)
            let ratio = sound.ratios?[i] ?? h * (1 + sound.inharmonicity * h * h).squareRoot()
            let hz = f0 * ratio
            guard hz < 0.46 * rate else { continue }
            var level = sound.levels.map { i < $0.count ? $0[i] : 0 } ?? 1
            let fall = (sound.slope + sound.softness * (1 - order.velocity)) * FastMath.log2(max(1, ratio))
            level *= FastMath.amplitude(dB: -fall)
            if sound.ratios == nil, sound.position > 0 {
                let place = h * sound.position
                let turn = place - 2 * (place / 2).rounded(.down)
                level *= max(0.05, abs(FastMath.sinPi(turn)))
            }
            guard level > 1e-5 else { continue }
            let seconds = max(0.02, base * FastMath.exp2(-FastMath.log2(max(1, ratio)) * sound.partialDecay))
            let side = sound.width * (i % 2 == 0 ? -0.5 : 0.5) * (i == 0 ? 0.3 : 1)
            if sound.beating > 0 {
                let apart = FastMath.exp2(sound.beating / 2400)
                partials.append(Partial(hz: hz / apart, level: level * 0.55, seconds: seconds, side: side))
                partials.append(Partial(hz: hz * apart, level: level * 0.45, seconds: seconds * 1.3, side: -side))
            } else {
                partials.append(Partial(hz: hz, level: level, seconds: seconds, side: side))
            }
        }
        partials.sort { $0.seconds > $1.seconds }
        if partials.count % 2 == 1 { partials.append(Partial(hz: 100, level: 0, seconds: 0.02, side: 0)) }
        let total = partials.reduce(0) { $0 + $1.level * $1.level }
        let scale = total > 0 ? 0.35 * loudness * order.gain / total.squareRoot() : 0
        count = partials.count / 2
        (lives, c1, c2, y1, y2, left, right) = ([], [], [], [], [], [], [])
        for pair in 0..<count {
            func both(_ value: (Partial) -> Double) -> SIMD2<Double> { SIMD2(value(partials[2 * pair]), value(partials[2 * pair + 1])) }
            let r = both { FastMath.exp2(-9.965784284662087 / ($0.seconds * rate)) }
            let cosine = both { FastMath.cosPi(2 * $0.hz / rate) }
            let sine = both { FastMath.sinPi(2 * $0.hz / rate) }
            c1.append(2 * r * cosine)
            c2.append(r * r)
            // y[n] = A·rⁿ·sin(nθ): y[0] = 0.
            let a = both { $0.level } * scale
            y1.append(SIMD2(repeating: 0))
            y2.append(-a * sine / r)
            left.append(both { (1 - max(0, $0.side)) })
            right.append(both { (1 + min(0, $0.side)) })
            lives.append(Int(max(partials[2 * pair].seconds, partials[2 * pair + 1].seconds) * rate * 1.5))
        }
        dampPerFrame = sound.damp.map { FastMath.exp2(-9.965784284662087 / ($0 * rate)) } ?? 1
        motor = sound.motor
        motorRate = sound.motorRate
        noise = Noise(order.seed)
        strike = sound.strike * loudness * order.gain
        strikeFall = FastMath.exp2(-9.965784284662087 / (max(0.001, sound.strikeSeconds) * rate))
        accentFall = FastMath.exp(-1 / (0.01 * rate))
        strikeTone = min(0.9, 6.283185307179586 * sound.strikeHz / rate)
    }

    mutating func render(_ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, _ frames: Int, scratch: UnsafeMutablePointer<SIMD2<Double>>) -> Bool {
        while count > 0, frame > lives[count - 1] { count -= 1 }
        guard count > 0, gain > 2e-5 else { return false }
        scratch.update(repeating: .zero, count: frames)
        for k in 0..<count {
            let (a, b, l, r) = (c1[k], c2[k], self.left[k], self.right[k])
            var (p, q) = (y1[k], y2[k])
            for i in 0..<frames {
                let y = a * p - b * q
                q = p
                p = y
                let ly = l * y, ry = r * y
                scratch[i] += SIMD2(ly.x + ly.y, ry.x + ry.y)
            }
            (y1[k], y2[k]) = (p, q)
        }
        var shake = 1.0
        if motor > 0 {
            let turn = Double(frame) / order.rate * motorRate
            shake = 1 - motor * 0.5 * (1 - FastMath.cosPi(2 * (turn - turn.rounded(.down))))
        }
        for i in 0..<frames {
            if frame + i >= order.held { gain *= dampPerFrame }
            var x = scratch[i] * (shake * (1 + accent))
            accent *= accentFall
            if strike > 1e-5 {
                strikeState += strikeTone * (noise.next() - strikeState)
                x += SIMD2(repeating: strikeState * strike)
                strike *= strikeFall
            }
            left[i] += x.x * gain
            right[i] += x.y * gain
        }
        if accent < 1e-6 { accent = 0 }
        frame += frames
        return true
    }
}
