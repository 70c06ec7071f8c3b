import DSP

/// A drum stroke, ready to be mixed: stereo, of finite length.
final class DrumStroke: Sendable {
    let left: [Double]
    let right: [Double]
    init(left: [Double], right: [Double]) {
        self.left = left
        self.right = right
    }
}

/// How a kit's drums are built.
struct KitSound: Sendable {
    var kickFrom = 160.0, kickTo = 52.0, kickSweep = 0.035, kickSeconds = 0.32, kickClick = 0.35, kickDrive = 1.2
    var snareTone = 190.0, snareToneSeconds = 0.12, snareSeconds = 0.18, snareNoise = 0.8, snareHz = 2200.0
    var hatSeconds = 0.05, openSeconds = 0.35, hatHz = 7500.0, metal = 0.5
    var room = 0.15

    static let all: [String: KitSound] = [
        "acoustic": KitSound(kickFrom: 120, kickTo: 58, kickSweep: 0.025, kickSeconds: 0.26, kickClick: 0.45, kickDrive: 1, snareTone: 195, snareToneSeconds: 0.14,
                             snareSeconds: 0.2, snareNoise: 0.75, snareHz: 2600, hatSeconds: 0.06, openSeconds: 0.4, hatHz: 7000, metal: 0.6, room: 0.25),
        "rock": KitSound(kickFrom: 150, kickTo: 60, kickSweep: 0.022, kickSeconds: 0.24, kickClick: 0.75, kickDrive: 1.8, snareTone: 180, snareToneSeconds: 0.16,
                         snareSeconds: 0.26, snareNoise: 0.9, snareHz: 2300, hatSeconds: 0.07, openSeconds: 0.5, hatHz: 6500, metal: 0.6, room: 0.35),
        "electronic": KitSound(kickFrom: 210, kickTo: 49, kickSweep: 0.04, kickSeconds: 0.34, kickClick: 0.4, kickDrive: 2, snareTone: 205, snareToneSeconds: 0.1,
                               snareSeconds: 0.17, snareNoise: 0.85, snareHz: 2500, hatSeconds: 0.045, openSeconds: 0.28, hatHz: 8500, metal: 0.35, room: 0.12),
        "808": KitSound(kickFrom: 130, kickTo: 50, kickSweep: 0.03, kickSeconds: 0.4, kickClick: 0.3, kickDrive: 2.2, snareTone: 200, snareToneSeconds: 0.11,
                        snareSeconds: 0.2, snareNoise: 0.9, snareHz: 3000, hatSeconds: 0.035, openSeconds: 0.3, hatHz: 9000, metal: 0.45, room: 0.1),
        "dusty": KitSound(kickFrom: 110, kickTo: 56, kickSweep: 0.03, kickSeconds: 0.22, kickClick: 0.2, kickDrive: 2.2, snareTone: 180, snareToneSeconds: 0.1,
                          snareSeconds: 0.15, snareNoise: 0.6, snareHz: 1700, hatSeconds: 0.045, openSeconds: 0.2, hatHz: 5200, metal: 0.3, room: 0.2),
        "brushes": KitSound(kickFrom: 90, kickTo: 58, kickSweep: 0.02, kickSeconds: 0.22, kickClick: 0.15, kickDrive: 0.6, snareTone: 200, snareToneSeconds: 0.06,
                            snareSeconds: 0.2, snareNoise: 0.7, snareHz: 3400, hatSeconds: 0.05, openSeconds: 0.3, hatHz: 7200, metal: 0.6, room: 0.25),
        "chip": KitSound(kickFrom: 260, kickTo: 60, kickSweep: 0.03, kickSeconds: 0.16, kickClick: 0.1, kickDrive: 4, snareTone: 240, snareToneSeconds: 0.04,
                         snareSeconds: 0.12, snareNoise: 1, snareHz: 1200, hatSeconds: 0.03, openSeconds: 0.12, hatHz: 6000, metal: 0, room: 0),
    ]
}

/// Draws drum strokes and keeps them: three strengths and, where an ear would notice, several takes of each.
struct DrumKit {
    private let sound: KitSound
    private let rate: Double
    private var made: [Int: DrumStroke] = [:]

    init(_ name: String, rate: Double) {
        sound = KitSound.all[name] ?? KitSound()
        self.rate = rate
    }

    /// - Returns: the stroke, its gain and its place −1…1.
    mutating func stroke(key: Int, velocity: Int, take: Int) -> (DrumStroke, gain: Double, pan: Double) {
        let layer = velocity < 55 ? 0 : velocity < 95 ? 1 : 2
        let id = (key * 4 + layer) * 4 + take % 3
        let stroke: DrumStroke
        if let known = made[id] { stroke = known } else {
            stroke = draw(key, strength: [0.35, 0.72, 1][layer], take: UInt64(id))
            made[id] = stroke
        }
        let v = Double(velocity) / 127
        return (stroke, v * v * Self.level(key), Self.pan(key))
    }

    private static func level(_ key: Int) -> Double {
        switch key {
        case 36: 1.0
        case 38, 40: 0.72
        case 39: 0.6
        case 37: 0.45
        case 42, 44: 0.36
        case 46: 0.36
        case 49: 0.42
        case 51: 0.34
        case 41...48: 0.7
        case 54, 69, 70, 82: 0.24
        case 56: 0.26
        case 60...66: 0.42
        case 80, 81: 0.16
        default: 0.35
        }
    }

    private static func pan(_ key: Int) -> Double {
        switch key {
        case 42, 44, 46: 0.28
        case 49: -0.35
        case 51: 0.38
        case 41: 0.35
        case 45: 0.1
        case 48: -0.25
        case 54, 70, 69: -0.42
        case 60, 65: 0.45
        case 61, 66, 63: -0.4
        case 62, 64: 0.3
        case 56: 0.3
        case 75, 76, 81: -0.5
        default: 0
        }
    }

    private func draw(_ key: Int, strength: Double, take: UInt64) -> DrumStroke {
        var canvas = DrumCanvas(rate: rate, seed: take &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(key))
        switch key {
        case 35, 36: canvas.kick(sound, strength)
        case 38: canvas.snare(sound, strength)
        case 40: canvas.brush(sound, strength)
        case 37: canvas.rim(strength)
        case 39: canvas.clap(strength)
        case 42, 44: canvas.metal(seconds: sound.hatSeconds * (0.7 + 0.5 * strength), hz: sound.hatHz, ring: sound.metal, strength)
        case 46: canvas.metal(seconds: sound.openSeconds, hz: sound.hatHz * 0.92, ring: sound.metal, strength)
        case 49: canvas.cymbal(seconds: 2.2, hz: 4200, strength)
        case 51: canvas.ride(seconds: 1.1, strength)
        case 41: canvas.tom(85, strength)
        case 45: canvas.tom(118, strength)
        case 48: canvas.tom(160, strength)
        case 54: canvas.jingle(strength)
        case 69, 70, 82: canvas.shake(strength)
        case 56: canvas.modes([560, 845, 1420, 2300], [1, 0.8, 0.3, 0.2], 0.14, click: 0.2, strength)
        case 60: canvas.modes([420, 690, 1120], [1, 0.4, 0.2], 0.13, click: 0.35, strength)
        case 61: canvas.modes([300, 510, 840], [1, 0.4, 0.2], 0.16, click: 0.3, strength)
        case 62: canvas.modes([330, 560, 1010], [1, 0.3, 0.3], 0.06, click: 0.5, strength)
        case 63: canvas.modes([270, 455, 690], [1, 0.35, 0.15], 0.24, click: 0.3, strength)
        case 64: canvas.modes([195, 330, 520], [1, 0.35, 0.15], 0.28, click: 0.25, strength)
        case 65: canvas.modes([390, 640, 1180, 2100], [1, 0.7, 0.4, 0.3], 0.22, click: 0.4, strength)
        case 66: canvas.modes([270, 450, 830, 1500], [1, 0.7, 0.4, 0.3], 0.26, click: 0.4, strength)
        case 75: canvas.modes([2500, 3900], [1, 0.3], 0.06, click: 0.2, strength)
        case 76: canvas.modes([980, 2050], [1, 0.4], 0.07, click: 0.3, strength)
        case 77: canvas.modes([720, 1530], [1, 0.4], 0.08, click: 0.3, strength)
        case 80: canvas.modes([4100, 6750, 9100], [1, 0.6, 0.4], 0.12, click: 0.1, strength)
        case 81: canvas.modes([4100, 6750, 9100], [1, 0.6, 0.4], 1.1, click: 0.1, strength)
        default: canvas.modes([400, 700], [1, 0.5], 0.12, click: 0.3, strength)
        }
        return canvas.stroke(room: sound.room)
    }
}
