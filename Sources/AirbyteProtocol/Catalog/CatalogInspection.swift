/// What is odd about a catalog: things that its readers will stumble over later. None of them is a failure.
///
/// Judges only what is certain. The time is in proportion to the catalog's length, whatever is in it.
public struct CatalogInspection: Equatable, Sendable {
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        /// A name that is missing, empty or all white space.
        case emptyName = "empty_name"
        /// Two streams of one name and namespace; two operations of one object and sync mode.
        case duplicateName = "duplicate_name"
        /// A reference into `WellKnownTypes.json` that leads nowhere.
        case unknownWellKnownType = "unknown_well_known_type"
        /// A `type` beside a reference to a well-known type that is another one.
        case contradictedType = "contradicted_type"
        /// A reference that leads nowhere within the schema, or to a file that its readers do not have.
        case unresolvedReference = "unresolved_reference"
        /// A `source_defined_primary_key` that the schema does not have.
        case missingPrimaryKey = "missing_primary_key"
        /// A `default_cursor_field` that the schema does not have.
        case missingCursorField = "missing_cursor_field"
        /// A destination's `matching_keys` that the schema does not have.
        case missingMatchingKey = "missing_matching_key"
        /// No schema at all: an empty one is sent.
        case missingSchema = "missing_schema"
        /// A schema of nothing but the columns that Airbyte's file CDK puts in where it has found no file.
        case placeholderSchema = "placeholder_schema"
    }

    public struct Finding: Hashable, Sendable {
        public var kind: Kind
        /// The stream's or operation's place in the catalog, from 1 on.
        public var number: Int
        /// The stream's or operation's name; nil where there is none, or it is too long to be shown.
        public var name: String?
        public var namespace: String?
        /// One line for people, the stream's name in it. What comes from the catalog is quoted, control characters
        /// escaped, and never in part: secrets can still be found in it.
        public var text: String
    }

    /// The most findings that are kept: nobody reads more lines about one catalog, and one mistake of a connector is often in
    /// all of its streams.
    public static let maximumFindings = 100

    /// The first findings, in the catalog's order.
    public private(set) var findings: [Finding] = []
    /// How many there are of each kind, all counted; kinds without any are left out.
    public private(set) var counts: [Kind: Int] = [:]
    public var total: Int { counts.values.reduce(0, +) }

    /// Inspects a source's catalog as the protocol has it.
    public init(sourceCatalog catalog: JSONValue) {
        var inspector = CatalogInspector()
        for stream in catalog.list("streams") { inspector.inspect(stream: stream) }
        self = inspector.result
    }

    /// Inspects a destination's catalog as the protocol has it.
    public init(destinationCatalog catalog: JSONValue) {
        var inspector = CatalogInspector()
        for operation in catalog.list("operations") { inspector.inspect(operation: operation) }
        self = inspector.result
    }

    /// Nothing found yet.
    init() {}

    /// Counts a finding, and keeps it if there is room.
    mutating func note(_ kind: Kind, _ finding: @autoclosure () -> Finding) {
        counts[kind, default: 0] += 1
        if findings.count < Self.maximumFindings { findings.append(finding()) }
    }
}
