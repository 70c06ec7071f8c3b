/// Bytes from a terminal → events. Incremental: any split of the bytes gives the same events, as long as no silence
/// longer than `patience` lies inside a sequence. Unknown sequences are swallowed whole; none becomes a key by accident.
///
/// Sources: ECMA-48 5.4 (CSI), xterm ctlseqs (modifiers, SGR mouse, DECRPM, XTGETTCAP, bracketed paste), fixterms (CSI u),
/// rxvt 7.x and Linux console_codes(4) for their own function keys.
struct InputParser {
    private enum State: Equatable {
        case ground
        /// After ESC; `doubled` after two, as rxvt sends for Alt with an arrow.
        case escape(doubled: Bool)
        case csi
        case ss3
        /// After `CSI [`: a function key of the Linux console.
        case linux
        /// After ESC P, ] or _: a reply up to ST or BEL.
        case string(UInt8)
        case paste
    }

    private var state = State.ground
    private var sequence: [UInt8] = []
    private var text = ScalarDecoder()
    private var alt = false
    private var pasted: [UInt8] = []
    private var pasteOverflowed = false
    private var endMatched = 0
    /// The paste fell silent before its end: somebody may be typing into it.
    private var pasteStalled = false
    private let pasteLimit: Int
    private let eraseByte: UInt8

    /// Set between asking for the cursor's place and its answer, which looks like a modified F3.
    var expectsCursorReport = false

    private static let pasteEnd: [UInt8] = Array("\u{1B}[201~".utf8)
    private static let sequenceLimit = 256

    /// - Parameter eraseByte: what the erase key sends, from the terminal's `VERASE`; 0x7F and 0x08 always erase as well.
    init(pasteLimit: Int = 1 << 20, eraseByte: UInt8 = 0x7F) {
        self.pasteLimit = pasteLimit
        self.eraseByte = eraseByte
    }

    /// Seconds of silence after which `timeOut` tells what a beginning was worth; nil when nothing is pending.
    var patience: Double? {
        switch state {
        case .ground: text.isEmpty ? nil : 0.25
        case .escape: 0.05
        case .csi, .ss3, .string: sequence.isEmpty ? 0.25 : 1
        case .linux: 0.25
        // Waiting is safe, ending early is not: the rest of a stalled paste would act as keys.
        case .paste: pasteStalled ? 10 : 1
        }
    }

    mutating func feed(_ bytes: some Sequence<UInt8>, into events: inout [InputEvent]) {
        for byte in bytes { feed(byte, &events) }
    }

    /// Silence: a lone ESC was the Escape key, `ESC [` was Alt-[, half a sequence was noise.
    mutating func timeOut(into events: inout [InputEvent]) {
        switch state {
        case .ground: emit(text.finish(), &events)
        case .escape(let doubled):
            if doubled { events.append(.key(.escape, [])) }
            events.append(.key(.escape, []))
        case .csi where sequence.isEmpty: events.append(.key(.character("["), .alt))
        case .ss3 where sequence.isEmpty: events.append(.key(.character("O"), .alt))
        case .string(let kind) where sequence.isEmpty:
            events.append(.key(.character(Character(Unicode.Scalar(kind))), .alt))
        case .csi, .ss3, .linux, .string: break
        case .paste:
            if !pasteStalled {
                pasteStalled = true
                return events.append(.diagnostic("a paste has begun and not ended; keys go into it until Ctrl-C gives it up"))
            }
            abandonPaste(&events)
        }
        reset()
    }

    private mutating func reset() {
        state = .ground
        sequence.removeAll(keepingCapacity: true)
        alt = false
    }

    private mutating func feed(_ byte: UInt8, _ events: inout [InputEvent]) {
        switch state {
        case .ground:
            emit(text.feed(byte), &events)
        case .escape(let doubled):
            enter(byte, doubled: doubled, &events)
        case .csi:
            feedCSI(byte, &events)
        case .ss3:
            if (0x30...0x39).contains(byte), sequence.isEmpty {
                sequence.append(byte)
            } else if byte == 0x1B {
                reset()
                state = .escape(doubled: false)
            } else {
                let modifiers = sequence.first.map { InputKeys.modifiers(Int($0) - 0x30) } ?? []
                if let (key, more) = InputKeys.ss3(byte) {
                    events.append(.key(key, modifiers.union(more).union(alt ? .alt : [])))
                }
                reset()
            }
        case .linux:
            if (0x41...0x45).contains(byte) { events.append(.key(.function(Int(byte) - 0x40), [])) }
            reset()
        case .string(let kind):
            feedString(byte, kind, &events)
        case .paste:
            feedPaste(byte, &events)
        }
    }

    private mutating func enter(_ byte: UInt8, doubled: Bool, _ events: inout [InputEvent]) {
        alt = doubled
        switch byte {
        case 0x5B: state = .csi
        case 0x4F: state = .ss3
        case 0x50, 0x5D, 0x5F: state = .string(byte)
        case 0x1B:
            if doubled { events.append(.key(.escape, [])) }
            state = .escape(doubled: true)
        default:
            if doubled { events.append(.key(.escape, [])) }
            alt = true
            state = .ground
            emit(text.feed(byte), &events)
        }
    }

    private mutating func emit(_ step: ScalarDecoder.Step, _ events: inout [InputEvent]) {
        switch step {
        case .pending: return
        case .invalid(_, let then):
            events.append(.key(.character("\u{FFFD}"), []))
            alt = false
            if let then { emit(then, &events) }
        case .scalar("\u{1B}"):
            alt = false
            state = .escape(doubled: false)
        case .scalar(let scalar) where scalar.value > 0x7F && Sanitise.isMarked(scalar):
            // No key sends a C1, bidi or invisible character; what does is not to be taken for typing.
            alt = false
        case .scalar(let scalar):
            let (key, modifiers) = InputKeys.text(scalar, eraseByte: eraseByte)
            events.append(.key(key, alt ? modifiers.union(.alt) : modifiers))
            alt = false
        }
    }

    private mutating func feedCSI(_ byte: UInt8, _ events: inout [InputEvent]) {
        switch byte {
        case 0x20...0x3F:
            // Beyond the limit only the final byte is waited for.
            if sequence.count <= Self.sequenceLimit { sequence.append(byte) }
        case 0x5B where sequence.isEmpty:
            state = .linux
        case 0x40...0x7E:
            let report = ControlSequence(sequence, final: byte)
            let wasAlt = alt
            let fits = sequence.count <= Self.sequenceLimit
            reset()
            guard fits else { return }
            if report.final == 0x7E, report.prefix == 0, report.first == 200 {
                state = .paste
            } else if let event = report.event(expectsCursorReport: expectsCursorReport, alt: wasAlt) {
                // An answer of the terminal right behind the Escape key does not make it Alt.
                if wasAlt, case .key = event {} else if wasAlt { events.append(.key(.escape, [])) }
                events.append(event)
            }
        case 0x1B:
            reset()
            state = .escape(doubled: false)
        default:
            reset()
            emit(text.feed(byte), &events)
        }
    }

    private mutating func feedString(_ byte: UInt8, _ kind: UInt8, _ events: inout [InputEvent]) {
        // ST is ESC \; the ESC waits in the sequence. Another byte after ESC means that the string was cut off.
        if sequence.last == 0x1B {
            let isEnd = byte == 0x5C
            if isEnd, kind == 0x50, let reply = deviceReply(sequence.dropLast()) { events.append(.reply(reply)) }
            reset()
            if !isEnd { enter(byte, doubled: false, &events) }
        } else if byte == 0x07 || byte == 0x18 || byte == 0x1A {
            reset()
        } else if byte < 0x08 || (0x0E...0x1F).contains(byte) && byte != 0x1B {
            // No string has these (ECMA-48, 5.6): its end was lost, and this is a key.
            reset()
            feed(byte, &events)
        } else if byte == 0x1B || sequence.count < Self.sequenceLimit {
            sequence.append(byte)
        }
    }

    /// `1 $ r … m` answers DECRQSS for SGR after a 24-bit background 1, 2, 3 was set; `1 + r 524742` answers XTGETTCAP for
    /// "RGB".
    private func deviceReply(_ bytes: ArraySlice<UInt8>) -> TerminalReply? {
        let answer = String(decoding: bytes, as: UTF8.self)
        if answer.hasPrefix("1+r524742") { return .truecolor }
        guard answer.hasPrefix("1$r"), answer.hasSuffix("m") else { return nil }
        let numbers = answer.dropFirst(3).dropLast().split { $0 == ";" || $0 == ":" }
        guard let at = numbers.firstIndex(of: "48"), numbers.dropFirst(at + 1).first == "2" else { return nil }
        return numbers.dropFirst(at + 2).suffix(3) == ["1", "2", "3"] ? .truecolor : nil
    }

    private mutating func feedPaste(_ byte: UInt8, _ events: inout [InputEvent]) {
        if pasteStalled, byte == 0x03 {
            abandonPaste(&events)
            reset()
            return feed(byte, &events)
        }
        if byte == Self.pasteEnd[endMatched] {
            endMatched += 1
            if endMatched == Self.pasteEnd.count {
                finishPaste(&events)
                reset()
            }
            return
        }
        // ESC occurs only at the start of the end mark, so a failed match can begin again only here.
        for held in Self.pasteEnd.prefix(endMatched) { keep(held) }
        endMatched = byte == 0x1B ? 1 : 0
        if endMatched == 0 { keep(byte) }
    }

    private mutating func keep(_ byte: UInt8) {
        if pasted.count < pasteLimit { pasted.append(byte) } else { pasteOverflowed = true }
    }

    /// What has come of a paste whose end will not.
    private mutating func abandonPaste(_ events: inout [InputEvent]) {
        pasteOverflowed = true
        finishPaste(&events)
    }

    private mutating func finishPaste(_ events: inout [InputEvent]) {
        if pasteOverflowed {
            // The limit may have cut a character; its beginning is not the user's text.
            let tail = pasted.suffix(3).lastIndex { $0 >= 0xC0 }
            if let tail { if pasted.count - tail < utf8Length(pasted[tail]) { pasted.removeSubrange(tail...) } }
        }
        events.append(.paste(Sanitise.text(Sanitise.decode(pasted)), truncated: pasteOverflowed))
        pasted = []
        pasteOverflowed = false
        pasteStalled = false
        endMatched = 0
    }

    private func utf8Length(_ lead: UInt8) -> Int { lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2 }
}
