import Foundation
import StoragePeers
import TestSupport
import Testing

@testable import Storage

/// What breaks on the way to S3, on real sockets: passing faults end with the object in place, others with one line.
@Suite struct S3FaultTests {
    typealias Rule = FaultProxy.Rule

    private let server: S3Server
    private let bench: S3Bench

    init() throws {
        server = try S3Server.shared.get()
        bench = try S3Bench(server)
    }

    private static func error(_ code: String) -> String {
        "<Error><Code>\(code)</Code><Message>Said by the test.</Message><RequestId>R1</RequestId></Error>"
    }

    private func store(_ proxy: FaultProxy, bucket: String = "output") throws -> S3Store {
        let environment = bench.keys(server.facts.owner).merging(["AWS_ENDPOINT_URL": proxy.origin]) { $1 }
        return try bench.store(environment, bucket: bucket)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var rules: [Rule]
        /// Two parts where it is more than 5 MiB.
        var size = 1_000

        init(_ name: String, _ rules: Rule..., size: Int = 1_000) {
            testDescription = name
            self.rules = rules
            self.size = size
        }
    }

    private static let large = 9_000_000
    private static let content = randomBytes(large)
    private static let second = "partNumber=2"
    private static let complete = "POST .*uploadId="

    @Test(arguments: [
        Case("overload", .answer("PUT", times: 2, 503, error("SlowDown"))),
        Case("a fault of the server", .answer("PUT", 500, error("InternalError"))),
        Case("a balancer without a server behind it", .answer("PUT", 502, "<html>Bad Gateway</html>")),
        Case("reset in the body", .reset("PUT", times: 2)),
        Case("answer lost", .lost("PUT", times: 2)),
        Case("reset in a large body", .reset("PUT"), size: 5_000_000),
        Case("overload at the beginning", .answer("uploads", 503, error("SlowDown")), size: large),
        Case("an upload's id that is torn", .torn("uploads"), size: large),
        Case("reset in a part", .reset(second, times: 2), size: large),
        Case("a part's answer lost", .lost(second, times: 2), size: large),
        Case("a part that was damaged", .answer(second, 400, error("BadDigest")), size: large),
        Case("overload at the end", .answer(complete, 503, error("SlowDown")), size: large),
        Case("reset at the end", .reset(complete), size: large),
        Case("the end's answer lost", .lost(complete), size: large),
        Case("the end's answer torn", .torn(complete), size: large),
        Case("the end's answer emptied", .answer(complete, 200).by("replace"), size: large),
        Case("a failure after the status", .answer(complete, 200, error("InternalError")), size: large),
        Case(
            "a failure after the status and blanks",
            .answer(complete, 200, "  \n\n <?xml version=\"1.0\"?>\n" + error("InternalError")),
            size: large
        ),
        Case(
            "the end's answer lost, the upload unknown thereafter",
            .lost(complete),
            .answer(complete, 404, error("NoSuchUpload")),
            size: large
        ),
        Case(
            "the end failed after it was done",
            .answer(complete, 500, error("InternalError")).by("replace"),
            .answer(complete, 404, error("NoSuchUpload")),
            size: large
        ),
        Case(
            "nothing done, the upload unknown thereafter",
            .reset(complete),
            .answer(complete, 404, error("NoSuchUpload")),
            size: large
        ),
        Case("a part of an upload that is gone", .answer(second, 404, error("NoSuchUpload")), size: large),
    ])
    func passes(_ fault: Case) throws {
        let proxy = try FaultProxy(before: server.facts.port, fault.rules)
        let content = Array(Self.content.prefix(fault.size))
        let key = "/passes/\(fault.testDescription)"
        let failure = try bench.put(content, key, in: store(proxy))
        let seen = try proxy.requests()
        #expect(failure == nil, "\(failure ?? "") \(seen)")
        #expect(try server.peek(bucket: "output", key: key) == content)
    }

    // MARK: What does not pass

    /// What a message has to say, besides bucket and key.
    struct End: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var rules: [Rule]
        var size = 1_000
        /// Says the request, the code, the request's id and what to do.
        var message: String

        init(_ name: String, _ rules: Rule..., size: Int = 1_000, says message: String) {
            testDescription = name
            self.rules = rules
            self.size = size
            self.message = message
        }
    }

    private static func refusal(_ match: String, _ status: Int, _ code: String) -> Rule {
        .answer(match, times: 99, status, error(code), headers: ["x-amz-request-id": "H1"])
    }

    @Test(arguments: [
        End(
            "overload that lasts",
            refusal("PUT", 503, "SlowDown"),
            says: "PUT s3://output//KEY was answered with 503 SlowDown \"Said by the test.\" (request id H1)"
        ),
        End(
            "a proxy that takes no such body",
            .answer("PUT", times: 9, 413, "<html><body>Too Large</body></html>").by("early"),
            size: 4_000_000,
            says:
                "PUT s3://output//KEY was answered with 413: Too Large; a gateway or proxy limits the "
                + "size of request bodies"
        ),
        End(
            "a document that is too large",
            refusal("PUT", 400, "EntityTooLarge"),
            says: "PUT s3://output//KEY was answered with 400 EntityTooLarge \"Said by the test.\" "
                + "(request id H1); the service takes no document of this size"
        ),
        End(
            "a second part that is denied",
            refusal("partNumber=2", 403, "AccessDenied"),
            size: large,
            says:
                "PUT s3://output//KEY was answered with 403 AccessDenied \"Said by the test.\" (request id H1); "
                + "the credentials' policy must allow s3:PutObject"
        ),
        End(
            "a connection that always breaks in the second part",
            .reset(second, times: 99),
            size: large,
            says: "PUT s3://output//KEY failed: 127.0.0.1:"
        ),
        End(
            "an end that somebody else answers",
            .answer(complete, times: 9, 200, "<html><body>Welcome</body></html>"),
            size: large,
            says:
                "POST s3://output//KEY was answered with 200: Welcome; this is not an answer of S3, but of a gateway "
                + "or a portal: see AWS_ENDPOINT_URL_S3"
        ),
        End(
            "an end that is refused",
            refusal(complete, 400, "InvalidPart"),
            size: large,
            says:
                "POST s3://output//KEY was answered with 400 InvalidPart \"Said by the test.\" (request id H1)"
        ),
        End(
            "an upload that is lost again and again",
            refusal(complete, 404, "NoSuchUpload").by("answer"),
            .answer("HEAD", times: 99, 404),
            size: large,
            says:
                "POST s3://output//KEY was answered with 404 NoSuchUpload \"Said by the test.\" (request id H1)"
        ),
        End(
            "a clock that is never right",
            .answer(
                "PUT",
                times: 99,
                403,
                error("RequestTimeTooSkewed"),
                headers: ["Date": "Tue, 24 Nov 2020 10:00:01 GMT", "x-amz-request-id": "H1"]
            ),
            says: "PUT s3://output//KEY was answered with 403 RequestTimeTooSkewed \"Said by the test.\" "
                + "(request id H1)"
        ),
    ])
    func ends(_ end: End) throws {
        let proxy = try FaultProxy(before: server.facts.port, end.rules)
        let key = "ends/\(end.testDescription)"
        let message = try #require(
            try bench.put(Array(Self.content.prefix(end.size)), "/\(key)", in: store(proxy))
        )
        #expect(message.hasPrefix(end.message.replacing("KEY", with: key)), "\(message)")
        #expect(!message.contains("\n") && !message.contains(server.facts.owner.secret))
        #expect(try server.peek(bucket: "output", key: "/\(key)") == nil)
        // What has been begun is aborted, unless it is unknown.
        let seen = try proxy.requests()
        let begun = seen.count { $0.contains("?uploads") && $0.hasSuffix(" 200") }
        let isUnknown = message.contains("NoSuchUpload")
        #expect(
            seen.count { $0.hasPrefix("DELETE ") && $0.hasSuffix(" 204") } == (isUnknown ? 0 : begun),
            "\(seen)"
        )
    }

    /// An object of the same length is there from before: only its tag tells that it is not what was sent.
    @Test func anOlderObjectIsNotTakenForTheUpload() throws {
        let (old, new) = (Array(Self.content.reversed()), Self.content)
        let proxy = try FaultProxy(before: server.facts.port)
        let store = try store(proxy)
        #expect(try bench.put(old, "/old", in: store) == nil)
        try proxy.set([.reset(Self.complete), .answer(Self.complete, 404, Self.error("NoSuchUpload"))])
        #expect(try bench.put(new, "/old", in: store) == nil)
        #expect(try server.peek(bucket: "output", key: "/old") == new)
        let begun = try proxy.requests().count { $0.contains("?uploads") }
        #expect(begun == 3)
    }

    /// The answer was lost, the object tells: nothing goes up twice.
    @Test func anUploadThatIsCompleteIsNotRepeated() throws {
        let rules = [Rule.lost(Self.complete), .answer(Self.complete, 404, Self.error("NoSuchUpload"))]
        let proxy = try FaultProxy(before: server.facts.port, rules)
        #expect(try bench.put(Self.content, "/once", in: store(proxy)) == nil)
        let ends = try proxy.requests().map { ($0.split(separator: " ").first ?? "") + " " + $0.suffix(4) }
        #expect(ends == ["POST  200", "PUT  200", "PUT  200", "POST lost", "POST  404", "HEAD  200"])
        #expect(
            bench.log.text.contains("S3 bucket output: the upload is complete, only its answer was lost")
        )
    }
}
