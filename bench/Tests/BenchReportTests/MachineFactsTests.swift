import Testing

@testable import BenchReport

@Suite struct MachineFactsTests {
    @Test func namesTheKernel() {
        #expect(MachineFacts.current().facts.contains { $0.name == "kernel" && !$0.value.isEmpty })
    }

    @Test func countsProcessors() {
        let text =
            "processor\t: 0\nmodel name\t: Some CPU 1 GHz\n\nprocessor\t: 1\nmodel name\t: Some CPU 1 GHz\n"
        #expect(MachineFacts.processor(in: text) == "2 × Some CPU 1 GHz")
        #expect(MachineFacts.processor(in: "processor : 0\nBogoMIPS : 1\n") == "1")
    }

    @Test func readsTheMemory() {
        #expect(MachineFacts.memory(in: "MemTotal:       2097152 kB\nMemFree: 1 kB\n") == "2 GiB")
        #expect(MachineFacts.memory(in: "MemFree: 1 kB\n") == nil)
    }

    @Test func timesAreInUTC() {
        #expect(MachineFacts.utcTime().wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
    }
}
