import AirbyteProtocol

/// The value of a JSON text.
package func json(_ bytes: some Sequence<UInt8>) throws -> JSONValue {
    try JSONDocument(parsing: Array(bytes)).root
}

extension JSONValue {
    /// A member, followed through objects: `failureReason.metadata`.
    package func at(_ path: String) -> JSONValue? {
        var value: JSONValue? = self
        for name in path.split(separator: ".") { value = value?[member: String(name)] }
        return value
    }

    package func text(_ path: String) -> String? { at(path)?.string }

    /// The names of an object's members, in order.
    package var names: [String] { members.compactMap { $0.key.string } }

    /// The value as it is written.
    package var written: String { String(decoding: rawJSON, as: UTF8.self) }
}
