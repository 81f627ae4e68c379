import TestSupport
import Testing

@testable import AirbyteProtocol

/// Of objects and arrays, the scanner accepts what the parser accepts, whether or not it tells what is within.
@Suite struct JSONScannerTests {
    /// Is told of everything down to a depth, and of nothing below.
    private struct Listener: JSONScannerHandler {
        var depth: Int
        var open = 0

        mutating func beginValue(_ kind: JSONValue.Kind, at offset: UInt64) -> JSONScanInterest {
            open += 1
            return open <= depth ? .enter : .skip
        }

        mutating func content(_ bytes: RawSpan) {}

        mutating func endValue(at offset: UInt64, isEmpty: Bool) { open -= 1 }

        mutating func key(_ text: RawSpan, hasEscapes: Bool, isWhole: Bool) {}
    }

    private func accepts(_ text: [UInt8], tellingTo depth: Int, cutAt cut: Int) -> Bool {
        var scanner = JSONScanner(handler: Listener(depth: depth))
        scanner.scan(text.span.bytes.extracting(first: cut), at: 0)
        scanner.scan(text.span.bytes.extracting(droppingFirst: cut), at: UInt64(cut))
        scanner.finish(at: UInt64(text.count))
        return scanner.status == .complete
    }

    private func compare(_ text: [UInt8], cuts: some Sequence<Int>) {
        // What follows a scalar right behind it counts for the parser only; no message is one.
        guard text.first == UInt8(ascii: "{") || text.first == UInt8(ascii: "[") else { return }
        let expected = (try? JSONParser().parse(text, trailing: .ignored)) != nil
        for depth in [0, 1, 100] {
            for cut in cuts {
                #expect(
                    accepts(text, tellingTo: depth, cutAt: cut) == expected,
                    "\(String(decoding: text, as: UTF8.self)), told to \(depth), cut at \(cut)"
                )
            }
        }
    }

    @Test(arguments: JSONValidationTests.valid + JSONValidationTests.invalid.map(\.0))
    func decidesAsTheParser(_ text: String) {
        for text in [text, "[\(text)]", #"{"a":\#(text),"b":{"c":[]}}"#].map({ Array($0.utf8) }) {
            compare(text, cuts: 0...text.count)
        }
    }

    /// Every byte of a text with everything in it, replaced by all that mean something, left out, and put twice.
    @Test func decidesAsTheParserWhateverIsBroken() {
        let text = Array(
            #"{"a":[1,-2.5e+3,"x\u00e9\\",true,[]],"\"b":{"c":null,"d":{}},"e" : [ { } , [ false ] , "" ] }"#
                .utf8
        )
        compare(text, cuts: 0...text.count)
        for index in text.indices {
            for byte in Array("{}[]:,\"\\ \ntfn10-+.eu".utf8) + [0, 1, 0x80, 0xC3] {
                var broken = text
                broken[index] = byte
                compare(broken, cuts: [0, index, index + 1])
                broken.insert(text[index], at: index)
                compare(broken, cuts: [0, index, index + 1])
            }
            var shorter = text
            shorter.remove(at: index)
            compare(shorter, cuts: [0, index])
            compare(Array(text[..<index]), cuts: [0, index / 2])
        }
    }

    /// The same of texts with strings that are looked through many bytes at a time.
    @Test(arguments: [1, 30, 31, 32, 33, 63, 64, 65])
    func decidesAsTheParserInLongStrings(_ length: Int) {
        let filling = String(repeating: "é", count: length / 2) + (length % 2 == 0 ? "" : "x")
        let text = Array(
            #"{"a":{"\#(filling)":[-12.50e-7,"\#(filling)\n\\\u00e9\#(filling)",{"k\"":true}],"b" : [ ] }}"#
                .utf8
        )
        compare(text, cuts: 0...text.count)
        for index in text.indices {
            for byte in Array("{}[]:,\"\\ \n0-.eu".utf8) + [0, 0x1F, 0x80] {
                var broken = text
                broken[index] = byte
                compare(broken, cuts: [0, index])
            }
            compare(Array(text[..<index]), cuts: [0, index / 2])
        }
    }

    /// Wants no more of a text from the value of a number on.
    private struct Refuser: JSONScannerHandler {
        var values = 0
        let wanted: Int

        mutating func beginValue(_ kind: JSONValue.Kind, at offset: UInt64) -> JSONScanInterest {
            values += 1
            #expect(values <= wanted + 1)
            return values <= wanted ? .enter : .refuse
        }

        mutating func content(_ bytes: RawSpan) {}
        mutating func endValue(at offset: UInt64, isEmpty: Bool) {}
        mutating func key(_ text: RawSpan, hasEscapes: Bool, isWhole: Bool) { #expect(values <= wanted) }
    }

    /// A text that is refused is checked to its end all the same, and its end is known.
    @Test func findsTheEndOfARefusedText() {
        let text = Array(#"{"a":[1,{"b":"x\n"},null],"c":{"d":[]}}"#.utf8)
        for wanted in 0...7 {
            for cut in 0...text.count {
                let bytes = text + Array(#"{"next":1}"#.utf8)
                var scanner = JSONScanner(handler: Refuser(wanted: wanted))
                scanner.scan(bytes.span.bytes.extracting(first: cut), at: 5)
                scanner.scan(bytes.span.bytes.extracting(droppingFirst: cut), at: UInt64(5 + cut))
                #expect(scanner.status == .complete && scanner.isRefused, "\(wanted), cut at \(cut)")
                #expect(scanner.end == UInt64(5 + text.count))
            }
        }
    }

    /// Where a text breaks off, and whether that is within an object that has a member.
    @Test(arguments: [
        ("[I", 1, false), ("[1/3]", 2, false), ("{foo", 1, false), (#"{"a" b"#, 5, false),
        (#"{"a"}"#, 4, false),
        ("{\"a\u{1}", 3, false), (#"{"\x"#, 3, false), (#"{"a":b"#, 5, true), (#"{"a":1,}"#, 7, true),
        (#"{"a":1,"b" x"#, 11, true), (#"{"a":[x"#, 6, true), (#"[{"a":{x"#, 7, true),
        (#"{"a":"\x"#, 7, true),
        (#"[{"a":1},x"#, 9, false), (#"{"a":tru "#, 8, true), (#"{"a":{}]"#, 7, true), ("[{]", 2, false),
        (#"[[{"a":****7"#, 7, true),
    ])
    func knowsWhereATextBreaksOff(_ text: String, _ end: Int, _ isWithinMember: Bool) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var scanner = JSONScanner(handler: Listener(depth: 100))
            scanner.scan(bytes.span.bytes.extracting(first: cut), at: 0)
            scanner.scan(bytes.span.bytes.extracting(droppingFirst: cut), at: UInt64(cut))
            #expect(scanner.status == .invalid)
            #expect(scanner.end == UInt64(end), "\(text), cut at \(cut)")
            #expect(scanner.isWithinMember == isWithinMember, "\(text), cut at \(cut)")
        }
    }

    @Test func boundsTheDepth() {
        for depth in 998...1_002 {
            for (open, close) in [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")] {
                let inner = open == "[" ? "" : "1"
                let text =
                    String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
                compare(Array(text.utf8), cuts: [0])
            }
        }
    }
}
