/// Why a line of a connector's output is no message, for the people who mend the connector.
public struct LineDiagnosis: Hashable, Sendable {
    /// One clause. It can quote a word of the line, in which secrets have to be hidden.
    public var problem: String
    /// The byte of the line where it was noticed, from 0 on; nil where that cannot be said.
    public var offset: Int?

    /// Looks for the reason; nil where the line is a message, or lacks only what its type requires.
    ///
    /// - Parameter line: the whole line, its end left out.
    public init?(of line: [UInt8]) {
        let blank = unsafe MessageSpace.leading(in: line.span.bytes)
        guard blank < line.count else {
            self.init(problem: "the line is blank")
            return
        }
        guard line[blank] == UInt8(ascii: "{") else {
            self.init(problem: "it does not begin with {", offset: blank)
            return
        }
        let text = Array(line[blank...])
        // A repair can change the length; then no byte can be named.
        let isValid = unsafe UTF8Repair.isValid(text.span.bytes)
        do throws(JSONError) {
            let document = try JSONDocument(parsing: text, trailing: .ignored)
            guard let mismatch = SchemaMismatch.first(in: document.root, .message) else { return nil }
            self.init(problem: mismatch.problem, offset: isValid ? blank + mismatch.offset : nil)
        } catch {
            self.init(problem: error.problem, offset: isValid ? blank + error.offset : nil)
        }
        if !isValid { problem += " (and its UTF-8 is broken)" }
    }

    fileprivate init(problem: String, offset: Int? = nil) {
        self.problem = problem
        self.offset = offset
    }
}

/// The first place where a value does not fit into the protocol's schema.
struct SchemaMismatch {
    var problem: String
    /// Of the value, in the document's text.
    var offset: Int

    /// Walks as `CompiledSchema` does, which says only whether a value fits.
    ///
    /// - Parameter path: of the value, as a JSON pointer (RFC 6901).
    static func first(in value: JSONValue, _ schema: ProtocolSchema, path: String = "") -> SchemaMismatch? {
        if CompiledSchema(schema, path: [], needsLists: true).accepts(value) { return nil }
        switch schema {
        case .any: return nil
        case .string: return mismatch(value, path, wanted: "a string")
        case .number: return mismatch(value, path, wanted: "a number")
        case .bool: return mismatch(value, path, wanted: "true or false")
        case .oneOf(let names):
            return mismatch(value, path, wanted: "one of \(names.joined(separator: ", "))")
        case .list(let element):
            guard value.kind == .array else { return mismatch(value, path, wanted: "a list") }
            for (index, inner) in value.elements.enumerated() {
                if let found = first(in: inner, element, path: "\(path)/\(index)") { return found }
            }
        case .object(let members):
            guard value.kind == .object else { return mismatch(value, path, wanted: "an object") }
            for (key, inner) in value.members {
                guard let known = members.first(where: { key.isString($0.name) }) else { continue }
                if let found = first(in: inner, known.schema, path: "\(path)/\(known.name)") { return found }
            }
        }
        return nil
    }

    private static func mismatch(_ value: JSONValue, _ path: String, wanted: String) -> SchemaMismatch {
        SchemaMismatch(
            problem: "\(path.isEmpty ? "the value" : path) is \(name(value)), not \(wanted)",
            offset: value.rawJSON.startIndex
        )
    }

    /// A longer word is not quoted, in bytes.
    private static let maxQuotedWord = 40

    private static func name(_ value: JSONValue) -> String {
        switch value.kind {
        case .object: "an object"
        case .array: "a list"
        case .string where value.rawJSON.count <= maxQuotedWord:
            String(decoding: value.rawJSON, as: UTF8.self)
        case .string: "another text"
        case .number: "a number"
        case .bool: "true or false"
        case .null: "null"
        }
    }
}

/// Looks for the reason in a line that is too long to be held.
public struct LongLineDiagnosis {
    private var scanner = JSONScanner(handler: MessageScanner())
    private var length: UInt64 = 0

    public init() {}

    /// Takes the line's next bytes.
    public mutating func append(_ bytes: RawSpan) {
        scanner.scan(bytes, at: length)
        length += UInt64(bytes.byteCount)
    }

    /// Ends the line; nil where it begins with a message, or lacks only what its type requires.
    public mutating func finish() -> LineDiagnosis? {
        let isOpen = scanner.status == .open
        scanner.finish(at: length)
        if scanner.isRefused { return LineDiagnosis(problem: "it does not begin with {, or is too long") }
        switch scanner.status {
        case .complete where scanner.handler.isFlawed:
            return LineDiagnosis(problem: "a member has a type that the protocol does not have there")
        case .complete: return nil
        case .open, .invalid:
            return LineDiagnosis(
                problem: isOpen ? "the line ends within a value" : "it is no JSON from this byte on",
                offset: Int(clamping: scanner.end)
            )
        }
    }
}
