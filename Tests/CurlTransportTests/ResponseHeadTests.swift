import HTTP
import Testing

@testable import CurlTransport

@Suite struct ResponseHeadTests {
    private static func head(_ lines: [String]) -> ResponseHead {
        head(lines.map { Array($0.utf8) })
    }

    private static func head(_ lines: [[UInt8]]) -> ResponseHead {
        var head = ResponseHead()
        for line in lines {
            let isTaken = head.append(line)
            #expect(isTaken)
        }
        return head
    }

    @Test func fieldsKeepTheirOrderAndLoseTheirBlanks() {
        let head = Self.head([
            "HTTP/1.1 200 OK\r\n", "b:1\r\n", "A: \t two words \t\r\n", "b:\r\n", "c: d:e\n", "\r\n",
        ])
        #expect(head.isComplete)
        #expect(
            head.headers == [
                HTTPHeader("b", "1"), HTTPHeader("A", "two words"), HTTPHeader("b", ""),
                HTTPHeader("c", "d:e"),
            ]
        )
    }

    @Test func foldedLinesBelongToTheFieldBefore() {
        let head = Self.head([
            "HTTP/1.1 200 OK\r\n", " lost\r\n", "A: one\r\n", "\t two\r\n", "B: c\r\n", "\r\n",
        ])
        #expect(head.headers == [HTTPHeader("A", "one two"), HTTPHeader("B", "c")])
    }

    /// RFC 9110, section 5.5: blanks around a value are no part of it.
    @Test func foldedLinesBringNoBlanksAroundAValue() {
        let head = Self.head([
            "HTTP/1.1 200 OK\r\n", "Retry-After:\r\n", " 120\r\n", "B: c\r\n", " \r\n", "\r\n",
        ])
        #expect(head.headers == [HTTPHeader("Retry-After", "120"), HTTPHeader("B", "c")])
    }

    @Test func linesThatAreNoFieldsAreSkipped() {
        #expect(Self.head(["HTTP/1.1 200 OK\r\n", "nonsense\r\n", "A: b\r\n", "\r\n"]).headers.count == 1)
    }

    @Test func bytesThatAreNotUTF8AreReplaced() {
        let head = Self.head([Array("HTTP/1.1 200 OK\r\n".utf8), Array("A: ".utf8) + [0xff, 13, 10]])
        #expect(head.headers == [HTTPHeader("A", "\u{FFFD}")])
    }

    @Test(arguments: ["HTTP/1.1 100 Continue\r\n", "HTTP/1.1 103\r\n", "HTTP/1.1 199 x y z\r\n"])
    func interimHeadsMakeRoom(line: String) {
        let interim = [line, "Early: 1\r\n", "\r\n"]
        #expect(!Self.head(interim).isComplete)
        let head = Self.head(interim + ["HTTP/1.1 200 OK\r\n", "Late: 2\r\n", "\r\n"])
        #expect(head.isComplete)
        #expect(head.headers == [HTTPHeader("Late", "2")])
    }

    @Test func trailersAreNoFieldsNorHeads() {
        let head = Self.head([
            "HTTP/1.1 200 OK\r\n", "A: b\r\n", "\r\n", "HTTP/1.1 500: x\r\n", "C: d\r\n", "\r\n",
        ])
        #expect(head.isComplete)
        #expect(head.headers == [HTTPHeader("A", "b")])
    }

    /// A head counts as a whole, the interim ones before it included, so that they cannot go on for ever.
    @Test func theBoundCountsAllLines() {
        var head = ResponseHead()
        let line = Array("HTTP/1.1 100 Continue\r\n".utf8)
        var lines = 0
        while head.append(lines.isMultiple(of: 2) ? line : Array("\r\n".utf8)) { lines += 1 }
        #expect(lines == ResponseHead.maximumBytes / 25 * 2 + (ResponseHead.maximumBytes % 25 >= 23 ? 1 : 0))
    }
}
