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
        let reference: ArraySlice<UInt8>
        /// The schema with the reference that comes first in the text.
        fileprivate(set) var place: JSONValue
        /// What `type` says in that place.
        fileprivate(set) var types: [String] = []
        fileprivate(set) var count = 0
    }

    private struct Key: Hashable {
        var kind: Flaw.Kind
        var reference: ArraySlice<UInt8>
    }

    /// In the text's order.
    var flaws: [Flaw] { found.values.filter(isCertain).sorted { $0.place.node < $1.place.node } }
    /// Whether parts of the schema have a base of their own, so that `#/…` within them may mean another place.
    private(set) var hasOtherBases = false

    private let index: SchemaIndex
    private var found: [Key: Flaw] = [:]
    private var known: [ArraySlice<UInt8>: SchemaReference] = [:]
    private var anchors: Set<ArraySlice<UInt8>> = []
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
        let bytes = text.span
        var position = 0
        while position + 4 < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "$"):
                if bytes[position + 1] == UInt8(ascii: "r"), bytes[position + 2] == UInt8(ascii: "e"),
                    bytes[position + 3] == UInt8(ascii: "f")
                {
                    return true
                }
            // The name can be spelt in escapes too.
            case UInt8(ascii: "\\"):
                if bytes[position + 1] == UInt8(ascii: "u") { return true }
            default: break
            }
            position += 1
        }
        return false
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
            return !anchors.contains(name)
        }
    }
}

// MARK: - The walk

extension SchemaReferences {
    private mutating func visit(_ schema: JSONValue) {
        // True and false are schemas too, with nothing in them; all else is none.
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
            check(reference, beside: members.types, in: schema)
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

    private mutating func check(_ text: ArraySlice<UInt8>, beside types: [String], in schema: JSONValue) {
        let isNew = known[text] == nil
        let reference = known[text] ?? SchemaReference(text)
        known[text] = reference
        switch reference {
        case .wellKnown(let type):
            let stated = types.filter { $0 != "null" }
            // Null alone contradicts as well: nothing but null would be allowed.
            if !types.isEmpty, !stated.contains(type.jsonType) {
                note(.contradiction(type), text, types, schema)
            }
        case .unknownWellKnown: note(.unknownWellKnown, text, types, schema)
        case .otherFile: note(.otherFile, text, types, schema)
        // Known in the end, when all names are.
        case .anchor: note(.unresolved, text, types, schema)
        // What is there cannot be known without fetching it.
        case .url: break
        case .local(let steps): check(steps, of: text, isNew: isNew, types, schema)
        }
    }

    private mutating func check(
        _ steps: [ArraySlice<UInt8>],
        of text: ArraySlice<UInt8>,
        isNew: Bool,
        _ types: [String],
        _ schema: JSONValue
    ) {
        if isNew {
            guard let target = index.value(at: steps) else { return note(.unresolved, text, types, schema) }
            // It may lie under a member that no draft knows, such as `components`.
            pending.append(target)
        } else if found[Key(kind: .unresolved, reference: text)] != nil {
            note(.unresolved, text, types, schema)
        }
    }

    private mutating func note(
        _ kind: Flaw.Kind,
        _ reference: ArraySlice<UInt8>,
        _ types: [String],
        _ place: JSONValue
    ) {
        let key = Key(kind: kind, reference: reference)
        var flaw = found[key] ?? Flaw(kind: kind, reference: reference, place: place, types: types)
        if place.node < flaw.place.node {
            flaw.place = place
            flaw.types = types
        }
        flaw.count += 1
        found[key] = flaw
    }
}
