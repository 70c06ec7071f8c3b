import CLinux
import Glibc

/// Memory that a reader and its decoder share: the decoder puts samples there, the reader looks and never writes, so that no sample is copied on
/// its way through the wall.
///
/// A decoder may change what it has put there at any time. Readers therefore copy first and check the copy.
final class SampleRoom {
    /// Blocks: those that may be due, and the one that is being read.
    static let slots = ConfinedDecoder.mostAhead + 1
    static let slotBytes = 256 << 10
    private static var byteCount: Int { slots * slotBytes }

    private let base: UnsafeMutableRawPointer

    /// Frames that a block holds: as many as fit, and no more than a decoder gives at once.
    static func frames(of header: SoundHeader) -> Int {
        max(1, min(slotBytes / (header.channels * header.form.byteCount), FileDecoder.mostSamples / header.channels))
    }

    /// The reader's side.
    /// - Returns: the room, and the descriptor by which a decoder finds it; the caller closes that.
    static func make() throws(DecodeFailure) -> (room: SampleRoom, descriptor: Int32) {
        let descriptor = lathe_memfd("lathe-wall")
        guard descriptor >= 0 else { throw .unavailable(code: errno) }
        guard ftruncate(descriptor, off_t(byteCount)) == 0, let base = map(descriptor, PROT_READ) else {
            let code = errno
            close(descriptor)
            throw .unavailable(code: code)
        }
        return (SampleRoom(base), descriptor)
    }

    /// The decoder's side, for as long as its process lives; closes the descriptor, without which nobody can change the room's size.
    static func enter(_ descriptor: Int32) -> UnsafeMutableRawPointer? {
        defer { close(descriptor) }
        return map(descriptor, PROT_READ | PROT_WRITE)
    }

    private static func map(_ descriptor: Int32, _ use: Int32) -> UnsafeMutableRawPointer? {
        let base = mmap(nil, byteCount, use, Int32(MAP_SHARED), descriptor, 0)
        return base == MAP_FAILED ? nil : base
    }

    private init(_ base: UnsafeMutableRawPointer) { self.base = base }

    deinit { munmap(base, Self.byteCount) }

    subscript(slot: Int) -> UnsafeRawPointer { UnsafeRawPointer(base + slot * Self.slotBytes) }
}
