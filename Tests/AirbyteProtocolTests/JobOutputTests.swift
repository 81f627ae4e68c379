import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct JobOutputTests {
    @Test func streamDescriptorWithoutANameIsLeftOut() {
        var output = JobOutput(operation: .spec)
        output.failureReason = FailureReason(
            failureOrigin: .source,
            failureType: .systemError,
            streamDescriptor: StreamDescriptor(name: nil, namespace: "public")
        )
        let text = String(decoding: output.encoded(), as: UTF8.self)
        #expect(!text.contains("streamDescriptor") && text.contains("failureReason"))
    }

    @Test func writesResults() {
        let check = JobOutput(operation: .check, checkConnection: ConnectionStatus(status: .succeeded))
        #expect(
            text(check.encoded())
                == #"{"outputType":"checkConnection","checkConnection":{"status":"succeeded"},"#
                + #""connectorConfigurationUpdated":false}"#
        )
        let failed = JobOutput(
            operation: .check,
            checkConnection: ConnectionStatus(status: .failed, message: "no \"route\"\n"),
            connectorConfigurationUpdated: true
        )
        #expect(
            text(failed.encoded())
                == #"{"outputType":"checkConnection","checkConnection":{"status":"failed","#
                + #""message":"no \"route\"\n"},"connectorConfigurationUpdated":true}"#
        )
        let discover = JobOutput(
            operation: .discover,
            discoverCatalogId: "8f2c5b1e-0000-4000-8000-000000000001"
        )
        #expect(
            text(discover.encoded())
                == #"{"outputType":"discoverCatalogId","#
                + #""discoverCatalogId":"8f2c5b1e-0000-4000-8000-000000000001","#
                + #""connectorConfigurationUpdated":false}"#
        )
        #expect(
            text(JobOutput(operation: .spec).encoded())
                == #"{"outputType":"spec","connectorConfigurationUpdated":false}"#
        )
    }

    @Test func passesTheSpecOnVerbatim() throws {
        let spec =
            #"{ "connectionSpecification" : {"n": 1.00000000000000000000000000000000000000001e+05, "#
            + #""u":"\u00e9\/"},"x":[ ] }"#
        let line: [UInt8] =
            Array(#"{"type":"SPEC","spec":"#.utf8) + Array(spec.utf8) + Array(" } garbage \"".utf8)
        var reader = TranscriptReader(digestSeed: 1)
        _ = reader.read(line)
        _ = reader.finish()
        guard case .spec(let value) = reader.transcript.result(for: .spec) else {
            Issue.record("no spec")
            return
        }
        let output = JobOutput(operation: .spec, spec: value)
        #expect(
            text(output.encoded())
                == #"{"outputType":"spec","spec":\#(spec),"connectorConfigurationUpdated":false}"#
        )
    }

    @Test func writesFailures() {
        let trace = ErrorTrace(
            message: "for users",
            internalMessage: "for operators",
            stackTrace: "at x\nat y",
            failureType: .configError,
            streamDescriptor: StreamDescriptor(name: "users", namespace: "public"),
            emittedAt: 1_690_000_000_000
        )
        let output = JobOutput(
            operation: .check,
            failureReason: FailureReason(from: trace, operation: .check, origin: FailureOrigin(.source))
        )
        #expect(
            text(output.encoded()) == """
                {"outputType":"checkConnection","connectorConfigurationUpdated":false,\
                "failureReason":{"failureOrigin":"source",\
                "failureType":"config_error","internalMessage":"for operators","externalMessage":"for users",\
                "metadata":{"from_trace_message":true,"connector_command":"check"},\
                "stacktrace":"at x\\nat y",\
                "timestamp":1690000000000,"streamDescriptor":{"name":"users","namespace":"public"}}}
                """
        )
    }

    @Test(arguments: [(Operation.spec, "spec"), (.check, "check"), (.discover, "discover")])
    func fillsInWhatATraceLeavesOut(_ operation: Operation, _ command: String) {
        let trace = ErrorTrace(emittedAt: 7, hasError: false)
        let reason = FailureReason(from: trace, operation: operation, origin: FailureOrigin(.destination))
        var writer = JSONWriter()
        reason.write(to: &writer)
        #expect(
            text(writer.bytes) == """
                {"failureOrigin":"destination","failureType":"system_error",\
                "metadata":{"from_trace_message":true,"connector_command":"\(command)"},"timestamp":7}
                """
        )
    }

    @Test func writesAllMembersOfAFailure() {
        let reason = FailureReason(
            failureOrigin: .airbytePlatform,
            failureType: .transientError,
            internalMessage: "i",
            externalMessage: "e",
            metadata: [("s", .string("t")), ("n", .int(-5)), ("b", .bool(false)), ("z", .null)],
            stacktrace: "t",
            retryable: true,
            timestamp: 1,
            streamDescriptor: StreamDescriptor(name: "n")
        )
        var writer = JSONWriter()
        reason.write(to: &writer)
        #expect(
            text(writer.bytes) == """
                {"failureOrigin":"airbyte_platform","failureType":"transient_error","internalMessage":"i",\
                "externalMessage":"e",\
                "metadata":{"s":"t","n":-5,"b":false,"z":null},"stacktrace":"t","retryable":true,\
                "timestamp":1,\
                "streamDescriptor":{"name":"n"}}
                """
        )
        var empty = JSONWriter()
        FailureReason(failureOrigin: nil, failureType: nil).write(to: &empty)
        #expect(text(empty.bytes) == "{}")
    }

    @Test func comparesFailures() {
        let reason = FailureReason(failureOrigin: .source, failureType: nil, metadata: [("a", .int(1))])
        var other = reason
        #expect(other == reason)
        other.metadata = [("a", .string("1"))]
        #expect(other != reason)
        #expect(
            JobOutput(operation: .check, failureReason: reason)
                != JobOutput(operation: .check, failureReason: other)
        )
    }

    @Test func spellsOriginsAndTypes() {
        #expect(
            FailureOrigin.allCases.map(\.rawValue) == [
                "source", "destination", "replication", "persistence", "normalization", "dbt",
                "airbyte_platform", "unknown",
            ]
        )
        #expect(
            FailureType.allCases.map(\.rawValue) == [
                "config_error", "system_error", "manual_cancellation", "refresh_schema", "heartbeat_timeout",
                "destination_timeout",
                "transient_error",
            ]
        )
    }
}

@Suite struct TruncationTests {
    private static let note = "... Remainder truncated by the Airbyte platform."

    @Test func leavesShortTextsAlone() {
        for text in [
            "", "short", String(repeating: "x", count: 100), String(repeating: "漢", count: 100),
            String(repeating: "😀", count: 50),
        ] {
            #expect(text.truncated(toUTF16Length: 100) == text)
        }
    }

    @Test func cutsLongTexts() {
        let kept = 100 - Self.note.utf16.count
        #expect(
            String(repeating: "x", count: 101).truncated(toUTF16Length: 100) == String(
                repeating: "x",
                count: kept
            ) + Self.note
        )
        #expect(
            String(repeating: "漢", count: 101).truncated(toUTF16Length: 100) == String(
                repeating: "漢",
                count: kept
            ) + Self.note
        )
        #expect(String(repeating: "x", count: 5).truncated(toUTF16Length: 3) == Self.note)
    }

    /// The cut falls before, into and behind a surrogate pair.
    @Test func splitsNoPair() {
        let kept = 100 - Self.note.utf16.count
        for before in (kept - 3)...(kept + 1) {
            let text = String(repeating: "x", count: before) + "😀" + String(repeating: "y", count: 100)
            let cut = text.truncated(toUTF16Length: 100)
            let beginning = before >= kept ? kept : before == kept - 1 ? kept - 1 : kept
            let expected = Array(Array(text.utf16)[..<beginning]) + Array(Self.note.utf16)
            #expect(Array(cut.utf16) == expected, "\(before) units before the pair")
            #expect(!cut.unicodeScalars.contains("\u{FFFD}"))
        }
    }

    /// Clusters of many scalars (combining marks, joined emoji) are cut between scalars.
    @Test func cutsWithinClusters() {
        let cluster = "e" + String(repeating: "\u{301}", count: 200)
        #expect(cluster.truncated(toUTF16Length: 100).utf16.count == 100)
        let family = String(repeating: "👩‍👩‍👧", count: 50).truncated(toUTF16Length: 100)
        #expect((99...100).contains(family.utf16.count))
    }

    @Test func boundsMessagesAndStackTraces() throws {
        let long = String(repeating: "😀", count: 60_000)
        let trace = ErrorTrace(message: long, internalMessage: "i" + long, stackTrace: long, emittedAt: 1)
        let reason = FailureReason(from: trace, operation: .check, origin: .source)
        for message in [reason.externalMessage, reason.internalMessage] {
            let message = try #require(message)
            #expect((49_999...50_000).contains(message.utf16.count))
            #expect(message.hasSuffix(Self.note))
        }
        let stackTrace = try #require(reason.stacktrace)
        #expect((99_999...100_000).contains(stackTrace.utf16.count))
        let fitting = ErrorTrace(
            message: String(repeating: "😀", count: 25_000),
            stackTrace: String(repeating: "é", count: 100_000),
            emittedAt: 1
        )
        let untouched = FailureReason(from: fitting, operation: .check, origin: .source)
        #expect(untouched.externalMessage == fitting.message)
        #expect(untouched.stacktrace == fitting.stackTrace)
    }
}
