/// A connector's image, split for statistics.
struct ConnectorImage: Hashable {
    static let unknown = "unknown"

    /// With its registry, without tag and digest; `unknown` where no image is known.
    var name: String
    /// The tag, else the digest; `unknown` where there is neither.
    var version: String

    /// - Parameter reference: such as `airbyte/source-faker:6.2.3` or `host:5000/source@sha256:…`.
    init(_ reference: String?) {
        let reference = reference ?? ""
        let parts = reference.split(separator: "@", maxSplits: 1)
        let tagged = parts.first ?? ""
        // A colon before the last slash belongs to the registry's port.
        let lastPart = tagged.lastIndex(of: "/") ?? tagged.startIndex
        let colon = tagged[lastPart...].lastIndex(of: ":")
        name = String(colon.map { tagged[..<$0] } ?? tagged)
        version =
            colon.map { String(tagged[tagged.index(after: $0)...]) } ?? parts.dropFirst().first.map(
                String.init
            ) ?? ""
        if name.isEmpty { name = Self.unknown }
        if version.isEmpty { version = Self.unknown }
    }
}
