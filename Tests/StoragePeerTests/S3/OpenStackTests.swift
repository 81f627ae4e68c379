import Crypto
import Foundation
import HTTP
import StoragePeers
import TestSupport
import Testing

@testable import Storage

/// The store against OpenStack Swift 2.38.3, whose S3 interface is stricter than moto's, read back by boto3.
@Suite struct OpenStackTests {
    private let server: OpenStackServer
    private let bench: S3Bench

    init() throws {
        server = try OpenStackServer.shared.get()
        bench = try S3Bench(endpoint: server.endpoint)
    }

    private func store(
        _ environment: [String: String] = [:],
        bucket: String,
        checksum: S3Checksum = .available,
        over carrier: (any HTTPTransport)? = nil
    ) throws -> S3Store {
        let keys = bench.keys(server.facts.owner)
        return try bench.store(
            keys.merging(environment) { $1 },
            bucket: bucket,
            checksum: checksum,
            over: carrier
        )
    }

    /// The bucket is missing at first, and is made.
    @Test(arguments: [S3Checksum.md5, .sha256])
    func whatIsWrittenIsReadByBoto(_ checksum: S3Checksum) throws {
        let content = Array(#"{"outputType": "spec"}"#.utf8)
        let bucket = "small-\(checksum)"
        let store = try store(bucket: bucket, checksum: checksum)
        for key in ["/workload/output/w-1", "job-logging/a/1.json", "/Größe/日本語 a+b&c=d%2F"] {
            let failure = try bench.put(content, key, in: store)
            #expect(failure == nil, "\(failure ?? "")")
            let object = try #require(try server.read(bucket: bucket, key: key), "\(key)")
            #expect(object.bytes == content && object.contentType == "application/json")
        }
        #expect(try server.keys(bucket: bucket).count == 3)
    }

    @Test(arguments: [S3Checksum.md5, .sha256])
    func largeContentGoesUpInParts(_ checksum: S3Checksum) throws {
        let content = randomBytes(12_000_000)
        let bucket = "large-\(checksum)"
        let store = try store(bucket: bucket, checksum: checksum)
        let failure = try bench.put(content, "/workload/output/large", in: store)
        #expect(failure == nil, "\(failure ?? "")")
        let object = try #require(try server.read(bucket: bucket, key: "/workload/output/large"))
        #expect(object.bytes == content && object.contentType == "application/json")
    }

    /// The server compares the checksum with what has arrived: none is sent in vain.
    @Test(arguments: [S3Checksum.md5, .sha256])
    func aChecksumOfAnotherBodyIsRefused(_ checksum: S3Checksum) throws {
        let store = try store(bucket: "compared", checksum: checksum)
        #expect(try bench.put([0], "/other", in: store) == nil)
        var request = S3Request(method: "PUT", key: "/k", body: [1, 2, 3], checksum: checksum)
        let index = try #require(request.headers.firstIndex { $0.name == checksum.header })
        request.headers[index].value = Base64.encode(try #require(checksum.digest(of: [1, 2, 4])))
        var end: Result<HTTPResponse, S3Store.Failure>?
        store.perform(request) { end = $0 }
        while end == nil { try bench.reactor.tick() }
        guard case .failure(let failure) = end else { return #expect(Bool(false), "it was stored") }
        #expect(failure.code == "BadDigest", "\(failure.failure.message)")
    }

    /// Swift 2.38.3 answers with 400 `AuthorizationHeaderMalformed`, which names its region.
    @Test func anotherRegionIsFollowed() throws {
        let store = try store(["AWS_DEFAULT_REGION": "eu-west-3"], bucket: "region")
        #expect(try bench.put([1], "/k", in: store) == nil)
        #expect(try server.read(bucket: "region", key: "/k")?.bytes == [1])
        #expect(bench.log.text.contains("S3 bucket region is in region us-east-1, not in eu-west-3"))
    }

    /// The name that OpenStack's own tools give to the first region.
    @Test func aRegionInCapitalsIsFollowed() throws {
        let server = try OpenStackServer(region: "RegionOne")
        let environment = ["AWS_ENDPOINT_URL": server.endpoint]
        let store = try store(environment, bucket: "capitals")
        let failure = try bench.put([1], "/k", in: store)
        #expect(failure == nil, "\(failure ?? "")")
        #expect(try server.read(bucket: "capitals", key: "/k")?.bytes == [1])
    }

    /// This server has no encryption, and says so with 501 `NotImplemented`: no retry helps.
    @Test func encryptionThatTheStoreDoesNotHave() throws {
        let proxy = try FaultProxy(before: server.facts.port)
        let environment = ["AWS_ENDPOINT_URL": proxy.origin, "SIDECAR_S3_SERVER_SIDE_ENCRYPTION": "AES256"]
        let message = try bench.put([1], "/k", in: store(environment, bucket: "encrypted"))
        #expect(message?.contains("was answered with 501 NotImplemented") == true, "\(message ?? "")")
        #expect(try proxy.requests().count { $0.hasSuffix(" 501") } == 1)
    }

    /// Swift 2.38.3 says `SignatureDoesNotMatch` of an unknown key id too, where Amazon says `InvalidAccessKeyId`.
    @Test(arguments: [
        ["AWS_SECRET_ACCESS_KEY": "wrong-and-never-shown"],
        ["AWS_ACCESS_KEY_ID": "test:nobody", "AWS_SECRET_ACCESS_KEY": "wrong-and-never-shown"],
    ])
    func wrongKeysAreRefused(_ keys: [String: String]) throws {
        let message = try #require(try bench.put([1], "/k", in: store(keys, bucket: "refused")))
        #expect(
            message.hasPrefix("PUT s3://refused//k was answered with 403 SignatureDoesNotMatch \"The request")
        )
        for cause in [
            "AWS_SECRET_ACCESS_KEY", "does not know the key id", "changes the Host header", "merges //",
        ] {
            #expect(message.contains(cause), "\(message)")
        }
        #expect(!message.contains("\n") && !message.contains("wrong-and-never-shown"))
    }

    /// The upload is complete, the answer to that is lost, and asking again gives the same.
    @Test func aLostAnswerAtTheEndIsMadeUpFor() throws {
        let proxy = try FaultProxy(before: server.facts.port, [.lost("POST .*uploadId=")])
        let content = randomBytes(6_000_000)
        let store = try store(["AWS_ENDPOINT_URL": proxy.origin], bucket: "lost")
        #expect(try bench.put(content, "/k", in: store) == nil)
        #expect(try server.read(bucket: "lost", key: "/k")?.bytes == content)
        #expect(try proxy.requests().count { $0.contains("?uploads") && $0.hasSuffix(" 200") } == 1)
    }
}
