/// What a message of protobuf may hold, in order to check the bytes of one.
indirect enum ProtobufShape {
    case message([Int: ProtobufShape])
    case text
    case bytes(count: Int)
    case varint
    case fixed64
    /// Numbers of 64 bits, one after the other.
    case packed

    /// Checks a message against the shape; returns how many messages stand at a path of field numbers.
    static func check(_ bytes: ArraySlice<UInt8>, _ shape: ProtobufShape, counting path: ArraySlice<Int>)
        throws -> Int
    {
        guard case .message(let fields) = shape else { throw Violation(description: "no message") }
        var rest = bytes
        var count = path.isEmpty ? 1 : 0
        while !rest.isEmpty {
            let tag = try varint(&rest)
            let number = Int(tag >> 3)
            guard let field = fields[number] else {
                throw Violation(description: "field \(number) is not known")
            }
            switch field {
            case .varint:
                try require(tag & 7 == 0, "field \(number) is no varint")
                _ = try varint(&rest)
            case .fixed64:
                try require(tag & 7 == 1 && rest.count >= 8, "field \(number) is no fixed64")
                rest = rest.dropFirst(8)
            case .message, .text, .bytes, .packed:
                try require(tag & 7 == 2, "field \(number) has no length")
                let length = try varint(&rest)
                try require(length <= UInt64(rest.count), "field \(number) ends behind its message")
                let content = rest.prefix(Int(length))
                rest = rest.dropFirst(Int(length))
                switch field {
                case .message:
                    let isCounted = path.first == number
                    let inner = try check(content, field, counting: isCounted ? path.dropFirst() : [-1])
                    count += inner
                case .text:
                    try require(String(validating: content, as: UTF8.self) != nil, "a text is not UTF-8")
                case .bytes(let wanted):
                    try require(content.count == wanted, "an id of \(content.count) bytes")
                default: try require(content.count % 8 == 0, "\(content.count) bytes of numbers")
                }
            }
        }
        return count
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) throws(Violation) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw Violation(description: "a varint has no end") }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw Violation(description: "a varint is too long")
    }

    // MARK: opentelemetry-proto 1.9

    static func request(_ item: ProtobufShape) -> ProtobufShape {
        let scope = ProtobufShape.message([1: .message([1: .text]), 2: item])
        return .message([1: .message([1: .message([1: attribute]), 2: scope])])
    }

    private static let value = ProtobufShape.message([1: .text, 2: .varint, 3: .varint, 4: .fixed64])
    private static let attribute = ProtobufShape.message([1: .text, 2: value])
    private static let number = ProtobufShape.message([2: .fixed64, 3: .fixed64, 4: .fixed64, 7: attribute])
    private static let histogram = ProtobufShape.message([
        2: .fixed64, 3: .fixed64, 4: .fixed64, 5: .fixed64, 6: .packed, 7: .packed, 9: attribute,
        11: .fixed64,
        12: .fixed64,
    ])

    static let span = ProtobufShape.message([
        1: .bytes(count: 16), 2: .bytes(count: 8), 4: .bytes(count: 8), 5: .text, 6: .varint, 7: .fixed64,
        8: .fixed64,
        9: attribute, 15: .message([2: .text, 3: .varint]),
    ])
    static let logRecord = ProtobufShape.message([
        1: .fixed64, 2: .varint, 3: .text, 5: value, 6: attribute, 9: .bytes(count: 16), 10: .bytes(count: 8),
        11: .fixed64,
    ])
    static let metric = ProtobufShape.message([
        1: .text, 2: .text, 3: .text, 5: .message([1: number]),
        7: .message([1: number, 2: .varint, 3: .varint]),
        9: .message([1: histogram, 2: .varint]),
    ])
}
