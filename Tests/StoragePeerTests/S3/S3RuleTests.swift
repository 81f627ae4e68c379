import StoragePeers
import TestSupport
import Testing

@testable import Storage

/// What the service itself has against a request: its clock, its regions, the end of its tokens, its buckets.
@Suite struct S3RuleTests {
    private let server: S3Server
    private let bench: S3Bench

    init() throws {
        server = try S3Server()
        bench = try S3Bench(server)
    }

    /// Methods and statuses of what S3 has been asked.
    private func calls() throws -> [String] {
        try server.control().filter { $0.contains(" /output") || $0.contains(" /fresh") }.dropFirst().map {
            let words = $0.split(separator: " ")
            return "\(words[0]) \(words[2])"
        }
    }

    @Test(arguments: [7_200, -7_200])
    func aWrongClockIsPutRightOnce(_ offset: Int) throws {
        try server.control(#"{"clockOffset": \#(offset)}"#)
        let store = try bench.store(bench.keys(server.facts.owner))
        #expect(try bench.put(randomBytes(9_000_000), "/clock", in: store) == nil)
        #expect(try bench.put([1], "/clock-2", in: store) == nil)
        #expect(try calls() == ["POST 403", "POST 200", "PUT 200", "PUT 200", "POST 200", "PUT 200"])
        let told = bench.log.text.split(separator: "\n").filter {
            $0.hasPrefix("warning the clock here differs")
        }
        #expect(told.count == 1, "\(bench.log.text)")
        #expect(try server.peek(bucket: "output", key: "/clock-2") == [1])
    }

    @Test(arguments: [301, 400])
    func anotherRegionIsFollowedOnce(_ status: Int) throws {
        try server.control(#"{"region": "eu-west-3", "regionStatus": \#(status)}"#)
        let store = try bench.store(bench.keys(server.facts.owner))
        #expect(try bench.put([1], "/region", in: store) == nil)
        #expect(try bench.put([2], "/region", in: store) == nil)
        #expect(try calls() == ["PUT \(status)", "PUT 200", "PUT 200"])
        #expect(try server.peek(bucket: "output", key: "/region") == [2])
        #expect(bench.log.text.contains("S3 bucket output is in region eu-west-3, not in us-east-1"))
    }

    /// Of three parts, the keys end before the second.
    @Test func keysThatEndInTheMiddleAreRenewed() throws {
        let credentials = try AWSCredentialServer(for: server)
        var hasEnded = false
        let carrier = Tampering(bench.transport) { [server] request in
            guard request.url.contains("partNumber=2"), !hasEnded else { return }
            hasEnded = true
            do {
                try server.control(#"{"endTokens": true}"#)
            } catch {
                Issue.record(error)
            }
        }
        let url = credentials.origin + credentials.containerPath
        let store = try bench.store(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url], over: carrier)
        let content = randomBytes(12_000_000)
        #expect(try bench.put(content, "/ended", in: store) == nil)
        #expect(try calls() == ["POST 200", "PUT 200", "PUT 400", "PUT 200", "PUT 200", "POST 200"])
        #expect(try credentials.control().count == 2)
        #expect(try server.peek(bucket: "output", key: "/ended") == content)
    }

    @Test func aBucketThatMayNotBeMadeIsTold() throws {
        try server.control(#"{"allowCreation": false}"#)
        let store = try bench.store(bench.keys(server.facts.owner), bucket: "fresh")
        let message = try #require(try bench.put([1], "/k", in: store))
        #expect(message.hasPrefix("PUT s3://fresh//k was answered with 404 NoSuchBucket "))
        #expect(
            message.hasSuffix(
                "; create the bucket, or allow s3:CreateBucket; creating the bucket failed: PUT s3://fresh was "
                    + "answered with 403 AccessDenied \"Access Denied\" (request id REQUEST1)"
            ),
            "\(message)"
        )
    }
}
