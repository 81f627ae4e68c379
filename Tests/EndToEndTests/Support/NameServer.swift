import Foundation
import Testing

/// Where the sidecar finds out about names: files of its own in place of the machine's, and a name server on the
/// loopback, as Kubernetes has it.
///
/// Needs root: the files are mounted over the machine's for the sidecar alone, and the server has port 53.
struct NameServer {
    /// What the domains of a pod in the namespace `airbyte` are.
    static let search = "airbyte.svc.cluster.local svc.cluster.local cluster.local"

    /// What a name server says about a name.
    enum Entry: Encodable, Sendable {
        case addresses([String])
        /// The name exists, but has no address.
        case noData
        case serverFailure
        /// The server never answers.
        case silence
        /// Each type of address has an entry of its own.
        indirect case types(v4: Entry, v6: Entry)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .addresses(let addresses): try container.encode(addresses)
            case .noData: try container.encode("no data")
            case .serverFailure: try container.encode("server failure")
            case .silence: try container.encode("silence")
            case .types(let v4, let v6): try container.encode(["A": v4, "AAAA": v6])
            }
        }
    }

    private let log: URL

    fileprivate init(log: URL) {
        self.log = log
    }

    /// The questions so far, each as "udp NAME TYPE" or "tcp NAME TYPE".
    var questions: [String] {
        get throws {
            String(decoding: try Data(contentsOf: log), as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }
}

extension Pod {
    /// Starts a name server and has the sidecar use it, and nothing else.
    ///
    /// - Parameter hosts: more lines of the file of hosts.
    func useNameServer(
        _ zone: [String: NameServer.Entry],
        hosts: String = "",
        options: String = "ndots:5"
    ) async throws -> NameServer {
        let zoneFile = folder.appendingPathComponent("zone.json")
        try JSONEncoder().encode(zone).write(to: zoneFile)
        let log = folder.appendingPathComponent("questions.log")
        let server = try start(
            Project.path("Tests/EndToEndTests/Fixtures/name_server.py"),
            [zoneFile.path, log.path],
            log: "name-server.log"
        )
        guard try await server.waitForOutput("\n") else { throw Trouble(server.output) }
        let address = server.output.trimmingCharacters(in: .whitespacesAndNewlines)
        try cover(
            "/etc/resolv.conf",
            with: "nameserver \(address)\nsearch \(NameServer.search)\noptions \(options)\n"
        )
        try cover("/etc/hosts", with: "127.0.0.1 localhost\n::1 localhost\n\(hosts)\n")
        return NameServer(log: log)
    }

    /// Gives the sidecar another file in place of one of the machine's.
    func cover(_ file: String, with text: String) throws {
        let own = folder.appendingPathComponent("own\(file.replacingOccurrences(of: "/", with: "-"))")
        try Data(text.utf8).write(to: own)
        cover(file, with: own)
    }

    /// Gives the sidecar another file or folder in place of one of the machine's.
    func cover(_ path: String, with own: URL) {
        launcher += [
            "/usr/bin/unshare", "--mount", "/bin/sh", "-ec", #"mount --bind "$0" "$1"; shift; exec "$@""#,
        ]
        launcher += [own.path, path]
    }

    /// Passes connections on to the control plane, from another address or through TLS. Returns the port.
    func startRelay(_ address: String, certificate: URL? = nil) async throws -> Int {
        let port = try #require(URL(string: controlPlane.baseURL)?.port)
        let relay = try start(
            Project.path("Tests/EndToEndTests/Fixtures/relay.py"),
            [address, "\(port)"] + (certificate.map { [$0.path] } ?? []),
            log: "relay.log"
        )
        guard try await relay.waitForOutput("\n") else { throw Trouble(relay.output) }
        return try #require(Int(relay.output.trimmingCharacters(in: .whitespacesAndNewlines)))
    }
}
