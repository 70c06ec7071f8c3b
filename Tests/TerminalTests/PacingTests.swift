import Testing
@testable import Terminal

@Suite struct PacingTests {
    /// A line that drains `rate` bytes a second out of a buffer of `capacity`, as a pseudo-terminal with a slow reader does.
    private struct Line {
        let rate: Double, capacity: Double
        var held = 0.0, at = 0.0
        mutating func advance(to now: Double) {
            held = max(0, held - rate * (now - at))
            at = now
        }
        mutating func take(_ bytes: Int, at now: Double) -> Int {
            advance(to: now)
            let taken = min(Double(bytes), max(0, capacity - held).rounded(.down))
            held += taken
            return Int(taken)
        }
    }

    @Test func aFastLineGetsEveryFrame_andKeysAtOnce() {
        var pacing = Pacing(framesPerSecond: 30)
        pacing.drew(bytes: 5000, seconds: 0.001, at: -0.1)
        pacing.didAsk(at: -0.1)
        pacing.answered(at: -0.099)
        var now = 0.0, frames = 0, held = 0
        while now < 10 {
            pacing.advance(to: now)
            if pacing.nextUrgent() > now { held += 1 }
            if pacing.nextAnimation() <= now {
                pacing.drew(bytes: 1500, seconds: 0.001, at: now)
                pacing.took(1500, isFull: false, at: now)
                frames += 1
            }
            now += 0.001
        }
        #expect((290...301).contains(frames))
        #expect(held == 0)
    }

    @Test func aSlowLineHoldsAtMostOneFrame_onceItsRateIsKnown() {
        var pacing = Pacing(framesPerSecond: 30)
        var line = Line(rate: 4096, capacity: 13_824)
        var pending = 0, now = 0.0, worst = 0.0, frames = 0
        while now < 60 {
            line.advance(to: now)
            pacing.advance(to: now)
            if pending > 0, line.capacity - line.held >= 512 {
                let taken = line.take(pending, at: now)
                pending -= taken
                pacing.took(taken, isFull: pending > 0, at: now)
            }
            if pending == 0, pacing.nextAnimation() <= now {
                // The first frame paints everything; so do the next few, until the line has shown itself.
                let bytes = frames < 4 ? 9000 : 1500
                pacing.drew(bytes: bytes, seconds: 0.001, at: now)
                if now > 25 { worst = max(worst, line.held) }
                let taken = line.take(bytes, at: now)
                pending = bytes - taken
                pacing.took(taken, isFull: pending > 0, at: now)
                frames += 1
            }
            now += 0.002
        }
        #expect(worst <= 1500, "bytes still on the line when the next frame went: \(worst)")
        #expect(frames > 60, "the line could carry 2.7 frames a second")
    }

    /// 4 KB a second, from the first frame on: whether the terminal answers or not, no more than the first frame and a little waits on the line.
    @Test(arguments: [true, false]) func aSlowLineHoldsAboutOneFrame_fromTheStart(answers: Bool) {
        let firstFrame = 5500
        var pacing = Pacing(framesPerSecond: 30)
        var line = Line(rate: 4096, capacity: 13_824)
        var now = 0.0, worst = 0.0, frames = 0
        var answerAt: Double?
        while now < 5 {
            line.advance(to: now)
            pacing.advance(to: now)
            if let due = answerAt, due <= now {
                pacing.answeredLast(at: now)
                answerAt = nil
            }
            if pacing.nextAnimation() <= now {
                let bytes = frames == 0 ? firstFrame : 1500
                pacing.drew(bytes: bytes, seconds: 0.001, at: now)
                _ = line.take(bytes, at: now)
                pacing.took(bytes, isFull: false, at: now)
                if frames == 0 {
                    pacing.didAsk(at: now)
                    if answers { answerAt = now + line.held / line.rate }
                }
                frames += 1
            }
            worst = max(worst, line.held)
            now += 0.002
        }
        #expect(worst <= Pacing.unknownCredit + 1500, "held \(worst) bytes")
        #expect(frames >= 8, "the line could carry 2.7 frames a second")
    }

    @Test func aQuickAnswerBehindTheFirstFrameFreesTheLineAtOnce() {
        var pacing = Pacing(framesPerSecond: 30)
        pacing.drew(bytes: 20_000, seconds: 0.001, at: 0)
        pacing.didAsk(at: 0)
        #expect(pacing.nextUrgent() > 2, "3 s at 4 KB/s less the credit")
        pacing.answeredLast(at: 0.02)
        #expect(pacing.nextUrgent() <= 0.02 && pacing.rate == nil)
    }

    @Test func aTerminalThatNeverAnswersIsTrustedMoreAndMore() {
        var pacing = Pacing(framesPerSecond: 30)
        var now = 0.0, frames = 0
        while now < 40 {
            pacing.advance(to: now)
            if pacing.nextAnimation() <= now {
                if now > 30 { frames += 1 }
                pacing.drew(bytes: 1500, seconds: 0.001, at: now)
                pacing.took(1500, isFull: false, at: now)
            }
            now += 0.002
        }
        #expect(frames > 280, "30 frames a second for ten seconds")
    }

    @Test func answersShowASlowLineBeforeItIsFull() {
        var pacing = Pacing(framesPerSecond: 30)
        var line = Line(rate: 20_000, capacity: 1_000_000)
        var now = 0.0, worst = 0.0
        var answerAt: Double?
        pacing.didAsk(at: 0)
        pacing.advance(to: 0.05)
        pacing.answered(at: 0.05)
        while now < 30 {
            line.advance(to: now)
            if let due = answerAt, due <= now {
                pacing.answered(at: now)
                answerAt = nil
            }
            pacing.advance(to: now)
            if pacing.nextAnimation() <= now {
                if now > 5 { worst = max(worst, line.held) }
                pacing.drew(bytes: 1500, seconds: 0.001, at: now)
                _ = line.take(1500, at: now)
                pacing.took(1500, isFull: false, at: now)
                if pacing.shouldAsk {
                    pacing.didAsk(at: now)
                    answerAt = now + line.held / line.rate + 0.05
                }
            }
            now += 0.002
        }
        #expect(worst < 8000, "held \(worst) bytes: four tenths of a second at most")
        #expect(pacing.rate.map { $0 < 40_000 } ?? false)
    }

    /// Behind an sshd a window's worth of bytes is taken at once whatever the line carries: 2 MB a second at first, then 4,096 bytes; or nothing for half a minute.
    @Test(arguments: [4096.0, 16_000, 0]) func aLineThatBecomesSlowHoldsLittleMoreThanAFrame(rate: Double) {
        var pacing = Pacing(framesPerSecond: 20)
        let frame = 1500.0, stall = 3.0..<33.0
        var (now, held, sent, drained, worst) = (0.0, 0.0, 0.0, 0.0, 0.0), frames = 0, later = 0
        var questions: [(behind: Double, answer: Double?)] = []
        while now < 60 {
            let carries = stall.contains(now) ? rate : 2e6, gone = min(held, carries * 0.002)
            held -= gone
            drained += gone
            for index in questions.indices where questions[index].answer == nil && drained >= questions[index].behind - 0.5 { questions[index].answer = now + 0.1 }
            while let due = questions.first?.answer, due <= now {
                pacing.answered(at: now)
                questions.removeFirst()
            }
            pacing.advance(to: now)
            if pacing.nextAnimation() <= now {
                pacing.drew(bytes: Int(frame), seconds: 0.001, at: now)
                pacing.took(Int(frame), isFull: false, at: now)
                held += frame
                sent += frame
                frames += 1
                if now > 50 { later += 1 }
                if pacing.shouldAsk {
                    pacing.didAsk(at: now)
                    questions.append((sent, nil))
                }
            }
            worst = max(worst, held)
            now += 0.002
        }
        // Where nothing drains at all: one frame every five seconds, six times, and then what a line may hold of which nothing is known.
        #expect(worst <= (rate > 0 ? 2.2 * frame : 12 * frame), "held \(worst) bytes")
        #expect(later > 190, "as fast as ever once it is fast again: \(later)")
    }

    @Test func aReaderThatStoppedForAMinuteIsNotASlowLine() {
        var pacing = Pacing(framesPerSecond: 30)
        pacing.drew(bytes: 20_000, seconds: 0.001, at: 0)
        pacing.took(13_824, isFull: true, at: 0)
        pacing.took(4096, isFull: true, at: 60)
        pacing.took(2080, isFull: false, at: 60.01)
        pacing.advance(to: 60.02)
        #expect(pacing.nextUrgent() <= 60.05)
    }

    @Test func aMissingAnswerDoesNotHoldTheScreenForEver() {
        var pacing = Pacing(framesPerSecond: 30)
        pacing.didAsk(at: 0)
        pacing.answered(at: 0.01)
        pacing.drew(bytes: 2000, seconds: 0.001, at: 1)
        pacing.didAsk(at: 1)
        pacing.advance(to: 2)
        #expect(pacing.nextUrgent() > 2)
        pacing.advance(to: 6.1)
        #expect(pacing.nextUrgent() <= 6.1)
    }

    @Test func costlyPicturesTakeAThirdOfTheTimeAtMost() {
        var pacing = Pacing(framesPerSecond: 30)
        for frame in 0..<40 { pacing.drew(bytes: 100, seconds: 0.1, at: Double(frame)) }
        #expect(pacing.nextAnimation() > 39.29)
    }
}
