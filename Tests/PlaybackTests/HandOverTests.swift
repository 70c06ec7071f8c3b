import DSP
import Foundation
import Mastering
@testable import Playback
import Testing

@Suite struct HandOverTests {
    /// A thread's result, read after it has ended.
    private final class Box<Value>: @unchecked Sendable {
        var value: Value
        init(_ value: Value) { self.value = value }
    }

    private func onThread(_ body: @escaping @Sendable () -> Void) -> DispatchSemaphore {
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            body()
            done.signal()
        }
        return done
    }

    @Test func frameRing_deliversEveryFrameOnceAndInOrder_acrossThreads() {
        final class Shared: @unchecked Sendable { let ring = FrameRing(rows: 2, atLeast: 100) }
        let shared = Shared(), total = 100_000
        #expect(shared.ring.capacity == 128)
        let writer = onThread {
            var next = 0
            while next < total {
                let (span, count) = shared.ring.span(at: next, frames: min(37, shared.ring.room, total - next))
                for i in 0..<count { (span[0][i], span[1][i]) = (Double(next + i), -Double(next + i)) }
                shared.ring.publish(count)
                next += count
                if count == 0 { sched_yield() }
            }
        }
        let out = AudioBuffer(channels: 2, frames: 64)
        var read = 0, wrong = 0
        while read < total {
            let count = min(64, shared.ring.written - read)
            shared.ring.copy(at: read, frames: count, to: out.block)
            for i in 0..<count where out.block[0][i] != Double(read + i) || out.block[1][i] != -Double(read + i) { wrong += 1 }
            read += count
            shared.ring.release(before: read)
            if count == 0 { sched_yield() }
        }
        writer.wait()
        #expect(wrong == 0)
        #expect(shared.ring.room == 128)
    }

    @Test func frameRing_keepsWhatIsNotReleased() {
        let ring = FrameRing(rows: 1, atLeast: 64)
        ring.publish(64)
        #expect(ring.room == 0)
        ring.release(before: 10)
        #expect(ring.room == 10)
    }

    @Test func valueQueue_keepsOrder_andRefusesWhenFull() {
        let queue = ValueQueue<Int>(capacity: 3)
        #expect(queue.pop() == nil)
        let taken = [1, 2, 3, 4].map { queue.push($0) }
        #expect(taken == [true, true, true, false])
        #expect(queue.pop() == 1)
        let again = queue.push(4)
        #expect(again)
        #expect([queue.pop(), queue.pop(), queue.pop(), queue.pop()] == [2, 3, 4, nil])
    }

    @Test func latestValue_neverTears_neverGoesBack_andEndsWithTheNewest() {
        struct Wide: BitwiseCopyable { var a = 0, b = 0, c = 0, d = 0 }
        final class Shared: @unchecked Sendable { let box = LatestValue(Wide()) }
        let shared = Shared(), last = 200_000
        let writer = onThread { for i in 1...last { shared.box.put(Wide(a: i, b: i, c: i, d: i)) } }
        var seen = 0, torn = 0, backwards = 0
        while seen < last {
            guard let value = shared.box.take() else { continue }
            if value.b != value.a || value.c != value.a || value.d != value.a { torn += 1 }
            if value.a <= seen { backwards += 1 }
            seen = value.a
        }
        writer.wait()
        #expect(torn == 0)
        #expect(backwards == 0)
        #expect(shared.box.take() == nil)
    }

    @Test func playhead_isReadWhole() {
        final class Shared: @unchecked Sendable { let playhead = Playhead() }
        let shared = Shared(), last = 100_000
        let writer = onThread {
            for i in 1...last { shared.playhead.publish(Playhead.Reading(frame: i, played: i, delay: i, time: i, sounding: true)) }
        }
        var torn = 0, reading = shared.playhead.read()
        while reading.frame < last {
            reading = shared.playhead.read()
            if reading.played != reading.frame || reading.delay != reading.frame || reading.time != reading.frame { torn += 1 }
        }
        writer.wait()
        #expect(torn == 0)
    }

    @Test func playhead_takesTheDeviceDelayOff_andMovesWithTheClock() {
        let reading = Playhead.Reading(frame: 0, played: 48_000, delay: 4800, time: 1_000_000_000, sounding: true)
        #expect(reading.heard(at: 1_000_000_000, sampleRate: 48_000) == 43_200)
        // 50 ms later 2400 more have been heard; never more than were given.
        #expect(reading.heard(at: 1_050_000_000, sampleRate: 48_000) == 45_600)
        #expect(reading.heard(at: 9_000_000_000, sampleRate: 48_000) == 48_000)
    }
}

@Suite struct SnapshotStoreTests {
    /// Saves snapshots of a chain run over `sound` up to its end.
    private func filled(_ sound: Sound, distance: Int, stateBytes: Int? = nil) -> SnapshotStore {
        var chain = MasteringChain(sampleRate: 48_000, channels: 2)
        chain.set(.busy, ramp: false)
        let store = SnapshotStore(distance: distance, stateBytes: stateBytes ?? chain.stateByteCount)
        store.restart(version: 7)
        let buffer = AudioBuffer(channels: 2, frames: distance)
        var frame = 0
        while frame < sound.frames {
            let count = min(distance, store.nextFrame - frame, sound.frames - frame)
            for c in 0..<2 { for i in 0..<count { buffer.block[c][i] = sound.rows[c][frame + i] } }
            chain.process(buffer.block, frames: count)
            frame += count
            if frame == store.nextFrame { store.save(chain) }
        }
        return store
    }

    @Test func nearest_isAtOrBeforeTheTarget_andOnlyForItsParameters() {
        let store = filled(.test(frames: 10_500, channels: 2), distance: 1000)
        #expect(store.nearest(to: 999, version: 7) == 0)
        #expect(store.nearest(to: 1000, version: 7) == 1000)
        #expect(store.nearest(to: 5999, version: 7) == 5000)
        #expect(store.nearest(to: 50_000, version: 7) == 10_000)
        #expect(store.nearest(to: 5999, version: 8) == 0)
    }

    @Test func restoredChain_continuesBitForBit() {
        let sound = Sound.test(frames: 27_000, channels: 2)
        let store = filled(sound, distance: 1000)
        var chain = MasteringChain(sampleRate: 48_000, channels: 2)
        #expect(store.restore(&chain, frame: 7000, version: 7))
        let buffer = AudioBuffer(channels: 2, frames: 20_000)
        for c in 0..<2 { for i in 0..<20_000 { buffer.block[c][i] = sound.rows[c][7000 + i] } }
        chain.process(buffer.block, frames: 20_000)
        let render = sound.mastered(.busy, sampleRate: 48_000)
        let same = (chain.latency..<20_000).allSatisfy { Double(Float(buffer.block[0][$0])) == render.rows[0][7000 - chain.latency + $0] }
        #expect(same)
    }

    @Test func count_staysBounded_andTheDistanceDoubles() {
        var chain = MasteringChain(sampleRate: 48_000, channels: 2)
        let store = SnapshotStore(distance: 10, stateBytes: chain.stateByteCount)
        store.restart(version: 1)
        var saved = 0
        while store.nextFrame < 10 * 1000 {
            let frame = store.nextFrame
            store.save(chain)
            saved += 1
            #expect(frame % 10 == 0)
            if saved > 2000 { break }
        }
        #expect(saved < 2000)
        let distance = store.nearest(to: 9990, version: 1)
        #expect(distance > 9000)
        // Some forty places of a distance doubled five times, 320 frames, reach past 10 000 frames.
        #expect(store.restore(&chain, frame: 80 * 100, version: 1))
        #expect(!store.restore(&chain, frame: 80 * 100 + 10, version: 1))
    }
}
