import Glibc

/// Replaces escaped surrogates that have no partner, in a JSON text that may be passed on as it stands.
///
/// `"\ud800"` is JSON by its grammar (RFC 8259, section 8.2), but no text: readers refuse it, or fail later when they
/// write it as UTF-8. It becomes a question mark, as in the platform's own writer.
enum LoneSurrogates {
    /// An escaped question mark: as long as what it replaces, so that nothing moves.
    private static let questionMark = Array(#"\u003f"#.utf8)

    /// Changes the first `count` bytes in place. Input that is not JSON stays that way.
    static func replace(in text: inout [UInt8], count: Int) {
        _ = replace(in: &text, count: count, until: count)
    }

    /// Changes a text that goes on, as far as what comes next makes no difference; returns how many bytes that are. What
    /// follows them has to be handed in again, with what comes next behind it.
    static func replaceSettled(in text: inout [UInt8]) -> Int {
        replace(in: &text, count: text.count, until: text.count - (2 * questionMark.count - 1))
    }

    /// Changes all that begins before `limit`; returns where it stopped.
    private static func replace(in text: inout [UInt8], count: Int, until limit: Int) -> Int {
        var index = 0
        while let escape = backslash(in: text, from: index, to: limit) {
            index = escape
            switch surrogate(at: index, of: text, count) {
            case nil:
                index += 2  // the escape's letter too: a backslash may be what is escaped
            case .high where surrogate(at: index + 6, of: text, count) == .low:
                index += 12
            default:
                text.replaceSubrange(index..<(index + 6), with: questionMark)
                index += 6
            }
        }
        return min(max(index, limit), count)
    }

    /// The first backslash in the range. Most texts have none, and this is what every line goes through.
    private static func backslash(in text: [UInt8], from start: Int, to end: Int) -> Int? {
        unsafe text.withUnsafeBytes { text in
            guard start < end, let base = text.baseAddress,
                let found = unsafe memchr(base + start, Int32(UInt8(ascii: "\\")), end - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    private enum Half {
        case high
        case low
    }

    /// Which half the escape at `index` stands for; nil where there is no such escape.
    private static func surrogate(at index: Int, of text: [UInt8], _ count: Int) -> Half? {
        guard index + 6 <= count, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u"),
            text[index + 2] | 0x20 == UInt8(ascii: "d"), isHexadecimal(text[index + 4]),
            isHexadecimal(text[index + 5])
        else { return nil }
        switch text[index + 3] | 0x20 {
        case UInt8(ascii: "8"), UInt8(ascii: "9"), UInt8(ascii: "a"), UInt8(ascii: "b"): return .high
        case UInt8(ascii: "c")...UInt8(ascii: "f"): return .low
        default: return nil
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || 0x61...0x66 ~= byte | 0x20
    }
}
