import TestSupport
import Testing

@testable import AirbyteProtocol

/// Opaque members are walked over by code of their own, which has to decide as the other does.
@Suite struct OpaqueMemberTests {
    private let opaque = JSONParser(opaqueKeys: ["config"])
    private let full = JSONParser()

    /// The same verdict, the same error at the same byte, the same value.
    private func compare(_ text: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
        let line = Array(#"{"config":"#.utf8) + text + Array(#","next":[{"a":"\n"}]}"#.utf8)
        let opaque = Result { () throws(JSONError) in try self.opaque.parse(line).root }
        let full = Result { () throws(JSONError) in try self.full.parse(line).root }
        let quoted = String(decoding: line, as: UTF8.self)
        switch (opaque, full) {
        case (.success(let opaque), .success(let full)):
            #expect(opaque.isEquivalent(to: full), "\(quoted)", sourceLocation: sourceLocation)
            let (one, other) = (opaque[member: "config"], full[member: "config"])
            #expect(one?.rawJSON == other?.rawJSON, "\(quoted)", sourceLocation: sourceLocation)
            #expect(
                one?.isEmptyContainer == other?.isEmptyContainer,
                "\(quoted)",
                sourceLocation: sourceLocation
            )
        case (.failure(let opaque), .failure(let full)):
            #expect(opaque.reason == full.reason, "\(quoted)", sourceLocation: sourceLocation)
            #expect(opaque.offset == full.offset, "\(quoted)", sourceLocation: sourceLocation)
        default:
            Issue.record("\(opaque) but \(full): \(quoted)", sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: JSONValidationTests.valid + JSONValidationTests.invalid.map(\.0))
    func decidesAlike(_ text: String) {
        compare(Array(text.utf8))
        compare(Array("[\(text)]".utf8))
        compare(Array(#"{"a":\#(text),"b":{}}"#.utf8))
    }

    /// Every byte of a text with everything in it, replaced by all that mean something, left out, and put twice.
    @Test func decidesAlikeWhateverIsBroken() {
        let text = Array(
            #"{"a":[1,-2.5e+3,"x\u00e9\\",true,[]],"\"b":{"c":null,"d":{}},"e" : [ { } , [ false ] , "" ] }"#
                .utf8
        )
        compare(text)
        for index in text.indices {
            for byte in Array("{}[]:,\"\\ \ntfn10-+.eu".utf8) + [0, 1, 0x80, 0xC3] {
                var broken = text
                broken[index] = byte
                compare(broken)
                broken.insert(text[index], at: index)
                compare(broken)
            }
            var shorter = text
            shorter.remove(at: index)
            compare(shorter)
            compare(Array(text[..<index]))
        }
    }

    @Test func countsTheDepthAlike() {
        for depth in 997...1_001 {
            for (open, close) in [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")] {
                let inner = open == "[" ? "" : "1"
                compare(
                    Array(
                        (String(repeating: open, count: depth) + inner
                            + String(repeating: close, count: depth)).utf8
                    )
                )
            }
        }
    }
}
