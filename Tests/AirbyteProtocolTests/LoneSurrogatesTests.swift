import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct LoneSurrogatesTests {
    @Test(arguments: [
        (#""\ud800""#, #""\u003f""#),
        (#""\uDFFF x""#, #""\u003f x""#),
        (#""\ud83d\ude00""#, #""\ud83d\ude00""#),
        (#""\ud83d\ud83d\ude00""#, #""\u003f\ud83d\ude00""#),
        (#""\ude00\ud83d""#, #""\u003f\u003f""#),
        (#""\ud83d\n\ude00""#, #""\u003f\n\u003f""#),
        (#""\\ud800""#, #""\\ud800""#),
        (#""\\\ud800""#, #""\\\u003f""#),
        (#""\ud7ff\ue000\u00e9""#, #""\ud7ff\ue000\u00e9""#),
        // No JSON before, none afterwards.
        (#""\ud8zz""#, #""\ud8zz""#),
        (#""\ud8"#, #""\ud8"#),
        (#""\ud83d\ude0z""#, #""\u003f\ude0z""#),
    ])
    func halvesWithoutPartnersAreReplaced(_ text: String, _ expected: String) {
        var bytes = Array(text.utf8)
        LoneSurrogates.replace(in: &bytes, count: bytes.count)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test func rawTextOfAValueHasNone() throws {
        let document = try JSONDocument(parsing: Array(#"{"k\udc00":["v\ud800","\ud83d\ude00"]}"#.utf8))
        #expect(
            String(decoding: document.root.rawJSON, as: UTF8.self)
                == #"{"k\u003f":["v\u003f","\ud83d\ude00"]}"#
        )
        #expect(document.root[member: "k?"]?.kind == .array)
    }

    @Test func paddingIsLeftAlone() {
        var bytes = Array(#""\ud8"#.utf8) + Array("00".utf8)
        LoneSurrogates.replace(in: &bytes, count: bytes.count - 2)
        #expect(bytes == Array(#""\ud800"#.utf8))
    }
}
