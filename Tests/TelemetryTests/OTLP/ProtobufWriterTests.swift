import Testing

@testable import Telemetry

/// The examples of "Encoding" in Protocol Buffers' own documentation, and lengths of each size.
@Suite struct ProtobufWriterTests {
    private func written(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }

    @Test func numbersAreVarints() {
        #expect(written { $0.varint(1, 150) } == [0x08, 0x96, 0x01])
        #expect(written { $0.varint(1, 0) } == [0x08, 0x00])
        #expect(written { $0.varint(16, 1) } == [0x80, 0x01, 0x01])
        let minusTwo = written { $0.varint(1, UInt64(bitPattern: -2)) }
        #expect(minusTwo == [0x08, 0xFE] + [UInt8](repeating: 0xFF, count: 8) + [0x01])
    }

    @Test func fixedNumbersAreLittleEndian() {
        #expect(written { $0.fixed64(1, 0x0102) } == [0x09, 2, 1, 0, 0, 0, 0, 0, 0])
    }

    @Test func stringsHaveTheirLengthBefore() {
        let text = Array("testing".utf8)
        #expect(written { $0.bytes(2, text.span) } == [0x12, 0x07] + text)
    }

    @Test func messagesNest() {
        let bytes = written { writer in
            let outer = writer.beginMessage(3)
            writer.varint(1, 150)
            let inner = writer.beginMessage(1)
            writer.endMessage(inner)
            writer.endMessage(outer)
        }
        #expect(bytes == [0x1A, 0x05, 0x08, 0x96, 0x01, 0x0A, 0x00])
    }

    @Test(arguments: [0, 125, 126, 16_380, 16_381, 70_000])
    func lengthsOfMessagesHaveAsManyBytesAsTheyNeed(_ count: Int) {
        let text = [UInt8](repeating: 7, count: count)
        let bytes = written { writer in
            let message = writer.beginMessage(1)
            writer.bytes(2, text.span)
            writer.endMessage(message)
        }
        let message = ProtobufReader.fields(of: bytes).bytes(1)
        #expect(message.map { ProtobufReader.fields(of: $0).bytes(2) } == text)
        let shortest = written { $0.bytes(1, written { $0.bytes(2, text.span) }.span) }
        #expect(bytes == shortest)
    }
}
