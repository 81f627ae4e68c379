import AirbyteProtocol
import Text

/// Gathers the secrets of configurations, and the forms in which they can turn up.
struct SecretCollection {
    /// Shorter values, in bytes, are hidden by name only: hiding every `1` or `abc` would leave no log to read.
    static let minValueLength = 4

    /// Lines of a secret of several lines (a private key) are hidden one by one too, from this length in bytes on.
    private static let minLineLength = 16

    /// The bound for all forms of all secrets, in bytes. The largest real configurations hold a few keys of some
    /// thousand bytes each; the automaton takes 13 times as much memory.
    static let maxLearned = 1_024 * 1_024

    /// The most of a configuration that is looked through: members and elements, and bytes. The largest real ones have
    /// some thousand; beyond this, it would take seconds.
    static let maxMembers = 100_000
    static let maxConfigurationLength = 4 * 1_024 * 1_024

    /// A secret of more bytes is known by its beginning only; the largest keys that people use have some 13,000.
    private static let maxSecretLength = 65_536

    /// All written forms of all secrets.
    private(set) var forms: [[UInt8]] = []
    /// True where the bound was reached, and secrets were left out.
    private(set) var isIncomplete = false
    private var secrets: Set<String> = []
    private var learned = 0

    /// Adds every secret-like value of a configuration.
    mutating func collect(_ configuration: JSONValue) {
        guard configuration.rawJSON.count <= Self.maxConfigurationLength,
            !configuration.mayHaveMore(than: Self.maxMembers)
        else {
            isIncomplete = true
            return
        }
        collect(configuration, isSecret: false)
    }

    /// Adds the secrets of another collection; each has a bound of its own.
    mutating func merge(_ other: SecretCollection) {
        forms += other.forms
        isIncomplete = isIncomplete || other.isIncomplete
    }

    /// No more secrets are learned.
    mutating func giveUp() {
        isIncomplete = true
    }

    /// Adds a credential of the sidecar: as a whole, and what of it is secret alone.
    mutating func add(credential: String) {
        // A key file: the names in it tell what is secret.
        if credential.utf8.first == UInt8(ascii: "{") { collect(credential, isSecret: false) }
        add(credential)
        let parts = credential.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, credential.hasPrefix("eyJ") else { return }
        // Of a JSON Web Token (RFC 7519), services quote the claims or the signature; its header is no secret.
        for part in parts.dropFirst() where part.utf8.count >= Self.minLineLength { add(String(part)) }
    }

    /// Adds a text that is known to be secret, and its lines.
    mutating func add(_ secret: String) {
        let trimmed = secret.trimmingWhitespace()
        addForms(of: trimmed)
        for line in trimmed.split(whereSeparator: \.isNewline)
        where line.utf8.count >= Self.minLineLength && line.utf8.count < trimmed.utf8.count {
            addForms(of: String(line))
        }
    }

    /// What stands below a member with a secret-like name is secret.
    private mutating func collect(_ value: JSONValue, isSecret: Bool) {
        guard !isIncomplete else { return }
        switch value.kind {
        case .object:
            for (key, member) in value.members {
                let isNamed = SecretNames.tellsOfSecretValue((key.string ?? "").utf8)
                collect(member, isSecret: isSecret || isNamed)
            }
        case .array:
            for element in value.elements { collect(element, isSecret: isSecret) }
        case .string:
            if let text = value.string { collect(text, isSecret: isSecret) }
        case .number:
            if isSecret { add(String(decoding: value.rawJSON, as: UTF8.self)) }
        case .bool, .null:
            break
        }
    }

    private mutating func collect(_ text: String, isSecret: Bool) {
        // A key file that was pasted into the configuration: JSON within a string.
        if text.utf8.first == UInt8(ascii: "{"), let inner = try? JSONDocument(parsing: Array(text.utf8)) {
            collect(inner.root, isSecret: false)
        }
        let bytes = Array(text.utf8)
        for place in URLPasswords.places(in: bytes.span) {
            add(String(decoding: bytes[place], as: UTF8.self))
        }
        if isSecret || text.hasPrefix("-----BEGIN ") { add(text) }
    }

    private mutating func addForms(of secret: String) {
        guard !isIncomplete, secret.utf8.count >= Self.minValueLength else { return }
        let secret = secret.beginning(utf8: Self.maxSecretLength)
        guard secrets.insert(secret).inserted else { return }
        let new = Set(SecretForms.all(of: secret, minLength: Self.minValueLength))
        learned += new.reduce(0) { $0 + $1.count }
        guard learned <= Self.maxLearned else {
            isIncomplete = true
            return
        }
        forms += new
    }
}
