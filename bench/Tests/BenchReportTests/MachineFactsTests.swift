import BenchReport
import Testing

@Suite struct MachineFactsTests {
    @Test func namesTheKernel() {
        #expect(MachineFacts.current().facts.contains { $0.name == "kernel" && !$0.value.isEmpty })
    }
}
