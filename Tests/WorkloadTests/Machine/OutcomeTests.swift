import AirbyteProtocol
import Glibc
import ProtocolTestSupport
import TestSupport
import Testing
import Workload
import WorkloadTestSupport

/// The outcome table: for each situation what is stored, reported and returned.
@Suite struct OutcomeTests {
    /// How the wait ends.
    enum Wait: Sendable {
        case exit(ConnectorExit)
        case lost
        case fileTimeout
        case signal
        /// The platform says that the workload is over, or is silent for five minutes.
        case gone, silence
    }

    enum Stored: Sendable {
        case nothing
        case result
        case failure(FailureOrigin)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var wait: Wait
        var lines: [String] = []
        var catalogIsTaken = true
        var outputIsTaken = true
        var reportAnswers: [CallOutcome] = [.ok]
        /// What of an output the platform can read in the end.
        var stored: Stored
        var reports: [Step]
        var exit: Int32
        /// The output is written that often.
        var writes = 1

        /// For statistics.
        var outcome: WorkloadOutcome {
            switch (wait, stored, reports.last) {
            case (.gone, _, _): .cancelled
            case (.silence, _, _): .unreported
            case (_, .result, .success): .success
            case (.signal, _, _): .stopped
            default: .failure
            }
        }
    }

    static let rows: [Row] = [
        Row(
            testDescription: "result, exit code 0",
            wait: .exit(.code(0)),
            lines: [result],
            stored: .result,
            reports: [.success],
            exit: 0
        ),
        Row(
            testDescription: "result, exit code 137",
            wait: .exit(.code(137)),
            lines: [result],
            stored: .result,
            reports: [.success],
            exit: 0
        ),
        Row(
            testDescription: "error trace, exit code 1",
            wait: .exit(.code(1)),
            lines: [Line.trace],
            stored: .failure(.source),
            reports: [.success],
            exit: 0
        ),
        Row(
            testDescription: "exit code 1 alone",
            wait: .exit(.code(1)),
            stored: .failure(.source),
            reports: [.success],
            exit: 0
        ),
        Row(
            testDescription: "error trace, exit code 0",
            wait: .exit(.code(0)),
            lines: [Line.trace],
            stored: .failure(.source),
            reports: [.success],
            exit: 0
        ),
        Row(
            testDescription: "nothing, exit code 0",
            wait: .exit(.code(0)),
            stored: .failure(.source),
            reports: [.failure(.source)],
            exit: 1
        ),
        Row(
            testDescription: "unusable exit code, result",
            wait: .exit(.unusable("is empty")),
            lines: [result],
            stored: .result,
            reports: [.success],
            exit: 0
        ),
        Row(
            testDescription: "unusable exit code, no result",
            wait: .exit(.unusable("is empty")),
            stored: .failure(.source),
            reports: [.failure(.source)],
            exit: 1
        ),
        Row(
            testDescription: "success refused for good",
            wait: .exit(.code(0)),
            lines: [result],
            reportAnswers: [.refused("422"), .ok],
            stored: .result,
            reports: [.success, .failure(.airbytePlatform)],
            exit: 1
        ),
        Row(
            testDescription: "success whose answer was lost",
            wait: .exit(.code(0)),
            lines: [result],
            reportAnswers: [.down, .down, .ok],
            stored: .result,
            reports: [.success, .success, .success],
            exit: 0
        ),
        Row(
            testDescription: "catalog refused",
            wait: .exit(.code(0)),
            lines: [result],
            catalogIsTaken: false,
            stored: .failure(.airbytePlatform),
            reports: [.failure(.airbytePlatform)],
            exit: 1
        ),
        Row(
            testDescription: "output refused",
            wait: .exit(.code(0)),
            lines: [result],
            outputIsTaken: false,
            stored: .nothing,
            reports: [.failure(.airbytePlatform)],
            exit: 1
        ),
        Row(
            testDescription: "file timeout, result",
            wait: .fileTimeout,
            lines: [result],
            stored: .result,
            reports: [.success],
            exit: 0
        ),
        Row(
            testDescription: "file timeout, no result",
            wait: .fileTimeout,
            lines: ["loading"],
            stored: .failure(.unknown),
            reports: [.failure(.unknown)],
            exit: 2
        ),
        Row(
            testDescription: "cancelled",
            wait: .gone,
            lines: [result],
            stored: .nothing,
            reports: [],
            exit: 1,
            writes: 0
        ),
        Row(
            testDescription: "five minutes without contact",
            wait: .silence,
            lines: [result],
            stored: .nothing,
            reports: [],
            exit: 1,
            writes: 0
        ),
        Row(
            testDescription: "lost connector, result",
            wait: .lost,
            lines: [result],
            stored: .result,
            reports: [.success],
            exit: 0
        ),
        Row(
            testDescription: "lost connector, no result",
            wait: .lost,
            lines: ["loading"],
            stored: .failure(.source),
            reports: [.failure(.source)],
            exit: 1
        ),
        Row(
            testDescription: "signal, result",
            wait: .signal,
            lines: [result],
            stored: .result,
            reports: [.success],
            exit: 143
        ),
        Row(
            testDescription: "signal, no result",
            wait: .signal,
            stored: .nothing,
            reports: [.failure(.airbytePlatform)],
            exit: 143,
            writes: 0
        ),
    ]

    private static let result = Line.catalog

    @Test(arguments: rows)
    func row(_ row: Row) throws {
        var world = MachineWorld(try sidecarInput(.discover))
        world.announce()
        end(row.wait, in: &world)
        world.send(
            .transcriptRead(
                row.lines.reduce(into: TranscriptReader(digestSeed: 1)) { reader, line in
                    _ = reader.read(Array("\(line)\n".utf8))
                }.transcript
            )
        )
        if world.steps.last == .catalog {
            world.send(.delivered(row.catalogIsTaken ? .catalogWritten(id: "c") : .failed("422")))
        }
        if world.steps.last == .store {
            world.send(.delivered(row.outputIsTaken ? .outputStored : .failed("disk full")))
        }
        for answer in row.reportAnswers {
            world.send(.reportAnswered(answer))
            world.advance(by: .seconds(5))
        }
        #expect(world.steps.last == .exit(Int32(row.exit)))
        #expect(world.steps.count { $0 == .store } == row.writes)
        #expect(world.steps.filter { $0.isReport } == row.reports)
        expectOutput(row.outputIsTaken ? world.output : nil, row.stored)
        let result = try #require(world.machine.result)
        #expect(result.outcome == row.outcome)
        // What is not decided has no type.
        let isFailure = [.failure, .stopped].contains(row.outcome)
        #expect((result.failureType != nil) == isFailure, "\(result)")
        if row.outcome == .stopped { #expect(result.failureType == .transientError) }
    }

    private func end(_ wait: Wait, in world: inout MachineWorld) {
        switch wait {
        case .exit(let exit): world.send(.exitCodeFound(exit))
        case .lost:
            world.send(.outputClosed)
            world.send(.timerFired(.lostConnector))
            world.send(.outputVerified(.none))
        case .fileTimeout: world.send(.timerFired(.fileTimeout))
        case .signal: world.send(.signalled(SIGTERM))
        case .gone:
            world.advance(by: .seconds(30))
            world.send(.contactAnswered(.heartbeat, .gone))
        case .silence: world.advance(by: .seconds(300))
        }
    }

    private func expectOutput(_ output: JobOutput?, _ stored: Stored) {
        switch stored {
        case .nothing: #expect(output == nil)
        case .result:
            #expect(output?.discoverCatalogId == "c")
            #expect(output?.failureReason == nil)
        case .failure(let origin):
            #expect(output?.discoverCatalogId == nil)
            #expect(output?.failureReason?.failureOrigin == origin)
        }
    }
}
