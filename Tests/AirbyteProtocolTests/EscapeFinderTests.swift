import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct EscapeFinderTests {
    /// Every byte at every place of a word and behind the last whole one, before bytes that lie next to escaped ones.
    @Test func findsTheFirstByteThatHasToBeEscaped() {
        for byte in UInt8.min...UInt8.max {
            for position in 0...17 {
                for neighbour in Array("a!#[]\u{7F}".utf8) + [0x80, 0xFF] {
                    var text = [UInt8](repeating: neighbour, count: position) + [byte]
                    text += [UInt8](repeating: neighbour, count: 9)
                    let isEscaped = byte < 0x20 || byte == 0x22 || byte == 0x5C
                    #expect(
                        EscapeFinder.first(in: text.span.bytes) == (isEscaped ? position : text.count),
                        "\(byte) among \(neighbour) at \(position)"
                    )
                }
            }
        }
    }

    @Test func findsTheFirstOfSeveral() {
        let text = Array("0123\"567\\9\nb".utf8)
        #expect(
            [0, 4, 5, 8, 9, 11].map { EscapeFinder.first(in: text.span.bytes, from: $0) } == [
                4, 4, 8, 8, 10, 12,
            ]
        )
    }
}
