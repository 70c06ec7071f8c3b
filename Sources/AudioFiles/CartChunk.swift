/// The `cart` chunk of radio traffic: AES46-2002. Text is ASCII and cut to its field.
public struct CartChunk: Sendable, Equatable, Codable {
    /// 64 characters each.
    public var title = ""
    public var artist = ""
    public var cutID = ""
    public var clientID = ""
    public var category = ""
    public var classification = ""
    public var outCue = ""
    /// `yyyy-mm-dd` and `hh:mm:ss`; empty for always.
    public var startDate = ""
    public var startTime = ""
    public var endDate = ""
    public var endTime = ""
    /// 64 characters each.
    public var producer = ""
    public var producerVersion = ""
    public var userText = ""
    /// Sample value that stands for 0 dB.
    public var levelReference: Int32 = 32_768
    /// Up to eight marks: four characters and a frame.
    public var timers: [Timer] = []
    /// 1024 characters.
    public var url = ""
    /// Free text.
    public var text = ""

    public struct Timer: Sendable, Equatable, Codable {
        public var usage: String
        public var frame: UInt32
        public init(usage: String, frame: UInt32) {
            self.usage = usage
            self.frame = frame
        }
    }

    public init() {}

    private static let fixedCount = 2048
    private static let longestText = 16_384

    var chunk: [UInt8] {
        var fields = FixedFields()
        fields.text("0101", 4)
        for text in [title, artist, cutID, clientID, category, classification, outCue] { fields.text(text, 64) }
        fields.text(startDate, 10)
        fields.text(startTime, 8)
        fields.text(endDate, 10)
        fields.text(endTime, 8)
        for text in [producer, producerVersion, userText] { fields.text(text, 64) }
        fields.number(levelReference)
        for index in 0..<8 {
            fields.text(index < timers.count ? timers[index].usage : "", 4)
            fields.number(index < timers.count ? timers[index].frame : 0)
        }
        fields.zeros(276)
        fields.text(url, 1024)
        fields.append(Array(FixedFields.ascii(text).prefix(Self.longestText)))
        fields.fillToFour()
        return fields.bytes
    }

    /// Nil for a chunk that is too short to be one.
    init?(chunk: [UInt8]) {
        guard chunk.count >= Self.fixedCount else { return nil }
        var fields = FixedFieldReader(chunk)
        fields.skip(4)
        title = fields.text(64)
        artist = fields.text(64)
        cutID = fields.text(64)
        clientID = fields.text(64)
        category = fields.text(64)
        classification = fields.text(64)
        outCue = fields.text(64)
        startDate = fields.text(10)
        startTime = fields.text(8)
        endDate = fields.text(10)
        endTime = fields.text(8)
        producer = fields.text(64)
        producerVersion = fields.text(64)
        userText = fields.text(64)
        levelReference = fields.number(Int32.self)
        for _ in 0..<8 {
            let timer = Timer(usage: fields.text(4), frame: fields.number(UInt32.self))
            if !timer.usage.isEmpty { timers.append(timer) }
        }
        fields.skip(276)
        url = fields.text(1024)
        text = fields.text(min(fields.remaining, Self.longestText))
    }
}
