import Glibc
import Testing

@testable import BenchHarness

@Suite struct ProcessFilesTests {
    @Test func fieldsAreNumbers() throws {
        let fields = ProcessFields(
            parsing: """
                Name:\tbench
                VmHWM:\t   18432 kB
                voluntary_ctxt_switches:\t42
                55d0-7ffe ---p 00000000 00:00 0      [rollup]
                Pss:                2816 kB
                """,
            source: "a file"
        )
        #expect(try fields.number("VmHWM") == 18_432)
        #expect(try fields.number("voluntary_ctxt_switches") == 42)
        #expect(try fields.number("Pss") == 2_816)
        #expect(throws: HarnessError.self) { try fields.number("Name") }
        #expect(throws: HarnessError.self) { try fields.number("Rss") }
    }

    @Test func processorTimeComesFirst() {
        #expect(ProcessFiles.processorTime(in: "123456 789 10\n") == 123_456)
        #expect(ProcessFiles.processorTime(in: "") == nil)
    }

    @Test func thisProcessHasFigures() throws {
        let files = ProcessFiles(getpid())
        #expect(try files.status().number("VmHWM") > 0)
        #expect(try files.memoryMap().number("Pss") > 0)
        #expect(try files.processorTime() > 0)
    }

    @Test func aProcessThatIsNotThereIsAnError() {
        #expect(throws: HarnessError.self) { try ProcessFiles(-1).status() }
        #expect(throws: HarnessError.self) { try ProcessFiles(-1).processorTime() }
    }
}
