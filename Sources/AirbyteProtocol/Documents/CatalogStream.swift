/// Reads a stored catalog again, element by element, and puts each into the server's terms.
///
/// An element is held while it is converted, unless it is very long: then its schema goes by in pieces too.
final class CatalogStream: ByteStream {
    private let list: StoredText?
    private let kind: ConnectorKind
    private let context: StreamContext
    private let blocks: BlockReader?
    private var position: UInt64
    private var splitter = JSONScanner(handler: ElementSplitter())
    private let parser = JSONParser(opaqueKeys: ["json_schema"])
    private var inspector = CatalogInspector()
    private var stage = Stage.beginning
    private var hasElements = false
    /// What is to be handed out next, in order.
    private var ready: ArraySlice<Part> = []
    private var schema: StoredTextStream?

    private enum Stage {
        case beginning
        case elements
        case done
    }

    private enum Part {
        case bytes([UInt8])
        case schema(StoredText)
    }

    init(_ catalog: StoredCatalog, _ kind: ConnectorKind, _ context: StreamContext) {
        list = catalog.list
        self.kind = kind
        self.context = context
        blocks = list.map { BlockReader($0.digests, context.source) }
        position = list?.range.lowerBound ?? 0
    }

    func next() throws(DocumentError) -> [UInt8]? {
        if let bytes = try schema?.next() { return bytes }
        schema = nil
        switch ready.popFirst() {
        case .bytes(let bytes): return bytes
        case .schema(let text):
            schema = StoredTextStream(text, context.source)
            return []
        case nil: return try advance()
        }
    }

    private func advance() throws(DocumentError) -> [UInt8]? {
        switch stage {
        case .beginning:
            stage = .elements
            return Array(#"{"\#(kind == .source ? "streams" : "operations")":["#.utf8)
        case .elements:
            guard let list, let blocks, position < list.range.upperBound else {
                guard list == nil || splitter.status == .complete else { throw Self.changed }
                stage = .done
                context.catalogFindings = inspector.result
                return Array("]}".utf8)
            }
            let bytes = try blocks.bytes(from: position, to: list.range.upperBound)
            unsafe bytes.withUnsafeBytes { unsafe splitter.scan($0.bytes, at: position) }
            position += UInt64(bytes.count)
            for element in splitter.handler.takeElements() { try convert(element) }
            return []
        case .done:
            return nil
        }
    }
}

// MARK: - One element

extension CatalogStream {
    private func convert(_ element: ElementSplitter.Element) throws(DocumentError) {
        switch element {
        case .held(let bytes):
            guard let document = try? parser.parse(bytes) else { throw Self.changed }
            inspect(document.root)
            var writer = JSONWriter(capacity: bytes.count + bytes.count / 4 + 512)
            write(document.root, to: &writer) { $1.value($0) }
            append([.bytes(writer.bytes)])
        case .long(let range):
            try convertLong(range)
        }
    }

    /// Two elements are joined by a comma.
    private func append(_ parts: [Part]) {
        if hasElements { ready.append(.bytes([UInt8(ascii: ",")])) }
        hasElements = true
        ready += parts
    }

    private func write(
        _ element: JSONValue,
        to writer: inout JSONWriter,
        schema: CatalogConversion.SchemaWriting
    ) {
        switch kind {
        case .source: CatalogConversion.write(stream: element, to: &writer, schema: schema)
        case .destination: CatalogConversion.write(operation: element, to: &writer, schema: schema)
        }
    }

    private func inspect(_ element: JSONValue) {
        switch kind {
        case .source: inspector.inspect(stream: element)
        case .destination: inspector.inspect(operation: element)
        }
    }

    private func convertLong(_ range: Range<UInt64>) throws(DocumentError) {
        guard let list else { return }
        let scanned = try scan(range, of: list)
        guard let document = try? parser.parse(scanned.skeleton) else { throw Self.changed }
        // Without its schema: that is not held, and nothing is said about it.
        inspect(document.root)
        var writer = JSONWriter()
        var parts: [Part] = []
        write(document.root, to: &writer) { value, writer in
            guard let schema = scanned.elementSchema else { return writer.value(value) }
            parts = [.bytes(writer.handOver()), .schema(StoredText(range: schema, source: list.source))]
        }
        append(parts + [.bytes(writer.bytes)])
    }

    private func scan(_ range: Range<UInt64>, of list: StoredText) throws(DocumentError) -> MessageScanner {
        let schema: CompiledSchema = kind == .source ? .stream : .operation
        var scanner = JSONScanner(
            handler: MessageScanner(schema: schema, skeletonLimit: ElementSplitter.maxHeldElementLength)
        )
        let blocks = BlockReader(list.digests, context.source)
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
    private static var changed: DocumentError {
        DocumentError("the connector's catalog has changed since it was first read")
    }
}

/// Cuts a list into its elements, nulls left out.
struct ElementSplitter: JSONScannerHandler {
    enum Element {
        case held([UInt8])
        /// Where one lies that is too long to be held.
        case long(Range<UInt64>)
    }

    /// In bytes. A table of ten thousand columns has a schema of this size.
    static let maxHeldElementLength = 1_024 * 1_024

    private var complete: [Element] = []
    private var isInList = false
    private var start: UInt64?
    private var content: [UInt8] = []
    private var isLong = false
    private let maxHeldLength: Int

    init(maxHeldLength: Int = ElementSplitter.maxHeldElementLength) {
        self.maxHeldLength = maxHeldLength
    }

    /// The elements that have become complete since the last call.
    mutating func takeElements() -> [Element] {
        defer { complete = [] }
        return complete
    }

    mutating func key(_ text: RawSpan, hasEscapes: Bool, isWhole: Bool) {}

    mutating func beginValue(_ kind: JSONValue.Kind, at offset: UInt64) -> JSONScanInterest {
        guard isInList else {
            isInList = true
            return .enter
        }
        guard kind != .null else {
            start = nil
            return .skip
        }
        start = offset
        isLong = false
        return .keep
    }

    mutating func content(_ bytes: RawSpan) {
        guard !isLong else { return }
        isLong = content.count + bytes.byteCount > maxHeldLength
        if isLong {
            content = []
        } else {
            unsafe bytes.withUnsafeBytes { unsafe content.append(contentsOf: $0) }
        }
    }

    mutating func endValue(at offset: UInt64, isEmpty: Bool) {
        guard let start else { return }
        complete.append(isLong ? .long(start..<offset) : .held(content))
        content = []
        self.start = nil
    }
}
