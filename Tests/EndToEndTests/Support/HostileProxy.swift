import Foundation
import Testing

/// A hostile server before a good one: `Fixtures/hostile_proxy.py`, which describes the attacks.
struct HostileProxy {
    /// An attack on the requests to some paths.
    struct Rule {
        var attack: String
        /// A regular expression for the request's path.
        var path: String
        /// For so many requests; 0 for all.
        var times = 0

        static func quote(call path: String, times: Int = 0) -> Rule {
            Rule(attack: "quote", path: path, times: times)
        }
    }

    private let port: Int

    var origin: String { "http://127.0.0.1:\(port)" }

    /// Starts one that ends with the pod.
    ///
    /// - Parameters:
    ///   - port: the good server's; the control plane's by default.
    ///   - secrets: what `quote` quotes besides what it sees.
    init(in pod: Pod, before port: Int? = nil, _ rules: [Rule], quoting secrets: [String] = []) async throws {
        let quoted = pod.folder.appendingPathComponent("quoted.txt")
        try Data(secrets.joined(separator: "\n").utf8).write(to: quoted)
        let process = try pod.start(
            "/usr/bin/python3",
            [Project.path("Tests/EndToEndTests/Fixtures/hostile_proxy.py")]
                + ["\(port ?? pod.controlPlane.port)", quoted.path]
                + rules.flatMap { [$0.attack, $0.path, "\($0.times)"] },
            log: "hostile-proxy.log"
        )
        guard try await process.waitForOutput("\n"),
            let port = process.output.split(separator: "\n").first.flatMap({ Int($0) })
        else { throw Trouble("no port: \(process.output)") }
        self.port = port
    }
}
