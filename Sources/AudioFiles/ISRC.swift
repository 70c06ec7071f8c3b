/// An International Standard Recording Code, ISO 3901:2019: `GB-ABC-26-00001`, here without the hyphens.
public struct ISRC: Sendable, Equatable, Hashable, Codable, CustomStringConvertible {
    public let description: String

    /// Nil unless `text`, without hyphens and spaces, is two letters, three letters or digits, and seven digits.
    public init?(_ text: String) {
        let code = text.uppercased().filter { $0 != "-" && $0 != " " }
        let characters = Array(code.utf8)
        guard characters.count == 12 else { return nil }
        func isDigit(_ c: UInt8) -> Bool { (48...57).contains(c) }
        func isLetter(_ c: UInt8) -> Bool { (65...90).contains(c) }
        guard characters[..<2].allSatisfy(isLetter), characters[2..<5].allSatisfy({ isLetter($0) || isDigit($0) }),
            characters[5...].allSatisfy(isDigit)
        else { return nil }
        description = code
    }

    /// The document that carries it in the `axml` chunk of a WAV: EBU Tech 3352, "Carriage of identifiers in Broadcast Wave Format files".
    var axml: [UInt8] {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ebucore:ebuCoreMain xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:ebucore="urn:ebu:metadata-schema:ebuCore_2012">
            <ebucore:coreMetadata>
            <ebucore:identifier typeLabel="GUID" typeDefinition="Globally Unique Identifier" formatLabel="ISRC" \
            formatDefinition="International Standard Recording Code" \
            formatLink="http://www.ebu.ch/metadata/cs/ebu_IdentifierTypeCodeCS.xml#3.7">
            <dc:identifier>ISRC:\(description)</dc:identifier>
            </ebucore:identifier>
            </ebucore:coreMetadata>
            </ebucore:ebuCoreMain>

            """
        // White space after the document is part of no content, and libsndfile takes chunks in fours of bytes.
        return Array(text.utf8) + [UInt8](repeating: UInt8(ascii: "\n"), count: (4 - text.utf8.count % 4) % 4)
    }

    /// The first code behind `ISRC:` in an `axml` chunk.
    init?(axml: [UInt8]) {
        let mark = Array("ISRC:".utf8)
        for at in axml.indices where axml[at...].starts(with: mark) {
            let text = axml[(at + mark.count)...].prefix(24).prefix { $0 != UInt8(ascii: "<") && $0 != 0 }
            if let code = ISRC(String(decoding: text, as: UTF8.self)) {
                self = code
                return
            }
        }
        return nil
    }
}
