/// The protocol's own types, to which the schemas of catalogs refer: `WellKnownTypes.json#/definitions/String`.
///
/// Source: `well_known_types.yaml` of the Airbyte protocol.
public enum WellKnownType: String, CaseIterable, Hashable, Sendable {
    case string = "String"
    case binaryData = "BinaryData"
    case date = "Date"
    case timestampWithTimezone = "TimestampWithTimezone"
    case timestampWithoutTimezone = "TimestampWithoutTimezone"
    case timeWithTimezone = "TimeWithTimezone"
    case timeWithoutTimezone = "TimeWithoutTimezone"
    case number = "Number"
    case integer = "Integer"
    case boolean = "Boolean"

    /// What stands before the fragment in a reference.
    public static let fileName = "WellKnownTypes.json"

    /// The JSON type of its values. Numbers are strings: they may be larger than JSON's readers can take.
    public var jsonType: String { self == .boolean ? "boolean" : "string" }

    /// What its values look like, as a regular expression; the protocol calls these illustrative. Numbers may also be one
    /// of `specialValues`.
    public var pattern: String? {
        switch self {
        case .string, .boolean: nil
        case .binaryData: #"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"#
        case .date: #"^\d{4}-\d{2}-\d{2}( BC)?$"#
        case .timestampWithTimezone:
            #"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+\-]\d{1,2}:\d{2})( BC)?$"#
        case .timestampWithoutTimezone: #"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?( BC)?$"#
        case .timeWithTimezone: #"^\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+\-]\d{1,2}:\d{2})$"#
        case .timeWithoutTimezone: #"^\d{2}:\d{2}:\d{2}(\.\d+)?$"#
        case .number: #"-?(0|[0-9]\d*)(\.\d+)?"#
        case .integer: #"-?(0|[0-9]\d*)"#
        }
    }

    /// Values that do not look like the pattern.
    public var specialValues: [String] {
        self == .number || self == .integer ? ["Infinity", "-Infinity", "NaN"] : []
    }
}
