import AirbyteProtocol

/// The file with the connector's output, for those who read parts of it again.
package final class ConnectorOutput {
    /// The file that is being read; a connector can put another one in its place.
    package var file: (any WorkspaceFile)?

    package init() {}

    /// The bytes of a range as they stand in the file now. Whether they are what was read first is for the caller to find
    /// out.
    package func bytes(in range: Range<UInt64>) throws(DocumentError) -> [UInt8] {
        guard let file else { throw DocumentError("\(FileName.output) is not open anymore") }
        do {
            return try file.bytes(at: range.lowerBound, count: range.count)
        } catch {
            throw DocumentError("\(error.file) \(error.problem)")
        }
    }
}
