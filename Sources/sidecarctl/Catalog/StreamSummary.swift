import AirbyteProtocol
import Text

/// What people look for in a stream of a source's catalog, or in an operation of a destination's.
struct StreamSummary: Equatable {
    var name: String
    /// Of an operation, its sync mode.
    var namespace: String?
    var syncModes: [String] = []
    /// Joined by dots.
    var primaryKey: [String] = []
    var cursor: String?
    var isCursorSourceDefined = false
    /// In the schema's order.
    var columns: [Column] = []
    /// Why there are no columns to show; nil where there are, or none exist.
    var missingColumns: String?

    struct Column: Equatable {
        var name: String
        var type: String
    }

    /// Identifies it within its catalog.
    struct Key: Hashable {
        var name: String
        var namespace: String?
    }

    var key: Key { Key(name: name, namespace: namespace) }

    /// What it is called in lines.
    var title: String { namespace.map { "\(name) (\($0))" } ?? name }

    init(_ element: CatalogElements.Element, of kind: ConnectorKind) {
        let value: JSONValue
        switch element {
        case .whole(let whole): value = whole
        case .long(let rest):
            value = rest
            missingColumns = "its schema is longer than 1 MiB"
        }
        let isStream = kind == .source
        name = value[member: isStream ? "name" : "object_name"]?.shownText ?? ""
        namespace = value[member: isStream ? "namespace" : "sync_mode"]?.shownText
        syncModes = value[member: "supported_sync_modes"]?.elements.compactMap(\.shownText) ?? []
        let keys = value[member: isStream ? "source_defined_primary_key" : "matching_keys"]
        primaryKey = keys?.elements.map(Self.path) ?? []
        cursor = value[member: "default_cursor_field"].flatMap {
            $0.elements.contains { _ in true } ? Self.path($0) : nil
        }
        isCursorSourceDefined = value[member: "source_defined_cursor"]?.bool == true
        guard missingColumns == nil, let properties = value[member: "json_schema"]?[member: "properties"]
        else {
            return
        }
        for (key, schema) in properties.members {
            columns.append(Column(name: key.string ?? "", type: ColumnType.text(of: schema)))
        }
    }

    private static func path(_ path: JSONValue) -> String {
        path.kind == .array
            ? path.elements.compactMap(\.shownText).joined(separator: ".") : path.shownText ?? ""
    }
}

extension JSONValue {
    /// A string's text, or a number as it is written.
    var shownText: String? {
        switch kind {
        case .string: string
        case .number, .bool: String(decoding: rawJSON, as: UTF8.self)
        case .object, .array, .null: nil
        }
    }
}
