/// A text that long.
package func text(ofLength count: Int) -> String { String(repeating: "x", count: count) }

/// A JSON Web Token with these claims; its signature is none.
package func webToken(_ claims: String) -> String {
    "eyJhbGciOiJub25lIn0.\(base64URL(Array(claims.utf8))).c2lnbmF0dXJl"
}

/// RFC 4648, section 5, without padding.
private func base64URL(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for place in 0...group.count { text.append(alphabet[bits >> (18 - 6 * place) & 63]) }
    }
    return text
}
