import Foundation
import TestSupport
import Testing

/// The helper program `sealed-job`: a workload that touches nothing of the machine, with the kernel as the witness.
@Suite struct SealedJobTests {
    private func run(_ arguments: String...) throws -> (exitCode: Int32, output: String) {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("sealed-job").path
        let ended = try Spawn.run(program, arguments, capturesErrors: true)
        return (ended.exitCode, String(decoding: ended.output, as: UTF8.self))
    }

    @Test func workloadTouchesNoFileSocketOrTimer() throws {
        let ended = try run()
        #expect(ended.exitCode == 0, "\(ended.output)")
        #expect(ended.output.contains("The workload was reported as successful"))
        #expect(ended.output.hasPrefix("2000-01-01 00:00:00.000"))
        #expect(ended.output.contains("2000-01-01 01:01:05.000"), "the clock has jumped an hour")
    }

    @Test func sealHolds() throws {
        #expect(try run("open").exitCode == 128 + SIGSYS)
    }
}
