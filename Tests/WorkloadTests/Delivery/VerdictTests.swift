import AirbyteProtocol
import Glibc
import ProtocolTestSupport
import TestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

/// The outcome table, each row with the job output as the platform reads it.
@Suite struct VerdictTests {
    struct Job: Sendable, CustomTestStringConvertible {
        var operation: AirbyteProtocol.Operation
        var kind: ConnectorKind
        var testDescription: String { "\(operation) of a \(kind)" }

        var outputType: String {
            switch operation {
            case .spec: "spec"
            case .check: "checkConnection"
            case .discover: "discoverCatalogId"
            }
        }
    }

    static let jobs = AirbyteProtocol.Operation.allCases.flatMap { operation in
        [ConnectorKind.source, .destination].map { Job(operation: operation, kind: $0) }
    }

    func verdict(
        _ job: Job,
        _ ending: Ending,
        unread: String? = nil,
        exhausted: String? = nil,
        _ lines: String...
    ) throws -> Verdict {
        var reader = TranscriptReader(kind: job.kind, digestSeed: 1)
        for line in lines { _ = reader.read(Array((line + "\n").utf8)) }
        let context = VerdictContext(
            input: try sidecarInput(job.operation, of: job.kind),
            transcript: reader.transcript,
            unread: unread,
            exhausted: exhausted
        )
        return Verdict.of(ending, reader.transcript, context)
    }

    func encodedOutput(of verdict: Verdict) throws -> JSONValue {
        try json(try #require(verdict.output).encoded())
    }

    @Test(arguments: jobs)
    func unreadableOutputIsNamed(_ job: Job) throws {
        let problem = "jobOutput.json is a FIFO, not a regular file"
        let verdict = try verdict(job, .connectorExited(.code(0)), unread: problem)
        #expect(verdict.exitStatus == 1)
        #expect(verdict.report.reason?.contains(problem) == true)
        let result = Line.result(of: job.operation, kind: job.kind)
        #expect(try self.verdict(job, .connectorExited(.code(0)), unread: problem, result).isResult)
    }

    @Test("A failure says that the output was not read to its end; a result counts, and says so too")
    func outputThatIsNotReadToItsEnd() throws {
        let problem = "jobOutput.json was not read to its end, since that took longer than 5 minutes"
        let endings: [Ending] = [
            .connectorExited(.code(0)), .connectorExited(.code(1)), .connectorExited(.unusable("is empty")),
            .connectorLost(grace: .seconds(10)), .fileTimeout(limit: .seconds(60)),
        ]
        for job in Self.jobs {
            for ending in endings {
                let failure = try verdict(job, ending, unread: problem)
                #expect(!failure.isResult)
                #expect(failure.report.reason?.contains(problem) == true, "\(ending)")
                let line = Line.result(of: job.operation, kind: job.kind)
                let result = try verdict(job, ending, unread: problem, line)
                #expect(result.isResult && result.isUnusual)
                #expect(result.summary.contains(problem), "\(ending)")
            }
        }
    }

    @Test func joinedMessagesStayWithinTheLimit() throws {
        let long = text(ofLength: 50_000)
        let trace =
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"\#(long)","internal_message":"\#(long)"}}}"#
        let job = Job(operation: .check, kind: .source)
        let verdict = try verdict(job, .connectorLost(grace: .seconds(10)), trace)
        let message = try #require(verdict.output?.failureReason?.internalMessage)
        #expect(message.utf16.count <= FailureReason.maximumMessageLength)
    }

    /// The members that every job output has, and that nothing is null.
    private func expectFrame(_ output: JSONValue, _ job: Job, _ members: [String]) {
        #expect(output.text("outputType") == job.outputType)
        #expect(output.at("connectorConfigurationUpdated")?.bool == false)
        #expect(Set(output.names) == Set(["outputType", "connectorConfigurationUpdated"] + members))
        #expect(!output.members.contains { $0.value.isNull })
    }

    // MARK: A result

    @Test(arguments: jobs, [Int32(0), 1, 137])
    func resultCountsWhateverTheExitCode(_ job: Job, _ code: Int32) throws {
        let verdict = try verdict(
            job,
            .connectorExited(.code(code)),
            Line.trace,
            Line.result(of: job.operation, kind: job.kind)
        )
        #expect(verdict.isResult)
        #expect(verdict.report == .success)
        #expect(verdict.exitStatus == 0)
        #expect(verdict.summary.contains("exit code is \(code)") == (code != 0))
        let output = try encodedOutput(of: verdict)
        switch job.operation {
        case .spec:
            expectFrame(output, job, ["spec"])
            #expect(
                output.at("spec")?.written
                    == #"{"connectionSpecification":{"max":1.50,"x-own":true},"documentationUrl":"u"}"#
            )
        case .check:
            expectFrame(output, job, ["checkConnection"])
            #expect(output.text("checkConnection.status") == "succeeded")
            #expect(output.at("checkConnection")?.names == ["status"])
        case .discover:
            expectFrame(output, job, [])
            #expect(verdict.catalog?.connector == job.kind)
        }
        #expect((verdict.catalog != nil) == (job.operation == .discover))
    }

    @Test func failedCheckIsAResult() throws {
        let job = Job(operation: .check, kind: .source)
        let verdict = try verdict(job, .connectorExited(.code(1)), Line.failed, Line.succeeded)
        #expect(verdict.isResult)
        let output = try encodedOutput(of: verdict)
        #expect(output.at("checkConnection")?.written == #"{"status":"failed","message":"wrong password"}"#)
    }

    @Test func catalogGoesWithWhatTheInputSays() throws {
        let source = try verdict(
            Job(operation: .discover, kind: .source),
            .connectorExited(.code(0)),
            Line.catalog
        )
        let body = try json(try #require(source.catalog).body.bytes ?? [])
        #expect(body.text("sourceId") == "a-1")
        #expect(body.text("connectorVersion") == "1.0")
        #expect(body.text("configurationHash") == "h-1")
        #expect(body.at("catalog.streams") != nil)
        let destination = try verdict(
            Job(operation: .discover, kind: .destination),
            .connectorExited(.code(0)),
            Line.destinationCatalog
        )
        let other = try json(try #require(destination.catalog).body.bytes ?? [])
        #expect(other.text("destinationId") == "a-1")
        #expect(other.at("catalog.operations") != nil)
    }

    @Test func unusableCatalogIsAFailure() throws {
        let job = Job(operation: .discover, kind: .source)
        let verdict = try verdict(job, .connectorExited(.code(0)), Line.namelessCatalog)
        #expect(verdict.exitStatus == 1)
        #expect(verdict.catalog == nil)
        let output = try encodedOutput(of: verdict)
        expectFrame(output, job, ["failureReason"])
        #expect(output.text("failureReason.externalMessage")?.contains("has no name") == true)
        #expect(verdict.report.reason?.contains("has no name") == true)
    }

    // MARK: No result

    @Test(arguments: jobs, [Int32(1), 2, 137, -1])
    func exitCodeWithoutResult(_ job: Job, _ code: Int32) throws {
        let verdict = try verdict(job, .connectorExited(.code(code)), "plain line")
        #expect(verdict.report == .success, "the platform reads the failure out of the output")
        #expect(verdict.exitStatus == 0)
        let output = try encodedOutput(of: verdict)
        expectFrame(output, job, ["failureReason"] + (job.operation == .check ? ["checkConnection"] : []))
        #expect(output.text("failureReason.failureOrigin") == job.kind.rawValue)
        #expect(output.text("failureReason.failureType") == "system_error")
        let message = try #require(output.text("failureReason.externalMessage"))
        #expect(message.contains("exit code \(code)"))
        if job.operation == .check {
            #expect(output.text("checkConnection.status") == "failed")
            #expect(output.text("checkConnection.message") == message)
        }
    }

    @Test func lastLogLinesOfAConnectorThatSaidNoReason() throws {
        let job = Job(operation: .check, kind: .source)
        let failures = [
            try verdict(job, .connectorExited(.code(137)), "reading pages", "out of", "memory"),
            try verdict(job, .connectorExited(.code(0)), "reading pages", "out of", "memory"),
            try verdict(job, .connectorLost(grace: .seconds(10)), "reading pages", "out of", "memory"),
        ]
        for verdict in failures {
            #expect(
                try encodedOutput(of: verdict).text("failureReason.internalMessage")
                    == "The connector's last log lines:\nreading pages\nout of\nmemory"
            )
        }
        let silent = try encodedOutput(of: verdict(job, .connectorExited(.code(137))))
        #expect(silent.at("failureReason.internalMessage") == nil)
    }

    @Test func aTraceNeedsNoLastLines() throws {
        let job = Job(operation: .check, kind: .source)
        let output = try encodedOutput(of: verdict(job, .connectorExited(.code(1)), "a line", Line.trace))
        #expect(output.text("failureReason.internalMessage") == "SQL 42")
    }

    @Test func longLastLinesAreCut() throws {
        let job = Job(operation: .check, kind: .source)
        let output = try encodedOutput(of: verdict(job, .connectorExited(.code(1)), text(ofLength: 5_000)))
        let message = try #require(output.text("failureReason.internalMessage"))
        #expect(message.utf16.count < 4_100)
        #expect(message.hasSuffix("... Remainder truncated by the Airbyte platform."))
    }

    @Test(arguments: jobs, [Int32(0), 1])
    func errorTraceWithoutResult(_ job: Job, _ code: Int32) throws {
        let verdict = try verdict(job, .connectorExited(.code(code)), Line.trace)
        #expect(verdict.report == .success)
        #expect(verdict.exitStatus == 0)
        #expect(verdict.summary.contains("no such table"))
        let output = try encodedOutput(of: verdict)
        expectFrame(output, job, ["failureReason"] + (job.operation == .check ? ["checkConnection"] : []))
        let reason = try #require(output.at("failureReason"))
        #expect(reason.text("failureOrigin") == job.kind.rawValue)
        #expect(reason.text("failureType") == "config_error")
        #expect(reason.text("externalMessage") == "no such table")
        #expect(reason.text("internalMessage") == "SQL 42")
        #expect(reason.text("stacktrace") == "at x")
        #expect(reason.at("timestamp")?.int64 == 1_700_000_000_000)
        #expect(
            reason.at("metadata")?.written
                == #"{"from_trace_message":true,"connector_command":"\#(job.operation.rawValue)"}"#
        )
        if job.operation == .check { #expect(output.text("checkConnection.message") == "no such table") }
    }

    @Test(arguments: jobs)
    func traceWithoutDetailsIsAFailureNevertheless(_ job: Job) throws {
        let verdict = try verdict(job, .connectorExited(.code(0)), Line.bareTrace)
        #expect(verdict.report == .success)
        let output = try encodedOutput(of: verdict)
        #expect(output.text("failureReason.failureType") == "system_error")
        #expect(output.text("failureReason.failureOrigin") == job.kind.rawValue)
        #expect(output.at("failureReason.externalMessage") == nil)
        if job.operation == .check { #expect(output.text("checkConnection.message") == "The check failed.") }
    }

    @Test(arguments: jobs)
    func nothingAtAll(_ job: Job) throws {
        let verdict = try verdict(job, .connectorExited(.code(0)))
        #expect(verdict.exitStatus == 1)
        #expect(verdict.report.source == FailureOrigin(job.kind))
        let output = try encodedOutput(of: verdict)
        expectFrame(output, job, ["failureReason"] + (job.operation == .check ? ["checkConnection"] : []))
        #expect(output.text("failureReason.failureOrigin") == job.kind.rawValue)
        #expect(output.text("failureReason.externalMessage") == verdict.report.reason)
        #expect(
            verdict.report.reason?.contains("exit code 0 but gave no \(job.operation.resultName)") == true
        )
        if job.operation == .check { #expect(output.text("checkConnection.status") == "failed") }
    }

    @Test(arguments: jobs)
    func resultOfAnotherOperationIsNone(_ job: Job) throws {
        let other: AirbyteProtocol.Operation = job.operation == .spec ? .check : .spec
        let verdict = try verdict(
            job,
            .connectorExited(.code(0)),
            Line.result(of: other, kind: job.kind)
        )
        #expect(!verdict.isResult)
        #expect(verdict.exitStatus == 1)
    }

    // MARK: Other endings

    @Test(arguments: jobs)
    func unusableExitCode(_ job: Job) throws {
        let verdict = try verdict(job, .connectorExited(.unusable("is empty")), "so far")
        #expect(verdict.exitStatus == 1)
        #expect(verdict.report.source == FailureOrigin(job.kind))
        #expect(verdict.report.reason?.contains("exitCode.txt is empty") == true)
        let output = try encodedOutput(of: verdict)
        expectFrame(output, job, ["failureReason"] + (job.operation == .check ? ["checkConnection"] : []))
        #expect(output.text("failureReason.externalMessage") == verdict.report.reason)
        #expect(output.text("failureReason.internalMessage")?.hasSuffix("so far") == true)
    }

    @Test(arguments: jobs)
    func lostConnector(_ job: Job) throws {
        let verdict = try verdict(job, .connectorLost(grace: .seconds(10)), Line.trace)
        #expect(verdict.exitStatus == 1)
        #expect(verdict.report.source == FailureOrigin(job.kind))
        #expect(verdict.report.reason?.contains("closed for 10 seconds") == true)
        let reason = try #require(try encodedOutput(of: verdict).at("failureReason"))
        #expect(reason.text("externalMessage") == verdict.report.reason)
        // What the connector said itself is not lost.
        #expect(reason.text("internalMessage") == "no such table\nSQL 42")
        #expect(reason.text("stacktrace") == "at x")
    }

    @Test(
        arguments: jobs,
        [
            (Ending.fileTimeout(limit: .seconds(540)), "did not end within 9 minutes"),
            (.fileTimeout(limit: .seconds(90)), "did not end within 1.5 minutes"),
            (.startTimeout(limit: .seconds(1_800)), "did not start within 30 minutes"),
        ]
    )
    func timeoutWithoutAResult(_ job: Job, _ ending: (Ending, String)) throws {
        let verdict = try verdict(job, ending.0, "loading", Line.trace, "still loading")
        #expect(verdict.exitStatus == 2)
        #expect(verdict.report.source == .unknown)
        #expect(verdict.report.reason?.contains(ending.1) == true)
        #expect(verdict.catalog == nil)
        let output = try encodedOutput(of: verdict)
        expectFrame(output, job, ["failureReason"] + (job.operation == .check ? ["checkConnection"] : []))
        #expect(output.text("failureReason.failureOrigin") == "unknown")
        #expect(output.text("failureReason.externalMessage") == verdict.report.reason)
        #expect(
            output.text("failureReason.internalMessage") == """
                no such table
                SQL 42
                The connector's last log lines:
                loading
                still loading
                """
        )
        if job.operation == .check { #expect(output.text("checkConnection.status") == "failed") }
    }

    /// A connector that hangs at its end, or is killed there, has done what it was started for.
    @Test(
        arguments: jobs,
        [
            (Ending.fileTimeout(limit: .seconds(540)), "although no exit code came within 9 minutes"),
            (.startTimeout(limit: .seconds(1_800)), "although the connector did not start within 30 minutes"),
            (.connectorExited(.unusable("is empty")), "although exitCode.txt is empty"),
            (.connectorLost(grace: .seconds(10)), "although no exit code came"),
        ]
    )
    func resultCountsHoweverTheWaitEnded(_ job: Job, _ ending: (Ending, String)) throws {
        let result = Line.result(of: job.operation, kind: job.kind)
        let verdict = try verdict(job, ending.0, result)
        #expect(verdict.isResult && verdict.isUnusual)
        #expect(verdict.report == .success)
        #expect(verdict.exitStatus == 0)
        #expect(verdict.summary.contains(ending.1))
        #expect(verdict.output?.failureReason == nil)
        #expect((verdict.catalog != nil) == (job.operation == .discover))
    }

    @Test(arguments: jobs)
    func terminated(_ job: Job) throws {
        let complete = try verdict(
            job,
            .terminated(signal: SIGTERM),
            Line.result(of: job.operation, kind: job.kind)
        )
        #expect(complete.isResult)
        #expect(complete.report == .success)
        let nothing = try verdict(job, .terminated(signal: SIGTERM), Line.trace)
        #expect(nothing.report.source == .airbytePlatform)
        #expect(nothing.report.reason?.contains("SIGTERM") == true)
        #expect(nothing.output == nil)
    }

    // MARK: Lengths

    @Test func longMessagesOfAConnectorAreCut() throws {
        let message = text(ofLength: 60_000)
        let stack = text(ofLength: 110_000)
        let trace =
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"\#(message)","internal_message":"\#(message)","stack_trace":"\#(stack)"}}}"#
        let job = Job(operation: .check, kind: .source)
        let reason = try #require(
            try encodedOutput(of: try verdict(job, .connectorExited(.code(1)), trace)).at("failureReason")
        )
        for (name, limit) in [
            ("externalMessage", 50_000), ("internalMessage", 50_000), ("stacktrace", 100_000),
        ] {
            let cut = try #require(reason.text(name))
            #expect(cut.utf16.count <= limit)
            #expect(cut.hasSuffix("platform."))
        }
    }
}

extension Report {
    var source: FailureOrigin? {
        if case .failure(let source, _) = self { return source }
        return nil
    }

    var reason: String? {
        if case .failure(_, let reason) = self { return reason }
        return nil
    }
}
