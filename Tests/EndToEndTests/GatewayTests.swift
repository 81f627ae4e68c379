import Foundation
import Testing

/// Gateways and proxies of Debian 12 between the sidecar and the server API: nginx 1.22.1, haproxy 2.6.12, Apache 2.4.71,
/// squid 5.7, tinyproxy 1.11.1. What they refuse, a user has to be able to understand.
@Suite(.serialized) struct GatewayTests {
    /// A gateway and what it is to the sidecar.
    struct Place: Sendable, CustomTestStringConvertible {
        var product: Gateway.Product
        /// Whether it is a proxy that `HTTP_PROXY` names; else it stands in the platform's place.
        var isProxy: Bool

        var testDescription: String { "\(product) as \(isProxy ? "a proxy" : "a gateway")" }

        /// Directives that let everything through.
        var open: String {
            switch (product, isProxy) {
            case (.nginx, _): "location / { proxy_pass http://127.0.0.1:PORT; client_max_body_size 0; }"
            case (.haproxy, _): "server platform 127.0.0.1:PORT"
            case (.apache, false): "ProxyPass / http://127.0.0.1:PORT/"
            case (.apache, true): "ProxyRequests On\n<Proxy *>\nRequire all granted\n</Proxy>"
            case (.squid, _): "http_access allow all"
            case (.tinyproxy, _): ""
            }
        }
    }

    private static let proxies = [Gateway.Product.squid, .tinyproxy, .apache].map {
        Place(product: $0, isProxy: true)
    }
    private static let gateways = [Gateway.Product.nginx, .haproxy, .apache].map {
        Place(product: $0, isProxy: false)
    }

    /// A result that is sent in chunks, and is more than a gateway takes that was not told otherwise.
    private static let spec = LargeSpec(bytes: 2_000_000, damaged: false, seed: 5)

    private static let path = "/api/v1/workload_output/write"

    /// Runs a pod whose server API lies behind the gateway.
    ///
    /// - Parameters:
    ///   - directives: the gateway's, with `PORT` for the platform's port and `FOLDER` for the pod's folder.
    ///   - login: what stands before the `@` in the proxy's address.
    ///   - port: the platform's, where it is not the control plane's.
    ///   - onViolation: for a gateway that passes half a request on.
    private func behind(
        _ place: Place,
        _ directives: String,
        operation: String = "spec",
        login: String = "",
        scheme: String = "http",
        port: Int? = nil,
        onViolation: (JSON) -> Void = Pod.recordIssue,
        _ check: (Pod, Gateway) async throws -> Void
    ) async throws {
        try await Pod.with(operation, onViolation: onViolation) { pod in
            let port = port ?? pod.controlPlane.port
            let configuration = directives.replacing("PORT", with: "\(port)")
                .replacing("FOLDER", with: pod.folder.path)
            // tinyproxy reads its filter's rules from a file.
            try Data("workload_output\n".utf8).write(to: pod.folder.appendingPathComponent("filter"))
            let gateway = try await Gateway.start(place.product, in: pod.folder, configuration)
            if place.isProxy {
                pod.environment["INTERNAL_API_HOST"] = "\(scheme)://\(Gateway.platformHost):\(port)"
                pod.environment["\(scheme.uppercased())_PROXY"] = "http://\(login)127.0.0.1:\(gateway.port)"
            } else {
                pod.environment["INTERNAL_API_HOST"] = gateway.url
            }
            pod.environment["AIRBYTE_API_MAX_RETRIES"] = "2"
            pod.deliversAtTheEnd()
            do {
                try await check(pod, gateway)
            } catch {
                await gateway.stop()
                throw error
            }
            await gateway.stop()
        }
    }

    /// Delivers a large result to a platform that refuses it, and returns why the workload has failed.
    private func reason(_ pod: Pod, retries: Int = 0) async throws -> String {
        let outcome = try await pod.run(output: [Self.spec.line])
        #expect(outcome.exitCode == 1, "\(outcome)")
        #expect(outcome.retries.count == retries, "\(outcome)")
        #expect(!outcome.console.contains("<") && !outcome.console.contains(#"\r"#), "\(outcome)")
        let failure = try #require(outcome.requests("failure").first)["body"]
        #expect(failure["source"] == "airbyte_platform")
        return try #require(failure["reason"].text)
    }

    /// What the reason says of the call that was refused.
    private func refusal(_ place: Place, _ pod: Pod, _ gateway: Gateway, _ status: Int) throws -> String {
        let host = try #require(pod.environment["INTERNAL_API_HOST"])
        let proxy = place.isProxy ? " through the proxy \(gateway.url)" : ""
        return "POST \(host)\(Self.path) was answered with \(status)\(proxy)"
    }

    // MARK: Success

    @Test(arguments: proxies + gateways)
    func largestCatalogGetsThrough(_ place: Place) async throws {
        try await behind(place, place.open, operation: "discover") { pod, gateway in
            pod.environment["WORKLOAD_API_HOST"] = pod.environment["INTERNAL_API_HOST"]
            let catalog = ManyStreams(bytes: ManyStreams.largestReported)
            let outcome = try await pod.run(output: [catalog.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "sources/catalog", "output", "success"])
            // tinyproxy 1.11.1 ends a connection with the origin's and announces nothing: a request that meets the end is
            // retried.
            let met = "the connection was closed without an answer"
            #expect(
                outcome.retries.allSatisfy { place.product == .tinyproxy && $0.contains(met) },
                "\(outcome)"
            )
            let id = try #require(outcome.requests("sources/catalog").first?["answer"]["catalogId"].text)
            #expect(outcome.output["discoverCatalogId"].text == id)
            #expect(try catalog.isDelivered(in: await pod.controlPlane.catalogRequest(id)))
        }
    }

    @Test(arguments: [
        (
            Gateway.Product.squid,
            "auth_param basic program /usr/lib/squid/basic_fake_auth\nacl users proxy_auth REQUIRED\n"
                + "http_access allow users"
        ),
        (.tinyproxy, "BasicAuth someone correct-horse"),
    ])
    func proxyKnowsItsUser(_ product: Gateway.Product, _ directives: String) async throws {
        let place = Place(product: product, isProxy: true)
        try await behind(place, directives, login: "someone:correct-horse@") { pod, _ in
            let outcome = try await pod.run(output: [Self.spec.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"])
            #expect(!outcome.console.contains("correct-horse") && !outcome.errors.contains("correct-horse"))
        }
    }

    // MARK: Refusals

    private static let strangers: [(Place, String, String)] = [
        (
            Place(product: .squid, isProxy: true),
            "auth_param basic program /usr/lib/squid/basic_fake_auth\nacl users proxy_auth REQUIRED\n"
                + "http_access allow users",
            ": ERROR: Cache Access Denied (X-Squid-Error: ERR_CACHE_ACCESS_DENIED 0)"
        ),
        (
            Place(product: .tinyproxy, isProxy: true), "BasicAuth someone correct-horse",
            ": Proxy Authentication Required"
        ),
        (
            Place(product: .apache, isProxy: true),
            """
            ProxyRequests On
            AllowCONNECT 1-65535
            <Proxy *>
            AuthType Basic
            AuthName proxy
            AuthBasicProvider file
            AuthUserFile /dev/null
            Require valid-user
            </Proxy>
            """,
            ": Proxy Authentication Required"
        ),
    ]

    /// tinyproxy sends a whole answer, and resets the connection since it has not read the body.
    @Test(arguments: strangers)
    func proxyThatDemandsALoginIsNamed(_ place: Place, _ directives: String, _ words: String) async throws {
        try await behind(place, directives) { pod, gateway in
            let reason = try await reason(pod)
            #expect(
                reason.contains(
                    try refusal(place, pod, gateway, 407) + words
                        + "; the proxy \(gateway.url) requires authentication: HTTP_PROXY and HTTPS_PROXY can name a user"
                )
            )
        }
    }

    @Test(arguments: strangers)
    func proxyThatDemandsALoginForATunnelIsNamed(_ place: Place, _ directives: String, _: String) async throws
    {
        try await behind(place, directives, scheme: "https") { pod, gateway in
            let reason = try await reason(pod)
            #expect(
                reason.contains(
                    "\(Gateway.platformHost):\(pod.controlPlane.port) through the proxy \(gateway.url): the proxy refused the tunnel with status 407"
                )
            )
            #expect(
                reason.contains("; it requires authentication: HTTP_PROXY and HTTPS_PROXY can name a user")
            )
        }
    }

    /// nginx says at once that the chunks are too many. squid 5.7 breaks them off without an answer; only once it is told
    /// the length, it says why.
    @Test(arguments: [
        (Place(product: .nginx, isProxy: false), "location / { proxy_pass http://127.0.0.1:PORT; }", 0),
        (Place(product: .squid, isProxy: true), "request_body_max_size 1 MB\nhttp_access allow all", 1),
    ])
    func gatewayThatLimitsBodiesIsTold(_ place: Place, _ directives: String, _ retries: Int) async throws {
        func isCutOff(_ violation: JSON) -> Bool {
            violation["what"] == "the connection ended within the body"
        }
        try await behind(place, directives, onViolation: { #expect(isCutOff($0), "\($0)") }) { pod, gateway in
            let reason = try await reason(pod, retries: retries)
            #expect(reason.contains(try refusal(place, pod, gateway, 413) + ": "), "\(reason)")
            #expect(reason.contains("; a gateway or proxy limits the size of request bodies"))
        }
    }

    @Test(arguments: [
        (
            Place(product: .squid, isProxy: true),
            "acl output urlpath_regex workload_output\nhttp_access deny output\nhttp_access allow all",
            ": ERROR: The requested URL could not be retrieved (X-Squid-Error: ERR_ACCESS_DENIED 0)"
        ),
        (Place(product: .tinyproxy, isProxy: true), "Filter \"FOLDER/filter\"\nFilterURLs On", ": Filtered"),
        (
            Place(product: .apache, isProxy: true),
            "ProxyRequests On\n<ProxyMatch workload_output>\nRequire all denied\n</ProxyMatch>", ": Forbidden"
        ),
    ])
    func filterIsTold(_ place: Place, _ directives: String, _ words: String) async throws {
        try await behind(place, directives) { pod, gateway in
            let reason = try await reason(pod)
            #expect(reason.contains(try refusal(place, pod, gateway, 403) + words), "\(reason)")
        }
    }

    private static let page = "<html><head><title>Sign in</title></head></html>"

    /// haproxy does not wait for the end of a body.
    @Test(
        arguments: [
            (
                .nginx, #"location / { default_type text/html; return 200 "\#(page)"; }"#, 2,
                "was answered with 200: Sign in; this is a gateway's answer: the service itself answers with 204"
            ),
            (
                .haproxy, #"http-request return status 200 content-type text/html string "\#(page)""#, 2,
                "failed: HOST: the answer was 200 before all of the request was sent: Sign in"
            ),
            (
                .nginx, "location / { return 302 https://login.example.test/in?state=correct-horse; }", 0,
                "was answered with 302: Found (Location: https://login.example.test/in)"
            ),
        ] as [(Gateway.Product, String, Int, String)]
    )
    func signInPageIsTold(
        _ product: Gateway.Product,
        _ directives: String,
        _ retries: Int,
        _ words: String
    ) async throws {
        let place = Place(product: product, isProxy: false)
        try await behind(place, directives) { pod, gateway in
            let reason = try await reason(pod, retries: retries)
            let words = words.replacing("HOST", with: "127.0.0.1:\(gateway.port)")
            #expect(reason.contains("POST \(gateway.url)\(Self.path) \(words)"), "\(reason)")
            #expect(!reason.contains("correct-horse"))
        }
    }

    @Test(arguments: [
        (Place(product: .nginx, isProxy: false), 502, ": Bad Gateway"),
        (
            Place(product: .haproxy, isProxy: false), 503,
            ": Service Unavailable No server is available to handle this request."
        ),
        (Place(product: .apache, isProxy: false), 503, ": Service Unavailable"),
        (Place(product: .apache, isProxy: true), 503, ": Service Unavailable"),
        (
            Place(product: .squid, isProxy: true), 503,
            ": ERROR: The requested URL could not be retrieved (X-Squid-Error: ERR_CONNECT_FAIL 111)"
        ),
        (Place(product: .tinyproxy, isProxy: true), 500, ": Unable to connect"),
    ])
    func platformThatIsDownIsTold(_ place: Place, _ status: Int, _ words: String) async throws {
        // Nobody listens on port 1 of the loopback.
        try await behind(place, place.open, port: 1) { pod, gateway in
            let reason = try await reason(pod, retries: 2)
            #expect(reason.contains(try refusal(place, pod, gateway, status) + words), "\(reason)")
        }
    }

    @Test func proxyThatIsDownIsTold() async throws {
        try await Pod.with("spec") { pod in
            pod.environment["INTERNAL_API_HOST"] = "http://\(Gateway.platformHost):1"
            pod.environment["HTTP_PROXY"] = "http://someone:correct-horse@127.0.0.1:1"
            pod.environment["AIRBYTE_API_MAX_RETRIES"] = "1"
            let reason = try await reason(pod, retries: 1)
            #expect(
                reason.contains(
                    "platform.example.test:1 through the proxy http://127.0.0.1:1: cannot connect to the proxy"
                        + " (Connection refused)"
                )
            )
            #expect(!reason.contains("correct-horse"))
        }
    }
}

/// A catalog of equal streams, made and compared fast.
private struct ManyStreams {
    /// The largest catalog that a user of the platform has reported, in bytes.
    static let largestReported = 49_287_161

    private let count: Int
    private static let columns = 100
    /// Long, so that a platform in Python has little to check.
    private static let description = String(repeating: "A column of many. ", count: 40)
    private static let schema =
        "{\"type\":\"object\",\"properties\":{"
        + (0..<columns).map { #""column_\#($0)":{"type":["null","string"],"description":"\#(description)"}"# }
        .joined(separator: ",")
        + "}}"

    init(bytes: Int) {
        count = bytes / Self.stream(0).utf8.count
    }

    private static func stream(_ number: Int) -> String {
        #"{"name":"stream_\#(number)","supported_sync_modes":["full_refresh"],"json_schema":\#(schema)}"#
    }

    var line: [UInt8] {
        let streams = (0..<count).map(Self.stream).joined(separator: ",")
        return Array(#"{"type":"CATALOG","catalog":{"streams":[\#(streams)]}}"#.utf8)
    }

    /// Whether the request's body brings all streams in their order, with their schemas.
    func isDelivered(in body: Data) throws -> Bool {
        let request = try JSONSerialization.jsonObject(with: body) as? [String: Any]
        let catalog = request?["catalog"] as? [String: Any]
        let streams = (catalog?["streams"] as? [[String: Any]] ?? []).compactMap {
            $0["stream"] as? [String: Any]
        }
        guard streams.count == count else { return false }
        return streams.enumerated().allSatisfy { index, stream in
            let columns = (stream["jsonSchema"] as? [String: Any])?["properties"] as? [String: Any]
            return stream["name"] as? String == "stream_\(index)" && columns?.count == Self.columns
        }
    }
}
