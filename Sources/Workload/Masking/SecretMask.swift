import AirbyteProtocol
import Text

/// Hides secrets in text that people or other programs will read.
///
/// Two ways, since neither finds all: by value, wherever a known secret turns up, as it is or in one of its written
/// forms; and by name, where a member with a secret-like name stands in JSON, in a printed dictionary or in a string
/// within JSON, and where a URL holds a password. Both err on the side of hiding.
package struct SecretMask: Sendable {
    /// The platform's replacement for a secret.
    private static let replacement = Array("**********".utf8)

    /// True where a configuration has more secrets than can be looked for: what the connector says may then hold some
    /// that are not known.
    package let isIncomplete: Bool
    private let automaton: SecretAutomaton

    /// Hides by name only.
    package init() {
        self.init(SecretCollection())
    }

    /// - Parameters:
    ///   - configurations: the connector's; their secret-like values are hidden everywhere.
    ///   - credentials: the sidecar's own, hidden everywhere too.
    package init(configurations: [JSONValue?], credentials: [String] = []) {
        var secrets = SecretCollection()
        for credential in credentials { secrets.add(credential: credential) }
        for case let configuration? in configurations { secrets.collect(configuration) }
        self.init(secrets)
    }

    /// - Parameter configured: the secrets of configurations.
    init(credentials: [String], _ configured: SecretCollection) {
        var secrets = SecretCollection()
        for credential in credentials { secrets.add(credential: credential) }
        secrets.merge(configured)
        self.init(secrets)
    }

    private init(_ secrets: SecretCollection) {
        automaton = SecretAutomaton(secrets.forms)
        isIncomplete = secrets.isIncomplete
    }

    /// Stands for a text of the connector that cannot be shown.
    package static let withheld =
        "[not shown: the connector's configuration holds more secrets than can be searched for]"

    /// A text of the connector as it may be shown: not at all where it can hold secrets that are not known.
    package func shown(_ text: String) -> String {
        isIncomplete ? Self.withheld : masked(text)
    }

    /// The text with every secret replaced.
    package func masked(_ text: String) -> String {
        masked(text.utf8.span).map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// A text in UTF-8 with every secret replaced; nil where there is none in it. Every log line passes here, and hardly
    /// any holds a secret: then nothing is copied.
    package func masked(_ text: Span<UInt8>) -> [UInt8]? {
        let places = places(in: text)
        // URLs have colons too.
        guard !places.isEmpty || SecretMembers.mayStand(in: text) else { return nil }
        let withoutKnown = Self.hiding(places, in: text)
        let withoutNamed = Self.hiding(SecretMembers.values, in: text, after: withoutKnown)
        return Self.hiding(URLPasswords.places, in: text, after: withoutNamed)
    }

    /// The text with the secrets replaced that are known, as `masked` does; names tell nothing. For what the sidecar sends as
    /// it is.
    package func maskedByValue(_ text: [UInt8]) -> [UInt8] {
        Self.hiding(places(in: text.span), in: text.span) ?? text
    }

    /// A configuration for people: what secret-like names stand for is replaced, and so is every secret that is known.
    package func masked(configuration: JSONValue) -> [UInt8] {
        var writer = JSONWriter()
        write(configuration, isSecret: false, to: &writer)
        return writer.bytes
    }

    private func write(_ value: JSONValue, isSecret: Bool, to writer: inout JSONWriter) {
        switch value.kind {
        case .object:
            writer.beginObject()
            for (key, member) in value.members {
                let name = key.string ?? ""
                writer.key(shown(name))
                let isNamed = SecretNames.tellsOfSecretValue(name.utf8)
                write(member, isSecret: isSecret || isNamed, to: &writer)
            }
            writer.endObject()
        case .array:
            writer.beginArray()
            for element in value.elements { write(element, isSecret: isSecret, to: &writer) }
            writer.endArray()
        case .string, .number:
            let text = value.string ?? String(decoding: value.rawJSON, as: UTF8.self)
            let shown = isSecret ? String(decoding: Self.replacement, as: UTF8.self) : shown(text)
            value.kind == .number && shown == text ? writer.value(value) : writer.string(shown)
        case .bool, .null: writer.value(value)
        }
    }

    /// Where secrets stand, and the beginnings of secrets at which the text was cut.
    private func places(in text: Span<UInt8>) -> [Range<Int>] {
        let places = automaton.places(in: text)
        let cuts = CutMark.cuts(in: text)
        guard !cuts.isEmpty else { return places }
        let beginnings = automaton.beginnings(
            before: cuts,
            minLength: SecretCollection.minValueLength,
            in: text
        )
        return Self.joined((places + beginnings).sorted { $0.lowerBound < $1.lowerBound })
    }

    /// Places that overlap become one.
    private static func joined(_ places: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        for place in places {
            if let last = joined.last, place.lowerBound < last.upperBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, place.upperBound)
            } else {
                joined.append(place)
            }
        }
        return joined
    }

    /// Replaces what is found in a text, or in what has become of it already.
    private static func hiding(
        _ places: (Span<UInt8>) -> [Range<Int>],
        in text: Span<UInt8>,
        after hidden: [UInt8]?
    ) -> [UInt8]? {
        guard let hidden else { return hiding(places(text), in: text) }
        return hiding(places(hidden.span), in: hidden.span) ?? hidden
    }

    /// Replaces all the places, which lie in order, in one go: a connector can write a line full of secrets. Nil where there
    /// are none.
    private static func hiding(_ places: [Range<Int>], in text: Span<UInt8>) -> [UInt8]? {
        guard !places.isEmpty else { return nil }
        var hidden: [UInt8] = []
        hidden.reserveCapacity(text.count)
        var position = 0
        for place in places {
            hidden.append(text.extracting(position..<place.lowerBound))
            hidden += replacement
            position = place.upperBound
        }
        hidden.append(text.extracting(position...))
        return hidden
    }
}
