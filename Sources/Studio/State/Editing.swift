import Mastering

extension StudioState {
    var trimsEffect: Effect {
        let trims = trims
        return .setTrims(master: trims.master, original: trims.original)
    }

    /// After any change of what is heard: hear it at once, and solve it exactly once the hand rests.
    mutating func soundChanged() -> [Effect] {
        master.version += 1
        master.solved = nil
        master.solving = false
        guard deck.path != nil else { return [] }
        let audition = Effect.audition(master.sound.audible)
        return deck.profile == nil ? [audition] + measureAgain() : [audition, trimsEffect, .settle(version: master.version)]
    }

    /// Measures the open file when what was known of it has been destroyed: what is heard must be what is rendered.
    mutating func measureAgain() -> [Effect] {
        guard let path = deck.path, deck.isMeasurementGone, deck.measuring == nil else { return [] }
        deck.isMeasurementGone = false
        deck.measuring = 0
        return [.measure(path: path, opening: deck.opening)]
    }

    /// Applies an edit and remembers it.
    mutating func perform(_ what: String, sound: Sound) -> [Effect] {
        guard sound != master.sound else { return [] }
        let edit = Edit(what: what, change: .sound(from: master.sound, to: sound))
        history.record(edit)
        return apply(edit)
    }

    mutating func perform(_ what: String, marks: Set<String>) -> [Effect] {
        guard marks != files.marks else { return [] }
        let edit = Edit(what: what, change: .marks(from: files.marks, to: marks))
        history.record(edit)
        return apply(edit)
    }

    mutating func perform(_ what: String, places marked: [String]) -> [Effect] {
        let edit = Edit(what: what, change: .places(from: places.marked, to: marked))
        history.record(edit)
        return apply(edit)
    }

    mutating func perform(_ what: String, region: Region?) -> [Effect] {
        let edit = Edit(what: what, change: .region(from: deck.region, to: region, opening: deck.opening))
        history.record(edit)
        return apply(edit)
    }

    mutating func apply(_ edit: Edit) -> [Effect] {
        switch edit.change {
        case .sound(_, let sound):
            let audible = master.sound.audible
            master.sound = sound
            return sound.audible == audible ? [] : soundChanged()
        case .marks(_, let marks):
            files.marks = marks
            return []
        case .places(let from, let to):
            // What the edit changed, and nothing that another studio did meanwhile.
            places.marked.removeAll { from.contains($0) && !to.contains($0) }
            places.marked += to.filter { !from.contains($0) && !places.marked.contains($0) }
            return [.savePlaces(places.marked)]
        case .region(_, let region, let opening):
            guard opening == deck.opening else {
                say(edit.what + ": that file is not open any more")
                return []
            }
            deck.region = region
            // From behind the part, where the head is as soon as its end was marked, it would never be reached.
            let back: [Effect] = (region?.range).map { deck.player.position >= $0.upperBound ? seek(to: $0.lowerBound) : [] } ?? []
            return [.loop(region?.range)] + back
        }
    }
}
