/// Writes compact JSON. Commas and colons come by themselves; a sensible sequence of calls is the caller's care.
public struct JSONWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []
    /// Whether a comma has to come before the next key or element.
    private var needsComma = false

    /// A writer with room for `capacity` bytes; it grows when they are used up.
    public init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// The bytes of one object whose members `body` writes.
    public static func object(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        // Most objects fit, and a buffer that grows is copied each time.
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        body(&writer)
        writer.endObject()
        return writer.bytes
    }

    public mutating func beginObject() { open("{") }
    public mutating func endObject() { close("}") }
    public mutating func beginArray() { open("[") }
    public mutating func endArray() { close("]") }

    public mutating func key(_ name: String) {
        separate()
        append(quoted: name.utf8.span)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    public mutating func string(_ value: String) { string(utf8: value.utf8.span) }

    /// A string whose text is given in UTF-8, such as a JSON text that goes into a string as a whole.
    public mutating func string(utf8: [UInt8]) { string(utf8: utf8.span) }

    /// The same, for text that lies in other memory.
    public mutating func string(utf8: Span<UInt8>) {
        separate()
        append(quoted: utf8)
        needsComma = true
    }

    public mutating func int(_ value: some BinaryInteger) { word(String(value)) }

    /// A number as short as it can be told from its neighbours; JSON has none that are not finite.
    public mutating func double(_ value: Double) {
        precondition(value.isFinite, "JSON has no such number")
        word("\(value)")
    }

    public mutating func bool(_ value: Bool) { word(value ? "true" : "false") }
    public mutating func null() { word("null") }

    /// A value that is JSON already.
    public mutating func raw(_ json: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// A value that somebody else writes behind the bytes so far, which are handed over.
    mutating func handOver() -> [UInt8] {
        separate()
        needsComma = true
        defer { bytes = [] }
        return bytes
    }

    /// A value of another document, as it is written there.
    public mutating func value(_ value: JSONValue) { raw(value.rawJSON) }

    private mutating func word(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func open(_ bracket: Unicode.Scalar) {
        separate()
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }

    /// The text as it stands between a string's quotes.
    static func escaped(_ text: [UInt8]) -> [UInt8] {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.count + text.count / 8)
        escaped.append(escapedForJSON: text.span)
        return escaped
    }

    private mutating func append(quoted text: Span<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(escapedForJSON: text)
        bytes.append(UInt8(ascii: "\""))
    }
}

// MARK: - Members of an object

extension JSONWriter {
    /// A member with a string, left out when it is nil.
    public mutating func member(_ name: String, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value)
    }

    /// A member with a whole number, left out when it is nil.
    public mutating func member(_ name: String, _ value: Int64?) {
        guard let value else { return }
        key(name)
        int(value)
    }

    /// A member with a truth value, left out when it is nil.
    public mutating func member(_ name: String, _ value: Bool?) {
        guard let value else { return }
        key(name)
        bool(value)
    }

    /// A member with a value of another document, left out when it is nil.
    public mutating func member(_ name: String, _ value: JSONValue?) {
        guard let value else { return }
        key(name)
        self.value(value)
    }
}
