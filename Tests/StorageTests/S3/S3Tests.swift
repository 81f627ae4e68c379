import CurlTransport
import Foundation
import Logging
import Reactor
import StoragePeers
import Testing

@testable import Sidecar

/// The store against a server that checks signatures, and what it has written read back by boto3.
@Suite struct S3Tests {
    private let server: S3Server
    private let reactor: Reactor
    private let transport: CurlTransport

    init() throws {
        server = try S3Server()
        reactor = try Reactor(backend: .epoll)
        transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
    }

    private func store(
        _ environment: [String: String],
        bucket: String = "output",
        service: S3Settings.Service = .s3,
        over carrier: (any HTTPTransport)? = nil
    ) throws -> S3Store {
        var variables = environment
        variables["AWS_ENDPOINT_URL"] = server.endpoint
        variables["AWS_EC2_METADATA_DISABLED"] = "true"
        var reader = EnvironmentReader(variables)
        let settings = S3Settings.read(&reader, service: service)
        try reader.finish()
        return S3Store.make(
            settings: settings,
            bucket: bucket,
            transport: carrier ?? transport,
            scheduler: reactor,
            wallClock: .system,
            requestSettings: StorageRequester.Settings(
                connectTimeout: .seconds(20),
                readTimeout: .seconds(60),
                retries: RetryPolicy(firstDelay: .milliseconds(20), maxRetries: 2)
            ),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            seed: 7
        )
    }

    private func keys(_ user: S3Server.User) -> [String: String] {
        ["AWS_ACCESS_KEY_ID": user.key, "AWS_SECRET_ACCESS_KEY": user.secret]
    }

    /// Puts the content; the failure's message, nil where there was none.
    private func put(_ content: [UInt8], _ key: String, in store: S3Store) throws -> String? {
        var ends: [StorageFailure?] = []
        store.put(ObjectContent(content), key: key) { ends.append($0) }
        #expect(ends.isEmpty, "a completion was called within put")
        var isStuck = false
        let guardTimer = reactor.schedule(after: .seconds(120)) { isStuck = true }
        while ends.isEmpty {
            try reactor.tick()
            try #require(!isStuck, "the store waits for something that does not happen")
        }
        reactor.cancel(guardTimer)
        return ends[0]?.message
    }

    @Test func whatIsWrittenIsReadByBoto() throws {
        let content = Array(#"{"outputType": "spec"}"#.utf8)
        let store = try store(keys(server.facts.owner))
        for key in ["/workload/output/w-1", "job-logging/a/1.json", "/Größe/日本語 a+b&c=d%2F"] {
            #expect(try put(content, key, in: store) == nil)
            let object = try #require(try server.read(bucket: "output", key: key), "\(key)")
            #expect(object.bytes == content)
            #expect(object.contentType == "application/json")
        }
    }

    @Test func largeContentGoesUpInParts() throws {
        var random = SplitMix64(seed: 3)
        let content = (0..<20_000_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        #expect(try put(content, "/workload/output/large", in: store(keys(server.facts.owner))) == nil)
        #expect(try server.read(bucket: "output", key: "/workload/output/large")?.bytes == content)
    }

    @Test func missingBucketIsMade() throws {
        #expect(try put([1], "/k", in: store(keys(server.facts.owner), bucket: "brand-new")) == nil)
        #expect(try server.read(bucket: "brand-new", key: "/k")?.bytes == [1])
    }

    @Test func wrongSecretIsRefused() throws {
        var user = server.facts.owner
        user.secret = String(user.secret.reversed())
        let message = try #require(try put([1], "/k", in: store(keys(user))))
        #expect(message.contains("403 SignatureDoesNotMatch"))
        #expect(!message.contains(user.secret))
    }

    @Test func deniedAccessIsTold() throws {
        let message = try #require(try put([1], "/k", in: store(keys(server.facts.stranger))))
        #expect(message.hasPrefix("PUT s3://output//k was answered with 403 AccessDenied"))
        #expect(message.contains("policy must allow s3:PutObject"))
    }

    @Test func webIdentityGivesKeys() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID().uuidString)")
        try Data("header.payload.signature\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let store = try store(["AWS_ROLE_ARN": server.facts.role, "AWS_WEB_IDENTITY_TOKEN_FILE": file.path])
        let failure = try put([7], "/workload/output/irsa", in: store)
        #expect(failure == nil, "\(failure ?? "")")
        #expect(try server.read(bucket: "output", key: "/workload/output/irsa")?.bytes == [7])
    }

    @Test func tamperedBodyIsRefused() throws {
        let carrier = Tampering(transport) { $0.bodyBytes?[0] ^= 1 }
        let message = try put([1, 2, 3], "/tampered", in: store(keys(server.facts.owner), over: carrier))
        #expect(message?.contains("400 XAmzContentSHA256Mismatch") == true, "\(message ?? "stored")")
        #expect(try server.read(bucket: "output", key: "/tampered") == nil)
    }
}
