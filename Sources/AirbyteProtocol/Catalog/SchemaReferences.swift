/// What is wrong with the references of one schema.
///
/// The walk goes through everything that is a schema in it, and through what its references lead to, once; it is a loop,
/// so that no nesting can exhaust the stack.
struct SchemaReferences {
    /// A flaw, and how often it is there.
    struct Flaw {
        enum Kind: Hashable {
            case unknownWellKnown
            case unresolved
            /// The file that is named is not part of a catalog.
            case otherFile
            /// The types that stand beside a reference leave out the one of the well-known type.
            case contradiction(WellKnownType)
        }

        let kind: Kind
        let reference: ByteString
        /// The schema with the reference that comes first in the text.
        fileprivate(set) var place: JSONValue
        /// What `type` says in that place.
        fileprivate(set) var types: [String] = []
        fileprivate(set) var count = 0
    }

    private struct Key: Hashable {
        var kind: Flaw.Kind
        var reference: ByteString
    }

    /// In the text's order.
    var flaws: [Flaw] { found.values.filter(isCertain).sorted { $0.place.node < $1.place.node } }
    /// Whether parts of the schema have a base of their own, so that `#/…` within them may mean another place.
    private(set) var hasOtherBases = false

    private let index: SchemaIndex
    private var found: [Key: Flaw] = [:]
    private var known: [ByteString: SchemaReference] = [:]
    private var anchors: Set<ByteString> = []
    private var hasBase = false
    private var isVisited: [Bool]
    private var pending: [JSONValue] = []

    init(of index: SchemaIndex) {
        self.index = index
        isVisited = Array(repeating: false, count: index.root.storage.nodes.count)
        pending = [index.root]
        while let schema = pending.popLast() { visit(schema) }
    }

    /// Whether a text can hold a reference at all: most catalogs hold none, and finding that out is cheap.
    static func mayBe(in text: ArraySlice<UInt8>) -> Bool {
        // The name can be spelt in escapes too.
        text.holds("$ref") || text.holds("\\u")
    }

    /// Names of other places are relative to the schema's base: where there is one, nobody can tell without fetching
    /// things. That other files are told of without one has its reason: a schema travels alone, and none of its
    /// readers would know where to look.
    private func isCertain(_ flaw: Flaw) -> Bool {
        switch flaw.kind {
        case .unknownWellKnown, .contradiction: return true
        case .otherFile: return !hasBase
        case .unresolved:
            guard !hasOtherBases, case .anchor(let name)? = known[flaw.reference] else {
                return !hasOtherBases
            }
            return !anchors.contains(ByteString(name))
        }
    }
}

// MARK: - The walk

extension SchemaReferences {
    private mutating func visit(_ schema: JSONValue) {
        // True and false are schemas too, with nothing in them; other values are not.
        guard schema.kind == .object, !isVisited[schema.node] else { return }
        isVisited[schema.node] = true
        let members = SchemaMembers(of: schema)
        anchors.formUnion(members.anchors)
        if members.baseURL != nil {
            hasBase = true
            hasOtherBases = hasOtherBases || schema.node != index.root.node
        }
        for (keyword, value) in members.list { follow(keyword, value) }
        if let reference = members[.reference]?.stringBytes {
            check(ByteString(reference), beside: members, in: schema)
        }
    }

    private mutating func follow(_ keyword: SchemaKeyword, _ value: JSONValue) {
        switch keyword.content {
        case .schema: pending.append(value)
        case .schemas where value.kind == .array: pending += value.elements
        case .schemas: pending.append(value)
        case .namedSchemas: pending += value.members.lazy.map(\.value)
        case .other: break
        }
    }

    private mutating func check(_ text: ByteString, beside members: SchemaMembers, in schema: JSONValue) {
        guard let reference = known[text] else { return checkFirst(text, beside: members, in: schema) }
        switch reference {
        case .wellKnown(let type): compare(type, text, members, schema)
        case .unknownWellKnown: note(.unknownWellKnown, text, members, schema)
        case .otherFile: note(.otherFile, text, members, schema)
        // Whether it is there is known in the end, when all names are.
        case .anchor: note(.unresolved, text, members, schema)
        // What is there cannot be known without fetching it.
        case .url: break
        case .local:
            // Looked up when it came first.
            if found[Key(kind: .unresolved, reference: text)] != nil {
                note(.unresolved, text, members, schema)
            }
        }
    }

    private mutating func checkFirst(_ text: ByteString, beside members: SchemaMembers, in schema: JSONValue)
    {
        let reference = SchemaReference(text.bytes)
        known[text] = reference
        guard case .local(let steps) = reference else { return check(text, beside: members, in: schema) }
        guard let target = index.value(at: steps) else { return note(.unresolved, text, members, schema) }
        // It may lie under a member that no draft knows, such as `components`.
        pending.append(target)
    }

    /// Null alone contradicts as well: nothing but null would be allowed.
    private mutating func compare(
        _ type: WellKnownType,
        _ text: ByteString,
        _ members: SchemaMembers,
        _ schema: JSONValue
    ) {
        let types = members.types
        guard !types.isEmpty, !types.contains(type.jsonType) else { return }
        note(.contradiction(type), text, members, schema)
    }

    private mutating func note(
        _ kind: Flaw.Kind,
        _ reference: ByteString,
        _ members: SchemaMembers,
        _ place: JSONValue
    ) {
        let key = Key(kind: kind, reference: reference)
        let isNew = found[key] == nil
        var flaw = found[key] ?? Flaw(kind: kind, reference: reference, place: place)
        if isNew || place.node < flaw.place.node {
            flaw.place = place
            flaw.types = members.types
        }
        flaw.count += 1
        found[key] = flaw
    }
}
