/// A JSON value on a line, judged while it passed.
struct ScannedValue {
    /// Where it lies in the output.
    var range: Range<UInt64>
    /// The message that it may be; nil for all that is no object.
    var message: ScannedMessage?
}

/// A message whose large parts are still in the output's file.
struct ScannedMessage {
    /// The message without its large parts, see `MessageScanner.skeleton`.
    var skeleton: [UInt8]
    /// The last configuration in it, which is the least object in the skeleton; nil where there is none.
    var configuration: JSONValue?
    /// Whether a value in it does not fit into the protocol's schema.
    var isFlawed: Bool
    var spec: StoredText?
    var catalog: StoredCatalog
    var destinationCatalog: StoredCatalog
}

/// A value that is being read.
struct ValueScan {
    let start: UInt64
    private var scanner = JSONScanner(handler: MessageScanner())
    private var digester: BlockDigester

    /// - Parameters:
    ///   - start: where the value begins in the output, with a brace or a bracket.
    ///   - seed: of the digests.
    init(start: UInt64, seed: UInt64) {
        self.start = start
        digester = BlockDigester(start: start, seed: seed)
    }

    /// Takes the next bytes, as far as they belong to the value; returns how many those are, and what
    /// has become of it.
    mutating func append(
        _ bytes: RawSpan,
        at offset: UInt64
    ) -> (count: Int, status: JSONScanner<MessageScanner>.Status) {
        scanner.scan(bytes, at: offset)
        let count = scanner.status == .open ? bytes.byteCount : Int(scanner.end - offset)
        digester.append(bytes.extracting(first: count))
        return (count, scanner.status)
    }

    /// What the rest of a value is that has broken off; nil where it was only text.
    var brokenObject: BrokenObject? {
        guard scanner.isWithinMember else { return nil }
        return BrokenObject(depth: scanner.depth, isInString: scanner.isWithinString)
    }

    /// The value, once it is complete.
    ///
    /// - Parameter isValidUTF8: whether nothing in it has to be repaired.
    mutating func value(isValidUTF8: Bool) -> ScannedValue {
        let range = start..<scanner.end
        let message = scanner.handler
        guard !scanner.isRefused, !message.isTooLong else { return ScannedValue(range: range) }
        let source = StoredText.Source(
            digests: digester.finish(),
            isValidUTF8: isValidUTF8,
            hasSurrogateEscapes: scanner.hasSurrogateEscapes
        )
        return ScannedValue(
            range: range,
            message: ScannedMessage(
                skeleton: message.skeleton,
                configuration: message.configuration.isEmpty
                    ? nil
                    : unsafe JSONValue(
                        validObject: message.configuration.span.bytes,
                        isEmpty: message.isConfigurationEmpty
                    ),
                isFlawed: message.isFlawed,
                spec: message.spec.map { StoredText(range: $0, source: source) },
                catalog: StoredCatalog(message.streams, source),
                destinationCatalog: StoredCatalog(message.operations, source)
            )
        )
    }
}

/// The rest of an object that is not JSON. It ends where its brackets close; brackets within strings do not count.
struct BrokenObject {
    private var depth: Int
    private var isInString: Bool
    private var isEscaped = false

    init(depth: Int, isInString: Bool) {
        self.depth = depth
        self.isInString = isInString
    }

    var isClosed: Bool { depth == 0 }

    /// Takes the next bytes up to its end; returns how many those are.
    mutating func append(_ bytes: RawSpan) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            var index = 0
            while index < bytes.count, depth > 0 {
                unsafe append(bytes[index])
                index &+= 1
            }
            return index
        }
    }

    private mutating func append(_ byte: UInt8) {
        if isEscaped { return isEscaped = false }
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = isInString
        case UInt8(ascii: "\""): isInString.toggle()
        case UInt8(ascii: "{"), UInt8(ascii: "["): if !isInString { depth &+= 1 }
        case UInt8(ascii: "}"), UInt8(ascii: "]"): if !isInString { depth &-= 1 }
        default: break
        }
    }
}
