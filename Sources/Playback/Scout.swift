import AudioFiles
import DSP
import Mastering

/// Runs ahead through the whole file with the present parameters and keeps snapshots of the chain for exact seeks.
///
/// It works at low priority, and only while nothing sounds or what sounds is not exact: undisturbed playing costs nothing extra.
final class Scout: @unchecked Sendable {
    // Unchecked: used by the scout's thread alone once it runs.
    private let shared: UnsafeMutablePointer<SharedState>
    private let settings: Settings
    private let store: SnapshotStore
    private let open: () throws(AudioFileError) -> AudioReader
    private let scratch: AudioBuffer
    private var chain: MasteringChain
    private var reader: AudioReader?
    private var version = 0
    private var frame = 0
    private var finished = false

    init(
        shared: UnsafeMutablePointer<SharedState>, settings: Settings, store: SnapshotStore, sampleRate: Double, channels: Int,
        open: @escaping () throws(AudioFileError) -> AudioReader
    ) {
        self.shared = shared
        self.settings = settings
        self.store = store
        self.open = open
        scratch = AudioBuffer(channels: channels, frames: 8192)
        chain = MasteringChain(sampleRate: sampleRate, channels: channels)
    }

    func run() {
        while !shared.pointee.quit.load(ordering: .acquiring) {
            let now = settings.current
            let calmFor = Double(monotonicNanoseconds() - now.changed) * 1e-9
            if finished && version == now.version || !isWanted {
                shared.pointee.scoutWakeup.wait()
            } else if calmFor < Feeder.calm {
                shared.pointee.scoutWakeup.wait(milliseconds: Int((Feeder.calm - calmFor) * 1000) + 1)
            } else {
                advance(now)
            }
        }
    }

    private var isWanted: Bool {
        !shared.pointee.sounding.load(ordering: .acquiring) || !shared.pointee.exact.load(ordering: .acquiring)
    }

    private func advance(_ now: Settings.Value) {
        do throws(AudioFileError) {
            if self.reader == nil { self.reader = try open() }
            guard let reader else { return }
            if version != now.version {
                try reader.seek(to: 0)
                chain.reset()
                chain.set(now.parameters, ramp: false)
                store.restart(version: now.version)
                version = now.version
                frame = 0
                finished = false
            }
            let due = store.nextFrame
            let count = try reader.read(into: scratch.block, frames: min(scratch.block.capacity, due - frame))
            if count == 0 {
                finished = true
                return
            }
            chain.process(scratch.block, frames: count)
            frame += count
            if frame == due {
                store.save(chain)
                if !shared.pointee.exact.load(ordering: .acquiring) { shared.pointee.feederWakeup.post() }
            }
        } catch {
            // Snapshots up to here stay good; playing will meet the same trouble and tell it.
            finished = true
            version = now.version
        }
    }
}
