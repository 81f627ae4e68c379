import Crypto
import CurlTransport
import Foundation
import HTTP
import Logging
import Reactor
import Scheduling
import Settings
import Sidecar
import StoragePeers
import TestSupport
import Testing

@testable import Storage

/// The store against a server that checks every signature with the code of azure-storage-blob, and what it has written
/// read back by azure-storage-blob's own client.
@Suite struct AzureBlobTests {
    private let server: AzureBlobServer
    private let reactor: Reactor
    private let transport: CurlTransport

    init() throws {
        server = try AzureBlobServer()
        reactor = try Reactor(backend: .epoll)
        transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
    }

    private func store(
        _ connectionString: String? = nil,
        environment: [String: String] = [:],
        container: String = "output",
        over carrier: (any HTTPTransport)? = nil
    ) throws -> AzureBlobStore {
        var variables = environment
        variables["AZURE_STORAGE_CONNECTION_STRING"] = connectionString ?? server.connectionString
        var reader = EnvironmentReader(variables)
        let settings = AzureSettings.read(&reader)
        try reader.finish()
        return AzureBlobStore.make(
            settings: try #require(settings),
            bucket: container,
            dependencies: .peers(
                carrier ?? transport,
                reactor,
                log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        )
    }

    /// Puts the content; the failure's message, nil where there was none.
    private func put(_ content: [UInt8], _ key: String, in store: AzureBlobStore) throws -> String? {
        var ends: [StorageFailure?] = []
        store.put(ObjectContent(content), key: key) { ends.append($0) }
        #expect(ends.isEmpty, "a completion was called within put")
        var isStuck = false
        let guardTimer = reactor.schedule(after: .seconds(60)) { isStuck = true }
        while ends.isEmpty {
            try reactor.tick()
            try #require(!isStuck, "the store waits for something that does not happen")
        }
        reactor.cancel(guardTimer)
        return ends[0]?.message
    }

    private func bytes(_ count: Int) -> [UInt8] {
        var random = SplitMix64(seed: 3)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    @Test func whatIsWrittenIsReadByAzuresOwnClient() throws {
        let content = Array("{\"outputType\": \"spec\"}".utf8)
        let store = try store()
        let keys = [
            "/workload/output/w-1", "job-logging/a/b/20261124090000_host_1.json", "//two", "/a..b/.c",
            "/Größe/日本語/🚀 a+b&c=d?e#f%2F%20;x", "it's (a) [key]~!*",
        ]
        for key in keys {
            #expect(try put(content, key, in: store) == nil)
            let blob = try #require(try server.read(container: "output", key: key), "\(key)")
            #expect(blob.bytes == content)
            #expect(blob.properties.type == "application/json")
            #expect(blob.properties.md5 == Digest.md5(content)?.hexadecimal)
            #expect(blob.properties.blocks == 0)
        }
    }

    @Test func missingContainerIsMade() throws {
        let store = try store(container: "brand-new")
        #expect(try put([1], "k", in: store) == nil)
        #expect(try put([2], "k", in: store) == nil)
        #expect(try server.read(container: "brand-new", key: "k")?.bytes == [2])
        #expect(try server.requests().count { $0.contains("restype=container") } == 1)
    }

    @Test func containerThatMayNotBeMade() throws {
        try server.control(#"{"allowCreation": false}"#)
        let message = try #require(try put([1], "/k", in: store()))
        let name = "Azure container output at 127.0.0.1:\(server.facts.port)"
        #expect(
            message == """
                PUT of /k failed: \(name) is missing and cannot be created: creation to \(name) was answered with 403 \
                AuthorizationFailure "This request is not authorized to perform this operation." (request id \
                req-1); the account's network rules may block this cluster, or the signature may not cover this
                """
        )
    }

    @Test(arguments: [0, 1, 4 * 1_024 * 1_024])
    func sizesThatGoUpAtOnce(_ count: Int) throws {
        let content = bytes(count)
        #expect(try put(content, "k", in: store()) == nil)
        let blob = try #require(try server.read(container: "output", key: "k"))
        #expect(blob.bytes == content && blob.properties.blocks == 0)
    }

    @Test func largeContentGoesUpInBlocks() throws {
        let content = bytes(20_000_000)
        #expect(try put(content, "/workload/output/large", in: store()) == nil)
        let blob = try #require(try server.read(container: "output", key: "/workload/output/large"))
        #expect(blob.bytes == content)
        #expect(blob.properties.blocks == 5)
        #expect(blob.properties.type == "application/json")
        #expect(blob.properties.md5 == Digest.md5(content)?.hexadecimal)
    }

    // MARK: Who asks

    @Test func wrongKeyIsRefused() throws {
        let wrong = "\(server.endpointOnly);AccountName=\(server.facts.account);AccountKey=c2VjcmV0a2V5"
        let message = try #require(try put([1], "k", in: store(wrong)))
        #expect(message.contains("403 AuthenticationFailed"))
        #expect(message.hasSuffix("check AccountName and AccountKey in AZURE_STORAGE_CONNECTION_STRING"))
        #expect(!message.contains("c2VjcmV0a2V5"))
    }

    @Test func tamperedBodyIsRefused() throws {
        try server.control(#"{"containers": ["output"]}"#)
        let meddler = Tampering(transport) { $0.bodyBytes?[1] ^= 1 }
        let message = try #require(try put([1, 2, 3], "k", in: store(over: meddler)))
        #expect(message.contains("400 Md5Mismatch"))
        #expect(try server.read(container: "output", key: "k") == nil)
    }

    @Test(arguments: ["x-ms-blob-content-type", "Content-MD5", "x-ms-date", "x-ms-version", "Content-Type"])
    func tamperedFieldIsRefused(_ name: String) throws {
        try server.control(#"{"containers": ["output"]}"#)
        let meddler = Tampering(transport) { request in
            for index in request.headers.indices where request.headers[index].name == name {
                request.headers[index].value =
                    name == "x-ms-date" ? HTTPDate.text(secondsSince1970: later) : "x"
            }
        }
        let message = try #require(try put([1, 2, 3], "k", in: store(over: meddler)))
        #expect(message.contains("403 AuthenticationFailed"))
    }

    /// Within what the service tolerates, but not what was signed.
    private var later: Int64 { WallClock.system.secondsSince1970 + 60 }

    @Test(arguments: [\AzureBlobServer.Facts.accountSAS, \.containerSAS])
    func sharedAccessSignature(_ which: KeyPath<AzureBlobServer.Facts, String> & Sendable) throws {
        try server.control(#"{"containers": ["output"]}"#)
        let store = try store("\(server.endpointOnly);SharedAccessSignature=?\(server.facts[keyPath: which])")
        #expect(try put([1], "/a b", in: store) == nil)
        let content = bytes(9_000_000)
        #expect(try put(content, "/large", in: store) == nil)
        #expect(try server.read(container: "output", key: "/a b")?.bytes == [1])
        #expect(try server.read(container: "output", key: "/large")?.bytes == content)
    }

    @Test(
        arguments: [
            (\AzureBlobServer.Facts.endedSAS, "AuthenticationFailed"),
            (\.readSAS, "AuthorizationPermissionMismatch"),
        ] as [(KeyPath<AzureBlobServer.Facts, String> & Sendable, String)]
    )
    func refusedSignatureIsNotShown(
        _ which: KeyPath<AzureBlobServer.Facts, String> & Sendable,
        _ code: String
    ) throws {
        let signature = server.facts[keyPath: which]
        let store = try store("\(server.endpointOnly);SharedAccessSignature=\(signature)")
        let message = try #require(try put([1], "k", in: store))
        #expect(message.contains("403 \(code)"))
        #expect(!message.contains("sig=") && !message.contains(signature))
    }

    // MARK: Workload identity

    private func identity(_ file: String) -> [String: String] {
        [
            "AZURE_CLIENT_ID": server.facts.clientID, "AZURE_TENANT_ID": server.facts.tenantID,
            "AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_AUTHORITY_HOST": server.origin + "/",
        ]
    }

    private func tokenFile(_ content: String) throws -> URL {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data(content.utf8).write(to: file)
        return file
    }

    @Test func workloadIdentity() throws {
        let file = try tokenFile("pod.token&1\n")
        defer { try? FileManager.default.removeItem(at: file) }
        try server.control(#"{"assertion": "pod.token&1"}"#)
        let store = try store(server.endpointOnly, environment: identity(file.path))
        let content = bytes(9_000_000)
        #expect(try put(content, "/large", in: store) == nil)
        #expect(try put([1], "k", in: store) == nil)
        #expect(try server.read(container: "output", key: "/large")?.bytes == content)
        #expect(try server.requests().count { $0.contains("/token") } == 1, "one token serves them all")

        // Another pod token has replaced the old one, and the service forgets all tokens in the middle of a block.
        try Data("pod.token&2".utf8).write(to: file)
        try server.control(#"{"assertion": "pod.token&2"}"#)
        try server.control(
            #"{"faults": [{"match": "comp=block&", "after": 1, "count": 1, "status": 401, "code": "InvalidAuthenticationInfo"}]}"#
        )
        let other = bytes(9_500_000)
        #expect(try put(other, "/large", in: store) == nil)
        #expect(try server.read(container: "output", key: "/large")?.bytes == other)
        #expect(try server.requests().count { $0.contains("/token") } == 2)
    }

    @Test func identityThatIsNotKnown() throws {
        let file = try tokenFile("pod.token.secret")
        defer { try? FileManager.default.removeItem(at: file) }
        try server.control(#"{"assertion": "another"}"#)
        let store = try store(server.endpointOnly, environment: identity(file.path))
        let message = try #require(try put([1], "k", in: store))
        #expect(message.contains("401 invalid_client \"AADSTS700016: wrong client_assertion"))
        #expect(!message.contains("pod.token.secret") && !message.contains("\n"))
    }

    // MARK: Faults

    @Test(arguments: [
        #"{"match": "/k", "count": 2, "status": 503, "code": "ServerBusy"}"#,
        #"{"match": "/k", "count": 1, "status": 500, "code": "InternalError"}"#,
        #"{"match": "/k", "count": 3, "status": 500, "code": "OperationTimedOut"}"#,
        #"{"match": "/k", "count": 1, "status": 409, "code": "ContainerBeingDeleted"}"#,
        #"{"match": "restype", "count": 2, "status": 409, "code": "ContainerBeingDeleted"}"#,
        #"{"match": "/k", "count": 1, "status": 0, "code": "cut"}"#,
        #"{"match": "comp=block&", "after": 1, "count": 2, "status": 0, "code": "cut"}"#,
        #"{"match": "comp=blocklist", "count": 1, "status": 0, "code": "cut"}"#,
        #"{"match": "comp=blocklist", "count": 1, "status": 0, "code": "cut after"}"#,
        #"{"match": "restype", "count": 1, "status": 0, "code": "cut after"}"#,
        #"{"match": "comp=blocklist", "count": 1, "status": 503, "code": "ServerBusy"}"#,
    ])
    func passingFaultsAreWaitedOut(_ fault: String) throws {
        try server.control(#"{"faults": [\#(fault)]}"#)
        let content = bytes(9_000_000)
        #expect(try put(content, "k", in: store()) == nil)
        #expect(try server.read(container: "output", key: "k")?.bytes == content)
    }

    @Test func lastingFaultIsTold() throws {
        try server.control(#"{"faults": [{"match": "/k", "count": 9, "status": 503, "code": "ServerBusy"}]}"#)
        let message = try #require(try put([1], "k", in: store()))
        #expect(message.hasPrefix("PUT of k to Azure container output at 127.0.0.1:"))
        #expect(message.contains("503 ServerBusy \"A fault that the test asked for.\" (request id req-1)"))
    }

    @Test(arguments: [-7_200, 7_200])
    func wrongClockIsPutRight(_ offset: Int) throws {
        try server.control(#"{"clockOffset": \#(offset)}"#)
        let store = try store()
        let content = bytes(9_000_000)
        #expect(try put(content, "k", in: store) == nil)
        try server.control(#"{"clockOffset": 0}"#)
        #expect(try server.read(container: "output", key: "k")?.bytes == content)
        let refused = try server.requests().count { $0.contains("comp=block&") } - 3
        #expect(refused == 2, "one for the clock, one for the container")
    }

    @Test func bodyThatIsTooLarge() throws {
        try server.control(#"{"containers": ["output"], "maxBodySize": 10}"#)
        let message = try #require(try put(bytes(11), "k", in: store()))
        #expect(message.contains("413 RequestBodyTooLarge"))
        #expect(try server.requests().count == 1, "no second try")
    }
}
