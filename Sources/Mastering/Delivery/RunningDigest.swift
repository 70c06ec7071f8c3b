import AudioFiles
import Crypto
import Glibc

/// SHA-256 of a file while it is written, so that it need not be read again.
///
/// A WAV's header is completed last but is the first to be hashed. What it will be follows from the length that is to come; when the file is
/// whole the guess is compared with it, and where it was wrong (or the container is another) there is no digest here and the file is read.
final class RunningDigest: @unchecked Sendable {
    // Unchecked: used by the thread that writes the file, then, after it has ended, by its caller.
    private var hash = SHA256()
    private var hashed: Int64 = 0
    /// The header as it was hashed.
    private var header: [UInt8] = []
    private var isOff = false
    private let dataBytes: Int64
    private let tailBytes: Int64

    /// - Parameters:
    ///   - dataBytes: of the samples that are to come.
    ///   - tailBytes: of what follows them.
    init(dataBytes: Int64, tailBytes: Int64) { (self.dataBytes, self.tailBytes) = (dataBytes, tailBytes) }

    /// Takes bytes that were written at `offset`; what is written a second time is left to the comparison at the end.
    func take(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        guard !isOff else { return }
        if offset == 0, hashed == Int64(header.count) {
            // Written anew before any sound, with tags that were not known before.
            hash = SHA256()
            hashed = 0
        }
        guard offset == hashed else { return }
        hashed += Int64(bytes.count)
        guard offset == 0 else { return hash.update(bufferPointer: bytes) }
        guard let header = Self.header(bytes, dataBytes: dataBytes, tailBytes: tailBytes) else {
            isOff = true
            return
        }
        self.header = header
        header.withUnsafeBytes { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[header.count...]))
    }

    /// The header with which a RIFF file of `dataBytes` begins, from one whose lengths are not known yet; nil for other files.
    static func header(_ bytes: UnsafeRawBufferPointer, dataBytes: Int64, tailBytes: Int64) -> [UInt8]? {
        func isTag(_ text: StaticString, at place: Int) -> Bool {
            place + 4 <= bytes.count && (0..<4).allSatisfy { bytes[place + $0] == text.utf8Start[$0] }
        }
        func number(at place: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
        guard isTag("RIFF", at: 0), isTag("WAVE", at: 8) else { return nil }
        var place = 12
        while place + 8 <= bytes.count, !isTag("data", at: place) { place += 8 + (number(at: place + 4) + 1) & ~1 }
        guard place + 8 <= bytes.count else { return nil }
        let count = place + 8, whole = Int64(count) + dataBytes + dataBytes % 2 + tailBytes
        guard whole - 8 <= UInt32.max else { return nil }
        var header = Array(bytes[..<count])
        func put(_ value: Int64, at place: Int) { for i in 0..<4 { header[place + i] = UInt8(truncatingIfNeeded: value >> Int64(8 * i)) } }
        put(whole - 8, at: 4)
        put(dataBytes, at: place + 4)
        return header
    }

    /// 64 lower-case hex digits; nil when the file behind `descriptor`, which is complete, has to be read.
    func end(_ descriptor: Int32) -> String? {
        var info = stat()
        guard !isOff, !header.isEmpty, fstat(descriptor, &info) == 0, Int64(info.st_size) == hashed else { return nil }
        var written = [UInt8](repeating: 0, count: header.count)
        guard pread(descriptor, &written, written.count, 0) == written.count, written == header else { return nil }
        isOff = true
        return Digest.text(hash.finalize())
    }
}
