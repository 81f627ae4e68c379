import Foundation
import Scheduling

/// A catalog that is too long to be held, and what the platform is to get of it.
struct LargeCatalog {
    /// A stream or an operation.
    struct Element {
        /// As the connector writes it.
        var written: [UInt8]
        /// As the platform gets it, its schema aside.
        var expected: [String: Any]
        /// The schema's text as the platform gets it.
        var schema: [UInt8]
    }

    let isSource: Bool
    private let isDamaged: Bool
    private(set) var elements: [Element] = []
    private var random: SplitMix64

    /// - Parameter damaged: whether some of its text has to be repaired.
    init(isSource: Bool, damaged: Bool = true, seed: UInt64 = 1) {
        self.isSource = isSource
        isDamaged = damaged
        random = SplitMix64(seed: seed)
    }

    /// The message, a line without its end.
    var line: [UInt8] {
        let (beginning, end) =
            isSource
            ? (#"{"type":"CATALOG","catalog":{"streams":["#, "]}}")
            : (#"{"destination_catalog":{"operations":["#, #"]},"type":"DESTINATION_CATALOG"}"#)
        var line = Array(beginning.utf8)
        for (index, element) in elements.enumerated() {
            if index > 0 { line.append(UInt8(ascii: ",")) }
            line += element.written
        }
        return line + Array(end.utf8)
    }

    /// Adds an element of that number.
    ///
    /// - Parameters:
    ///   - schemaBytes: about so many bytes of schema.
    ///   - key: a field that identifies its records.
    mutating func add(_ number: Int, name: String? = nil, schemaBytes: Int, key: String = "id") {
        var schema = LargeText(#"{"type": "object","properties":{"id":{"maximum":1.50},"a":{"description":""#)
        schema.append(LargeText(bytes: schemaBytes, damaged: isDamaged, using: &random))
        schema.append(#""}}}"#)
        let written = schema.written
        elements.append(
            isSource
                ? Self.stream(number, name, schema, key, written)
                : Self.operation(number, name, schema, key, written)
        )
    }

    private static func stream(
        _ number: Int,
        _ name: String?,
        _ schema: LargeText,
        _ key: String,
        _ written: [UInt8]
    ) -> Element {
        let head = #"{"name":"\#(name ?? #"Tabl\u00e9 \#(number)"#)","json_schema":"#
        let tail =
            #","supported_sync_modes":["incremental","full_refresh"],"source_defined_primary_key":[["\#(key)"]]"#
            + #","default_cursor_field":["a"],"namespace":"n","unknown":{"x":[1]},"is_resumable":true}"#
        return Element(
            written: Array(head.utf8) + written + Array(tail.utf8),
            expected: [
                "stream": [
                    "name": name ?? "Tablé \(number)", "supportedSyncModes": ["incremental", "full_refresh"],
                    "sourceDefinedPrimaryKey": [[key]], "defaultCursorField": ["a"], "namespace": "n",
                    "isResumable": true,
                ],
                "config": [
                    "syncMode": "incremental", "destinationSyncMode": "append", "cursorField": ["a"],
                    "primaryKey": [[key]], "aliasName": name ?? "Table_\(number)", "selected": true,
                    "includeFiles": false,
                ],
            ],
            schema: schema.delivered
        )
    }

    private static func operation(
        _ number: Int,
        _ name: String?,
        _ schema: LargeText,
        _ key: String,
        _ written: [UInt8]
    ) -> Element {
        let head = #"{"object_name":"\#(name ?? "object \(number)")","json_schema":"#
        let tail = #","sync_mode":"append_dedup","matching_keys":[["\#(key)"]]}"#
        return Element(
            written: Array(head.utf8) + written + Array(tail.utf8),
            expected: [
                "objectName": name ?? "object \(number)", "syncMode": "append_dedup", "matchingKeys": [[key]],
            ],
            schema: schema.delivered
        )
    }

    /// Where a request's body is not what it is to be; nil where it is. Each schema has to stand in it as it is, the
    /// rest is compared as values.
    func difference(from body: Data) throws -> String? {
        var position = body.startIndex
        for (index, element) in elements.enumerated() {
            guard let range = body.range(of: Data(element.schema), in: position..<body.endIndex) else {
                return "the schema of element \(index) is not there, or not in its place"
            }
            position = range.upperBound
        }
        let request = try JSONSerialization.jsonObject(with: body) as? [String: Any]
        let catalog = request?["catalog"] as? [String: Any]
        let list = catalog?[isSource ? "streams" : "operations"] as? [[String: Any]] ?? []
        guard catalog?.count == 1, list.count == elements.count else { return "\(list.count) elements" }
        for (index, (found, element)) in zip(list, elements).enumerated() {
            let found = withoutSchema(found)
            guard NSDictionary(dictionary: found).isEqual(to: element.expected) else {
                return "element \(index) is \(found), not \(element.expected)"
            }
        }
        return nil
    }

    private func withoutSchema(_ element: [String: Any]) -> [String: Any] {
        var element = element
        guard isSource else {
            element["schema"] = nil
            return element
        }
        var stream = element["stream"] as? [String: Any] ?? [:]
        stream["jsonSchema"] = nil
        element["stream"] = stream
        return element
    }
}
