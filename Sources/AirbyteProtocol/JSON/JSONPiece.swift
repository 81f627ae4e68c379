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
        unsafe index = plainTextEnd(from: index)
    }

    /// Where that byte is, seen from another one.
    @inline(__always) func plainTextEnd(from start: Int) -> Int {
        unsafe EscapeFinder.first(in: UnsafeRawBufferPointer(start: base, count: count).bytes, from: start)
    }

    /// Where a string ends whose opening quotation mark is at `index`: behind its closing one. Nil where it does not end in
    /// this piece, or has something in it that is not plain text.
    @inline(__always) func plainStringEnd(at index: Int) -> Int? {
        let end = unsafe plainTextEnd(from: index &+ 1)
        return unsafe end < count && base[end] == UInt8(ascii: "\"") ? end &+ 1 : nil
    }

    /// Whether a word stands there.
    @inline(__always) func has(_ word: StaticString, at index: Int) -> Bool {
        let length = word.utf8CodeUnitCount
        return unsafe index &+ length <= count && memcmp(base + index, word.utf8Start, length) == 0
    }

    @inline(__always) mutating func skipDigits() {
        while unsafe index < count, unsafe base[index] &- 0x30 < 10 { unsafe index &+= 1 }
    }
}
