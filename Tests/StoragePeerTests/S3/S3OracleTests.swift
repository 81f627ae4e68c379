import HTTP
import Settings
import StoragePeers
import TestSupport
import Testing

@testable import Storage

/// Random requests, of which botocore says where they go and how they are signed.
@Suite struct S3OracleTests {
    private func address(_ request: S3Signer.Request) -> S3Address {
        var variables = ["S3_PATH_STYLE_ACCESS": request.isPathStyle ? "true" : "false"]
        variables["AWS_ENDPOINT_URL_S3"] = request.endpoint
        var reader = EnvironmentReader(variables)
        guard let settings = S3Settings.read(&reader, service: .s3) else {
            preconditionFailure("the test's settings cannot be used")
        }
        return S3Address(bucket: request.bucket, settings: settings)
    }

    /// `uploads` and `uploads=` are the same, and so is any order.
    private func parts(ofQuery query: some StringProtocol) -> [String] {
        query.split(separator: "&").map { $0.contains("=") ? String($0) : "\($0)=" }.sorted()
    }

    private func expectSame(_ url: String, _ wanted: String, _ request: S3Signer.Request) {
        let (ours, theirs) = (url.split(separator: "?"), wanted.split(separator: "?"))
        #expect(ours[0] == theirs[0], "\(request)")
        #expect(
            parts(ofQuery: ours.dropFirst().first ?? "") == parts(ofQuery: theirs.dropFirst().first ?? "")
        )
    }

    @Test(arguments: [1, 20_261_124])
    func requestsAreThoseOfBotocore(_ seed: Int) throws {
        let requests = try S3Signer.requests(seed: seed, count: 300)
        #expect(requests.count == 300 && Set(requests.map(\.kind)).count == 8)
        for request in requests {
            let credentials = AWSCredentials(
                accessKeyID: S3Signer.keyID,
                secretAccessKey: S3Signer.secret,
                sessionToken: request.token
            )
            if request.kind == "put" { expectSameDocument(request, credentials) }
            expectSameSignature(request, credentials)
        }
    }

    /// The whole request, as the store makes it.
    private func expectSameDocument(_ request: S3Signer.Request, _ credentials: AWSCredentials) {
        let signed = S3Request(
            method: "PUT",
            key: request.key,
            contentType: "application/json",
            body: Array(request.body.utf8),
            checksum: .md5
        ).signed(
            address: address(request),
            region: request.region,
            millisecondsSince1970: request.milliseconds,
            credentials: credentials
        )
        expectSame(signed.url, request.url, request)
        let authorization = signed.headers.first { $0.name == "Authorization" }?.value
        #expect(authorization == request.fields["Authorization"], "\(request)")
    }

    /// The signature, of the fields that botocore has signed.
    private func expectSameSignature(_ request: S3Signer.Request, _ credentials: AWSCredentials) {
        let wanted = request.fields["Authorization"] ?? ""
        let target = address(request).target(key: request.key, region: request.region)
        let names =
            wanted.split(separator: "SignedHeaders=").last?.prefix { $0 != "," }.split(separator: ";") ?? []
        var fields = request.fields.filter { names.contains($0.key.lowercased()[...]) }
            .map { HTTPHeader($0.key, $0.value) }
        fields.append(HTTPHeader("Host", target.authority))
        let query = request.query.map { (name: $0[0], value: $0[1]) }
        let url = "\(target.scheme)://\(target.authority)\(target.path)"
        expectSame(query.isEmpty ? url : "\(url)?\(SigV4.encodedQuery(query))", request.url, request)
        let signer = SigV4(
            region: request.region,
            service: "s3",
            timestamp: AWSTime.timestamp(millisecondsSince1970: request.milliseconds)
        )
        let authorization = signer.authorization(
            method: request.method,
            path: target.path,
            query: query,
            headers: fields,
            payloadHash: request.fields["X-Amz-Content-SHA256"] ?? "",
            credentials: credentials
        )
        #expect(authorization == wanted, "\(request)")
    }
}
