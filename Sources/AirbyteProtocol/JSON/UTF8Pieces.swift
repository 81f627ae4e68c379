/// Cuts text that comes in pieces anew, between its characters, so that each piece can be repaired by itself.
struct UTF8Pieces {
    /// The beginning of a character whose end has not come yet.
    private var carry: [UInt8] = []

    /// Takes the next bytes and hands on what is complete, with a span for that call only.
    mutating func append(_ bytes: RawSpan, _ body: (RawSpan) -> Void) {
        guard bytes.byteCount > 0 else { return }
        guard !carry.isEmpty else { return handOn(bytes, body) }
        // Only behind a character that was cut: the copy is worth no cleverness.
        var joined = carry
        unsafe bytes.withUnsafeBytes { unsafe joined.append(contentsOf: $0) }
        carry = []
        unsafe handOn(joined.span.bytes, body)
    }

    /// Ends the text: a character that is not complete is handed on as it is.
    mutating func finish(_ body: (RawSpan) -> Void) {
        if !carry.isEmpty { unsafe body(carry.span.bytes) }
        carry = []
    }

    private mutating func handOn(_ bytes: RawSpan, _ body: (RawSpan) -> Void) {
        let tail = Self.incompleteTail(of: bytes)
        if tail < bytes.byteCount { body(bytes.extracting(droppingLast: tail)) }
        if tail > 0 {
            unsafe bytes.extracting(last: tail).withUnsafeBytes { unsafe carry.append(contentsOf: $0) }
        }
    }

    /// How many bytes at the end may belong to a character that goes on behind them; at most three.
    static func incompleteTail(of bytes: RawSpan) -> Int {
        for length in 1...3 where length <= bytes.byteCount {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: bytes.byteCount - length, as: UInt8.self)
            switch byte {
            case 0x80..<0xC0: continue
            case 0xC2..<0xE0: return length < 2 ? length : 0
            case 0xE0..<0xF0: return length < 3 ? length : 0
            case 0xF0..<0xF5: return length < 4 ? length : 0
            default: return 0
            }
        }
        return 0
    }
}
