import CUtf8proc

/// The name under which a destination shows a stream.
public enum AliasName {
    /// The stream's name in `A–Z a–z 0–9 _`: compatibility decomposition (NFKD), combining marks left out,
    /// each run of ASCII white space one `_`, and every other character one `_`.
    public static func from(_ streamName: String) -> String {
        var alias: [UInt8] = []
        var endsWithWhiteSpace = false
        var pieces = UTF8Pieces()
        let text = unsafe streamName.utf8.span.bytes
        // A decomposition has four bytes for a code point, and up to 18 code points for a character: a long name is never
        // decomposed as a whole. Only marks change their places in it, and these are left out.
        for start in stride(from: 0, to: text.byteCount, by: maxPiece) {
            pieces.append(text.extracting(start..<min(start + maxPiece, text.byteCount))) { piece in
                for codePoint in decomposition(of: piece) where !isMark(codePoint) {
                    let isWhiteSpace = 0x09...0x0D ~= codePoint || codePoint == 0x20
                    if isWhiteSpace && endsWithWhiteSpace { continue }
                    endsWithWhiteSpace = isWhiteSpace
                    alias.append(isKept(codePoint) ? UInt8(codePoint) : UInt8(ascii: "_"))
                }
            }
        }
        return String(decoding: alias, as: UTF8.self)
    }

    /// In bytes; nearly every name is one piece.
    private static let maxPiece = 4_096

    private static func isKept(_ codePoint: Int32) -> Bool {
        switch codePoint {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }

    private static func isMark(_ codePoint: Int32) -> Bool {
        switch utf8proc_category(codePoint) {
        case UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_MC, UTF8PROC_CATEGORY_ME: true
        default: false
        }
    }

    /// The code points of a text's NFKD (Unicode Standard Annex 15).
    private static func decomposition(of text: RawSpan) -> [Int32] {
        let bytes = unsafe text.withUnsafeBytes { unsafe Array($0) }
        let options = utf8proc_option_t(UTF8PROC_DECOMPOSE.rawValue | UTF8PROC_COMPAT.rawValue)
        // One call to measure, one to fill.
        let count = unsafe utf8proc_decompose(bytes, bytes.count, nil, 0, options)
        precondition(count >= 0, "a Swift string is valid UTF-8 and its decomposition fits in memory")
        return unsafe [Int32](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(unsafe utf8proc_decompose(bytes, bytes.count, buffer.baseAddress, count, options), 0)
        }
    }
}
