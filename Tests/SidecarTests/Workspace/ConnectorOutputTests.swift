import AirbyteProtocol
import Glibc
import TestSupport
import Testing

@testable import Sidecar

/// The file from which parts of a result are read again.
@Suite struct ConnectorOutputTests {
    private let directory = TemporaryDirectory()

    private func opened(_ content: String) throws -> ConnectorOutput {
        directory.write(FileName.output, content)
        let output = ConnectorOutput()
        output.file = try WorkspaceDirectory(path: directory.path).open(FileName.output)
        return output
    }

    @Test func bytesAreThoseOfNow() throws {
        let output = try opened("0123456789")
        #expect(try output.bytes(in: 2..<5) == Array("234".utf8))
        #expect(try output.bytes(in: 0..<10) == Array("0123456789".utf8))
        #expect(try output.bytes(in: 4..<4) == [])
        directory.append(FileName.output, "ab")
        #expect(try output.bytes(in: 8..<12) == Array("89ab".utf8))
    }

    @Test func fewerComeWhereTheFileEnds() throws {
        let output = try opened("0123456789")
        #expect(try output.bytes(in: 8..<20) == Array("89".utf8))
        #expect(try output.bytes(in: 10..<20) == [])
        #expect(try output.bytes(in: UInt64(Int64.max) - 1..<UInt64(Int64.max)) == [])
        directory.write(FileName.output, "")
        #expect(try output.bytes(in: 0..<10) == [])
    }

    @Test func fileStaysTheOneThatWasRead() throws {
        let output = try opened("old")
        directory.write("other", "new")
        #expect(rename(directory.path("other"), directory.path(FileName.output)) == 0)
        #expect(try output.bytes(in: 0..<3) == Array("old".utf8))
        #expect(unlink(directory.path(FileName.output)) == 0)
        #expect(try output.bytes(in: 0..<3) == Array("old".utf8))
    }

    @Test func withoutAFileNothingIsRead() {
        #expect(throws: DocumentError("jobOutput.json is not open anymore")) {
            try ConnectorOutput().bytes(in: 0..<1)
        }
    }
}
