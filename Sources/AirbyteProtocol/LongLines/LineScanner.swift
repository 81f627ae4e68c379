/// Follows a line as it passes, cut anywhere, and finds what is on it.
///
/// A line's first JSON object is a message if it can be one, and so is each that follows it without anything but white
/// space between them. (Two threads of a connector can print on one line, a documented fault of the Python CDK.) Behind
/// text only results and error traces count, and only where the output ends without proper ones.
struct LineScanner {
    enum Part {
        /// Each byte of the line is in exactly one segment.
        case segment(LineSegment)
        /// An object behind text. It belongs to the segment that is told of next.
        case salvaged(ScannedValue, textBefore: String)
    }

    typealias Handler = (Part) -> Void

    /// What comes next.
    private enum Place {
        /// White space, or a value in the place of a message.
        case messageOrText
        /// More of a value in the place of a message.
        case message
        /// Text, or values in it.
        case text
        /// More of a value in text.
        case valueInText
        /// What follows a value in text.
        case behindValueInText
        /// More of an object that is not JSON: a message within it is part of it.
        case brokenObject
    }

    private var place = Place.messageOrText
    /// Where in the output the bytes so far end.
    private var end: UInt64
    private var segment: LineSegment
    /// The value that is being read.
    private var scan: ValueScan?
    /// What has been read since the last value in the place of a message.
    private var text = TextBefore()
    /// How much of it stands before the value that is being read.
    private var textBeforeValue = 0
    /// The quotation mark right before the value that is being read, if there is one.
    private var quotationMark: UInt8?
    /// A value that counts unless the quotation mark stands behind it too.
    private var found: ScannedValue?
    private var broken: BrokenObject?
    private var lastByte: UInt8 = 0
    /// Of the digests of what is read, see `BlockDigests`. One for all values: text can have very many brackets.
    private let seed: UInt64
    /// The length of the segments that are complete, in UTF-16 units.
    private var segmentsLength = 0

    /// - Parameters:
    ///   - start: where the line begins in the output.
    ///   - digestSeed: nobody may foresee it where the line is read again.
    init(start: UInt64, digestSeed: UInt64) {
        seed = digestSeed
        end = start
        segment = LineSegment(start: start)
    }

    /// Takes the line's next bytes.
    mutating func append(_ bytes: RawSpan, _ handler: Handler) {
        var rest = bytes
        while rest.byteCount > 0 {
            let count =
                switch place {
                case .messageOrText: skipWhiteSpace(rest, handler)
                case .message: appendToMessage(rest)
                case .text: skipText(rest)
                case .valueInText: appendToValueInText(rest)
                case .behindValueInText: endValueInText(rest, handler)
                case .brokenObject: appendToBrokenObject(rest)
                }
            rest = rest.extracting(droppingFirst: count)
        }
    }

    /// Takes zero bytes that follow others. Nothing that has been begun goes on with them: a value ends at the first zero
    /// byte, and white space, text and broken objects are only longer.
    mutating func skipZeros(_ count: UInt64) {
        precondition(scan == nil, "a zero byte within a value")
        segment.skipZeros(count)
        text.skip(count)
        end += count
    }

    /// The line is complete; returns its length in UTF-16 units.
    mutating func finish(_ handler: Handler) -> Int {
        if let found { tell(found, handler) }
        endSegment(handler)
        return segmentsLength
    }

    private mutating func endSegment(_ handler: Handler) {
        segment.finish()
        segmentsLength += segment.measure.utf16Length
        handler(.segment(segment))
    }

    /// Takes bytes into the segment, and into the text that may stand before a message; returns their number.
    private mutating func take(_ bytes: RawSpan) -> Int {
        segment.append(bytes)
        text.append(bytes)
        end += UInt64(bytes.byteCount)
        if bytes.byteCount > 0 {
            lastByte = unsafe bytes.unsafeLoad(fromByteOffset: bytes.byteCount - 1, as: UInt8.self)
        }
        return bytes.byteCount
    }
}

// MARK: - In the place of a message

extension LineScanner {
    /// Takes the white space at the beginning, and decides what follows it.
    private mutating func skipWhiteSpace(_ bytes: RawSpan, _ handler: Handler) -> Int {
        let blank = MessageSpace.leading(in: bytes)
        let count = take(bytes.extracting(first: blank))
        guard blank < bytes.byteCount else { return count }
        guard unsafe bytes.unsafeLoad(fromByteOffset: blank, as: UInt8.self) == UInt8(ascii: "{") else {
            place = .text
            return count
        }
        if segment.value != nil {
            endSegment(handler)
            segment = LineSegment(start: end)
        }
        scan = ValueScan(start: end, seed: seed)
        place = .message
        return count
    }

    private mutating func appendToMessage(_ bytes: RawSpan) -> Int {
        let (count, status) = appendToValue(bytes)
        switch status {
        case .open: break
        case .complete:
            segment.value = endValue()
            place = .messageOrText
            text = TextBefore()
        case .invalid: breakOff()
        }
        return count
    }
}

// MARK: - Values

extension LineScanner {
    /// Takes the next bytes of the value that is being read, as far as they belong to it.
    private mutating func appendToValue(
        _ bytes: RawSpan
    ) -> (count: Int, status: JSONScanner<MessageScanner>.Status) {
        guard let (count, status) = scan?.append(bytes, at: end) else {
            preconditionFailure("no value is being read")
        }
        return (take(bytes.extracting(first: count)), status)
    }

    /// The value that has become complete.
    private mutating func endValue() -> ScannedValue? {
        defer { scan = nil }
        return scan?.value(isValidUTF8: segment.measure.isValid)
    }

    /// What has been read as a value is none. Text for people has braces and brackets too.
    private mutating func breakOff() {
        broken = scan?.brokenObject
        place = broken == nil ? .text : .brokenObject
        scan = nil
    }

    private mutating func appendToBrokenObject(_ bytes: RawSpan) -> Int {
        let count = broken?.append(bytes) ?? 0
        if broken?.isClosed != false { place = .text }
        return take(bytes.extracting(first: count))
    }
}

// MARK: - In text

extension LineScanner {
    /// Takes text up to the next bracket.
    private mutating func skipText(_ bytes: RawSpan) -> Int {
        let bracket = Self.bracket(in: bytes)
        let count = take(bytes.extracting(first: bracket))
        guard bracket < bytes.byteCount else { return count }
        if !Self.mayBeginValue(bytes.extracting(droppingFirst: bracket)) {
            return count + take(bytes.extracting(bracket..<(bracket + 1)))
        }
        scan = ValueScan(start: end, seed: seed)
        textBeforeValue = text.count
        quotationMark = "\"'`".utf8.first { $0 == lastByte }
        place = .valueInText
        return count
    }

    private mutating func appendToValueInText(_ bytes: RawSpan) -> Int {
        let (count, status) = appendToValue(bytes)
        switch status {
        case .open: break
        case .complete:
            found = endValue()
            place = .behindValueInText
        case .invalid: breakOff()
        }
        return count
    }

    /// A value between quotation marks is quoted; text that ends with one can stand before a message all the same.
    private mutating func endValueInText(_ bytes: RawSpan, _ handler: Handler) -> Int {
        let next = unsafe bytes.unsafeLoad(as: UInt8.self)
        if let found, next != quotationMark { tell(found, handler) }
        found = nil
        place = .text
        return 0
    }

    private func tell(_ value: ScannedValue, _ handler: Handler) {
        handler(.salvaged(value, textBefore: text.text(first: textBeforeValue)))
    }

    /// Where the first opening brace or bracket stands; the number of bytes if there is none.
    private static func bracket(in bytes: RawSpan) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            var index = 0
            // The two differ in one bit.
            while index < bytes.count, unsafe bytes[index] | 0x20 != UInt8(ascii: "{") { index &+= 1 }
            return index
        }
    }

    /// Whether a value can begin with a bracket: nearly all that are only text are ruled out so, at little cost.
    private static func mayBeginValue(_ bytes: RawSpan) -> Bool {
        let bracket = unsafe bytes.unsafeLoad(as: UInt8.self)
        let inside = bytes.extracting(droppingFirst: 1)
        let space = MessageSpace.leading(in: inside)
        guard space < inside.byteCount else { return true }
        let next = unsafe inside.unsafeLoad(fromByteOffset: space, as: UInt8.self)
        if bracket == UInt8(ascii: "{") { return next == UInt8(ascii: "\"") || next == UInt8(ascii: "}") }
        return "\"[]{-0123456789tfn".utf8.contains(next)
    }
}
