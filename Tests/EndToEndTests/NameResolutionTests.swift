import Foundation
import TestSupport
import Testing

/// How hosts are found: by c-ares in what is shipped, and by glibc in a debug build with Debian's libcurl. Both do the
/// same.
@Suite(.enabled(if: geteuid() == 0, "only root can mount and open port 53"))
struct NameResolutionTests {
    private static let programs = [Project.release, Project.sidecar]
    private static let hasIPv6 = hasLoopback6()

    /// A name, what the files and the name server say, and what was asked.
    struct Row: CustomTestStringConvertible, Sendable {
        var name: String
        var zone: [String: NameServer.Entry]
        /// A line that must be among the questions; nil where none may be asked.
        var question: String?
        var hosts = ""

        init(_ name: String, _ zone: [String: NameServer.Entry], _ question: String?, hosts: String = "") {
            (self.name, self.zone, self.question, self.hosts) = (name, zone, question, hosts)
        }

        var testDescription: String { "\(name): \(question ?? "hosts")" }
    }

    private static let loopback = NameServer.Entry.addresses(["127.0.0.1"])

    /// More than UDP carries. Nobody listens on the others.
    private static let many = NameServer.Entry.addresses(["127.0.0.1"] + (1...40).map { "127.0.1.\($0)" })

    static let rows = [
        Row("in-hosts", [:], nil, hosts: "127.0.0.1 in-hosts"),
        Row(
            "server-svc",
            ["server-svc.airbyte.svc.cluster.local": loopback],
            "udp server-svc.airbyte.svc.cluster.local A"
        ),
        Row(
            "server.other",
            ["server.other.svc.cluster.local": loopback],
            "udp server.other.airbyte.svc.cluster.local A"
        ),
        Row(
            "server.other.svc",
            ["server.other.svc.cluster.local": loopback],
            "udp server.other.svc.svc.cluster.local AAAA"
        ),
        Row(
            "server",
            ["server.airbyte.svc.cluster.local": .noData, "server.svc.cluster.local": loopback],
            "udp server.svc.cluster.local A"
        ),
        Row("api.example.test", ["api.example.test": loopback], "udp api.example.test.cluster.local A"),
        Row("api.example.test.", ["api.example.test": loopback], "udp api.example.test A"),
        Row("long.example.test", ["long.example.test": many], "tcp long.example.test A"),
        Row(
            "half.example.test",
            ["half.example.test": .types(v4: loopback, v6: .serverFailure)],
            "udp half.example.test AAAA"
        ),
        // An outer domain whose server is out of order does not hide the name itself.
        Row(
            "outer.example.test",
            ["outer.example.test.cluster.local": .serverFailure, "outer.example.test": loopback],
            "udp outer.example.test A"
        ),
        // Reserved for documentation: nobody is there, or there is no way to it.
        Row(
            "both.example.test",
            ["both.example.test": .addresses(["2001:db8::1", "127.0.0.1"])],
            "udp both.example.test AAAA"
        ),
    ]

    @Test(arguments: programs, rows)
    func hostIsFound(_ program: String, _ row: Row) async throws {
        try await Pod.with("check") { pod in
            let server = try await pod.useNameServer(row.zone, hosts: row.hosts)
            let port = try #require(URL(string: pod.controlPlane.baseURL)?.port)
            let outcome = try await run(program, pod, host: row.name, port: port)
            #expect(outcome.exitCode == 0 && outcome.output != .null, "\(outcome)")
            let questions = try server.questions
            #expect(row.question.map { questions.contains($0) } ?? questions.isEmpty, "\(questions)")
        }
    }

    @Test(.enabled(if: hasIPv6, "the machine has no IPv6 loopback"), arguments: programs)
    func hostWithIPv6AloneIsFound(_ program: String) async throws {
        try await Pod.with("check") { pod in
            _ = try await pod.useNameServer(["six.example.test": .addresses(["::1"])])
            let port = try await pod.startRelay("::1")
            let outcome = try await run(program, pod, host: "six.example.test", port: port)
            #expect(outcome.exitCode == 0 && outcome.output != .null, "\(outcome)")
        }
    }

    /// Each row: a host, and why it was not reached.
    @Test(
        arguments: programs,
        [
            ("unknown.example.test", "no address is known for host unknown.example.test"),
            ("broken.example.test", "no address is known for host broken.example.test"),
            ("empty.example.test", "no address is known for host empty.example.test"),
            ("silent.example.test", "timed out (Resolving timed out after"),
        ]
    )
    func failureSaysWhy(_ program: String, _ row: (host: String, reason: String)) async throws {
        try await Pod.with("check") { pod in
            _ = try await pod.useNameServer([
                "broken.example.test": .serverFailure, "empty.example.test": .noData,
                "silent.example.test": .silence,
            ])
            // The look-up counts.
            pod.environment["AIRBYTE_API_CONNECT_TIMEOUT_SECONDS"] = "1"
            pod.environment["AIRBYTE_API_MAX_RETRIES"] = "0"
            let outcome = try await run(program, pod, host: row.host, port: 80)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text ?? ""
            #expect(reason.contains(row.reason), "\(reason)")
        }
    }

    /// StatsD's receiver is looked up as other hosts are, though it is reached over UDP.
    @Test(
        arguments: programs,
        [
            Row("statsd", ["statsd.svc.cluster.local": loopback], "udp statsd.svc.cluster.local A"),
            Row("in-hosts", [:], nil, hosts: "127.0.0.1 in-hosts"),
            Row(
                "outer.example.test",
                ["outer.example.test.cluster.local": .serverFailure, "outer.example.test": loopback],
                "udp outer.example.test A"
            ),
        ]
    )
    func receiverOfMetricsIsFound(_ program: String, _ row: Row) async throws {
        let receiver = try #require(DatagramReceiver(.loopback()))
        try await Pod.with("check") { pod in
            let server = try await pod.useNameServer(row.zone, hosts: row.hosts)
            pod.environment["MICROMETER_METRICS_ENABLED"] = "true"
            pod.environment["MICROMETER_METRICS_STATSD_ENABLED"] = "true"
            pod.environment["STATSD_HOST"] = row.name
            pod.environment["STATSD_PORT"] = "\(receiver.port)"
            let sidecar = try pod.startSidecar(command: pod.launcher + [program])
            try pod.startConnector(.script(StorageFault.succeeded))
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(receiver.lines().contains { $0.hasPrefix("airbyte.job_output_write:1|c") }, "\(outcome)")
            let questions = try server.questions
            #expect(row.question.map { questions.contains($0) } ?? questions.isEmpty, "\(questions)")
        }
    }

    private func run(_ program: String, _ pod: Pod, host: String, port: Int) async throws -> Outcome {
        pod.environment["INTERNAL_API_HOST"] = "http://\(host):\(port)"
        let sidecar = try pod.startSidecar(command: pod.launcher + [program])
        try pod.startConnector(.script(StorageFault.succeeded))
        return try await pod.outcome(of: sidecar)
    }

    private static func hasLoopback6() -> Bool {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_addr = in6addr_loopback
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
            }
        }
    }
}
