import CSimdjson

/// A value within a JSON document, which it keeps in memory.
public struct JSONValue: Sendable {
    public enum Kind: Hashable, Sendable {
        case object
        case array
        case string
        case number
        case bool
        case null
    }

    let storage: JSONStorage
    /// The index of the value's node.
    let node: Int

    init(storage: JSONStorage, node: Int) {
        self.storage = storage
        self.node = node
    }

    /// A copy of an object that is known to be valid, repaired as a parser does. Its members are indexed only when it is
    /// looked into.
    init(validObject text: RawSpan, isEmpty: Bool) {
        let padding = Int(CSIMDJSON_PADDING)
        var text = UTF8Repair.text(of: text, padding: padding)
        LoneSurrogates.replace(in: &text, count: text.count - padding)
        let flags = CSIMDJSON_IS_OPAQUE.rawValue | (isEmpty ? CSIMDJSON_IS_EMPTY.rawValue : 0)
        let node = CSimdjsonNode(
            start: 0,
            end: UInt32(text.count - padding),
            next: 1,
            kind: UInt8(CSIMDJSON_OBJECT.rawValue),
            flags: UInt8(flags),
            unused: 0
        )
        self.init(storage: JSONStorage(text: text, nodes: [node]), node: 0)
    }

    private var entry: CSimdjsonNode { storage.nodes[node] }

    private func has(_ flag: CSimdjsonFlag) -> Bool {
        UInt32(entry.flags) & flag.rawValue != 0
    }

    public var kind: Kind {
        switch UInt32(entry.kind) {
        case CSIMDJSON_OBJECT.rawValue: .object
        case CSIMDJSON_ARRAY.rawValue: .array
        case CSIMDJSON_STRING.rawValue: .string
        case CSIMDJSON_NUMBER_VALUE.rawValue: .number
        case CSIMDJSON_NULL.rawValue: .null
        default: .bool
        }
    }

    /// The value's text as it stands in the document (repaired: its UTF-8, and
    /// `?` for escaped surrogates without partners), white space around it left out.
    public var rawJSON: ArraySlice<UInt8> { storage.text[Int(entry.start)..<Int(entry.end)] }

    public var isNull: Bool { kind == .null }

    public var bool: Bool? {
        switch UInt32(entry.kind) {
        case CSIMDJSON_TRUE.rawValue: true
        case CSIMDJSON_FALSE.rawValue: false
        default: nil
        }
    }

    /// A string's text; an escaped surrogate that has no partner reads as `?`.
    public var string: String? {
        guard let content = stringContent else { return nil }
        if !has(CSIMDJSON_HAS_ESCAPES) { return String(decoding: content, as: UTF8.self) }
        return JSONStringEscapes.string(content)
    }

    /// A number that is whole and fits, however it is written: 100, 1e2, 100.0.
    public var int64: Int64? {
        kind == .number ? JSONDecimal(rawJSON)?.int64 : nil
    }

    /// The nearest floating-point number; infinity where there is none.
    public var double: Double? {
        kind == .number ? Double(String(decoding: rawJSON, as: UTF8.self)) : nil
    }

    /// Whether an object or array has no members; nil for other values.
    public var isEmptyContainer: Bool? {
        kind == .object || kind == .array ? has(CSIMDJSON_IS_EMPTY) : nil
    }

    /// The bytes between a string's quotes, escapes and all.
    var stringContent: ArraySlice<UInt8>? {
        kind == .string ? rawJSON.dropFirst().dropLast() : nil
    }

    /// A string's text in UTF-8.
    var stringBytes: ArraySlice<UInt8>? {
        guard let content = stringContent else { return nil }
        return has(CSIMDJSON_HAS_ESCAPES) ? JSONStringEscapes.decoded(content)[...] : content
    }

    /// The same value with its members in the index.
    private var expanded: JSONValue {
        guard has(CSIMDJSON_IS_OPAQUE) else { return self }
        guard let document = try? (unsafe JSONParser().parse(rawJSON.span.bytes)) else {
            preconditionFailure("a value that was valid within its document is not valid alone")
        }
        return document.root
    }
}

// MARK: - Members

extension JSONValue {
    /// An object's members in the text's order, duplicates included; nothing for all other values.
    public var members: Members { Members(of: kind == .object ? expanded : nil) }

    /// Whether it has more members or elements than that, at any depth. They are not looked at: commas and colons are
    /// counted, those in texts too. To tell what can be looked into without much time and memory.
    public func mayHaveMore(than limit: Int) -> Bool {
        var count = 0
        for byte in rawJSON where byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":") {
            count += 1
            if count > limit { return true }
        }
        return false
    }

    /// An array's elements; nothing for all other values.
    public var elements: Elements { Elements(of: kind == .array ? expanded : nil) }

    /// The member of that name: of duplicates, the last. Names are compared scalar by scalar.
    public subscript(member name: String) -> JSONValue? {
        guard kind == .object else { return nil }
        let object = expanded
        let storage = object.storage
        let name = name.utf8.span
        var found: Int?
        var key = object.node + 1
        let end = Int(object.entry.next)
        // By index, since every value that is made on the way would count references to the storage.
        while key < end {
            if storage.isString(key, name) { found = key + 1 }
            key = Int(storage.nodes[key + 1].next)
        }
        return found.map { JSONValue(storage: storage, node: $0) }
    }

    /// Whether this is a string of exactly these scalars.
    func isString(_ text: String) -> Bool { storage.isString(node, text.utf8.span) }

    /// Whether this is a string of exactly these bytes.
    func isString(utf8 text: ArraySlice<UInt8>) -> Bool { storage.isString(node, text.span) }

    /// The pairs of an object.
    public struct Members: Sequence, IteratorProtocol {
        private let storage: JSONStorage?
        private var position: Int
        private let end: Int

        fileprivate init(of value: JSONValue?) {
            storage = value?.storage
            position = (value?.node ?? 0) + 1
            end = value.map { Int($0.entry.next) } ?? 0
        }

        public mutating func next() -> (key: JSONValue, value: JSONValue)? {
            guard let storage, position < end else { return nil }
            let key = JSONValue(storage: storage, node: position)
            let value = JSONValue(storage: storage, node: position + 1)
            position = Int(value.entry.next)
            return (key, value)
        }
    }

    /// The elements of an array.
    public struct Elements: Sequence, IteratorProtocol {
        private let storage: JSONStorage?
        private var position: Int
        private let end: Int

        fileprivate init(of value: JSONValue?) {
            storage = value?.storage
            position = (value?.node ?? 0) + 1
            end = value.map { Int($0.entry.next) } ?? 0
        }

        public mutating func next() -> JSONValue? {
            guard let storage, position < end else { return nil }
            let element = JSONValue(storage: storage, node: position)
            position = Int(element.entry.next)
            return element
        }
    }
}
