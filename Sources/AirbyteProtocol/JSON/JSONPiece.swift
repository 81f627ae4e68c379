import Glibc

/// The bytes at hand.
@unsafe struct JSONPiece {
    let base: UnsafePointer<UInt8>
    let count: Int
    /// That of the first byte in the text.
    let offset: UInt64
    /// The next byte.
    var index = 0
    /// Where the key begins that is being read, or the rest of it that is in this piece.
    var keyStart = 0

    /// The offset of the next byte in the text.
    var position: UInt64 { unsafe offset &+ UInt64(truncatingIfNeeded: index) }

    var isAtEnd: Bool { unsafe index >= count }

    /// The next byte; there is one.
    @inline(__always) var byte: UInt8 { unsafe base[index] }

    /// Steps to the first byte that cannot simply stand within a string: a quotation mark, a backslash, a control
    /// character, or the piece's end.
    @inline(__always) mutating func skipPlainText() {
        let bytes = unsafe UnsafeRawBufferPointer(start: base, count: count).bytes
        unsafe index = EscapeFinder.first(in: bytes, from: index)
    }

    @inline(__always) mutating func skipDigits() {
        while unsafe index < count, unsafe base[index] &- 0x30 < 10 { unsafe index &+= 1 }
    }
}
