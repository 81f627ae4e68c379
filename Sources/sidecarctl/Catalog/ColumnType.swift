import AirbyteProtocol

/// A column's type in a few words: `integer`, `string, null`, `string (date-time)`, `array of object (3)`.
enum ColumnType {
    /// Deeper types are not looked into.
    private static let maxDepth = 8
    /// More alternatives are counted only.
    private static let maxAlternatives = 8

    static func text(of schema: JSONValue) -> String { text(of: schema, depth: 0) }

    private static func text(of schema: JSONValue, depth: Int) -> String {
        if let truth = schema.bool { return truth ? "anything" : "nothing" }
        guard schema.kind == .object, depth < maxDepth else { return "?" }
        if let reference = schema[member: "$ref"]?.string { return name(of: reference) }
        for keyword in ["oneOf", "anyOf", "allOf"] {
            guard let list = schema[member: keyword], list.kind == .array else { continue }
            return alternatives(Array(list.elements.prefix(maxAlternatives + 1)), keyword, depth)
        }
        let names = types(of: schema)
        guard !names.isEmpty else {
            if schema[member: "properties"] != nil { return described("object", schema, depth) }
            return schema[member: "enum"] != nil ? "one of a list" : "anything"
        }
        return names.map { described($0, schema, depth) }.joined(separator: ", ")
    }

    private static func types(of schema: JSONValue) -> [String] {
        guard let type = schema[member: "type"] else { return [] }
        if let name = type.string { return [name] }
        return type.elements.prefix(maxAlternatives).compactMap(\.string)
    }

    private static func described(_ type: String, _ schema: JSONValue, _ depth: Int) -> String {
        switch type {
        case "array":
            guard let items = schema[member: "items"], items.kind == .object else { return type }
            return "array of \(text(of: items, depth: depth + 1))"
        case "object":
            var count = 0
            if let properties = schema[member: "properties"] { for _ in properties.members { count += 1 } }
            return count == 0 ? type : "object (\(count))"
        case "string", "number", "integer":
            let format = schema[member: "airbyte_type"]?.string ?? schema[member: "format"]?.string
            return format.map { "\(type) (\($0))" } ?? type
        default: return type
        }
    }

    private static func alternatives(_ list: [JSONValue], _ keyword: String, _ depth: Int) -> String {
        var texts: [String] = []
        for alternative in list.prefix(maxAlternatives) {
            let text = text(of: alternative, depth: depth + 1)
            if !texts.contains(text) { texts.append(text) }
        }
        if list.count > maxAlternatives { texts.append("…") }
        return texts.joined(separator: keyword == "allOf" ? " and " : " or ")
    }

    /// The last part of a reference, such as that of a well-known type.
    private static func name(of reference: String) -> String {
        reference.split(separator: "/").last.map(String.init) ?? reference
    }
}
