import AirbyteProtocol
import Glibc
import ProtocolTestSupport
import TestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

/// What a failure tells people.
extension VerdictTests {
    private static let check = Job(operation: .check, kind: .source)

    private func failure(
        of ending: Ending,
        exhausted: String? = nil,
        _ lines: String...
    ) throws -> JSONValue {
        var reader = TranscriptReader(digestSeed: 1)
        for line in lines { _ = reader.read(Array((line + "\n").utf8)) }
        let context = VerdictContext(
            input: try sidecarInput(.check),
            transcript: reader.transcript,
            unread: nil,
            exhausted: exhausted
        )
        return try encodedOutput(of: Verdict.of(ending, reader.transcript, context))
    }

    private static func trace(_ message: String, internal internalMessage: String) -> String {
        #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"\#(message)","internal_message":"\#(internalMessage)"}}}"#
    }

    // MARK: Exit codes

    @Test(arguments: [
        (Int32(2), "wrong arguments"), (3, "out of memory"), (120, "could not write its output"),
        (126, "cannot be executed"), (127, "was not found"), (137, "SIGKILL: out of memory?"),
        (139, "SIGSEGV"), (143, "SIGTERM"),
    ])
    func exitCodesWithAMeaning(_ code: Int32, _ words: String) throws {
        let output = try failure(of: .connectorExited(.code(code)), "the last line")
        let message = try #require(output.text("failureReason.externalMessage"))
        #expect(message.contains("exit code \(code) ("))
        #expect(message.contains(words))
        #expect(output.text("failureReason.internalMessage")?.hasSuffix("\nthe last line") == true)
        #expect(!message.contains("stderr"), "there is something to read")
    }

    @Test(arguments: [Int32(0), 1, 4, 119, 121, 125, 128, 255, -1])
    func exitCodesWithoutAMeaning(_ code: Int32) {
        #expect(ExitCodeMeaning.note(on: code) == "")
    }

    @Test(arguments: [Int32(1), 2, 127, 137])
    func emptyOutputPointsToTheMainContainer(_ code: Int32) throws {
        let output = try failure(of: .connectorExited(.code(code)))
        let message = try #require(output.text("failureReason.externalMessage"))
        #expect(message.hasSuffix("see the standard error of the main container."))
        #expect(output.text("checkConnection.message") == message)
    }

    // MARK: The development kit's general message

    /// airbyte-cdk 6.61.6 and 7.39.1, `utils/traced_exception.py`: the message of an exception that is no
    /// `AirbyteTracedException`.
    @Test(arguments: [
        ("'count'", " 'count'"), ("\\n  first \\nsecond", " first"), ("", ""), (" ", ""),
    ])
    func generalMessageGoesOnWithWhatItIsAbout(_ detail: String, _ shown: String) throws {
        let general = "Something went wrong in the connector. See the logs for more details."
        let trace = Self.trace(general, internal: detail)
        let output = try failure(of: .connectorExited(.code(1)), trace)
        #expect(output.text("checkConnection.message") == general + shown)
        #expect(output.text("failureReason.externalMessage") == general)
        #expect(
            output.text("failureReason.internalMessage") == detail.replacing("\\n", with: "\n")
        )
    }

    @Test func otherMessagesStayAsTheyAre() throws {
        let trace = Self.trace("Service is down.", internal: "503")
        let output = try failure(of: .connectorExited(.code(1)), trace)
        #expect(output.text("checkConnection.message") == "Service is down.")
    }

    @Test func traceWithNothingForUsersShowsItsInternalMessage() throws {
        let trace = Self.trace("", internal: "503")
        #expect(
            try failure(of: .connectorExited(.code(1)), trace).text("checkConnection.message") == "503"
        )
    }

    // MARK: What the connector logged, or wrote in place of a result

    private static let fatal =
        #"{"type":"LOG","log":{"level":"FATAL","message":"cannot log in\nTraceback\nValueError"}}"#

    /// airbyte-cdk 7.39.1 masks short secrets within its finished trace, which is no JSON any more.
    @Test(arguments: [
        (Ending.connectorExited(.code(1)), "The connector's check ended with exit code 1."),
        (.connectorExited(.code(0)), "The connector ended with exit code 0 but gave no connection status."),
        (
            .connectorExited(.unusable("is empty")),
            "The connector's exit code is unknown: exitCode.txt is empty."
        ),
    ])
    func lastErrorIsTheVisibleReason(_ ending: Ending, _ text: String) throws {
        let output = try failure(of: ending, Self.fatal, "a line")
        #expect(output.text("failureReason.externalMessage") == "cannot log in. \(text)")
        #expect(output.text("checkConnection.message") == "cannot log in. \(text)")
        #expect(output.text("failureReason.internalMessage")?.contains("ValueError\na line") == true)
    }

    /// The last error need not be why a connector hangs, or was killed.
    @Test(arguments: [
        Ending.connectorLost(grace: .seconds(10)), .fileTimeout(limit: .seconds(540)),
        .startTimeout(limit: .seconds(540)),
    ])
    func lastErrorIsNotTheReasonOfOtherEndings(_ ending: Ending) throws {
        let output = try failure(of: ending, Self.fatal)
        #expect(output.text("failureReason.externalMessage")?.contains("log in") == false)
        #expect(output.text("failureReason.internalMessage")?.contains("cannot log in") == true)
    }

    @Test func traceWithoutDetailsLeavesTheWordToTheLog() throws {
        let output = try failure(of: .connectorExited(.code(1)), Self.fatal, Line.bareTrace)
        #expect(output.text("failureReason.externalMessage") == "cannot log in")
        #expect(output.text("checkConnection.message") == "cannot log in")
    }

    @Test(arguments: [
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}"#,
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FINE"}}"#,
    ])
    func resultInAMalformedLineIsNamed(_ line: String) throws {
        let output = try failure(of: .connectorExited(.code(0)), line)
        #expect(
            output.text("failureReason.externalMessage")?.hasSuffix(
                "In its output, a CONNECTION_STATUS was seen in a malformed line."
            ) == true
        )
    }

    /// airbyte-cdk 7.39.1 puts what is printed without a line end in front of the next message.
    @Test(arguments: jobs)
    func resultBehindTextIsSalvagedWithAWarning(_ job: Job) throws {
        let line = Array(Line.result(of: job.operation, kind: job.kind).utf8)
        guard case .message(let message) = MessageDecoder(kind: job.kind).decode(line) else {
            Issue.record("no message")
            return
        }
        var transcript = Transcript()
        transcript.consume(.salvaged(message, textBefore: "loading  50%\u{1B}[0m"))
        let context = VerdictContext(
            input: try sidecarInput(job.operation, of: job.kind),
            transcript: transcript,
            unread: nil
        )
        let verdict = Verdict.of(.connectorExited(.code(0)), transcript, context)
        #expect(verdict.isResult && verdict.isUnusual)
        #expect(verdict.report == .success)
        #expect(verdict.summary.contains(#"although "loading  50%\u{1b}[0m" precedes it on its line"#))
        let hung = Verdict.of(.fileTimeout(limit: .seconds(540)), transcript, context)
        #expect(hung.summary.contains("on its line, and no exit code came within 9 minutes"))
    }

    // MARK: The workspace

    @Test(arguments: [
        Ending.connectorExited(.code(0)), .connectorExited(.code(120)),
        .connectorExited(.unusable("is empty")), .connectorLost(grace: .seconds(10)),
        .fileTimeout(limit: .seconds(540)), .startTimeout(limit: .seconds(540)),
    ])
    func fullVolumeIsNamed(_ ending: Ending) throws {
        let full = try failure(of: ending, exhausted: "free blocks", "so far")
        let message = try #require(full.text("failureReason.externalMessage"))
        #expect(message.hasSuffix("The volume of the workspace is full: it has no free blocks left."))
        let roomy = try failure(of: ending, "so far")
        #expect(roomy.text("failureReason.externalMessage")?.contains("volume") == false)
    }

    /// A trace is passed on as it is; what is known beside it stands in the log.
    @Test func fullVolumeBesideATraceIsLogged() throws {
        let ending = Ending.connectorExited(.code(1))
        let verdict = try verdict(Self.check, ending, exhausted: "free inodes", Line.trace)
        #expect(verdict.output?.failureReason?.externalMessage == "no such table")
        #expect(verdict.summary.contains("no free inodes left"))
    }

    // MARK: Metadata

    @Test(arguments: jobs)
    func everyFailureNamesTheCommand(_ job: Job) throws {
        let command = #""connector_command":"\#(job.operation.rawValue)""#
        let endings: [Ending] = [
            .connectorExited(.code(0)), .connectorExited(.code(1)), .connectorExited(.unusable("is empty")),
            .connectorLost(grace: .seconds(10)), .fileTimeout(limit: .seconds(1)),
            .startTimeout(limit: .seconds(1)),
        ]
        for ending in endings {
            let plain = try encodedOutput(of: verdict(job, ending, "a line"))
            #expect(plain.at("failureReason.metadata")?.written == "{\(command)}", "\(ending)")
            let traced = try encodedOutput(of: verdict(job, ending, Line.trace))
            #expect(
                traced.at("failureReason.metadata")?.written == #"{"from_trace_message":true,\#(command)}"#,
                "\(ending)"
            )
        }
        let unread = try encodedOutput(of: verdict(job, .connectorExited(.code(0)), unread: "is a FIFO"))
        #expect(unread.at("failureReason.metadata")?.written == "{\(command)}")
    }
}
