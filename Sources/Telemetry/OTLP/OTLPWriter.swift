import AirbyteProtocol

/// Writes the fields of OTLP's messages, in protobuf or in JSON.
///
/// Each field is given with its number and with its name in JSON. What is called is written: a field with its default
/// value is the caller's to leave out. In JSON, ids are in hexadecimal, 64-bit integers are strings, and enumerations are
/// numbers (OTLP 1.9, "JSON Protobuf Encoding").
struct OTLPWriter {
    let encoding: OTLPSettings.Encoding
    /// One of the two is used.
    private var protobuf = ProtobufWriter()
    private var json = JSONWriter()

    init(_ encoding: OTLPSettings.Encoding) {
        self.encoding = encoding
    }

    /// One message.
    static func message(_ encoding: OTLPSettings.Encoding, _ body: (inout OTLPWriter) -> Void) -> [UInt8] {
        var writer = OTLPWriter(encoding)
        if encoding == .json { writer.json.beginObject() }
        body(&writer)
        if encoding == .json { writer.json.endObject() }
        return writer.bytes
    }

    var bytes: [UInt8] { encoding == .protobuf ? protobuf.bytes : json.bytes }
    var count: Int { encoding == .protobuf ? protobuf.bytes.count : json.bytes.count }

    mutating func string(_ field: Int, _ name: String, _ value: String) {
        string(field, name, value.utf8.span)
    }

    mutating func string(_ field: Int, _ name: String, _ utf8: Span<UInt8>) {
        switch encoding {
        case .protobuf: protobuf.bytes(field, utf8)
        case .json:
            json.key(name)
            json.string(utf8: utf8)
        }
    }

    mutating func bool(_ field: Int, _ name: String, _ value: Bool) {
        switch encoding {
        case .protobuf: protobuf.varint(field, value ? 1 : 0)
        case .json:
            json.key(name)
            json.bool(value)
        }
    }

    mutating func int64(_ field: Int, _ name: String, _ value: Int64) {
        switch encoding {
        case .protobuf: protobuf.varint(field, UInt64(bitPattern: value))
        case .json:
            json.key(name)
            json.string(String(value))
        }
    }

    mutating func enumeration(_ field: Int, _ name: String, _ value: Int) {
        switch encoding {
        case .protobuf: protobuf.varint(field, UInt64(value))
        case .json:
            json.key(name)
            json.int(value)
        }
    }

    mutating func fixed64(_ field: Int, _ name: String, _ value: UInt64) {
        switch encoding {
        case .protobuf: protobuf.fixed64(field, value)
        case .json:
            json.key(name)
            json.string(String(value))
        }
    }

    /// - Parameter value: finite.
    mutating func double(_ field: Int, _ name: String, _ value: Double) {
        switch encoding {
        case .protobuf: protobuf.fixed64(field, value.bitPattern)
        case .json:
            json.key(name)
            json.double(value)
        }
    }

    /// An id of 16 bytes, or of the lower 8.
    mutating func id(_ field: Int, _ name: String, high: UInt64? = nil, _ low: UInt64) {
        switch encoding {
        case .protobuf:
            protobuf.beginBytes(field, count: high == nil ? 8 : 16)
            if let high { protobuf.append(bigEndian: high) }
            protobuf.append(bigEndian: low)
        case .json:
            var digits: [UInt8] = []
            for word in [high, low] {
                guard let word else { continue }
                for shift in stride(from: UInt64(60), through: 0, by: -4) {
                    let digit = UInt8(word >> shift & 0xF)
                    digits.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                }
            }
            json.key(name)
            json.string(utf8: digits.span)
        }
    }

    /// A repeated field of numbers.
    mutating func fixed64s(_ field: Int, _ name: String, _ values: [UInt64]) {
        switch encoding {
        case .protobuf:
            protobuf.beginBytes(field, count: 8 * values.count)
            for value in values { protobuf.append(littleEndian: value) }
        case .json:
            json.key(name)
            json.beginArray()
            for value in values { json.string(String(value)) }
            json.endArray()
        }
    }

    /// A repeated field of finite numbers.
    mutating func doubles(_ field: Int, _ name: String, _ values: [Double]) {
        switch encoding {
        case .protobuf:
            protobuf.beginBytes(field, count: 8 * values.count)
            for value in values { protobuf.append(littleEndian: value.bitPattern) }
        case .json:
            json.key(name)
            json.beginArray()
            for value in values { json.double(value) }
            json.endArray()
        }
    }

    mutating func message(_ field: Int, _ name: String, _ body: (inout OTLPWriter) -> Void) {
        let start = beginMessage(field, name)
        body(&self)
        endMessage(start)
    }

    /// One message of a repeated field.
    mutating func element(_ field: Int, _ body: (inout OTLPWriter) -> Void) {
        let start = beginElement(field)
        body(&self)
        endMessage(start)
    }

    /// A repeated field of messages: one for each element. Without elements the field is left out.
    mutating func messages<Element>(
        _ field: Int,
        _ name: String,
        _ elements: [Element],
        _ body: (inout OTLPWriter, Element) -> Void
    ) {
        guard !elements.isEmpty else { return }
        beginList(name)
        for element in elements { self.element(field) { body(&$0, element) } }
        endList()
    }

    /// A repeated field with one message.
    mutating func single(_ field: Int, _ name: String, _ body: (inout OTLPWriter) -> Void) {
        beginList(name)
        element(field, body)
        endList()
    }

    /// A repeated field of messages that other writers have written with `element`.
    mutating func elements(_ name: String, _ elements: OTLPWriter) {
        switch encoding {
        case .protobuf: protobuf.append(fields: elements.protobuf.bytes)
        case .json:
            beginList(name)
            json.raw(elements.json.bytes)
            endList()
        }
    }

    /// Begins what `endMessage` ends: for contents that no closure can capture.
    mutating func beginMessage(_ field: Int, _ name: String) -> ProtobufWriter.MessageStart {
        if encoding == .json { json.key(name) }
        return beginElement(field)
    }

    mutating func beginElement(_ field: Int) -> ProtobufWriter.MessageStart {
        if encoding == .protobuf { return protobuf.beginMessage(field) }
        json.beginObject()
        return 0
    }

    mutating func endMessage(_ start: ProtobufWriter.MessageStart) {
        switch encoding {
        case .protobuf: protobuf.endMessage(start)
        case .json: json.endObject()
        }
    }

    private mutating func beginList(_ name: String) {
        guard encoding == .json else { return }
        json.key(name)
        json.beginArray()
    }

    private mutating func endList() {
        if encoding == .json { json.endArray() }
    }
}
