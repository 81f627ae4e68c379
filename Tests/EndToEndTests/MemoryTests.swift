import Foundation
import Testing

/// Resident memory stays within a bound that only the longest held message raises, whatever the connector writes.
@Suite(.serialized) struct MemoryTests {
    /// A connector's output, and what is made of it.
    struct Content: CustomTestStringConvertible, Sendable {
        var name: String
        var operation = "check"
        var exitCode: Int32 = 0
        /// The lines, without their ends.
        var lines: @Sendable () -> [[UInt8]]

        var testDescription: String { name }
    }

    /// In bytes: just within what is held of a message.
    private static let length = 19_900_000

    private static let status = Array(
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#.utf8
    )

    /// A line of about that length with a part that is repeated.
    private static func line(_ head: String, _ part: String, _ tail: String) -> [UInt8] {
        Array((head + String(repeating: part, count: length / part.utf8.count) + tail).utf8)
    }

    private static func log(of part: String, level: String = "INFO") -> Content {
        Content(name: "\(level) log message of \(part.debugDescription)") {
            [line(#"{"type":"LOG","log":{"level":"\#(level)","message":""#, part, #""}}"#), status]
        }
    }

    private static let contents: [Content] = [
        log(of: #"\n"#), log(of: #"\""#), log(of: #"\u0007"#), log(of: "é"), log(of: "😀"),
        log(of: "\u{2028}"),
        log(of: "word ", level: "ERROR"),
        Content(name: "log messages of a megabyte") {
            let message = String(repeating: #"\n"#, count: 490_000)
            let line = Array(#"{"type":"LOG","log":{"level":"INFO","message":"\#(message)"}}"#.utf8)
            return [[UInt8]](repeating: line, count: 5) + [status]
        },
        Content(name: "plain line") { [line("", "x", ""), status] },
        Content(name: "plain line of braces") { [line("", #"{"a":"#, ""), status] },
        Content(name: "stream name", operation: "discover", exitCode: 1) {
            [line(#"{"type":"CATALOG","catalog":{"streams":[{"name":""#, "n", #"","json_schema":{}}]}}"#)]
        },
        Content(name: "error trace") {
            let head =
                #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"m","stack_trace":""#
            return [line(head, #"\n"#, #""}}}"#), status]
        },
        Content(name: "specification", operation: "spec") {
            [line(#"{"type":"SPEC","spec":{"connectionSpecification":{"title":""#, "t", #""}}}"#)]
        },
        Content(name: "configuration of a million values") {
            let head =
                #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"#
            let values = String(repeating: #""value":1,"#, count: 999_999) + #""last":1"#
            return [Array(#"\#(head)\#(values)}}}}"#.utf8), status]
        },
    ]

    /// Idle + 8 MiB + 4 × the longest message; the program's own idle memory is measured in the same run.
    /// What is measured is the program beside the tests; `SIDECAR_BINARY` names another, such as a release build.
    @Test(arguments: contents)
    func isBounded(_ content: Content) async throws {
        let lines = content.lines()
        let longest = min(lines.map(\.count).max() ?? 0, 20_000_000)
        // Of a connector that is not saved, no new configuration is stored.
        let actor = content.operation == "check" ? ["--actor-id", "none"] : []
        // A catalog that cannot be converted breaks off in the middle of its request.
        let onViolation = content.exitCode == 0 ? Pod.recordIssue : { _ in }
        try await Pod.with(content.operation, input: actor, onViolation: onViolation) { pod in
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "heartbeat", count: 2)
            let idle = try #require(Self.peak(of: sidecar.pid))
            try pod.startConnector(try pod.connector(writing: lines))
            var peak = idle
            while sidecar.isRunning {
                peak = max(peak, Self.peak(of: sidecar.pid) ?? 0)
                try await Task.sleep(for: .milliseconds(2))
            }
            let exitCode = await sidecar.exitCode
            #expect(exitCode == content.exitCode, "\(sidecar.output.suffix(2_000))")
            let bound = idle + 8 * 1_024 * 1_024 + 4 * longest
            #expect(peak <= bound, "\(idle) bytes idle, \(peak) at the peak, \(longest) the longest line")
        }
    }

    /// The most resident memory that a process has had, in bytes; nil once it has ended.
    private static func peak(of pid: pid_t) -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
        else { return nil }
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map {
            $0 * 1_024
        }
    }
}
