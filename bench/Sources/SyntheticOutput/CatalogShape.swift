/// What a catalog that a connector has discovered looks like. It is one line, as connectors write it.
public struct CatalogShape: Hashable, Sendable {
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// A `CATALOG` message.
        case source
        /// A `DESTINATION_CATALOG` message.
        case destination
    }

    /// What ends the catalog.
    public enum Extent: Hashable, Sendable {
        case streams(Int)
        /// The length of the whole line with its newline. What is shorter than the shortest catalog becomes that.
        case bytes(Int)
    }

    public var kind: Kind
    public var extent: Extent
    /// In every stream, besides its key and its cursor.
    public var columns: Int

    public init(_ kind: Kind = .source, _ extent: Extent, columns: Int = 50) {
        self.kind = kind
        self.extent = extent
        self.columns = columns
    }
}
