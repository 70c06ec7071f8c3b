/// The `bext` chunk of a Broadcast Wave file, version 2: EBU Tech 3285 (2011). Text is ASCII and cut to its field.
public struct BroadcastExtension: Sendable, Equatable, Codable {
    /// 256 characters.
    public var description = ""
    /// Who made it, 32 characters.
    public var originator = ""
    /// 32 characters.
    public var originatorReference = ""
    /// `yyyy-mm-dd`; empty when unknown. Given by the caller: a clock would make equal renders differ.
    public var originationDate = ""
    /// `hh:mm:ss`; empty when unknown.
    public var originationTime = ""
    /// Place of the first frame on the time line, frames since midnight.
    public var timeReference: UInt64 = 0
    /// SMPTE 330M, 64 bytes; empty for none.
    public var umid: [UInt8] = []
    public var loudness = Loudness()
    /// Lines such as `A=PCM,F=48000,W=24,M=stereo,T=…`, EBU R 98.
    public var codingHistory = ""

    public init() {}

    /// As EBU R 128 measures it. A value that is unknown, or does not fit ±99.99, is stored as unknown.
    public struct Loudness: Sendable, Equatable, Codable {
        /// LUFS.
        public var integrated: Double?
        /// LU.
        public var range: Double?
        /// dBTP.
        public var maxTruePeak: Double?
        /// LUFS.
        public var maxMomentary: Double?
        public var maxShortTerm: Double?

        public init(
            integrated: Double? = nil, range: Double? = nil, maxTruePeak: Double? = nil, maxMomentary: Double? = nil,
            maxShortTerm: Double? = nil
        ) {
            self.integrated = integrated
            self.range = range
            self.maxTruePeak = maxTruePeak
            self.maxMomentary = maxMomentary
            self.maxShortTerm = maxShortTerm
        }

        /// Where the five values lie in the chunk.
        static let offset: Int64 = 412

        /// Hundredths in 16 bits; 7FFFh stands for none (Tech 3285 §2.4).
        var bytes: [UInt8] {
            var fields = FixedFields()
            for value in [integrated, range, maxTruePeak, maxMomentary, maxShortTerm] {
                let hundredths = ((value ?? .infinity) * 100).rounded()
                fields.number(hundredths.magnitude <= 9999 ? Int16(hundredths) : 0x7FFF)
            }
            return fields.bytes
        }

        init(_ fields: inout FixedFieldReader) {
            func value(_ stored: Int16) -> Double? { (-9999...9999).contains(stored) ? Double(stored) / 100 : nil }
            integrated = value(fields.number(Int16.self))
            range = value(fields.number(Int16.self))
            maxTruePeak = value(fields.number(Int16.self))
            maxMomentary = value(fields.number(Int16.self))
            maxShortTerm = value(fields.number(Int16.self))
        }
    }

    private static let fixedCount = 602
    /// Longer histories are cut.
    private static let longestHistory = 16_384

    var chunk: [UInt8] {
        var fields = FixedFields()
        fields.text(description, 256)
        fields.text(originator, 32)
        fields.text(originatorReference, 32)
        fields.text(originationDate, 10)
        fields.text(originationTime, 8)
        fields.number(timeReference)
        fields.number(UInt16(2))
        let identity = Array(umid.prefix(64))
        fields.append(identity)
        fields.zeros(64 - identity.count)
        fields.append(loudness.bytes)
        fields.zeros(180)
        var lines = FixedFields.ascii(codingHistory).prefix(Self.longestHistory)
        if !lines.isEmpty, !lines.reversed().starts(with: [10, 13]) { lines += [13, 10] }
        fields.append(Array(lines))
        fields.fillToFour()
        return fields.bytes
    }

    /// Nil for a chunk that is too short to be one.
    init?(chunk: [UInt8]) {
        guard chunk.count >= Self.fixedCount else { return nil }
        var fields = FixedFieldReader(chunk)
        description = fields.text(256)
        originator = fields.text(32)
        originatorReference = fields.text(32)
        originationDate = fields.text(10)
        originationTime = fields.text(8)
        timeReference = fields.number(UInt64.self)
        let version = fields.number(UInt16.self)
        // Version 0 has neither a UMID nor loudness, version 1 no loudness.
        umid = fields.raw(64)
        if version < 1 || umid.allSatisfy({ $0 == 0 }) { umid = [] }
        let measured = Loudness(&fields)
        if version >= 2 { loudness = measured }
        fields.skip(180)
        codingHistory = fields.text(min(fields.remaining, Self.longestHistory))
    }
}
