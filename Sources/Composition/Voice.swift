/// What a part does in the arrangement.
public enum Role: String, Sendable, Codable, CaseIterable {
    case drums, percussion, bass, chords, pad, arp, lead, counter
}

/// An instrument that can be asked for by name, as General MIDI and the ear know it.
public struct Voice: Sendable, Codable, Hashable {
    public var name: String
    /// General MIDI program, 0…127; nil for what is played on the drum channel.
    public var program: Int?
    /// Keys of the drum channel, for percussion.
    public var keys: [Int]
    /// Families it belongs to, for "no guitar".
    public var families: [String]
    /// Sounding range, MIDI pitches.
    public var low: Int
    public var high: Int
    /// What it does best, the best first.
    public var roles: [Role]

    public static func named(_ name: String) -> Voice? { table[name] }

    public static let all: [Voice] = rows.split(separator: "\n").compactMap { row in
        let fields = row.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }
        guard fields.count == 5 else { return nil }
        let numbers = fields[2].split(separator: " ").compactMap { Int($0) }
        let isKey = fields[1].hasPrefix("k")
        let sound = fields[1].dropFirst(isKey ? 1 : 0).split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 2, !sound.isEmpty else { return nil }
        return Voice(
            name: fields[0], program: isKey ? nil : sound[0], keys: isKey ? sound : [], families: fields[4].split(separator: ",").map { $0.split(separator: " ").joined(separator: " ") },
            low: numbers[0], high: numbers[1], roles: fields[3].split(separator: " ").compactMap { Role(rawValue: String($0)) })
    }

    private static let table = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// name | General MIDI program, or k and drum keys | range | roles | families
    private static let rows = """
        piano              | 0   | 28 100 | chords lead arp        | piano, keys
        upright piano      | 1   | 28 100 | chords lead arp        | piano, keys
        electric piano     | 4   | 36 96  | chords lead arp        | electric piano, piano, keys
        rhodes             | 4   | 36 96  | chords lead arp        | electric piano, keys
        harpsichord        | 6   | 36 89  | chords lead arp        | harpsichord, keys
        clavinet           | 7   | 36 89  | chords arp             | keys
        celesta            | 8   | 60 108 | arp lead               | keys, bells
        glockenspiel       | 9   | 67 103 | lead arp counter       | bells, mallets
        music box          | 10  | 60 103 | lead arp               | bells
        vibraphone         | 11  | 53 89  | lead chords arp        | mallets
        marimba            | 12  | 45 96  | arp lead chords        | mallets
        xylophone          | 13  | 65 103 | lead arp               | mallets
        bells              | 14  | 60 90  | lead arp counter       | bells
        organ              | 16  | 36 96  | chords pad lead        | organ, keys
        rock organ         | 18  | 36 96  | chords pad lead        | organ, keys
        church organ       | 19  | 36 96  | chords pad lead        | organ, keys
        accordion          | 21  | 53 93  | lead chords            | accordion
        harmonica          | 22  | 60 91  | lead counter           | harmonica
        bandoneon          | 23  | 48 88  | lead chords            | accordion
        nylon guitar       | 24  | 40 83  | chords arp lead        | guitar, acoustic guitar
        acoustic guitar    | 25  | 40 83  | chords arp lead        | guitar, acoustic guitar
        jazz guitar        | 26  | 40 86  | chords lead            | guitar, electric guitar
        electric guitar    | 27  | 40 86  | chords arp lead        | guitar, electric guitar
        muted guitar       | 28  | 40 80  | arp chords             | guitar, electric guitar
        overdriven guitar  | 29  | 38 86  | chords lead            | guitar, electric guitar
        distorted guitar   | 30  | 36 86  | chords lead            | guitar, electric guitar
        upright bass       | 32  | 28 55  | bass                   | bass
        bass               | 33  | 28 55  | bass                   | bass
        picked bass        | 34  | 28 55  | bass                   | bass
        fretless bass      | 35  | 28 55  | bass                   | bass
        slap bass          | 36  | 28 55  | bass                   | bass
        synth bass         | 38  | 24 55  | bass                   | bass, synth
        acid bass          | 39  | 24 60  | bass                   | bass, synth
        sub bass           | 39  | 24 48  | bass                   | bass, synth
        violin             | 40  | 55 100 | lead counter           | violin, strings
        viola              | 41  | 48 88  | counter lead           | strings
        cello              | 42  | 36 76  | counter bass lead      | strings
        contrabass         | 43  | 28 55  | bass                   | strings, bass
        pizzicato          | 45  | 40 90  | arp chords bass        | strings
        harp               | 46  | 36 100 | arp chords lead        | harp
        timpani            | 47  | 36 57  | percussion             | timpani
        strings            | 48  | 36 96  | pad chords counter     | strings
        slow strings       | 49  | 36 96  | pad chords             | strings
        choir              | 52  | 43 84  | pad lead               | choir, vocals
        voice              | 53  | 48 84  | lead pad               | choir, vocals
        trumpet            | 56  | 55 86  | lead counter           | brass
        trombone           | 57  | 40 72  | counter lead bass      | brass
        tuba               | 58  | 28 55  | bass                   | brass
        muted trumpet      | 59  | 55 84  | lead counter           | brass
        horn               | 60  | 41 77  | counter pad lead       | brass
        brass              | 61  | 43 84  | chords lead counter    | brass
        low brass          | 61  | 34 65  | pad chords bass        | brass
        synth brass        | 62  | 43 88  | chords lead            | brass, synth
        saxophone          | 65  | 49 85  | lead counter           | saxophone
        tenor saxophone    | 66  | 44 76  | lead counter           | saxophone
        oboe               | 68  | 58 91  | lead counter           | woodwind
        bassoon            | 70  | 34 72  | counter bass           | woodwind
        clarinet           | 71  | 50 91  | lead counter           | woodwind
        piccolo            | 72  | 74 103 | lead                   | flute, woodwind
        flute              | 73  | 60 96  | lead counter           | flute, woodwind
        recorder           | 74  | 60 96  | lead counter           | woodwind
        pan flute          | 75  | 60 96  | lead counter           | flute, woodwind
        shakuhachi         | 77  | 55 84  | lead counter           | flute, woodwind
        whistle            | 78  | 67 96  | lead                   | woodwind
        square lead        | 80  | 48 96  | lead arp               | lead, synth
        lead               | 81  | 48 96  | lead                   | lead, synth
        synth lead         | 81  | 48 96  | lead                   | lead, synth
        pluck              | 84  | 48 96  | arp lead chords        | synth
        bass and lead      | 87  | 36 84  | lead bass              | lead, synth
        pad                | 89  | 36 90  | pad                    | pad, synth
        warm pad           | 89  | 36 90  | pad                    | pad, synth
        synth              | 90  | 36 96  | chords arp lead        | synth
        choir pad          | 91  | 43 84  | pad                    | pad, synth
        glass pad          | 92  | 48 96  | pad                    | pad, synth
        sweep pad          | 95  | 36 90  | pad                    | pad, synth
        texture            | 99  | 48 96  | pad                    | pad, synth
        sitar              | 104 | 45 84  | lead arp               | sitar
        banjo              | 105 | 48 86  | arp lead chords        | banjo
        ukulele            | 24  | 55 84  | chords arp             | guitar
        mandolin           | 25  | 55 88  | arp lead chords        | mandolin
        shamisen           | 106 | 50 84  | lead arp               | shamisen
        koto               | 107 | 48 88  | lead arp               | koto
        kalimba            | 108 | 60 91  | arp lead               | kalimba, mallets
        bagpipe            | 109 | 58 82  | lead                   | bagpipe
        fiddle             | 110 | 55 96  | lead counter           | violin, strings
        steel drums        | 114 | 55 91  | lead arp               | steel drums
        taiko              | 116 | 36 55  | percussion             | taiko, drums
        drums              | k36 38 42 | 0 127 | drums               | drums
        claps              | k39 | 0 127  | percussion             | drums, percussion
        tambourine         | k54 | 0 127  | percussion             | drums, percussion
        cowbell            | k56 | 0 127  | percussion             | drums, percussion
        bongos             | k60 61 | 0 127 | percussion            | drums, percussion
        congas             | k63 64 62 | 0 127 | percussion         | drums, percussion
        timbales           | k65 66 | 0 127 | percussion            | drums, percussion
        shaker             | k70 | 0 127  | percussion             | drums, percussion
        claves             | k75 | 0 127  | percussion             | drums, percussion
        woodblock          | k76 77 | 0 127 | percussion            | drums, percussion
        triangle           | k81 80 | 0 127 | percussion            | drums, percussion
        """
}
