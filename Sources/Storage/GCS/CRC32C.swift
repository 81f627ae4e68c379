import Crypto

/// The checksum that Google keeps of every object: CRC-32 with Castagnoli's polynomial (RFC 3720, appendix B.4).
struct CRC32C {
    /// Eight tables in a row; the one at `256 * n` tells what a byte does to the checksum `n` bytes later. With them,
    /// eight bytes are taken at once (Kounavis and Berry, 2005): byte by byte, large outputs would hold up the loop.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = []
        for index: UInt32 in 0..<256 {
            var value = index
            for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : (value >> 1) ^ 0x82F6_3B78 }
            tables.append(value)
        }
        for index in 256..<2_048 {
            let before = tables[index - 256]
            tables.append((before >> 8) ^ tables[Int(before & 0xFF)])
        }
        return tables
    }()

    private var state: UInt32 = 0xFFFF_FFFF

    mutating func update(_ bytes: ArraySlice<UInt8>) {
        let table = Self.tables.span
        let span = bytes.span
        var state = state
        var position = 0
        while position + 8 <= span.count {
            for place in 0..<4 { state ^= UInt32(span[position + place]) << UInt32(8 * place) }
            var next: UInt32 = 0
            for place in 0..<4 {
                next ^= table[256 * (7 - place) + Int(state >> UInt32(8 * place) & 0xFF)]
                next ^= table[256 * (3 - place) + Int(span[position + 4 + place])]
            }
            state = next
            position += 8
        }
        while position < span.count {
            state = table[Int((state ^ UInt32(span[position])) & 0xFF)] ^ (state >> 8)
            position += 1
        }
        self.state = state
    }

    var value: UInt32 { ~state }

    /// As Google writes it: big-endian bytes in Base64.
    var base64: String {
        Base64.encode(stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) })
    }
}
