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
            guard let base = line.baseAddress else { return }
            var position = 0
            // All names have this letter; most lines that are not messages lack it.
            while position < line.count,
                let next = unsafe memchr(base + position, Int32(UInt8(ascii: "C")), line.count - position)
            {
                let letter = unsafe UnsafeRawPointer(next) - base
                unsafe found.formUnion(Self.names(around: letter, in: line))
                position = letter + 1
            }
        }
        self = found
    }

    /// The name whose first C stands there.
    private static func names(around letter: Int, in line: UnsafeRawBufferPointer) -> NamedTypes {
        var found: NamedTypes = []
        if unsafe isQuoted("CATALOG", at: letter, in: line) { found.insert(.catalog) }
        if unsafe isQuoted("CONNECTION_STATUS", at: letter, in: line) { found.insert(.connectionStatus) }
        if unsafe isQuoted("SPEC", at: letter - 3, in: line) { found.insert(.spec) }
        if unsafe isQuoted("TRACE", at: letter - 3, in: line) { found.insert(.trace) }
        if unsafe isQuoted("DESTINATION_CATALOG", at: letter - 12, in: line) {
            found.insert(.destinationCatalog)
        }
        return found
    }

    /// Whether a name stands there behind a quotation mark, with another one or the end of the line behind it.
    private static func isQuoted(_ name: StaticString, at start: Int, in line: UnsafeRawBufferPointer) -> Bool
    {
        let end = start + name.utf8CodeUnitCount
        guard let base = line.baseAddress, start > 0, end <= line.count,
            unsafe isQuotationMark(line[start - 1]),
            unsafe memcmp(base + start, name.utf8Start, name.utf8CodeUnitCount) == 0
        else { return false }
        // A backslash belongs to a quotation mark that is escaped.
        return unsafe end == line.count || isQuotationMark(line[end]) || line[end] == UInt8(ascii: "\\")
    }

    private static func isQuotationMark(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }
}
