/// A JSON value that was too long to be held: where it lies in the output, and what tells whether it still does.
public struct StoredText: Hashable, Sendable {
    /// What all values of one line have in common.
    struct Source: Hashable, Sendable {
        /// Of the whole line.
        var digests: BlockDigests
        /// Whether the line's UTF-8 needs no repair.
        var isValidUTF8: Bool
        /// Whether surrogates may have to be replaced.
        var hasSurrogateEscapes: Bool
    }

    /// In the output; a part of `digests.range`.
    public let range: Range<UInt64>
    let source: Source

    public var digests: BlockDigests { source.digests }

    /// Whether the text is what stands in the output, with nothing to be repaired.
    var isVerbatim: Bool { source.isValidUTF8 && !source.hasSurrogateEscapes }

    /// How many bytes the text has; nil where that is not known before it has been read again.
    ///
    /// Repairs of UTF-8 change the length, replaced surrogates do not.
    var count: Int? { source.isValidUTF8 ? range.count : nil }
}

/// A catalog that was too long to be held.
public struct StoredCatalog: Hashable, Sendable {
    /// The list of its streams or operations; nil where it has none.
    let list: StoredText?
    /// Why it cannot be put into the server's terms.
    let problem: CatalogConversionError?

    init(_ list: ScannedList?, _ source: StoredText.Source) {
        self.list = list.map { StoredText(range: $0.range, source: source) }
        problem = list?.problem
    }
}
