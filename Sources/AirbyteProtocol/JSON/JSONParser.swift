import CSimdjson

/// Parses texts one after the other in memory that it keeps; for one text, see `JSONDocument.init(parsing:)`.
@safe
public final class JSONParser {
    private let parser: OpaquePointer

    /// - Parameter opaqueKeys: names of members whose objects and arrays are validated, but indexed only when they are
    ///   looked into. They are compared with keys as they stand in the text: one with escapes does not match.
    public init(opaqueKeys: [String] = []) {
        // The C side takes a run of zero-terminated names that an empty one ends.
        let names: [CChar] = opaqueKeys.flatMap { $0.utf8.map { CChar(bitPattern: $0) } + [0] } + [0]
        guard let parser = unsafe csimdjson_create(names) else {
            fatalError("out of memory")
        }
        unsafe self.parser = parser
    }

    deinit {
        unsafe csimdjson_destroy(parser)
    }

    /// Parses a text after repairing its UTF-8.
    public func parse(
        _ bytes: [UInt8],
        trailing: JSONDocument.Trailing = .rejected
    ) throws(JSONError) -> JSONDocument {
        unsafe try parse(bytes.span.bytes, trailing: trailing)
    }

    /// Parses a copy of a text after repairing its UTF-8 and replacing escaped surrogates without partners.
    public func parse(
        _ bytes: RawSpan,
        trailing: JSONDocument.Trailing = .rejected
    ) throws(JSONError) -> JSONDocument {
        let padding = Int(CSIMDJSON_PADDING)
        var text = UTF8Repair.text(of: bytes, padding: padding)
        LoneSurrogates.replace(in: &text, count: text.count - padding)
        var code: Int32 = 0
        var errorOffset = 0
        let nodes = unsafe text.withUnsafeBufferPointer { text -> [CSimdjsonNode] in
            var list: UnsafePointer<CSimdjsonNode>?
            var count = 0
            unsafe code = csimdjson_parse(
                parser,
                text.baseAddress,
                text.count - padding,
                trailing == .ignored,
                &list,
                &count,
                &errorOffset
            )
            return unsafe Array(UnsafeBufferPointer(start: list, count: count))
        }
        unsafe csimdjson_trim(parser)
        if code != 0 {
            throw JSONError(JSONError.Reason(code: code), offset: errorOffset)
        }
        return JSONDocument(storage: JSONStorage(text: text, nodes: nodes))
    }
}
