/// A text that is written often, as bytes.
struct Text: Hashable, Sendable, ExpressibleByStringLiteral {
    let bytes: [UInt8]

    init(stringLiteral text: String) {
        bytes = Array(text.utf8)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var count: Int { bytes.count }

    static func + (first: Text, second: Text) -> Text {
        Text(bytes: first.bytes + second.bytes)
    }
}

extension [UInt8] {
    mutating func append(_ text: Text) {
        append(contentsOf: text.bytes)
    }

    mutating func append(_ number: Int) {
        append(contentsOf: String(number).utf8)
    }
}
