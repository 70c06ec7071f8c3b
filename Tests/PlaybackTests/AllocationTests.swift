import AudioFiles
import CAllocations
import Foundation
import Mastering
@testable import Playback
import Testing

@Suite struct AllocationTests {
    @Test func counter_sees_whatIsAllocated() {
        lathe_allocations_begin()
        let memory = UnsafeMutablePointer<Int>.allocate(capacity: 1000)
        memory.deallocate()
        #expect(lathe_allocations_end() == 2)
    }

    /// The audio thread's whole life on the test's own thread: start, voices, trims, live parameters, a seek, a pause.
    @Test func audioThread_neverAllocates() throws {
        let scene = try Scene()
        let path = try scene.wav(.test(frames: 96_000, channels: 2), sampleRate: 48_000)
        let shared = UnsafeMutablePointer<SharedState>.allocate(capacity: 1)
        shared.initialize(to: SharedState(parameters: .busy, channels: 2, sampleRate: 48_000, meters: true))
        let settings = Settings(.busy)
        let chain = MasteringChain(sampleRate: 48_000, channels: 2)
        let feeder = Feeder(
            shared: shared, settings: settings, store: SnapshotStore(distance: 48_000, stateBytes: chain.stateByteCount), sampleRate: 48_000,
            channels: 2, lossless: true, first: try AudioReader(path: path),
            open: { () throws(AudioFileError) -> AudioReader in try AudioReader(path: path) })
        let audio = UnsafeMutablePointer<AudioThread>.allocate(capacity: 1)
        audio.initialize(to: AudioThread(
            shared: shared, sampleRate: 48_000, channels: 2,
            output: Output(shared: shared, sampleRate: 48_000, choice: .clock, mayStandIn: false, stream: nil, page: nil)))
        nonisolated(unsafe) let state = shared
        let feeding = try PlaybackThread(name: "feeder", urgency: .normal) { feeder.run() }
        let hands = try PlaybackThread(name: "hands", urgency: .normal) {
            let end = monotonicNanoseconds() + Int(deadline * 1e9)
            /// Asks again after every block until it holds.
            func until(_ holds: () -> Bool) { while !holds() && monotonicNanoseconds() < end { state.pointee.analyserWakeup.wait(milliseconds: 1) } }
            state.pointee.wanted.store(1, ordering: .releasing)
            state.pointee.audioWakeup.post()
            until { state.pointee.playhead.read().frame > 5000 }
            state.pointee.voice.store(Voice.original.rawValue, ordering: .releasing)
            state.pointee.masterTrim.store((0.5).bitPattern, ordering: .releasing)
            state.pointee.parameters.put(VersionedParameters(parameters: ChainParameters(), version: 2))
            until { state.pointee.versionInUse.load(ordering: .acquiring) == 2 }
            state.pointee.seekTarget.store(48_000, ordering: .releasing)
            state.pointee.seeks.add(2, ordering: .releasing)
            state.pointee.feederWakeup.post()
            until { state.pointee.seeksDone.load(ordering: .acquiring) == 4 && state.pointee.playhead.read().frame > 52_000 }
            // Around a loop twice.
            state.pointee.loopStart.store(50_000, ordering: .releasing)
            state.pointee.loopEnd.store(56_000, ordering: .releasing)
            until { state.pointee.seeksDone.load(ordering: .acquiring) >= 7 }
            state.pointee.wanted.store(2, ordering: .releasing)
            until { !state.pointee.sounding.load(ordering: .acquiring) }
            state.pointee.quit.store(true, ordering: .releasing)
            state.pointee.wakeAll()
        }
        lathe_allocations_begin()
        audio.pointee.run()
        let allocations = lathe_allocations_end()
        hands.join()
        feeding.join()
        #expect(allocations == 0)
        #expect(shared.pointee.playhead.read().played > 9000)
        #expect(shared.pointee.versionInUse.load(ordering: .acquiring) == 2)
        audio.deinitialize(count: 1)
        audio.deallocate()
        withExtendedLifetime(feeder) {}
        shared.deinitialize(count: 1)
        shared.deallocate()
    }
}
