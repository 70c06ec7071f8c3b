import CSndFile

/// Chunks of a WAV that libsndfile passes through as they are.
enum RIFFChunks {
    /// Those that readers ask for.
    enum Readable: String, CaseIterable { case bext, cart }

    /// Nothing that belongs in these chunks is longer; what a file has beyond is not read.
    static let longest = 64 << 10

    /// - Parameters:
    ///   - id: four characters.
    ///   - data: a multiple of four bytes, copied.
    /// - Returns: whether libsndfile took it; call before the first sample.
    static func write(_ id: String, _ data: [UInt8], to file: OpaquePointer) -> Bool {
        var bytes = data
        return bytes.withUnsafeMutableBytes { bytes in
            var info = Self.info(id)
            info.datalen = UInt32(bytes.count)
            info.data = bytes.baseAddress
            return sf_set_chunk(file, &info) == Int32(SF_ERR_NO_ERROR)
        }
    }

    /// The first chunk `id` of an open file, cut to 64 KiB; nil when there is none.
    static func read(_ id: String, from file: OpaquePointer) -> [UInt8]? {
        var info = Self.info(id)
        guard let iterator = sf_get_chunk_iterator(file, &info), sf_get_chunk_size(iterator, &info) == Int32(SF_ERR_NO_ERROR) else { return nil }
        // The size is the header's claim; what the file does not hold stays zero.
        var bytes = [UInt8](repeating: 0, count: min(Int(info.datalen), longest))
        let isRead = bytes.withUnsafeMutableBytes { bytes in
            info.datalen = UInt32(bytes.count)
            info.data = bytes.baseAddress
            return sf_get_chunk_data(iterator, &info) == Int32(SF_ERR_NO_ERROR)
        }
        return isRead ? bytes : nil
    }

    private static func info(_ id: String) -> SF_CHUNK_INFO {
        var info = SF_CHUNK_INFO()
        withUnsafeMutableBytes(of: &info.id) { $0.copyBytes(from: Array(id.utf8)) }
        info.id_size = UInt32(id.utf8.count)
        return info
    }

    /// Where the content of the first chunk `id` before the sound begins in a finished RIFF or RF64 file.
    static func offset(of id: String, in descriptor: Int32) throws(SystemCall.Failure) -> Int64? {
        var at: Int64 = 12
        while true {
            var head: (id: UInt32, size: UInt32) = (0, 0)
            guard try SystemCall.readFully(descriptor, &head, 8, at: at) == 8 else { return nil }
            let name = withUnsafeBytes(of: head.id) { String(decoding: $0, as: UTF8.self) }
            if name == id { return at + 8 }
            if name == "data" { return nil }
            let size = Int64(UInt32(littleEndian: head.size))
            at += 8 + size + size % 2
        }
    }
}
