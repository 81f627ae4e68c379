import AirbyteProtocol
import HTTP
import Text

/// What a receiver's answer says besides its status (OTLP 1.9, "OTLP/HTTP Response").
enum OTLPAnswer {
    /// A success that is not a whole one.
    struct PartialSuccess: Equatable {
        /// How many items were refused.
        var rejected: Int
        /// Why, in the receiver's words; may be empty.
        var message: String
    }

    /// So much of a receiver's words is told at most, in bytes.
    private static let maxQuote = 300

    /// Nil where everything was taken. What cannot be read says nothing: the status has said that all is well.
    static func partialSuccess(in response: HTTPResponse) -> PartialSuccess? {
        guard !response.body.isEmpty else { return nil }
        let found =
            isJSON(response) ? partialSuccess(json: response.body) : partialSuccess(protobuf: response.body)
        guard var found, found.rejected > 0 || !found.message.isEmpty else { return nil }
        found.message = quote(found.message)
        return found
    }

    /// What a refusal is about: the status, and what the answer gives as the reason.
    ///
    /// - Parameter secrets: an answer that repeats one of them is not quoted.
    static func refusal(_ response: HTTPResponse, secrets: [String]) -> String {
        let isBinary = response.mediaType == "application/x-protobuf"
        // google.rpc.Status: the message is its second field.
        let reason = isBinary ? ProtobufReader.fields(of: response.body).bytes(2).map(text) ?? "" : ""
        let summary = response.summary(quotingBody: !isBinary) + (reason.isEmpty ? "" : ": \(quote(reason))")
        return secrets.contains { summary.contains($0) } ? "\(response.status)" : summary
    }

    private static func isJSON(_ response: HTTPResponse) -> Bool {
        if let mediaType = response.mediaType, mediaType.hasSuffix("protobuf") { return false }
        // No message of protobuf begins like that: it would be a field that does not exist.
        return response.body.first { $0 > 0x20 } == UInt8(ascii: "{")
    }

    private static func partialSuccess(json body: [UInt8]) -> PartialSuccess? {
        guard let root = try? JSONDocument(parsing: body).root, let found = root[member: "partialSuccess"]
        else {
            return nil
        }
        let counts = ["rejectedDataPoints", "rejectedSpans", "rejectedLogRecords"].compactMap { name in
            found[member: name].flatMap { $0.int64 ?? $0.string.flatMap { Int64($0) } }
        }
        return PartialSuccess(
            rejected: Int(max(0, counts.first ?? 0)),
            message: found[member: "errorMessage"]?.string ?? ""
        )
    }

    private static func partialSuccess(protobuf body: [UInt8]) -> PartialSuccess? {
        guard let found = ProtobufReader.fields(of: body).bytes(1) else { return nil }
        let fields = ProtobufReader.fields(of: found)
        return PartialSuccess(
            rejected: Int(max(0, Int64(bitPattern: fields.varint(1) ?? 0))),
            message: fields.bytes(2).map(text) ?? ""
        )
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func quote(_ text: String) -> String {
        text.cut(toUTF8: maxQuote).escapingControlCharacters()
    }
}

/// Reads the binary form of Protocol Buffers, as far as short answers need it.
struct ProtobufReader {
    enum Value: Equatable {
        case varint(UInt64)
        case bytes([UInt8])
    }

    private var values: [(field: Int, value: Value)] = []

    /// The fields up to what cannot be read; numbers of 32 and 64 bits are left out.
    static func fields(of bytes: [UInt8]) -> ProtobufReader {
        var reader = ProtobufReader()
        var rest = bytes[...]
        while let tag = varint(&rest) {
            let field = Int(truncatingIfNeeded: tag >> 3)
            switch tag & 7 {
            case 0:
                guard let value = varint(&rest) else { return reader }
                reader.values.append((field, .varint(value)))
            case 1: rest = rest.dropFirst(8)
            case 2:
                guard let count = varint(&rest), count <= UInt64(rest.count) else { return reader }
                reader.values.append((field, .bytes(Array(rest.prefix(Int(count))))))
                rest = rest.dropFirst(Int(count))
            case 5: rest = rest.dropFirst(4)
            default: return reader
            }
        }
        return reader
    }

    /// The last value of a field of that shape.
    func varint(_ field: Int) -> UInt64? {
        for case (field, .varint(let value)) in values.reversed() { return value }
        return nil
    }

    func bytes(_ field: Int) -> [UInt8]? {
        for case (field, .bytes(let value)) in values.reversed() { return value }
        return nil
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
