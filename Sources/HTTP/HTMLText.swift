import Text

/// What a reader sees of an HTML page: its title, or its text.
///
/// No parser of HTML: gateways' pages are simple, and a wrong guess only makes a message worse. The result is one line
/// and can hold whatever the page holds, control characters included.
package struct HTMLText {
    /// The bytes of a page that are read: enough for the longest error page of the gateways in use (squid's, with
    /// its style sheet, has 4 KiB), and little work.
    private static let maxBytes = 32 * 1_024

    private let page: [UInt8]
    /// The page with its ASCII letters in lower case, for finding tags.
    private let lowered: [UInt8]
    private let isCut: Bool

    init(_ page: [UInt8]) {
        self.page = Array(page.beginning(Self.maxBytes))
        isCut = page.count > Self.maxBytes
        lowered = self.page.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
    }

    /// Whether the bytes begin as a page does.
    package static func isPage(_ bytes: [UInt8]) -> Bool {
        let start = String(decoding: bytes.prefix(256), as: UTF8.self).trimmingWhitespace().lowercased()
        return start.hasPrefix("<!doctype html") || start.hasPrefix("<html")
    }

    /// The title, or the text of a page without one; empty where there is neither.
    var summary: String {
        let title = title
        return title.isEmpty ? text(page.indices) + (isCut ? CutMark.text : "") : title
    }

    private var title: String {
        guard let tag = find("<title", from: 0), let start = find(">", from: tag),
            let end = find("</title", from: start)
        else { return "" }
        return text(start + 1..<end)
    }

    /// The text between the tags, without scripts, style sheets and comments.
    private func text(_ range: Range<Int>) -> String {
        var kept: [UInt8] = []
        var position = range.lowerBound
        while position < range.upperBound {
            guard page[position] == UInt8(ascii: "<") else {
                kept.append(page[position])
                position += 1
                continue
            }
            // Words on both sides of a tag are two words.
            kept.append(UInt8(ascii: " "))
            position = end(ofTagAt: position)
        }
        return Self.decodingEntities(String(decoding: kept, as: UTF8.self)).onOneLine
    }

    /// Where reading goes on after a tag; for an element that holds no text, after the element.
    private func end(ofTagAt position: Int) -> Int {
        func after(_ text: String, from start: Int) -> Int {
            find(text, from: start).map { $0 + text.utf8.count } ?? page.count
        }
        if begins("<!--", at: position) { return after("-->", from: position) }
        for name in ["script", "style"] where begins("<\(name)", at: position) {
            return after(">", from: after("</\(name)", from: position))
        }
        return after(">", from: position)
    }

    private func begins(_ text: String, at position: Int) -> Bool {
        lowered[position...].starts(with: text.utf8)
    }

    private func find(_ text: String, from start: Int) -> Int? {
        ByteSearch.first(Array(text.utf8), in: lowered, from: start)
    }

    /// The entities that occur in plain sentences; others stay as they are.
    private static func decodingEntities(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        let entities: [Substring: String] = [
            "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#34": "\"", "apos": "'", "#39": "'", "#x27": "'",
            "nbsp": " ", "#160": " ",
        ]
        var parts = text.split(separator: "&", omittingEmptySubsequences: false)[...]
        var decoded = String(parts.removeFirst())
        for part in parts {
            let name = part.prefix { $0 != ";" }
            if let character = entities[name], name.endIndex < part.endIndex {
                decoded += character + part[part.index(after: name.endIndex)...]
            } else {
                decoded += "&" + part
            }
        }
        return decoded
    }
}

extension StringProtocol {
    /// The words of the text, one space apart.
    var onOneLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
