import Glibc

/// Which types of message a line names in quotes: what tells a broken result from any other line that is no message.
///
/// Only the types that matter there are looked for: results and traces.
public struct NamedTypes: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public static let spec = NamedTypes(rawValue: 1 << 0)
    public static let connectionStatus = NamedTypes(rawValue: 1 << 1)
    public static let catalog = NamedTypes(rawValue: 1 << 2)
    public static let destinationCatalog = NamedTypes(rawValue: 1 << 3)
    public static let trace = NamedTypes(rawValue: 1 << 4)

    private static let names: [(name: StaticString, type: NamedTypes)] = [
        ("CATALOG", .catalog), ("CONNECTION_STATUS", .connectionStatus), ("SPEC", .spec),
        ("DESTINATION_CATALOG", .destinationCatalog), ("TRACE", .trace),
    ]

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public init(_ type: MessageType) {
        switch type {
        case .spec: self = .spec
        case .connectionStatus: self = .connectionStatus
        case .catalog: self = .catalog
        case .destinationCatalog: self = .destinationCatalog
        case .trace: self = .trace
        case .log, .record, .state, .control: self = []
        }
    }

    /// The types that a line names. Python's single quotes count, and so does a name with which the line ends, since a
    /// line can be cut off.
    init(in line: RawSpan) {
        var found: NamedTypes = []
        unsafe line.withUnsafeBytes { line in
            for quote in [UInt8(ascii: "\""), UInt8(ascii: "'")] {
                var position = 0
                while let base = line.baseAddress, position < line.count,
                    let next = unsafe memchr(base + position, Int32(quote), line.count - position)
                {
                    position = unsafe UnsafeRawPointer(next) - base + 1
                    unsafe found.formUnion(Self.name(at: position, of: line))
                }
            }
        }
        self = found
    }

    /// The type whose name stands there, with the end of a quotation or of the line behind it.
    private static func name(at position: Int, of line: UnsafeRawBufferPointer) -> NamedTypes {
        for (name, type) in names {
            let end = position + name.utf8CodeUnitCount
            guard let base = line.baseAddress, end <= line.count,
                unsafe memcmp(base + position, name.utf8Start, name.utf8CodeUnitCount) == 0
            else { continue }
            // A backslash belongs to a quotation mark that is escaped.
            if end == line.count { return type }
            return unsafe [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\")].contains(line[end])
                ? type : []
        }
        return []
    }
}
