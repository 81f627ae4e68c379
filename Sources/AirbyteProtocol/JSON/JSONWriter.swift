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

    public mutating func string(_ value: String) {
        separate()
        append(quoted: value.utf8.span)
        needsComma = true
    }

    /// A string whose text is given in UTF-8, such as a JSON text that goes into a string as a whole.
    public mutating func string(utf8: [UInt8]) {
        separate()
        append(quoted: utf8.span)
        needsComma = true
    }

    public mutating func int(_ value: some BinaryInteger) { word(String(value)) }
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
        var writer = JSONWriter(capacity: text.count + text.count / 8)
        writer.append(escaped: text.span)
        return writer.bytes
    }

    private mutating func append(quoted text: Span<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        append(escaped: text)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A longer text is measured first, in bytes: a buffer that grows takes up to three times as much for a while.
    private static let maxUnmeasured = 64 * 1_024

    /// How many bytes a text has when it is escaped.
    private static func escapedLength(of text: Span<UInt8>) -> Int {
        var length = text.count
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x08, 0x09, 0x0A, 0x0C, 0x0D: length &+= 1
            case 0..<0x20: length &+= 5
            default: break
            }
        }
        return length
    }

    private mutating func append(escaped text: Span<UInt8>) {
        if text.count > Self.maxUnmeasured { return append(escapedLong: text) }
        var start = 0
        while start < text.count {
            // What needs no escape goes in at once: every event of the job's log comes by here.
            let end = unsafe EscapeFinder.first(in: text.bytes, from: start)
            unsafe text.extracting(start..<end).withUnsafeBufferPointer {
                unsafe bytes.append(contentsOf: $0)
            }
            if end < text.count { append(escaping: text[end]) }
            start = end + 1
        }
    }

    private mutating func append(escapedLong text: Span<UInt8>) {
        let start = bytes.count
        let length = Self.escapedLength(of: text)
        // Some more for what follows.
        bytes.reserveCapacity(start + length + 1_024)
        bytes.append(contentsOf: repeatElement(0, count: length))
        unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            var index = start
            for source in text.indices {
                let byte = text[source]
                guard EscapeFinder.isEscaped(byte) else {
                    unsafe bytes[index] = byte
                    index &+= 1
                    continue
                }
                unsafe bytes[index] = UInt8(ascii: "\\")
                if let letter = Self.letter(escaping: byte) {
                    unsafe bytes[index &+ 1] = letter
                    index &+= 2
                } else {
                    unsafe bytes[index &+ 1] = UInt8(ascii: "u")
                    unsafe bytes[index &+ 2] = UInt8(ascii: "0")
                    unsafe bytes[index &+ 3] = UInt8(ascii: "0")
                    unsafe bytes[index &+ 4] = Self.hexDigits[Int(byte >> 4)]
                    unsafe bytes[index &+ 5] = Self.hexDigits[Int(byte & 15)]
                    index &+= 6
                }
            }
        }
    }

    private mutating func append(escaping byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        if let letter = Self.letter(escaping: byte) {
            bytes.append(letter)
        } else {
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(Self.hexDigits[Int(byte >> 4)])
            bytes.append(Self.hexDigits[Int(byte & 15)])
        }
    }

    /// What follows the backslash; nil where the byte has no short escape.
    private static func letter(escaping byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
        case 0x08: UInt8(ascii: "b")
        case 0x09: UInt8(ascii: "t")
        case 0x0A: UInt8(ascii: "n")
        case 0x0C: UInt8(ascii: "f")
        case 0x0D: UInt8(ascii: "r")
        default: nil
        }
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
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
