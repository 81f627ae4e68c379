/// Goes through a catalog's streams or operations, one after the other, and gathers what is odd.
struct CatalogInspector {
    private(set) var result = CatalogInspection()

    /// Who is spoken of.
    private struct Subject {
        var number: Int
        var name: String?
        var namespace: String?
        /// How a line about it begins.
        var title: String
    }

    private var number = 0
    /// Where in the catalog each name came first.
    private var names = NumberedNames()
    private let parser = JSONParser()

    private mutating func note(
        _ kind: CatalogInspection.Kind,
        _ subject: Subject,
        _ text: @autoclosure () -> String
    ) {
        result.note(
            kind,
            CatalogInspection.Finding(
                kind: kind,
                number: subject.number,
                name: subject.name,
                namespace: subject.namespace,
                text: subject.title + ": " + text()
            )
        )
    }
}

// MARK: - Streams and operations

extension CatalogInspector {
    mutating func inspect(stream: JSONValue) {
        number += 1
        let namespace = stream.present("namespace")
        var subject = Self.subject("Stream", stream.present("name"), number)
        subject.namespace = namespace.flatMap(Self.shownText)
        if let namespace = namespace?.coercedText {
            subject.title += " of namespace \(Quotation.of(namespace))"
        }
        checkName(stream.present("name"), realm: namespace, subject)

        let keys = stream.list("source_defined_primary_key").map { Field(.missingPrimaryKey, $0) }
        let cursor = stream.present("default_cursor_field").map { [Field(.missingCursorField, $0)] } ?? []
        check(schema: stream.present("json_schema"), fields: keys + cursor, subject)
    }

    mutating func inspect(operation: JSONValue) {
        number += 1
        let mode = operation.present("sync_mode")
        var subject = Self.subject("Operation", operation.present("object_name"), number)
        if let mode = mode?.string { subject.title += " (\(mode.escapedForTitle))" }
        checkName(operation.present("object_name"), realm: mode, subject)
        let keys = operation.list("matching_keys").map { Field(.missingMatchingKey, $0) }
        check(schema: operation.present("json_schema"), fields: keys, subject)
    }

    private static func subject(_ title: String, _ name: JSONValue?, _ number: Int) -> Subject {
        let isBlank = name?.coercedText.map(Self.isBlank) ?? true
        guard let shown = name.flatMap(shownText), !isBlank else {
            return Subject(number: number, name: name.flatMap(shownText), title: "\(title) \(number)")
        }
        return Subject(number: number, name: shown, title: "\(title) \(Quotation.of(shown))")
    }

    private static func shownText(_ value: JSONValue) -> String? {
        value.coercedText.flatMap { $0.utf8.count <= Quotation.maximumLength ? $0 : nil }
    }

    private static func isBlank(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.isWhitespace }
    }

    private mutating func checkName(_ name: JSONValue?, realm: JSONValue?, _ subject: Subject) {
        let text = name?.coercedText
        if text.map(Self.isBlank) ?? true {
            note(
                .emptyName,
                subject,
                text.map { "its name \(Quotation.of($0)) is empty" } ?? "it has no name"
            )
        }
        guard let bytes = name?.coercedBytes else { return }
        var hasher = Hasher()
        hasher.combine(ByteString(bytes))
        // A stream's namespace, an operation's sync mode.
        hasher.combine((realm?.coercedBytes).map(ByteString.init))
        if let first = names.first(withHash: hasher.finalize(), orNote: subject.number) {
            note(
                .duplicateName,
                subject,
                "number \(subject.number) of the catalog has the same name as number \(first)"
            )
        }
    }
}

// MARK: - Schemas

extension CatalogInspector {
    /// A field that the schema has to have.
    private struct Field {
        var kind: CatalogInspection.Kind
        var path: [JSONValue]

        init(_ kind: CatalogInspection.Kind, _ path: JSONValue) {
            self.kind = kind
            self.path = path.elements.filter { !$0.isNull }
        }

        func text() -> String {
            let path = Quotation.of(path: path.map { $0.coercedText ?? "" })
            let role =
                switch kind {
                case .missingPrimaryKey: "which is in its primary key"
                case .missingCursorField: "which is its default cursor"
                default: "which is one of its matching keys"
                }
            return "its schema has no field \(path), \(role)"
        }
    }

    private mutating func check(schema: JSONValue?, fields: [Field], _ subject: Subject) {
        let fields = fields.filter { !$0.path.isEmpty }
        guard let schema else {
            return note(.missingSchema, subject, "it has no schema; an empty one is sent instead")
        }
        guard schema.kind == .object, schema.isEmptyContainer == false else { return }
        if PlaceholderSchema.isOne(schema) {
            note(.placeholderSchema, subject, "its schema has nothing but \(PlaceholderSchema.description)")
        }
        let hasReferences = SchemaReferences.mayBe(in: schema.rawJSON)
        guard hasReferences || !fields.isEmpty else { return }
        // Parsed alone: it is not in the catalog's index, and here all of it is inspected.
        guard let document = unsafe try? parser.parse(schema.rawJSON.span.bytes) else { return }
        let index = SchemaIndex(root: document.root)
        let references = hasReferences ? SchemaReferences(of: index) : nil
        for flaw in references?.flaws ?? [] { note(flaw.kind.kind, subject, flaw.text(in: index)) }

        var paths = SchemaPaths(of: index, resolvesReferences: references?.hasOtherBases != true)
        for field in fields {
            let path = field.path.compactMap(\.coercedBytes)
            guard path.count == field.path.count, paths.find(path) == .lacks else { continue }
            note(field.kind, subject, field.text())
        }
    }
}

extension SchemaReferences.Flaw.Kind {
    fileprivate var kind: CatalogInspection.Kind {
        switch self {
        case .unknownWellKnown: .unknownWellKnownType
        case .unresolved, .otherFile: .unresolvedReference
        case .contradiction: .contradictedType
        }
    }
}

extension SchemaReferences.Flaw {
    /// What is wrong, and where.
    fileprivate func text(in index: SchemaIndex) -> String {
        let reference = Quotation.of(String(decoding: reference.bytes, as: UTF8.self))
        let more =
            switch count {
            case 1: ""
            case 2: " and 1 more place"
            default: " and \(count - 1) more places"
            }
        let refers =
            "its schema refers to \(reference) at \(Quotation.of(index.pointer(to: place)))\(more)"
        switch kind {
        case .unknownWellKnown: return "\(refers), which is not a well-known type"
        case .unresolved: return "\(refers), which is not in the schema"
        case .otherFile: return "\(refers), a file that readers of the catalog do not have"
        case .contradiction(let type):
            return "\(refers), which is a \(type.jsonType), but its type there is \(typesText)"
        }
    }

    private var typesText: String {
        types.count == 1 ? Quotation.of(types[0]) : Quotation.of(path: types)
    }
}

extension String {
    /// A sync mode is one of the protocol's words; whatever else comes stays on the line.
    fileprivate var escapedForTitle: String { String(Quotation.of(self).dropFirst().dropLast()) }
}
