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

/// The store against fake-gcs-server, mostly behind a door that asks for tokens and compares checksums; what it has
/// written is read back by google-cloud-storage.
@Suite final class GCSTests {
    private let server: GCSServer
    private let reactor: Reactor
    private let transport: CurlTransport
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "gcs-\(UUID().uuidString)"
    )
    private let log = LogLines()

    init() throws {
        server = try GCSServer()
        reactor = try Reactor(backend: .epoll)
        transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    // MARK: Support

    private func file(_ content: String, _ name: String = "gcp.json") throws -> String {
        let path = folder.appendingPathComponent(name)
        try Data(content.utf8).write(to: path)
        return path.path
    }

    private enum Access { case emulator, account, stranger, metadata, federation }

    private func variables(_ access: Access) throws -> [String: String] {
        let door = [
            "SIDECAR_GCS_ENDPOINT": server.origin, "GCE_METADATA_HOST": "127.0.0.1:\(server.facts.port)",
        ]
        switch access {
        case .emulator:
            return ["STORAGE_EMULATOR_HOST": "127.0.0.1:\(server.facts.storagePort)"]
        case .metadata:
            return door
        case .account:
            return door.merging(["GOOGLE_APPLICATION_CREDENTIALS": try file(server.facts.account)]) { $1 }
        case .stranger:
            return door.merging(["GOOGLE_APPLICATION_CREDENTIALS": try file(server.facts.stranger)]) { $1 }
        case .federation:
            let token = try file(server.facts.subjectToken, "token")
            let credentials = """
                {"type": "external_account", "audience": "//iam.googleapis.com/pool",
                 "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "\(server.origin)/sts",
                 "service_account_impersonation_url": "\(server.origin)/impersonate",
                 "credential_source": {"file": "\(token)"}}
                """
            return door.merging(["GOOGLE_APPLICATION_CREDENTIALS": try file(credentials)]) { $1 }
        }
    }

    private func store(
        _ access: Access,
        bucket: String = "output",
        through carrier: (any HTTPTransport)? = nil
    ) throws
        -> GCSStore
    {
        var reader = EnvironmentReader(try variables(access))
        let settings = try #require(GCSSettings.read(&reader))
        try reader.finish()
        let log = log
        return GCSStore.make(
            settings: settings,
            bucket: bucket,
            dependencies: .peers(carrier ?? transport, reactor, log: Logger(label: "test") { _ in log })
        )
    }

    private func wait(until isOver: () -> Bool) throws {
        var isStuck = false
        let guardTimer = reactor.schedule(after: .seconds(120)) { isStuck = true }
        while !isOver() {
            try reactor.tick()
            try #require(!isStuck, "something that was waited for does not happen")
        }
        reactor.cancel(guardTimer)
    }

    /// Puts the content; the failure's message, nil where there was none.
    private func put(_ content: [UInt8], _ key: String, in store: GCSStore) throws -> String? {
        var ends: [StorageFailure?] = []
        store.put(ObjectContent(content), key: key) { ends.append($0) }
        #expect(ends.isEmpty, "a completion was called within put")
        try wait { !ends.isEmpty }
        return ends[0]?.message
    }

    /// Tells the door what to do (nil: nothing), and gives what it has been asked for so far.
    @discardableResult
    private func control(_ wishes: String?) throws -> [String] {
        var answer: Result<HTTPResponse, HTTPTransportError>?
        let request = HTTPRequest(
            method: wishes == nil ? "GET" : "POST",
            url: "\(server.origin)/control",
            body: wishes.map { Array($0.utf8) },
            connectTimeout: .seconds(20),
            totalTimeout: .seconds(60)
        )
        _ = transport.send(request) { answer = $0 }
        try wait { answer != nil }
        return try JSONDecoder().decode([String].self, from: Data(#require(answer).get().body))
    }

    private func random(_ count: Int) -> [UInt8] {
        var random = SplitMix64(seed: UInt64(count))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes += $0 } }
        return Array(bytes.prefix(count))
    }

    private func expect(_ content: [UInt8], at key: String, in bucket: String = "output") throws {
        let object = try #require(try server.read(bucket: bucket, key: key), "\(key) is not there")
        #expect(object.bytes == content)
        #expect(object.contentType == "application/json")
    }

    // MARK: What arrives

    @Test func whatIsWrittenIsReadByGooglesClient() throws {
        let store = try store(.account)
        for key in ["/workload/output/w-1", "job-logging/a/1.json", "/Größe/日本語 a+b&c=d%2F?#"] {
            let content = Array(#"{"key": "\#(key)"}"#.utf8)
            #expect(try put(content, key, in: store) == nil)
            try expect(content, at: key)
        }
        #expect(try put([], "/empty", in: store) == nil)
        try expect([], at: "/empty")
        #expect(try put(Array("anew".utf8), "/empty", in: store) == nil)
        try expect(Array("anew".utf8), at: "/empty")
        let tokens = try control(nil).filter { $0.hasPrefix("POST /token") }
        #expect(tokens == ["POST /token 200"], "one token serves them all")
    }

    @Test func largeContentGoesUpInChunks() throws {
        let content = random(20_000_000)
        let failure = try put(content, "/workload/output/large", in: store(.account))
        #expect(failure == nil)
        try expect(content, at: "/workload/output/large")
        let chunks = try control(nil).filter { $0.hasPrefix("PUT /upload/") }
        #expect(chunks.count == 5)
    }

    @Test func anEmulatorNeedsNoToken() throws {
        let store = try store(.emulator, bucket: "emulated")
        #expect(try put([1, 2], "/k", in: store) == nil)
        try expect([1, 2], at: "/k", in: "emulated")
    }

    @Test(arguments: [0, 5_000_000])
    func missingBucketIsMade(_ size: Int) throws {
        #expect(try put(random(size), "/k", in: store(.account, bucket: "brand-new")) == nil)
        try expect(random(size), at: "/k", in: "brand-new")
        #expect(log.text.contains("GCS bucket brand-new is missing; creating it"))
    }

    @Test func theMetadataServerGivesTokens() throws {
        let failure = try put([3], "/gke", in: store(.metadata))
        #expect(failure == nil)
        try expect([3], at: "/gke")
        let seen = try control(nil)
        #expect(
            seen.contains("GET /computeMetadata/v1/project/project-id 200"),
            "for the bucket, which was missing"
        )
    }

    @Test func federatedIdentitiesGiveTokens() throws {
        let store = try store(.federation)
        let failure = try put([4], "/federated", in: store)
        // The credentials name no project, so that the bucket has to be there.
        #expect(failure?.contains("no project is known; set GOOGLE_CLOUD_PROJECT") == true)
        #expect(try put([0], "/k", in: self.store(.account)) == nil)
        #expect(try put([4], "/federated", in: store) == nil)
        try expect([4], at: "/federated")
        #expect(try control(nil).prefix(2) == ["POST /sts 200", "POST /impersonate 200"])
    }

    // MARK: What is refused

    @Test func aWrongKeyIsRefused() throws {
        let message = try #require(try put([1], "/k", in: store(.stranger)))
        #expect(message.contains("/token answered with 400 invalid_grant \"Invalid JWT: "))
        #expect(message.contains("give a new key to the file /"))
        #expect(!message.contains("PRIVATE"))
        #expect(try control(nil) == ["POST /token 400"])
        #expect(try server.read(bucket: "output", key: "/k") == nil)
    }

    @Test func deniedAccessIsTold() throws {
        let message = try #require(try put([1], "/k", in: store(.account, bucket: "forbidden")))
        #expect(
            message.hasPrefix("PUT gs://forbidden//k was answered with 403 forbidden \"sidecar@project-1")
        )
        #expect(message.contains("storage.objects.create access\" (request id upload-id-1)"))
    }

    @Test func aDoorWantsATokenThatItGave() throws {
        let carrier = Tampering(transport) { request in
            guard request.url.contains("/upload/") else { return }
            request.headers.removeAll { $0.name == "Authorization" }
            request.headers.append(HTTPHeader("Authorization", "Bearer ya29.invented"))
        }
        let message = try #require(try put([1], "/k", in: store(.account, through: carrier)))
        #expect(message.contains("401 authError \"Invalid Credentials\""))
    }

    @Test func aTamperedBodyIsRefused() throws {
        let content = Array("CONTENT".utf8)
        let carrier = Tampering(transport) { request in
            guard let body = request.bodyBytes, let range = Data(body).firstRange(of: Data(content)) else {
                return
            }
            request.bodyBytes?[range.lowerBound] ^= 1
        }
        let message = try #require(try put(content, "/tampered", in: store(.account, through: carrier)))
        #expect(message.contains("400 invalid \"Provided md5Hash does not match the calculated hash.\""))
        #expect(try server.read(bucket: "output", key: "/tampered") == nil)
    }

    @Test func aTamperedChunkIsDeletedAgain() throws {
        let carrier = Tampering(transport) { request in
            guard request.method == "PUT", let body = request.bodyBytes, !body.isEmpty else { return }
            request.bodyBytes?[0] ^= 1
        }
        let message = try #require(
            try put(random(5_000_000), "/tampered", in: store(.account, through: carrier))
        )
        #expect(message.contains("what has arrived is not what was sent"))
        #expect(message.contains("it was deleted again"))
        #expect(try server.read(bucket: "output", key: "/tampered") == nil)
    }

    // MARK: Faults

    @Test func overloadIsWaitedOut() throws {
        try control(#"{"busy": 2}"#)
        #expect(try put([1], "/k", in: store(.account)) == nil)
        try expect([1], at: "/k")
        #expect(
            log.text.contains("503 backendError \"Backend Error\" (request id upload-id-1); retrying in")
        )
    }

    @Test func aTokenThatEndsInTheMiddleIsRenewed() throws {
        let content = random(9_000_000)
        // The bucket is there, and the token is one of before.
        let store = try store(.account)
        #expect(try put([1], "/first", in: store) == nil)
        let carrierStore = try self.store(
            .account,
            through: Tampering(transport) { [self] request in
                // Before the second chunk, all tokens end.
                guard request.header("Content-Range")?.hasPrefix("bytes 4194304-") == true, !hasDropped else {
                    return
                }
                hasDropped = true
                request.headers.removeAll { $0.name == "Authorization" }
            }
        )
        #expect(try put(content, "/large", in: carrierStore) == nil)
        try expect(content, at: "/large")
        let seen = try control(nil)
        #expect(seen.contains("PUT /upload/storage/v1/b/output/o 401"))
        #expect(seen.count { $0 == "POST /token 200" } == 3)
    }

    private var hasDropped = false

    @Test func allTokensEndAtOnce() throws {
        let store = try store(.account)
        #expect(try put([1], "/first", in: store) == nil)
        try control(#"{"drop": true}"#)
        #expect(try put([2], "/second", in: store) == nil)
        try expect([2], at: "/second")
    }

    @Test func aConnectionThatBreaksInTheMiddleIsGoneOnFrom() throws {
        #expect(try put([1], "/first", in: store(.account)) == nil)
        try control(#"{"cut": 2}"#)
        let content = random(10_000_000)
        let failure = try put(content, "/workload/output/cut", in: store(.account))
        #expect(failure == nil, "\(failure ?? "")")
        try expect(content, at: "/workload/output/cut")
        let seen = try control(nil)
        #expect(seen.count { $0.hasSuffix(" cut") } == 2)
        #expect(log.text.contains("PUT gs://output//workload/output/cut failed: 127.0.0.1:"))
        #expect(!log.text.contains("upload_id"))
    }

    @Test func aWrongClockIsPutRight() throws {
        try control(#"{"skew": 7200}"#)
        let failure = try put([1], "/k", in: store(.account))
        #expect(failure == nil, "\(failure ?? "")")
        #expect(log.text.contains("the clock here differs from Google's by -7"))
        #expect(try control(nil).prefix(2) == ["POST /token 400", "POST /token 200"])
    }
}

extension HTTPRequest {
    fileprivate func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
