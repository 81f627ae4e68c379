import Foundation
import Testing

/// What is shipped: the one static file that `scripts/release` builds.
@Suite struct ReleaseTests {
    /// The name of a cluster's service, as a values file has it.
    private static let service = "airbyte-server-svc"

    @Test func nothingIsLoadedAtRunTime() throws {
        let file = try Data(contentsOf: URL(fileURLWithPath: Project.release))
        // elf(5): the program headers of a 64-bit file.
        let start = Int(file.number(at: 32, bytes: 8))
        let size = Int(file.number(at: 54, bytes: 2))
        let types = (0..<Int(file.number(at: 56, bytes: 2))).map {
            file.number(at: start + $0 * size, bytes: 4)
        }
        let (dynamic, interpreter) = (UInt64(PT_DYNAMIC), UInt64(PT_INTERP))
        #expect(!types.isEmpty && !types.contains(dynamic) && !types.contains(interpreter), "\(types)")
    }

    /// One thread from start to end, name resolution included, and no library.
    @Test(arguments: ["check", "discover"])
    func jobRunsOnOneThread(_ operation: String) async throws {
        try await Pod.with(operation) { pod in
            let port = try pod.controlPlanePort
            pod.environment["WORKLOAD_API_HOST"] = "http://localhost:\(port)"
            pod.environment["INTERNAL_API_HOST"] = "http://\(Self.service):\(port)"
            let server = try await pod.useNameServer([
                "\(Self.service).airbyte.svc.cluster.local": .addresses(["127.0.0.1"])
            ])
            let trace = pod.folder.appendingPathComponent("trace")
            let calls = "trace=clone,clone3,fork,vfork,open,openat"
            pod.launcher += ["/usr/bin/strace", "--follow-forks", "--output", trace.path, "-e", calls]
            let outcome = try await pod.runRelease(.sampleSource)
            #expect(outcome.exitCode == 0 && outcome.requests("success").count == 1, "\(outcome)")
            #expect(outcome.output != .null, "\(outcome)")
            #expect(try !server.questions.isEmpty)
            let lines = String(decoding: try Data(contentsOf: trace), as: UTF8.self).split(separator: "\n")
            #expect(lines.contains { $0.contains("/etc/resolv.conf") })
            let unwanted = lines.filter { ["clone", "fork", ".so"].contains(where: $0.contains) }
            #expect(unwanted.isEmpty, "\(unwanted)")
        }
    }

    @Test(arguments: Trust.allCases)
    func privateAuthorityIsTrusted(_ trust: Trust) async throws {
        try await Pod.with("check") { pod in
            let authority = try await TestAuthority(in: pod.folder)
            let port = try await pod.startRelay("127.0.0.1", certificate: authority.serverFile)
            pod.environment["INTERNAL_API_HOST"] = "https://localhost:\(port)"
            pod.environment["AIRBYTE_API_MAX_RETRIES"] = "0"
            switch trust {
            case .file: pod.environment["SSL_CERT_FILE"] = authority.file.path
            case .directory: pod.environment["SSL_CERT_DIR"] = authority.directory.path
            case .system: pod.cover("/etc/ssl/certs", with: authority.directory)
            case .none: break
            }
            let outcome = try await pod.runRelease(.script(StorageFault.succeeded))
            if trust == .none {
                #expect(outcome.exitCode == 1, "\(outcome)")
                let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text ?? ""
                #expect(reason.contains("the certificate is not trusted"), "\(reason)")
            } else {
                #expect(outcome.exitCode == 0, "\(outcome)")
                #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            }
        }
    }

    enum Trust: CaseIterable, Sendable {
        case file, directory, system, none
    }
}

extension Pod {
    var controlPlanePort: Int {
        get throws { try #require(URL(string: controlPlane.baseURL)?.port) }
    }

    /// Runs a job with what is shipped.
    func runRelease(_ connector: Connector) async throws -> Outcome {
        let sidecar = try startSidecar(command: launcher + [Project.release])
        try startConnector(connector)
        return try await outcome(of: sidecar)
    }
}

extension Data {
    /// A number in the machine's byte order.
    fileprivate func number(at offset: Int, bytes: Int) -> UInt64 {
        self[offset..<offset + bytes].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
