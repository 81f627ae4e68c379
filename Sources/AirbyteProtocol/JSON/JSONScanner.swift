import CSimdjson

/// Validates a JSON text (RFC 8259) that comes in pieces, cut anywhere, and holds none of it.
///
/// Accepts the objects and arrays that `JSONParser` does: what follows the first value is not looked at. UTF-8 need not be repaired,
/// since a repair changes nothing but what stands within strings.
struct JSONScanner<Handler: JSONScannerHandler> {
    enum Status {
        case open
        /// The first value is complete; whatever follows does not count.
        case complete
        /// Not JSON.
        case invalid
    }

    private(set) var status = Status.open
    /// Where the text was decided: behind the first value, or at the byte that fits nowhere.
    private(set) var end: UInt64 = 0
    /// Whether the handler wanted no more of the text, which may be JSON all the same.
    private(set) var isRefused = false
    var handler: Handler

    /// Whether an escaped surrogate (`\ud83d`) was met, with a partner or without.
    private(set) var hasSurrogateEscapes = false

    /// What may come next.
    fileprivate enum State {
        case value
        /// A value or the array's end.
        case firstElement
        case key
        /// A key or the object's end.
        case firstKey
        case colon
        /// A comma or the innermost value's end.
        case next
        /// Within a string.
        case text
        case escape
        case hexadecimal
        case number
        case literal
    }

    /// Where in a number the text is.
    private enum NumberState {
        case minus
        case zero
        case integer
        case point
        case fraction
        case exponent
        case exponentSign
        case exponentDigits

        var mayEnd: Bool {
            switch self {
            case .zero, .integer, .fraction, .exponentDigits: true
            case .minus, .point, .exponent, .exponentSign: false
            }
        }
    }

    private var state = State.value
    /// How many objects and arrays are open.
    private(set) var depth = 0
    /// Of each open object or array whether it is an object, the outermost first; `depth` of them.
    private var isObject = [Bool](repeating: false, count: JSONDocument.maximumDepth)
    /// The last of them.
    private var isInObject = false
    /// The depth at which the value stands whose inside is not told; nil outside of one.
    private var silentDepth: Int?
    /// Whether the value that began last, told and not ended, is to be kept.
    private var keeps = false
    /// Where it begins in the present piece.
    private var keepStart = 0

    private var stringIsKey = false
    /// Whether the key that was read last, or is being read, is its object's first.
    private var keyIsFirst = false
    private var stringHasEscapes = false
    private var hexadecimalDigits = 0
    private var firstHexadecimalDigit: UInt8 = 0
    private var number = NumberState.minus
    private var literal: StaticString = "null"
    private var literalPosition = 0
    /// The beginning of a key that was cut at the end of a piece.
    private var keyStart: [UInt8] = []
    private var keyIsWhole = true

    /// A key that is cut between pieces is held up to this many bytes: no key that means anything is longer, even with
    /// all its characters escaped.
    static var maxKeyLength: Int { 256 }

    init(handler: Handler) {
        self.handler = handler
    }

    /// Takes the next bytes; `offset` is that of the first.
    mutating func scan(_ bytes: RawSpan, at offset: UInt64) {
        guard status == .open else { return }
        unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var piece = unsafe JSONPiece(
                base: base.assumingMemoryBound(to: UInt8.self),
                count: bytes.count,
                offset: offset
            )
            keepStart = 0
            unsafe run(&piece)
            if status != .open { end = unsafe piece.position }
            unsafe endPiece(piece)
        }
    }

    /// Ends the text: a number can be complete without a byte that follows it.
    mutating func finish(at offset: UInt64) {
        guard status == .open else { return }
        end = offset
        guard state == .number, depth == 0, number.mayEnd else { return status = .invalid }
        if !isRefused { handler.endValue(at: offset, isEmpty: false) }
        status = .complete
    }

    /// Whether the text, as far as it goes, is within a string.
    var isWithinString: Bool {
        switch state {
        case .text, .escape, .hexadecimal: true
        default: false
        }
    }

    /// Whether the text, as far as it goes, is within an object that has a key and a colon at least. Text for people has
    /// brackets too, but nothing like that.
    var isWithinMember: Bool {
        guard depth > 0 else { return false }
        if isObject[..<(depth - 1)].contains(true) { return true }
        guard isInObject else { return false }
        switch state {
        case .firstKey: return false
        case .colon: return !keyIsFirst
        case .text, .escape, .hexadecimal: return !(stringIsKey && keyIsFirst)
        default: return true
        }
    }
}

// MARK: - The text, token by token

extension JSONScanner {
    /// Goes on until the piece or the text ends.
    private mutating func run(_ piece: inout JSONPiece) {
        while status == .open, unsafe !piece.isAtEnd {
            switch state {
            case .text: unsafe text(&piece)
            case .escape: unsafe escape(&piece)
            case .hexadecimal: unsafe hexadecimal(&piece)
            case .number: unsafe number(&piece)
            case .literal: unsafe literal(&piece)
            default:
                if let silentDepth {
                    unsafe runSilently(&piece, within: silentDepth)
                    if unsafe piece.isAtEnd { return }
                }
                let byte = unsafe piece.byte
                if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
                    unsafe piece.index &+= 1
                } else {
                    unsafe token(byte, &piece)
                }
            }
        }
    }

    /// What was begun in this piece and is not complete goes on in the next.
    private mutating func endPiece(_ piece: JSONPiece) {
        guard status == .open else { return }
        if keeps { unsafe tellContent(piece) }
        if stringIsKey, state == .text || state == .escape || state == .hexadecimal {
            unsafe holdKey(piece, upTo: piece.count)
        }
    }

    private mutating func token(_ byte: UInt8, _ piece: inout JSONPiece) {
        switch state {
        case .next:
            if byte == UInt8(ascii: ",") {
                unsafe piece.index &+= 1
                state = isInObject ? .key : .value
                // Nearly always what follows is right here.
                if isInObject, unsafe !piece.isAtEnd, unsafe piece.byte == UInt8(ascii: "\"") {
                    unsafe beginKey(&piece)
                }
            } else {
                unsafe close(byte, &piece, isEmpty: false)
            }
        case .key, .firstKey:
            if byte == UInt8(ascii: "\"") {
                unsafe beginKey(&piece)
            } else if state == .firstKey {
                unsafe close(byte, &piece, isEmpty: true)
            } else {
                status = .invalid
            }
        case .colon:
            guard byte == UInt8(ascii: ":") else { return status = .invalid }
            unsafe piece.index &+= 1
            state = .value
        case .firstElement where byte == UInt8(ascii: "]"):
            unsafe close(byte, &piece, isEmpty: true)
        default:
            unsafe value(byte, &piece)
        }
    }

    private mutating func value(_ byte: UInt8, _ piece: inout JSONPiece) {
        switch byte {
        case UInt8(ascii: "\""):
            unsafe begin(.string, piece)
            unsafe piece.index &+= 1
            stringIsKey = false
            state = .text
            unsafe text(&piece)
        case UInt8(ascii: "{"): unsafe open(.object, &piece)
        case UInt8(ascii: "["): unsafe open(.array, &piece)
        case UInt8(ascii: "t"): unsafe beginLiteral("true", .bool, &piece)
        case UInt8(ascii: "f"): unsafe beginLiteral("false", .bool, &piece)
        case UInt8(ascii: "n"): unsafe beginLiteral("null", .null, &piece)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            unsafe begin(.number, piece)
            unsafe piece.index &+= 1
            number = byte == UInt8(ascii: "-") ? .minus : byte == UInt8(ascii: "0") ? .zero : .integer
            state = .number
        default:
            status = .invalid
        }
    }

    private mutating func open(_ kind: JSONValue.Kind, _ piece: inout JSONPiece) {
        guard depth < JSONDocument.maximumDepth else { return status = .invalid }
        unsafe begin(kind, piece)
        unsafe piece.index &+= 1
        isInObject = kind == .object
        isObject[depth] = isInObject
        depth &+= 1
        state = kind == .object ? .firstKey : .firstElement
    }

    private mutating func close(_ byte: UInt8, _ piece: inout JSONPiece, isEmpty: Bool) {
        guard byte == (isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
            return status = .invalid
        }
        unsafe piece.index &+= 1
        depth &-= 1
        if depth > 0 { isInObject = isObject[depth &- 1] }
        if silentDepth == depth { silentDepth = nil }
        unsafe end(&piece, isEmpty: isEmpty)
    }
}

// MARK: - What is not told

extension JSONScanner {
    /// Goes on within a value whose inside is not told, as long as nothing unusual comes. Nearly all of a catalog lies
    /// within such values, so this is the loop that counts, and it is written in C.
    ///
    /// Whatever it does not know (some escapes, mistakes, the value's own end, what the piece cuts) is left where it is for
    /// `run`.
    private mutating func runSilently(_ piece: inout JSONPiece, within outside: Int) {
        guard let code = state.code else { return }
        var place = unsafe CSimdjsonPlace(index: piece.index, depth: depth, state: UInt8(code.rawValue))
        unsafe isObject.withUnsafeMutableBufferPointer {
            unsafe csimdjson_pass(piece.base, piece.count, outside, $0.baseAddress, &place)
        }
        unsafe piece.index = place.index
        depth = place.depth
        state = State(code: UInt32(place.state))
        isInObject = isObject[depth - 1]
    }
}

extension JSONScanner.State {
    /// The state as the loop in C knows it; nil where it does not.
    fileprivate var code: CSimdjsonState? {
        switch self {
        case .next: CSIMDJSON_NEXT
        case .key: CSIMDJSON_KEY
        case .firstKey: CSIMDJSON_FIRST_KEY
        case .value: CSIMDJSON_VALUE
        case .firstElement: CSIMDJSON_FIRST_ELEMENT
        case .colon, .text, .escape, .hexadecimal, .number, .literal: nil
        }
    }

    fileprivate init(code: UInt32) {
        switch code {
        case CSIMDJSON_KEY.rawValue: self = .key
        case CSIMDJSON_FIRST_KEY.rawValue: self = .firstKey
        case CSIMDJSON_VALUE.rawValue: self = .value
        case CSIMDJSON_FIRST_ELEMENT.rawValue: self = .firstElement
        default: self = .next
        }
    }
}

// MARK: - Keys, strings, numbers, words

extension JSONScanner {
    private mutating func beginKey(_ piece: inout JSONPiece) {
        unsafe piece.index &+= 1
        unsafe piece.keyStart = piece.index
        keyIsFirst = state == .firstKey
        stringIsKey = true
        stringHasEscapes = false
        state = .text
        unsafe text(&piece)
    }

    private mutating func text(_ piece: inout JSONPiece) {
        unsafe piece.skipPlainText()
        guard unsafe !piece.isAtEnd else { return }
        switch unsafe piece.byte {
        case UInt8(ascii: "\""):
            unsafe piece.index &+= 1
            guard stringIsKey else { return unsafe end(&piece, isEmpty: false) }
            unsafe endKey(&piece)
        case UInt8(ascii: "\\"):
            unsafe piece.index &+= 1
            stringHasEscapes = true
            state = .escape
        default:
            status = .invalid
        }
    }

    private mutating func endKey(_ piece: inout JSONPiece) {
        state = .colon
        stringIsKey = false
        if silentDepth == nil { unsafe tellKey(piece, upTo: piece.index &- 1) }
        // Nearly always the colon is right here, and a string behind it.
        guard unsafe !piece.isAtEnd, unsafe piece.byte == UInt8(ascii: ":") else { return }
        unsafe piece.index &+= 1
        state = .value
        if unsafe !piece.isAtEnd, unsafe piece.byte == UInt8(ascii: "\"") {
            unsafe value(UInt8(ascii: "\""), &piece)
        }
    }

    private mutating func tellKey(_ piece: JSONPiece, upTo end: Int) {
        if keyStart.isEmpty, keyIsWhole {
            let bytes = unsafe UnsafeRawBufferPointer(
                start: piece.base + piece.keyStart,
                count: end - piece.keyStart
            )
            unsafe handler.key(bytes.bytes, hasEscapes: stringHasEscapes, isWhole: true)
            return
        }
        unsafe holdKey(piece, upTo: end)
        let key = keyStart
        unsafe handler.key(key.span.bytes, hasEscapes: stringHasEscapes, isWhole: keyIsWhole)
        keyStart = []
        keyIsWhole = true
    }

    private mutating func holdKey(_ piece: JSONPiece, upTo end: Int) {
        guard silentDepth == nil else { return }
        let count = unsafe end - piece.keyStart
        if keyStart.count + count > Self.maxKeyLength {
            keyIsWhole = false
            keyStart.removeAll(keepingCapacity: true)
        }
        guard keyIsWhole else { return }
        unsafe keyStart.append(
            contentsOf: UnsafeBufferPointer(start: piece.base + piece.keyStart, count: count)
        )
    }

    private mutating func escape(_ piece: inout JSONPiece) {
        switch unsafe piece.byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            state = .text
        case UInt8(ascii: "u"):
            hexadecimalDigits = 0
            state = .hexadecimal
        default:
            return status = .invalid
        }
        unsafe piece.index &+= 1
    }

    private mutating func hexadecimal(_ piece: inout JSONPiece) {
        let byte = unsafe piece.byte
        guard byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6 else { return status = .invalid }
        switch hexadecimalDigits {
        case 0: firstHexadecimalDigit = byte
        case 1 where firstHexadecimalDigit | 0x20 == UInt8(ascii: "d"):
            // D800 to DFFF.
            if byte >= UInt8(ascii: "8") { hasSurrogateEscapes = true }
        default: break
        }
        hexadecimalDigits &+= 1
        if hexadecimalDigits == 4 { state = .text }
        unsafe piece.index &+= 1
    }

    private mutating func number(_ piece: inout JSONPiece) {
        let byte = unsafe piece.byte
        let isDigit = byte &- 0x30 < 10
        switch number {
        case .minus where isDigit: number = byte == UInt8(ascii: "0") ? .zero : .integer
        case .integer where isDigit, .fraction where isDigit, .exponentDigits where isDigit: break
        case .zero where byte == UInt8(ascii: "."), .integer where byte == UInt8(ascii: "."): number = .point
        case .zero where byte | 0x20 == UInt8(ascii: "e"), .integer where byte | 0x20 == UInt8(ascii: "e"),
            .fraction where byte | 0x20 == UInt8(ascii: "e"):
            number = .exponent
        case .point where isDigit: number = .fraction
        case .exponent where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"): number = .exponentSign
        case .exponent where isDigit, .exponentSign where isDigit: number = .exponentDigits
        default:
            // The next state examines what follows the number.
            guard number.mayEnd else { return status = .invalid }
            return unsafe end(&piece, isEmpty: false)
        }
        unsafe piece.index &+= 1
        if number == .integer || number == .fraction || number == .exponentDigits {
            unsafe piece.skipDigits()
        }
    }

    private mutating func beginLiteral(
        _ word: StaticString,
        _ kind: JSONValue.Kind,
        _ piece: inout JSONPiece
    ) {
        unsafe begin(kind, piece)
        unsafe piece.index &+= 1
        literal = word
        literalPosition = 1
        state = .literal
    }

    private mutating func literal(_ piece: inout JSONPiece) {
        guard unsafe piece.byte == literal.utf8Start[literalPosition] else { return status = .invalid }
        unsafe piece.index &+= 1
        literalPosition &+= 1
        if literalPosition == literal.utf8CodeUnitCount { unsafe end(&piece, isEmpty: false) }
    }
}

// MARK: - What the handler is told

extension JSONScanner {
    /// A value begins at the next byte.
    @inline(__always)
    private mutating func begin(_ kind: JSONValue.Kind, _ piece: JSONPiece) {
        if silentDepth == nil { unsafe tellBeginning(kind, piece) }
    }

    private mutating func tellBeginning(_ kind: JSONValue.Kind, _ piece: JSONPiece) {
        switch unsafe handler.beginValue(kind, at: piece.position) {
        case .refuse:
            isRefused = true
            // As if the whole text were a value that nobody asks about.
            if depth > 0 || kind == .object || kind == .array { silentDepth = 0 }
        case .enter:
            break
        case .keep:
            keeps = true
            keepStart = unsafe piece.index
            fallthrough
        case .skip:
            if kind == .object || kind == .array { silentDepth = depth }
        }
    }

    /// A value has ended before the next byte.
    @inline(__always)
    private mutating func end(_ piece: inout JSONPiece, isEmpty: Bool) {
        state = .next
        if silentDepth == nil { unsafe tellEnd(piece, isEmpty: isEmpty) }
    }

    private mutating func tellEnd(_ piece: JSONPiece, isEmpty: Bool) {
        if keeps {
            unsafe tellContent(piece)
            keeps = false
        }
        if !isRefused { unsafe handler.endValue(at: piece.position, isEmpty: isEmpty) }
        if depth == 0 { status = .complete }
    }

    /// The bytes up to the next one belong to the value that is to be kept.
    private mutating func tellContent(_ piece: JSONPiece) {
        let start = keepStart
        let count = unsafe piece.index - start
        guard count > 0 else { return }
        unsafe handler.content(UnsafeRawBufferPointer(start: piece.base + start, count: count).bytes)
    }
}
