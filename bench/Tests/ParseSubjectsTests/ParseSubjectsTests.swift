import Foundation
import ParseSubjects
import SyntheticOutput
import Testing

@Suite struct ParseSubjectsTests {
    /// What a subject makes of an output that is cut into chunks of that size.
    private func outcome(_ subject: ParseSubjects, _ output: SyntheticOutput, chunkSize: Int) -> ParseOutcome
    {
        func read<Subject: ParseSubject>(_ type: Subject.Type) -> ParseOutcome {
            var subject = Subject()
            output.write(chunkSize: chunkSize) { chunk in
                // With the bytes behind it that a subject may read.
                var padded = chunk.withUnsafeBytes { Array($0) }
                padded += [UInt8](repeating: 0, count: ParseSubjects.padding)
                subject.read(padded.span.bytes.extracting(first: chunk.byteCount))
            }
            return subject.finish()
        }
        return read(subject.type)
    }

    @Test(arguments: ParseSubjects.allCases, [1_000, 65_536])
    func allFindTheSameMessages(_ subject: ParseSubjects, chunkSize: Int) {
        let output = SyntheticOutput([
            .logs(LogFlood(lines: 500, form: .message)), .logs(LogFlood(lines: 300, form: .plain)),
            .catalog(CatalogShape(.source, .streams(20), columns: 20)),
        ])
        let outcome = outcome(subject, output, chunkSize: chunkSize)
        #expect(outcome.messages ?? 501 == 501)
        #expect(outcome.others == (subject == .linesOnly ? 801 : 300))
        #expect(outcome.hasCatalog ?? true)
    }

    @Test(arguments: [ParseSubjects.ours, .foundationCodable, .foundationValue])
    func noCatalogIsFoundWhereThereIsNone(_ subject: ParseSubjects) {
        let output = SyntheticOutput([.logs(LogFlood(lines: 100, form: .mixed))])
        #expect(outcome(subject, output, chunkSize: 65_536).hasCatalog == false)
    }

    @Test(arguments: ParseSubjects.allCases)
    func aRunReadsTheFileToItsEnd(_ subject: ParseSubjects) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let output = SyntheticOutput([.discoverLines(DiscoverLines(bytes: 300_000, lineLength: 10_000))])
        try SyntheticConnector(output).writeOutput(toFile: path)
        let measurement = try ParseRun(subject, path: path, minimumSeconds: 0).measure()
        #expect(measurement.bytes == 300_000)
        #expect(measurement.passes == 1)
        #expect(measurement.seconds > 0)
        #expect(measurement.outcome.hasCatalog ?? true)
    }

    @Test func aFileThatIsNotThereIsAnError() {
        #expect(throws: ParseRunProblem.self) {
            try ParseRun(.ours, path: "/nonexistent", minimumSeconds: 0).measure()
        }
    }
}
