import AirbyteProtocol
import Foundation

/// Foundation's reader of JSON, which shares no code with ours.
///
/// The two differ on purpose. Ours repairs UTF-8 and surrogates without partners, takes numbers of any size, and takes
/// 1,000 levels; Foundation refuses all that, and more than 512 levels. Foundation takes other encodings, a byte order
/// mark, and a comma behind the last element; RFC 8259 allows none of them. It also leaves out a byte order mark at the
/// beginning of a string and behind an escape in one (swift-foundation 6.3.1).
enum JSONPeer {
    /// What Foundation reads; nil where it refuses the text.
    static func value(_ text: [UInt8]) -> Any? {
        try? JSONSerialization.jsonObject(
            with: Data(String(decoding: text, as: UTF8.self).utf8),
            options: .fragmentsAllowed
        )
    }

    /// Whether Foundation may take what ours refuses: zero bytes make it guess at UTF-16.
    static func mayTakeMore(_ text: [UInt8]) -> Bool {
        let closing = [UInt8(ascii: "}"), UInt8(ascii: "]")]
        let words = text.filter { ![0x09, 0x0A, 0x0D, 0x20].contains($0) }
        let hasLastComma = zip(words, words.dropFirst()).contains {
            $0 == UInt8(ascii: ",") && closing.contains($1)
        }
        return hasLastComma || text.contains(0) || text.starts(with: [0xEF, 0xBB, 0xBF])
            || text.starts(with: [0xFE])
            || text.starts(with: [0xFF])
    }

    /// Whether Foundation may refuse what ours takes.
    static func mayTakeLess(_ text: [UInt8]) -> Bool {
        var digits = 0
        var depth = 0
        for (index, byte) in text.enumerated() {
            digits = UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte ? digits + 1 : 0
            let follows = digits > 0 && index + 1 < text.count && text[index + 1] | 0x20 == UInt8(ascii: "e")
            if digits > 15 || follows { return true }
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { depth += 1 }
            if byte == UInt8(ascii: "u"), index + 2 < text.count, text[index + 1] | 0x20 == UInt8(ascii: "d"),
                index > 0, text[index - 1] == UInt8(ascii: "\\")
            {
                return true
            }
        }
        return depth > 500
    }

    /// Checks that a value is what Foundation has read.
    static func compare(_ value: JSONValue, _ peer: Any) throws(Violation) {
        switch value.kind {
        case .null: try require(peer is NSNull, "null is \(type(of: peer))")
        case .bool: try require(peer as? Bool == value.bool, "a truth value differs")
        case .string:
            let (text, other) = (withoutMarks(value.string ?? ""), (peer as? String).map(withoutMarks))
            try require(other?.utf8.elementsEqual(text.utf8) == true, "a string differs")
        case .number:
            let text = String(decoding: value.rawJSON, as: UTF8.self)
            guard let number = Double(text), number.isFinite else { return }
            guard let other = (peer as? NSNumber)?.doubleValue else {
                throw Violation(description: "the number \(text) is \(type(of: peer))")
            }
            try require(abs(number - other) <= abs(number) * 1e-12, "the number \(text) is \(other)")
        case .array:
            let elements = Array(value.elements)
            guard let others = peer as? [Any], others.count == elements.count else {
                throw Violation(description: "an array of \(elements.count) elements differs")
            }
            for (element, other) in zip(elements, others) { try compare(element, other) }
        case .object:
            let members = value.members.map { (name: withoutMarks($0.key.string ?? ""), value: $0.value) }
            guard let object = peer as? [String: Any] else {
                throw Violation(description: "an object is \(type(of: peer))")
            }
            let others = Dictionary(object.map { (withoutMarks($0.key), $0.value) }) { $1 }
            // Of members with one name, or with two that Swift holds for one, it may have any.
            guard Set(members.map(\.name)).count == members.count else { return }
            try require(others.count == members.count, "an object of \(members.count) members differs")
            for member in members {
                guard let other = others[member.name] else {
                    throw Violation(description: "a member is missing")
                }
                try compare(member.value, other)
            }
        }
    }

    private static func withoutMarks(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\u{FEFF}" }))
    }

    /// The object in a document that is to be JSON by both readers.
    static func document(_ bytes: [UInt8], _ what: String) throws -> [String: Any] {
        guard let value = try? JSONDocument(parsing: bytes).root else {
            throw Violation(description: "\(what) is not JSON")
        }
        try require(String(validating: bytes, as: UTF8.self) != nil, "\(what) is not UTF-8")
        guard let peer = JSONPeer.value(bytes) else {
            try require(mayTakeLess(bytes), "Foundation refuses \(what)")
            return [:]
        }
        try compare(value, peer)
        guard let object = peer as? [String: Any] else {
            throw Violation(description: "\(what) is not an object")
        }
        return object
    }
}
