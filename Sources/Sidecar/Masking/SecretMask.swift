import AirbyteProtocol

/// Hides secrets in text that people or other programs will read.
///
/// Two ways, since neither finds all: by value, wherever a secret of the connector's own configuration turns up, as it is
/// or escaped; and by name, where a member with a secret-like name stands in JSON, in a printed dictionary or in a
/// string within JSON. Both err on the side of hiding.
struct SecretMask: Sendable {
    /// What the platform shows in place of a secret.
    private static let replacement = Array("**********".utf8)

    /// Shorter values are hidden by name only: hiding every `1` or `abc` would leave no log to read.
    private static let shortestValue = 4

    /// Lines of a secret of several lines (a private key) are hidden one by one too, from this length on.
    private static let shortestLine = 16

    /// All written forms of all secrets, longest first, so that none is cut by another that is a part of it.
    private let values: [[UInt8]]
    private let finder: SecretFinder

    /// Hides by name only.
    init() {
        values = []
        finder = SecretFinder([])
    }

    /// - Parameter configurations: the connector's; their secret-like values are hidden everywhere.
    init(configurations: [JSONValue?]) {
        var secrets: Set<String> = []
        for case let configuration? in configurations {
            Self.collect(configuration, isSecret: false, into: &secrets)
        }
        let forms = Set(secrets.flatMap(Self.writtenForms))
        values = forms.sorted { $0.count > $1.count }
        finder = SecretFinder(values)
    }

    /// The text with every secret replaced.
    func masked(_ text: String) -> String {
        // Every line of log comes by here, and hardly any has something to hide.
        let hasValue = finder.findsAny(in: text.utf8.span)
        guard hasValue || SecretMembers.mayStand(in: text.utf8.span) else { return text }
        var bytes = Array(text.utf8)
        var isChanged = false
        if hasValue {
            for value in values {
                isChanged = Self.hide(Self.places(of: value, in: bytes), in: &bytes) || isChanged
            }
        }
        isChanged = Self.hide(SecretMembers.values(in: bytes), in: &bytes) || isChanged
        return isChanged ? String(decoding: bytes, as: UTF8.self) : text
    }

    private static func places(of value: [UInt8], in text: [UInt8]) -> [Range<Int>] {
        var places: [Range<Int>] = []
        while let start = ByteSearch.first(value, in: text, from: places.last?.upperBound ?? 0) {
            places.append(start..<start + value.count)
        }
        return places
    }

    /// Replaces all the places, which lie in order, in one go: a connector can write a line full of secrets. True where
    /// there was one.
    private static func hide(_ places: [Range<Int>], in text: inout [UInt8]) -> Bool {
        guard !places.isEmpty else { return false }
        var hidden: [UInt8] = []
        hidden.reserveCapacity(text.count)
        var position = 0
        for place in places {
            hidden += text[position..<place.lowerBound]
            hidden += replacement
            position = place.upperBound
        }
        hidden += text[position...]
        text = hidden
        return true
    }
}

// MARK: - The configuration's secrets

extension SecretMask {
    /// What stands below a member with a secret-like name is secret.
    private static func collect(_ value: JSONValue, isSecret: Bool, into secrets: inout Set<String>) {
        switch value.kind {
        case .object:
            for (key, member) in value.members {
                let name = key.string ?? ""
                collect(member, isSecret: isSecret || SecretNames.contains(name.utf8), into: &secrets)
            }
        case .array:
            for element in value.elements { collect(element, isSecret: isSecret, into: &secrets) }
        case .string:
            guard let text = value.string else { return }
            collect(text, isSecret: isSecret, into: &secrets)
        case .number:
            if isSecret { add(String(decoding: value.rawJSON, as: UTF8.self), to: &secrets) }
        case .bool, .null:
            break
        }
    }

    private static func collect(_ text: String, isSecret: Bool, into secrets: inout Set<String>) {
        // A key file that was pasted into the configuration: JSON within a string.
        if text.utf8.first == UInt8(ascii: "{"), let inner = try? JSONDocument(parsing: Array(text.utf8)) {
            collect(inner.root, isSecret: false, into: &secrets)
        }
        guard isSecret || text.hasPrefix("-----BEGIN ") else { return }
        add(text, to: &secrets)
        for line in text.split(whereSeparator: \.isNewline) where line.utf8.count >= shortestLine {
            add(String(line), to: &secrets)
        }
    }

    private static func add(_ secret: String, to secrets: inout Set<String>) {
        let trimmed = secret.trimmingWhitespace()
        if trimmed.utf8.count >= shortestValue { secrets.insert(trimmed) }
    }

    /// As it is, in a JSON string, in a JSON string within one, and in a URL; JSON also as writers have it that
    /// escape slashes, or all that is not ASCII.
    private static func writtenForms(of secret: String) -> [[UInt8]] {
        let plain = Array(secret.utf8)
        let once = jsonEscaped(plain)
        let ascii = asciiEscaped(once)
        let slashes = once.flatMap { $0 == UInt8(ascii: "/") ? Array("\\/".utf8) : [$0] }
        return [plain, once, ascii, slashes, jsonEscaped(once), jsonEscaped(ascii), percentEncoded(secret)]
    }

    /// `é` as `\u00e9`, what lies beyond 16 bits as a pair (RFC 8259, section 7).
    private static func asciiEscaped(_ text: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: text, as: UTF8.self).utf16.flatMap { unit -> [UInt8] in
            if unit < 0x80 { return [UInt8(unit)] }
            return Array("\\u".utf8) + [12, 8, 4, 0].map { digits[Int(unit >> $0 & 15)] }
        }
    }

    private static func jsonEscaped(_ text: [UInt8]) -> [UInt8] {
        var writer = JSONWriter()
        writer.string(utf8: text)
        return Array(writer.bytes.dropFirst().dropLast())
    }

    /// RFC 3986: all but the unreserved characters.
    private static func percentEncoded(_ text: String) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                [byte]
            default:
                [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}
