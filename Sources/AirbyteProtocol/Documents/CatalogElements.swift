/// Goes through a catalog, element by element, in bounded memory.
public final class CatalogElements {
    public enum Element {
        case whole(JSONValue)
        /// One that is too long to be held, without its schema.
        case long(JSONValue)
    }

    private var held: JSONValue.Elements?
    private let stored: StoredElements?
    private let kind: ConnectorKind
    private var ready: ArraySlice<ElementSplitter.Element> = []
    private var inspector = CatalogInspector()

    /// What is odd about the elements so far.
    public var findings: CatalogInspection { inspector.result }

    /// - Parameters:
    ///   - kind: whose catalog it is.
    ///   - source: gives the parts that are not held.
    public init(_ catalog: DiscoveredCatalog, of kind: ConnectorKind, source: @escaping DocumentReader.Source)
    {
        self.kind = kind
        switch catalog {
        case .held(let value):
            held = value.present(kind == .source ? "streams" : "operations")?.elements
            stored = nil
        case .stored(let catalog):
            held = nil
            stored = StoredElements(catalog, kind, source)
        }
    }

    /// The next stream or operation; nil at the end. Throws where the output is not what it was when it was read first.
    public func next() throws(DocumentError) -> Element? {
        guard let element = try nextElement() else { return nil }
        switch element {
        case .whole(let value), .long(let value): inspect(value)
        }
        return element
    }

    private func nextElement() throws(DocumentError) -> Element? {
        while let value = held?.next() {
            if !value.isNull { return .whole(value) }
        }
        guard let stored else { return nil }
        while ready.isEmpty {
            guard let elements = try stored.next() else { return nil }
            ready = elements[...]
        }
        switch try stored.element(ready.removeFirst()) {
        case .held(let value, _): return .whole(value)
        case .long(let value, _): return .long(value)
        }
    }

    private func inspect(_ value: JSONValue) {
        switch kind {
        case .source: inspector.inspect(stream: value)
        case .destination: inspector.inspect(operation: value)
        }
    }
}

/// Reads the elements of a stored catalog again.
final class StoredElements {
    enum Element {
        /// With the length of its text, in bytes.
        case held(JSONValue, length: Int)
        /// Without its schema, which lies in the output where it has one.
        case long(JSONValue, schema: StoredText?)
    }

    private let list: StoredText?
    private let kind: ConnectorKind
    private let source: DocumentReader.Source
    private let blocks: BlockReader?
    private var position: UInt64
    private var splitter = JSONScanner(handler: ElementSplitter())
    private let parser = JSONParser(opaqueKeys: ["json_schema"])

    init(_ catalog: StoredCatalog, _ kind: ConnectorKind, _ source: @escaping DocumentReader.Source) {
        list = catalog.list
        self.kind = kind
        self.source = source
        blocks = list.map { BlockReader($0.digests, source) }
        position = list?.range.lowerBound ?? 0
    }

    /// The elements that end in the next block of the output, perhaps none; nil at the end.
    func next() throws(DocumentError) -> [ElementSplitter.Element]? {
        guard let list, let blocks, position < list.range.upperBound else {
            guard list == nil || splitter.status == .complete else { throw Self.changed }
            return nil
        }
        let bytes = try blocks.bytes(from: position, to: list.range.upperBound)
        unsafe bytes.withUnsafeBytes { unsafe splitter.scan($0.bytes, at: position) }
        position += UInt64(bytes.count)
        return splitter.handler.takeElements()
    }

    /// One of these elements, parsed.
    func element(_ element: ElementSplitter.Element) throws(DocumentError) -> Element {
        switch element {
        case .held(let bytes):
            guard let document = try? parser.parse(bytes) else { throw Self.changed }
            return .held(document.root, length: bytes.count)
        case .long(let range):
            guard let list else { throw Self.changed }
            return try long(range, of: list)
        }
    }

    private func long(_ range: Range<UInt64>, of list: StoredText) throws(DocumentError) -> Element {
        let scanned = try scan(range, of: list)
        guard let document = try? parser.parse(scanned.skeleton) else { throw Self.changed }
        let schema = scanned.elementSchema.map { StoredText(range: $0, source: list.source) }
        return .long(document.root, schema: schema)
    }

    private func scan(_ range: Range<UInt64>, of list: StoredText) throws(DocumentError) -> MessageScanner {
        let schema: CompiledSchema = kind == .source ? .stream : .operation
        var scanner = JSONScanner(
            handler: MessageScanner(schema: schema, skeletonLimit: ElementSplitter.maxHeldElementLength)
        )
        let blocks = BlockReader(list.digests, source)
        var position = range.lowerBound
        while position < range.upperBound {
            let bytes = try blocks.bytes(from: position, to: range.upperBound)
            unsafe bytes.withUnsafeBytes { unsafe scanner.scan($0.bytes, at: position) }
            position += UInt64(bytes.count)
        }
        guard !scanner.handler.isTooLong else {
            throw DocumentError(
                """
                an element of the connector's catalog is too long: without its schema, it has more than \
                \(ElementSplitter.maxHeldElementLength) bytes
                """
            )
        }
        guard scanner.status == .complete, !scanner.isRefused else { throw Self.changed }
        return scanner.handler
    }

    /// What was valid once, with the same digests, cannot have become invalid.
    static var changed: DocumentError {
        DocumentError("the connector's catalog has changed since it was first read")
    }
}
