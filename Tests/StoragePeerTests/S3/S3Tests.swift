import Foundation
import HTTP
import StoragePeers
import TestSupport
import Testing

@testable import Storage

/// The store against a server that checks signatures, and what it has written read back by boto3.
@Suite struct S3Tests {
    private let server: S3Server
    private let bench: S3Bench

    init() throws {
        server = try S3Server.shared.get()
        bench = try S3Bench(server)
    }

    private func store(
        _ environment: [String: String],
        bucket: String = "output",
        over carrier: (any HTTPTransport)? = nil
    ) throws -> S3Store { try bench.store(environment, bucket: bucket, over: carrier) }

    private func put(_ content: [UInt8], _ key: String, in store: S3Store) throws -> String? {
        try bench.put(content, key, in: store)
    }

    private func keys(_ user: S3Server.User) -> [String: String] { bench.keys(user) }

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
        let content = randomBytes(20_000_000)
        #expect(try put(content, "/workload/output/large", in: store(keys(server.facts.owner))) == nil)
        let object = try #require(try server.read(bucket: "output", key: "/workload/output/large"))
        #expect(object.bytes == content && object.contentType == "application/json")
        let parts = try server.control().count { $0.contains("/output/large?partNumber=") }
        #expect(parts == 4)
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
        let carrier = Tampering(bench.transport) { $0.bodyBytes?[0] ^= 1 }
        let message = try put([1, 2, 3], "/tampered", in: store(keys(server.facts.owner), over: carrier))
        #expect(message?.contains("400 XAmzContentSHA256Mismatch") == true, "\(message ?? "stored")")
        #expect(try server.read(bucket: "output", key: "/tampered") == nil)
    }
}
