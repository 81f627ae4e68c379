/// Reads a stored catalog again, element by element, and puts each into the server's terms.
///
/// An element is held while it is converted, unless it is very long: then its schema goes by in pieces too.
final class CatalogStream: ByteStream {
    private let elements: StoredElements
    private let kind: ConnectorKind
    private let context: StreamContext
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
        elements = StoredElements(catalog, kind, context.source)
        self.kind = kind
        self.context = context
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
            guard let ends = try elements.next() else {
                stage = .done
                context.catalogFindings = inspector.result
                return Array("]}".utf8)
            }
            for element in ends { convert(try elements.element(element)) }
            return []
        case .done:
            return nil
        }
    }
}

// MARK: - One element

extension CatalogStream {
    private func convert(_ element: StoredElements.Element) {
        switch element {
        case .held(let value, let length):
            inspect(value)
            var writer = JSONWriter(capacity: length + length / 4 + 512)
            write(value, to: &writer) { $1.value($0) }
            append([.bytes(writer.bytes)])
        case .long(let value, let schema):
            convertLong(value, schema)
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

    private func convertLong(_ element: JSONValue, _ schema: StoredText?) {
        // Without its schema: that is not held, and nothing is said about it.
        inspect(element)
        var writer = JSONWriter()
        var parts: [Part] = []
        write(element, to: &writer) { value, writer in
            guard let schema else { return writer.value(value) }
            parts = [.bytes(writer.handOver()), .schema(schema)]
        }
        append(parts + [.bytes(writer.bytes)])
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
