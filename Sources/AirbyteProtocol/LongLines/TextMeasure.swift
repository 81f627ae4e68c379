/// Measures a text that comes in pieces, as it is once its UTF-8 is repaired.
struct TextMeasure {
    /// In UTF-16 units.
    private(set) var utf16Length = 0
    /// In bytes.
    private(set) var utf8Length = 0
    /// Whether there was nothing to be repaired.
    private(set) var isValid = true

    private var pieces = UTF8Pieces()

    mutating func append(_ bytes: RawSpan) {
        var pieces = self.pieces
        pieces.append(bytes) { measure($0) }
        self.pieces = pieces
    }

    /// Measures that many ASCII characters without being given them.
    mutating func skipASCII(_ count: UInt64) {
        utf16Length = Self.sum(utf16Length, count)
        utf8Length = Self.sum(utf8Length, count)
    }

    /// Repairs make a text longer than its file; far from the end of the integers they cannot make them overflow.
    private static let maxSkippedLength = Int.max / 4

    private static func sum(_ length: Int, _ count: UInt64) -> Int {
        max(length, Int(min(UInt64(length) + count, UInt64(maxSkippedLength))))
    }

    mutating func finish() {
        var pieces = self.pieces
        pieces.finish { measure($0) }
        self.pieces = pieces
    }

    private mutating func measure(_ bytes: RawSpan) {
        if UTF8Repair.isValid(bytes) {
            utf8Length += bytes.byteCount
            unsafe utf16Length += bytes.withUnsafeBytes { unsafe UTF16Length.ofValid($0) }
        } else {
            let repaired = UTF8Repair.text(of: bytes)
            utf8Length += repaired.count
            utf16Length += UTF16Length.of(repaired)
            isValid = false
        }
    }
}
