import Foundation

/// A proxy before a service, which breaks what it is told to: `Tests/StoragePeers/servers/fault_proxy.py`.
package final class FaultProxy {
    struct Facts: Decodable { var port: Int }

    /// One rule, as the proxy's own description says.
    package struct Rule: Encodable, Sendable {
        /// A regular expression, looked for in `PUT /target?query`.
        package var match: String
        /// So many requests that fit are left alone first.
        package var after = 0
        /// For so many requests.
        package var times = 1
        /// Only for requests whose body comes in chunks.
        package var chunked = false
        package var fault: String
        package var status: Int?
        package var headers: [String: String] = [:]
        package var body = ""

        /// Breaks the connection in the middle of the request's body; of one in chunks, after half a megabyte.
        package static func reset(_ match: String, after: Int = 0, times: Int = 1) -> Rule {
            Rule(match: match, after: after, times: times, fault: "reset")
        }

        /// Passes the request on, and breaks the connection in place of the answer.
        package static func lost(_ match: String, after: Int = 0, times: Int = 1) -> Rule {
            Rule(match: match, after: after, times: times, fault: "lost")
        }

        /// Passes the request on, and breaks the connection within the answer's body.
        package static func torn(_ match: String, after: Int = 0, times: Int = 1) -> Rule {
            Rule(match: match, after: after, times: times, fault: "torn")
        }

        /// Answers in the server's place; the server does not see the request.
        package static func answer(
            _ match: String,
            after: Int = 0,
            times: Int = 1,
            _ status: Int,
            _ body: String = "",
            headers: [String: String] = [:]
        ) -> Rule {
            Rule(
                match: match,
                after: after,
                times: times,
                fault: "answer",
                status: status,
                headers: headers,
                body: body
            )
        }

        /// The same, as another fault: `early` answers before the body has come, `replace` after the server has
        /// done it.
        package func by(_ fault: String) -> Rule {
            var rule = self
            rule.fault = fault
            return rule
        }

        /// The same, for bodies in chunks alone.
        package var ofChunks: Rule {
            var rule = self
            rule.chunked = true
            return rule
        }
    }

    private let process: PeerProcess<Facts>

    /// - Parameter port: the service's.
    package init(before port: Int, _ rules: [Rule] = []) throws {
        process = try PeerProcess(script: "fault_proxy.py", ["\(port)"])
        if !rules.isEmpty { try set(rules) }
    }

    package var port: Int { process.facts.port }

    package var origin: String { "http://127.0.0.1:\(port)" }

    /// Puts rules in place of the former ones.
    package func set(_ rules: [Rule]) throws {
        _ = try StoragePeers.exchange("POST", "\(origin)/faults", Array(JSONEncoder().encode(rules)))
    }

    /// What has been asked so far: `PUT /bucket//key 200`, with the fault in place of the status where there was one.
    package func requests() throws -> [String] {
        let answer = try StoragePeers.exchange("GET", "\(origin)/faults", nil)
        return try JSONDecoder().decode([String].self, from: Data(answer))
    }
}
