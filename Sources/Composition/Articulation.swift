/// How the notes of a tune are joined, as the instrument would: bows and breath slur what moves by step, set a new stroke where a pitch comes again, and lift
/// before a leap; hammers, picks and machines only leave room for the same pitch to be struck again.
enum Articulation {
    /// How far a slurred note reaches into the next, ticks.
    static let overlap = 24

    /// - Parameters:
    ///   - notes: one after the other, as they are written.
    ///   - borders: ticks at which sections begin; nothing is joined across them, so that a section stands by itself.
    static func line(_ notes: [Note], _ voice: Voice, borders: [Int] = []) -> [Note] {
        let isSlurred = voice.program.map { program in [40...43, 48...53, 56...61, 65...79, 109...110].contains { $0.contains(program) } } ?? false
        var out = notes
        for (i, next) in zip(notes.indices, notes.dropFirst()) {
            let room = next.start - notes[i].start
            // A breath that is written stays one.
            guard room > 0, next.start - notes[i].end <= room / 4, !borders.contains(where: { notes[i].start < $0 && $0 <= next.start }) else { continue }
            let step = abs(next.pitch - notes[i].pitch)
            out[i].length = switch step {
            case 0: min(notes[i].length, max(60, room * 3 / 4))
            case 1...2 where isSlurred: room + overlap
            case 7... where isSlurred: min(notes[i].length, max(60, room * 7 / 8))
            default: notes[i].length
            }
        }
        return out
    }
}
