/// The published form of the export: JSON Schema (draft 2020-12), its closed lists taken from the types themselves.
enum LedgerExportSchema {
    static var text: String {
        """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "lathe ledger export, version \(LedgerExport.currentSchema)",
          "type": "object",
          "additionalProperties": false,
          "required": ["schema", "exported_at", "directory", "swap", "open", "settled", "counts", "transfers", "consents", "receipts", "log", "runs", "rules", "history"],
          "properties": {
            "schema": {"type": "integer", "enum": [\(LedgerExport.currentSchema)]},
            "exported_at": {"type": "string"},
            "directory": {"type": "string"},
            "swap": {\(list(Surroundings.Swap.self))},
            "open": {\(array("row"))},
            "settled": {\(array("row"))},
            "counts": {"type": "array", "items": {\(object(["day": string, "kind": string, "state": string, "items": integer, "bytes": integer]))}},
            "transfers": {\(array("transfer"))},
            "consents": {\(array("consent"))},
            "receipts": {\(array("receipt"))},
            "log": {\(array("record"))},
            "runs": {"type": "array", "items": {\(object(
                ["id": string, "boot": string, "swap": list(Surroundings.Swap.self), "started_at": string],
                optional: ["ended_at": string, "build": string, "policy": string, "file_system": string]))}},
            "rules": {"type": "array", "items": {\(object(
                ["rule": list(RetentionRule.self), "hard_seconds": number, "extendable": #""type": "boolean""#, "sentence": string],
                optional: ["idle_seconds": number]))}},
            "history": {\(object(
                ["dropped_events": integer, "dropped_peaks": string, "events": array("event"),
                 "checkpoints": array("checkpoint")],
                optional: ["anchor": string]))}
          },
          "$defs": {
            "row": {\(object(
                ["id": string, "kind": list(ItemKind.self), "origin": list(ItemOrigin.self), "purpose": list(ItemPurpose.self), "place": string,
                 "bytes": integer, "state": list(ItemState.self), "erasure_class": list(ErasureClass.self), "rule": list(RetentionRule.self),
                 "created_at": string, "expires_at": string, "expires_in_seconds": #""type": ["number", "null"]"#, "parent": stringOrNull, "tier": stringOrNull],
                optional: ["settled_at": string, "reason": stringOrNull]))},
            "transfer": {\(object(
                ["item": string, "class": list(PrivacyClass.self), "destination": string, "declares": #""type": "boolean""#],
                optional: ["consent": string, "job": string, "receipt_key": string]))},
            "consent": {\(object(
                ["id": string, "tier": string, "class": list(PrivacyClass.self), "scope": list(Consent.Scope.self), "destination": string, "given_at": number, "boot": string],
                optional: ["job": string, "withdrawn_at": number, "end_boot_ns": integer]))},
            "receipt": {\(object(
                ["item": string, "event": list(TierReceipt.Event.self), "bytes": integer, "at_ms": integer, "key": string, "signature": string]))},
            "record": {\(object(
                ["at_ms": integer, "run": string, "event": list(LogEvent.self)], optional: ["outcome": list(LogOutcome.self), "spent_ms": integer, "sound_ms": integer]))},
            "event": {\(object(
                ["number": integer, "at_ms": integer, "boot_ns": integer, "run": string, "kind": list(HistoryEventKind.self), "value": integer, "digest": string],
                optional: ["subject": stringOrNull]))},
            "checkpoint": {\(object(["index": integer, "events": integer, "root": string, "key": string, "next": string, "signature": string]))}
          }
        }

        """
    }

    private static let string = #""type": "string""#
    private static let stringOrNull = #""type": ["string", "null"]"#
    private static let integer = #""type": "integer""#
    private static let number = #""type": "number""#

    private static func array(_ name: String) -> String { "\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/\(name)\"}" }

    private static func list<Word: CaseIterable & RawRepresentable>(_: Word.Type) -> String where Word.RawValue == String {
        #""type": "string", "enum": ["# + Word.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ") + "]"
    }

    private static func object(_ fields: KeyValuePairs<String, String>, optional: KeyValuePairs<String, String> = [:]) -> String {
        let properties = (Array(fields) + Array(optional)).map { "\"\($0.key)\": {\($0.value)}" }.joined(separator: ", ")
        return #""type": "object", "additionalProperties": false, "required": ["# + fields.map { "\"\($0.key)\"" }.joined(separator: ", ")
            + "], \"properties\": {\(properties)}"
    }
}
