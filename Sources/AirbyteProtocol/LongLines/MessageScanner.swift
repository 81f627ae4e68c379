/// Follows a message as it is scanned: checks it against the protocol's schema, remembers where its large parts lie in
/// the output, and holds a skeleton of all the rest.
///
/// Where a name stands twice the last counts, as for messages in memory.
struct MessageScanner: JSONScannerHandler {
    /// The message without its large parts: decoded, it is the same message. Values that are not looked into are replaced
    /// by the least ones of their kind, lists are empty, unknown members are left out.
    private(set) var skeleton: [UInt8] = []
    /// Whether a value does not fit into the protocol's schema. It is null in the skeleton.
    private(set) var isFlawed = false
    /// Whether the skeleton would be longer than `maxSkeleton`; it is empty then.
    private(set) var isTooLong = false

    /// Where the specification lies in the output.
    private(set) var spec: Range<UInt64>?
    private(set) var streams: ScannedList?
    private(set) var operations: ScannedList?
    /// Where the schema lies of the last stream or operation that has one.
    private(set) var elementSchema: Range<UInt64>?

    /// The configuration, held beside the skeleton: it is not parsed before somebody looks into it. Empty where the
    /// message has none.
    private(set) var configuration: [UInt8] = []
    private(set) var isConfigurationEmpty = false

    /// What is not in a large part is held, up to this many bytes: an endless log message must not take all memory. Longer
    /// lines are too long for the platform too, see `Transcript.tooLongLine`.
    static let maxSkeleton = 20_000_000

    private let schema: CompiledSchema
    private let skeletonLimit: Int
    private var open: [Open] = []
    /// What the key that was read last leads to; nil where the protocol does not know it.
    private var member: CompiledSchema.Member?
    /// The value that is being read, if it is none of those in `open`.
    private var leaf: Leaf?
    private var list: ScannedList?
    private var element = CatalogConversion.ElementFacts()
    /// A word that has to be one of a list.
    private var word: [UInt8] = []

    /// An object or array that is being read.
    private struct Open {
        var node: Int
        var isObject: Bool
        /// Whether it goes into the skeleton.
        var isHeld: Bool
        /// Whether a member of it is there already.
        var hasMembers = false
        var start: UInt64
    }

    /// A scalar, or an object or array that is not looked into.
    private struct Leaf {
        var kind: JSONValue.Kind
        /// Nil for what the protocol does not know.
        var node: Int?
        var isHeld = false
        var start: UInt64 = 0
        /// Where its bytes go.
        var content = Content.nowhere
    }

    private enum Content {
        case nowhere
        case skeleton
        case configuration
        /// Held until its end, since only then it is known whether it fits.
        case word
    }

    /// - Parameter skeletonLimit: in bytes.
    init(schema: CompiledSchema = .message, skeletonLimit: Int = MessageScanner.maxSkeleton) {
        self.schema = schema
        self.skeletonLimit = skeletonLimit
    }
}

/// A catalog's list of streams or operations, as far as it can be judged in passing.
struct ScannedList {
    /// Where it lies in the output, brackets included.
    var range: Range<UInt64> = 0..<0
    /// How many elements it has; null is none.
    var count = 0
    /// Why it cannot be put into the server's terms.
    var problem: CatalogConversionError?
}

// MARK: - Keys

extension MessageScanner {
    mutating func key(_ text: RawSpan, hasEscapes: Bool, isWhole: Bool) {
        member = nil
        guard isWhole, let parent = open.last, parent.isObject else { return }
        unsafe text.withUnsafeBytes { bytes in
            guard hasEscapes else { return unsafe member = schema.member(bytes, of: parent.node) }
            let name = unsafe JSONStringEscapes.decoded(Array(bytes)[...])
            unsafe name.withUnsafeBytes { unsafe member = schema.member($0, of: parent.node) }
        }
    }

    /// Begins the member whose key was read last in the object that is read, or the next element of the array.
    private mutating func holdKey() {
        guard let last = open.indices.last else { return }
        if open[last].hasMembers { skeleton.append(UInt8(ascii: ",")) }
        open[last].hasMembers = true
        guard open[last].isObject, let member else { return }
        skeleton.append(UInt8(ascii: "\""))
        skeleton += member.name
        skeleton += [UInt8(ascii: "\""), UInt8(ascii: ":")]
    }
}

// MARK: - Values

extension MessageScanner {
    mutating func beginValue(_ kind: JSONValue.Kind, at offset: UInt64) -> JSONScanInterest {
        boundSkeleton()
        if isTooLong || (open.isEmpty && kind != .object) { return .refuse }
        guard let number = nodeOfNext else {
            leaf = Leaf(kind: kind)
            return .skip
        }
        let node = schema.nodes[number]
        let isHeld = node.isNeeded && (open.last?.isHeld ?? true)
        noteBeginning(of: node.role, kind)
        if isHeld { holdKey() }
        guard let content = Self.content(of: node, kind) else {
            guard Self.isEntered(node, kind) else { return flaw(kind, isHeld: isHeld) }
            if isHeld { skeleton.append(UInt8(ascii: kind == .object ? "{" : "[")) }
            open.append(Open(node: number, isObject: kind == .object, isHeld: isHeld, start: offset))
            return .enter
        }
        if content == .word { word.removeAll(keepingCapacity: true) }
        let isNowhere = content == .nowhere || (content != .word && !isHeld)
        leaf = Leaf(
            kind: kind,
            node: number,
            isHeld: isHeld,
            start: offset,
            content: isNowhere ? .nowhere : content
        )
        return isNowhere ? .skip : .keep
    }

    private mutating func boundSkeleton() {
        guard skeleton.count + configuration.count > skeletonLimit else { return }
        isTooLong = true
        skeleton = []
        configuration = []
    }

    /// Passes over a value that does not fit.
    private mutating func flaw(_ kind: JSONValue.Kind, isHeld: Bool) -> JSONScanInterest {
        isFlawed = true
        if isHeld { skeleton += Self.least(.null, isEmpty: false) }
        leaf = Leaf(kind: kind)
        return .skip
    }

    private var nodeOfNext: Int? {
        guard let parent = open.last else { return schema.root }
        return parent.isObject ? member?.node : schema.nodes[parent.node].element
    }

    /// Where the bytes of a value go that is not looked into; nil where it is, or does not fit.
    private static func content(of node: CompiledSchema.Node, _ kind: JSONValue.Kind) -> Content? {
        switch (node.kind, kind) {
        case (_, .null): .skeleton
        case (.any, _): .nowhere
        case (.string, .string), (.string, .number), (.string, .bool), (.number, .number), (.bool, .bool):
            .skeleton
        case (.oneOf, .string), (.number, .string), (.bool, .string), (.bool, .number): .word
        case (.object, .object) where node.isFreeObject:
            node.role == .configuration ? .configuration : .nowhere
        default: nil
        }
    }

    private static func isEntered(_ node: CompiledSchema.Node, _ kind: JSONValue.Kind) -> Bool {
        switch (node.kind, kind) {
        case (.object, .object), (.list, .array): true
        default: false
        }
    }

    mutating func content(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { bytes in
            switch leaf?.content {
            case .skeleton where isTooLong, .configuration where isTooLong: break
            case .skeleton:
                unsafe skeleton.append(contentsOf: bytes)
                boundSkeleton()
            case .configuration:
                unsafe configuration.append(contentsOf: bytes)
                boundSkeleton()
            case .word:
                // Longer than any word: not looked at any more.
                if word.count <= ScalarCoercion.maxLength { unsafe word.append(contentsOf: bytes) }
            case .nowhere, nil: break
            }
        }
    }

    mutating func endValue(at offset: UInt64, isEmpty: Bool) {
        if let ended = leaf {
            leaf = nil
            if let node = ended.node, ended.kind != .null {
                noteEnd(of: schema.nodes[node].role, ended.start..<offset)
            }
            return end(ended, isEmpty: isEmpty)
        }
        let ended = open.removeLast()
        if ended.isHeld { skeleton.append(UInt8(ascii: ended.isObject ? "}" : "]")) }
        noteEnd(of: schema.nodes[ended.node].role, ended.start..<offset)
    }

    private mutating func end(_ leaf: Leaf, isEmpty: Bool) {
        guard let number = leaf.node else { return }
        switch leaf.content {
        case .skeleton: break
        case .configuration:
            isConfigurationEmpty = isEmpty
            skeleton += Self.least(leaf.kind, isEmpty: isEmpty)
        case .nowhere:
            if leaf.isHeld { skeleton += Self.least(leaf.kind, isEmpty: isEmpty) }
        case .word:
            let fits = word.count <= ScalarCoercion.maxLength && wordFits(leaf.kind, number)
            if !fits { isFlawed = true }
            if leaf.isHeld { skeleton += fits ? word : Array(Self.least(.null, isEmpty: false)) }
        }
    }

    private func wordFits(_ kind: JSONValue.Kind, _ number: Int) -> Bool {
        if kind == .number { return ScalarCoercion.bool(ofInteger: word[...]) != nil }
        let text = JSONStringEscapes.decoded(word.dropFirst().dropLast())
        return switch schema.nodes[number].kind {
        case .number: ScalarCoercion.isBlank(text[...]) || ScalarCoercion.number(text[...]) != nil
        case .bool: ScalarCoercion.isBlank(text[...]) || ScalarCoercion.bool(text[...]) != nil
        default: schema.allows(text, at: number)
        }
    }

    /// The shortest value of that kind.
    private static func least(_ kind: JSONValue.Kind, isEmpty: Bool) -> String.UTF8View {
        switch kind {
        case .object: isEmpty ? "{}".utf8 : #"{"":0}"#.utf8
        case .array: isEmpty ? "[]".utf8 : "[0]".utf8
        case .string: #""""#.utf8
        case .number: "0".utf8
        case .bool: "true".utf8
        case .null: "null".utf8
        }
    }
}

// MARK: - What is remembered

extension MessageScanner {
    private mutating func noteBeginning(of role: MessageRole, _ kind: JSONValue.Kind) {
        switch role {
        case .plain: break
        case .configuration: configuration = []
        case .spec: spec = nil
        case .catalog: streams = nil
        case .destinationCatalog: operations = nil
        case .streams:
            streams = nil
            list = ScannedList()
        case .operations:
            operations = nil
            list = ScannedList()
        case .stream, .operation:
            if kind != .null { list?.count += 1 }
            element = CatalogConversion.ElementFacts()
        case .elementName: element.name = kind
        case .elementMode: element.mode = kind
        case .elementSchema:
            element.schema = kind
            elementSchema = nil
        }
    }

    private mutating func noteEnd(of role: MessageRole, _ range: Range<UInt64>) {
        switch role {
        case .spec: spec = range
        case .elementSchema: elementSchema = range
        case .streams:
            list?.range = range
            streams = list
        case .operations:
            list?.range = range
            operations = list
        case .stream: note(CatalogConversion.problem(ofStream: list?.count ?? 0, element))
        case .operation: note(CatalogConversion.problem(ofOperation: list?.count ?? 0, element))
        default: break
        }
    }

    private mutating func note(_ problem: CatalogConversionError?) {
        if list?.problem == nil { list?.problem = problem }
    }
}
