import Text

/// Writes the binary form of Protocol Buffers, as far as OTLP needs it: varints, 64-bit numbers, and what has a length.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// Where the contents of a message begin.
    typealias MessageStart = Int

    private enum Shape: UInt64 {
        case varint = 0
        case fixed64 = 1
        case counted = 2
    }

    mutating func varint(_ field: Int, _ value: UInt64) {
        tag(field, .varint)
        append(varint: value)
    }

    mutating func fixed64(_ field: Int, _ value: UInt64) {
        tag(field, .fixed64)
        append(littleEndian: value)
    }

    /// Strings as well, in UTF-8.
    mutating func bytes(_ field: Int, _ value: Span<UInt8>) {
        beginBytes(field, count: value.count)
        bytes.append(value)
    }

    /// Announces bytes, which the caller appends.
    mutating func beginBytes(_ field: Int, count: Int) {
        tag(field, .counted)
        append(varint: UInt64(count))
    }

    mutating func append(bigEndian value: UInt64) { append(littleEndian: value.byteSwapped) }

    mutating func append(littleEndian value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Begins a message within the present one.
    mutating func beginMessage(_ field: Int) -> MessageStart {
        tag(field, .counted)
        // Most messages are short, and their length has one byte.
        bytes.append(0)
        return bytes.count
    }

    mutating func endMessage(_ start: MessageStart) {
        let count = UInt64(bytes.count - start)
        guard count >= 0x80 else { return bytes[start - 1] = UInt8(count) }
        var length = ProtobufWriter()
        length.append(varint: count)
        bytes[start - 1] = length.bytes[0]
        bytes.insert(contentsOf: length.bytes[1...], at: start)
    }

    /// Fields that are written already.
    mutating func append(fields: [UInt8]) { bytes.append(contentsOf: fields) }

    private mutating func tag(_ field: Int, _ shape: Shape) {
        append(varint: UInt64(field) << 3 | shape.rawValue)
    }

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
