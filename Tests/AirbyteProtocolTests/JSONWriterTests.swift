import Foundation
import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct JSONWriterTests {
    @Test func numbersAndBytesAreValuesLikeOthers() {
        var writer = JSONWriter()
        let bytes = Array("Zoë \"\n".utf8)
        writer.beginArray()
        for number in [0, -1.5, 20_000_001, 1e-7, 1e300, 0.1] { writer.double(number) }
        writer.string(utf8: bytes.span)
        writer.endArray()
        #expect(text(writer.bytes) == #"[0.0,-1.5,20000001.0,1e-07,1e+300,0.1,"Zoë \"\n"]"#)
    }

    @Test func separatesMembersAndElements() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("empty")
        writer.beginArray()
        writer.endArray()
        writer.key("list")
        writer.beginArray()
        writer.int(-1)
        writer.bool(true)
        writer.null()
        writer.string("s")
        writer.beginObject()
        writer.endObject()
        writer.beginArray()
        writer.int(UInt64.max)
        writer.endArray()
        writer.raw(Array("1.50".utf8))
        writer.endArray()
        writer.key("object")
        writer.beginObject()
        writer.member("a", "x")
        writer.member("left out", String?.none)
        writer.member("b", Int64(2))
        writer.member("c", false)
        writer.endObject()
        writer.endObject()
        #expect(
            text(writer.bytes)
                == #"{"empty":[],"list":[-1,true,null,"s",{},[18446744073709551615],1.50],"object":{"a":"x","#
                + #""b":2,"c":false}}"#
        )
    }

    @Test func escapesWhatItMust() {
        var writer = JSONWriter()
        writer.string("\"\\/\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}é\u{2028}😀")
        #expect(text(writer.bytes) == "\"\\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}é\u{2028}😀\"")
    }

    /// Every scalar up to the end of the Basic Multilingual Plane and a few beyond, read back by Foundation.
    @Test func writesEveryScalar() throws {
        var scalars = String.UnicodeScalarView()
        for value in (0...0xFFFF as ClosedRange<UInt32>) { Unicode.Scalar(value).map { scalars.append($0) } }
        scalars.append("\u{1F600}")
        scalars.append("\u{10FFFF}")
        let all = String(scalars)
        var writer = JSONWriter()
        writer.beginArray()
        writer.string(all)
        writer.string(utf8: Array(all.utf8))
        writer.endArray()
        let read = try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String])
        #expect(read.map { Array($0.utf16) } == [Array(all.utf16), Array(all.utf16)])
        #expect(
            try json(text(writer.bytes)).elements.map { $0.string.map { Array($0.utf16) } } == [
                Array(all.utf16), Array(all.utf16),
            ]
        )
    }

    /// Texts are looked at eight bytes at a time: every byte at every place of a word, and behind the last whole one.
    @Test func escapesWhereverItStands() throws {
        for code in UInt32(0)...0x7F {
            guard let scalar = Unicode.Scalar(code) else { continue }
            for position in 0...17 {
                let text =
                    String(repeating: "é", count: position / 2) + String(repeating: "a", count: position % 2)
                    + String(scalar) + "bcdefghi"
                var writer = JSONWriter()
                writer.string(text)
                let read = try JSONDocument(parsing: writer.bytes).root.string
                #expect(read == text, "\(code) at \(position)")
            }
        }
    }

    @Test func escapesKeys() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("a\"\n", 1)
        writer.endObject()
        #expect(text(writer.bytes) == #"{"a\"\n":1}"#)
    }

    /// Longer texts are measured first and written in one go.
    @Test func longTextsAreEscapedTheSame() throws {
        let part =
            String(String.UnicodeScalarView((0...0x85).compactMap { Unicode.Scalar($0 as UInt32) }))
            + "é😀\\\""
        let count = 100_000 / part.utf8.count
        var single = JSONWriter()
        single.string(part)
        var long = JSONWriter()
        long.beginArray()
        long.string(String(repeating: part, count: count))
        long.int(1)
        long.endArray()
        let expected = String(repeating: String(text(single.bytes).dropFirst().dropLast()), count: count)
        #expect(text(long.bytes) == "[\"\(expected)\",1]")
    }
}
