/// Whether a schema has the fields that keys and cursors name, as far as can be told without values.
///
/// A warning that is wrong is worse than one that is missing: wherever a schema leaves open what there may be, the answer
/// is `unsure`.
struct SchemaPaths {
    enum Answer {
        case has
        case lacks
        case unsure
    }

    /// Schemas beside, below or behind each other for one value: people stay below ten.
    private static let maximumDepth = 100
    /// Schemas for one field in several branches.
    private static let maximumPlaces = 64
    /// Members that are looked at: so many for each byte of the schema, enough for dozens of keys in a schema of any
    /// width (a field takes some dozens of bytes), and a floor for small ones. Beyond that nothing is known, and the time stays in proportion to the text.
    private static let looksPerByte = 1
    private static let minLooks = 10_000

    /// What a schema says of one field's name.
    private struct Finding {
        /// What the name's absence from `places` means, ordered by what wins where all of several schemas apply.
        enum Rest: Int {
            /// Whatever else there is may be in it.
            case open
            /// Not an object, so it has no fields.
            case scalar
            /// The fields are named, and it is not among them.
            case lacking
            /// The schema cannot be judged.
            case unknown

            /// What wins where one of several schemas applies: the one that leaves more open.
            var weightAsAlternative: Int {
                switch self {
                case .scalar: 0
                case .lacking: 1
                case .open: 2
                case .unknown: 3
                }
            }
        }

        /// The schemas of the field.
        var places: [JSONValue] = []
        var rest: Rest

        /// Both apply.
        mutating func intersect(_ other: Finding) {
            append(other.places)
            if other.rest.rawValue > rest.rawValue { rest = other.rest }
        }

        /// One of them applies.
        mutating func unite(_ other: Finding) {
            append(other.places)
            if other.rest.weightAsAlternative > rest.weightAsAlternative { rest = other.rest }
        }

        private mutating func append(_ others: [JSONValue]) {
            places += others
            guard places.count > SchemaPaths.maximumPlaces else { return }
            places = []
            rest = .unknown
        }
    }

    private let index: SchemaIndex
    /// Whether `#/…` means a place in the schema everywhere.
    private let resolvesReferences: Bool
    private var looks: Int
    /// For the name that is looked for. A schema that is being judged counts as unknown: it refers to itself.
    private var findings: [Int: Finding] = [:]

    init(of index: SchemaIndex, resolvesReferences: Bool) {
        self.index = index
        self.resolvesReferences = resolvesReferences
        looks = Self.minLooks + index.root.rawJSON.count * Self.looksPerByte
    }

    /// Looks for nested fields, from the root down; lists on the way are looked through.
    mutating func find(_ path: [ArraySlice<UInt8>]) -> Answer {
        var schemas = [index.root]
        var isOpen = false
        for name in path {
            findings = [:]
            var sum = Finding(rest: .scalar)
            for schema in schemas { sum.unite(finding(of: name, in: schema, depth: 0)) }
            // Another branch may have what the known ones do not.
            isOpen = isOpen || sum.rest == .open || sum.rest == .unknown
            guard !sum.places.isEmpty else { return isOpen ? .unsure : .lacks }
            schemas = sum.places
        }
        return .has
    }

    private mutating func finding(of name: ArraySlice<UInt8>, in schema: JSONValue, depth: Int) -> Finding {
        looks -= 1
        // True allows everything; false and what is no schema cannot be judged.
        guard schema.kind == .object else { return Finding(rest: schema.bool == true ? .open : .unknown) }
        if let finding = findings[schema.node] { return finding }
        guard depth < Self.maximumDepth, looks > 0 else { return Finding(rest: .unknown) }
        findings[schema.node] = Finding(rest: .unknown)
        let members = SchemaMembers(of: schema)
        looks -= members.count
        var finding = ownFinding(of: name, in: members)
        if let reference = members[.reference] {
            finding.intersect(referred(reference, name, depth))
        }
        for (keyword, value) in members.list {
            guard let branch = branches(keyword, value, name, depth) else { continue }
            finding.intersect(branch)
        }
        findings[schema.node] = finding
        return finding
    }

    /// What the schema itself says, without its branches.
    private mutating func ownFinding(of name: ArraySlice<UInt8>, in members: SchemaMembers) -> Finding {
        let additional = members[.additionalProperties]
        // Names by patterns, or a map: any name may be in it.
        if members[.patternProperties]?.isEmptyContainer == false || additional?.isEmptyContainer == false {
            return Finding(rest: .unknown)
        }
        if members[.dynamicReference] != nil || members[.recursiveReference] != nil {
            return Finding(rest: .unknown)
        }
        if let properties = members[.properties], properties.isEmptyContainer == false {
            let place = member(name, of: properties)
            return Finding(places: place.map { [$0] } ?? [], rest: looks > 0 ? .lacking : .unknown)
        }
        if additional?.bool == false { return Finding(rest: .lacking) }
        let types = members.types
        let mayHaveFields = types.isEmpty || types.contains("object") || types.contains("array")
        return Finding(rest: mayHaveFields ? .open : .scalar)
    }

    private mutating func referred(_ reference: JSONValue, _ name: ArraySlice<UInt8>, _ depth: Int) -> Finding
    {
        guard let text = reference.stringBytes else { return Finding(rest: .unknown) }
        looks -= text.count
        switch SchemaReference(text) {
        case .wellKnown: return Finding(rest: .scalar)
        case .local(let steps):
            guard resolvesReferences, let target = index.value(at: steps) else {
                return Finding(rest: .unknown)
            }
            return finding(of: name, in: target, depth: depth + 1)
        case .unknownWellKnown, .anchor, .otherFile, .url: return Finding(rest: .unknown)
        }
    }

    /// What the schemas under a keyword say; nil for keywords that say nothing about the value's fields.
    private mutating func branches(
        _ keyword: SchemaKeyword,
        _ value: JSONValue,
        _ name: ArraySlice<UInt8>,
        _ depth: Int
    ) -> Finding? {
        switch keyword {
        case .allOf:
            return value.elements.reduce(into: Finding(rest: .open)) {
                $0.intersect(finding(of: name, in: $1, depth: depth + 1))
            }
        case .anyOf, .oneOf, .prefixItems:
            return union(value.elements, name, depth)
        case .items:
            return value.kind == .array
                ? union(value.elements, name, depth) : finding(of: name, in: value, depth: depth + 1)
        case .then, .otherwise:
            // Applies at times.
            return union(CollectionOfOne(value), name, depth, or: .open)
        case .dependencies, .dependentSchemas:
            return union(
                value.members.lazy.map(\.value).filter { $0.kind == .object },
                name,
                depth,
                or: .open
            )
        default:
            return nil
        }
    }

    /// - Parameter rest: what there is where none of the schemas applies.
    private mutating func union(
        _ schemas: some Sequence<JSONValue>,
        _ name: ArraySlice<UInt8>,
        _ depth: Int,
        or rest: Finding.Rest? = nil
    ) -> Finding {
        var sum = Finding(rest: rest ?? .scalar)
        var isEmpty = true
        for schema in schemas {
            isEmpty = false
            sum.unite(finding(of: name, in: schema, depth: depth + 1))
        }
        return isEmpty ? Finding(rest: .open) : sum
    }

    private mutating func member(_ name: ArraySlice<UInt8>, of object: JSONValue) -> JSONValue? {
        var found: JSONValue?
        for (key, value) in object.members {
            looks -= 1
            guard looks > 0 else { return nil }
            if key.isString(utf8: name) { found = value }
        }
        return found
    }
}
