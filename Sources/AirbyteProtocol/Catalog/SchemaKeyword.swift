/// The keywords of JSON Schema (drafts 4 to 2020-12) that hold schemas, or say how schemas are found.
///
/// What stands under other keywords (`default`, `enum`, `const`, `examples`) is data, whatever it looks like.
enum SchemaKeyword: String, CaseIterable {
    case reference = "$ref"
    case dynamicReference = "$dynamicRef"
    case recursiveReference = "$recursiveRef"
    case identifier = "$id"
    case oldIdentifier = "id"
    case anchor = "$anchor"
    case dynamicAnchor = "$dynamicAnchor"
    case type
    case properties, patternProperties, additionalProperties, unevaluatedProperties, propertyNames
    case dependencies, dependentSchemas
    case items, prefixItems, additionalItems, unevaluatedItems, contains
    case allOf, anyOf, oneOf, not
    case condition = "if"
    case then
    case otherwise = "else"
    case definitions
    case newDefinitions = "$defs"

    /// What stands under a keyword.
    enum Content {
        case schema
        /// One schema or a list of them.
        case schemas
        /// An object whose members are schemas.
        case namedSchemas
        case other
    }

    var content: Content {
        switch self {
        case .reference, .dynamicReference, .recursiveReference, .identifier, .oldIdentifier, .anchor,
            .dynamicAnchor, .type:
            .other
        case .properties, .patternProperties, .dependencies, .dependentSchemas, .definitions, .newDefinitions:
            .namedSchemas
        case .items, .prefixItems, .allOf, .anyOf, .oneOf: .schemas
        case .additionalProperties, .unevaluatedProperties, .propertyNames, .additionalItems,
            .unevaluatedItems,
            .contains, .not, .condition, .then, .otherwise:
            .schema
        }
    }

    /// Most members are no keywords that are of interest, and their names' lengths already tell.
    private static let byLength: [[(name: String, keyword: SchemaKeyword)]] = {
        let longest = allCases.map(\.rawValue.utf8.count).max() ?? 0
        return (0...longest).map { length in
            allCases.filter { $0.rawValue.utf8.count == length }.map { ($0.rawValue, $0) }
        }
    }()

    init?(_ key: JSONValue) {
        guard let name = key.stringBytes, name.count < Self.byLength.count,
            let known = Self.byLength[name.count].first(where: { name.elementsEqual($0.name.utf8) })
        else { return nil }
        self = known.keyword
    }
}

/// The members of one schema that `SchemaKeyword` knows: of duplicates, the last.
struct SchemaMembers {
    private(set) var list: [(keyword: SchemaKeyword, value: JSONValue)] = []
    /// Of all members, known or not.
    private(set) var count = 0

    init(of schema: JSONValue) {
        for (key, value) in schema.members {
            count += 1
            guard let keyword = SchemaKeyword(key) else { continue }
            if let earlier = list.firstIndex(where: { $0.keyword == keyword }) {
                list[earlier].value = value
            } else {
                list.append((keyword, value))
            }
        }
    }

    subscript(_ keyword: SchemaKeyword) -> JSONValue? { list.first { $0.keyword == keyword }?.value }

    /// The types that `type` names, in order; none where it says nothing that can be understood.
    var types: [String] {
        guard let type = self[.type] else { return [] }
        return type.string.map { [$0] } ?? type.elements.compactMap(\.string)
    }

    /// Another place that the schema's references start from (`$id`, before draft 6 `id`): not a fragment alone.
    var baseURL: ArraySlice<UInt8>? {
        (self[.identifier]?.stringBytes ?? self[.oldIdentifier]?.stringBytes).flatMap {
            $0.isEmpty || $0.first == UInt8(ascii: "#") ? nil : $0
        }
    }

    /// Names under which the schema can be referred to.
    var anchors: [ByteString] {
        let fragments = [SchemaKeyword.identifier, .oldIdentifier].compactMap { self[$0]?.stringBytes }
            .filter { $0.first == UInt8(ascii: "#") }.map { $0.dropFirst() }
        let names = [SchemaKeyword.anchor, .dynamicAnchor].compactMap { self[$0]?.stringBytes }
        return (fragments + names).map(ByteString.init)
    }
}
