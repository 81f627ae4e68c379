import Crypto
import HTTP

/// A request to a bucket or to an object within, as it is before it is signed.
struct S3Request {
    var method: String
    /// Nil for the bucket itself.
    var key: String?
    var query: [(name: String, value: String)] = []
    var headers: [HTTPHeader] = []
    var body: [UInt8]?

    /// In hexadecimal; computed once for all attempts.
    let payloadHash: String
    /// The body's checksum; nil where there is no body.
    let checksum: [UInt8]?

    /// - Parameter kind: the checksum that goes with the body, so that S3 compares what has arrived.
    init(
        method: String,
        key: String?,
        query: [(name: String, value: String)] = [],
        headers: [HTTPHeader] = [],
        contentType: String? = nil,
        body: [UInt8]? = nil,
        checksum kind: S3Checksum
    ) {
        self.method = method
        self.key = key
        self.query = query
        self.body = body
        self.headers = headers
        payloadHash = Digest.sha256(body ?? []).hexadecimal
        if let contentType { self.headers.append(HTTPHeader("Content-Type", contentType)) }
        checksum = body.flatMap { $0.isEmpty ? nil : kind.digest(of: $0) }
        if let checksum, kind == .md5 || isData {
            self.headers.append(HTTPHeader(kind.header, Base64.encode(checksum)))
        }
    }

    /// Whether the body is an object's bytes, or a part of them. `x-amz-checksum-…` describes these alone: beside
    /// CompleteMultipartUpload it would be the whole object's, and other operations do not have it.
    private var isData: Bool { method == "PUT" && key != nil }

    /// What it needs the right to; nil for the bucket itself, which is made only where a document has missed it.
    var action: S3Answer.Action? {
        guard key != nil else { return nil }
        return switch method {
        case "GET": .read
        case "DELETE" where query.isEmpty: .delete
        default: .store
        }
    }

    /// The request with its signature; the timeouts are the requester's.
    func signed(
        address: S3Address,
        region: String,
        millisecondsSince1970: Int64,
        credentials: AWSCredentials
    ) -> HTTPRequest {
        let timestamp = AWSTime.timestamp(millisecondsSince1970: millisecondsSince1970)
        var headers = self.headers
        headers.append(HTTPHeader("x-amz-content-sha256", payloadHash))
        headers.append(HTTPHeader("x-amz-date", timestamp))
        if let token = credentials.sessionToken {
            headers.append(HTTPHeader("x-amz-security-token", token))
        }
        let target = address.target(key: key, region: region)
        let authorization = SigV4(region: region, service: "s3", timestamp: timestamp).authorization(
            method: method,
            path: target.path,
            query: query,
            headers: headers + [HTTPHeader("Host", target.authority)],
            payloadHash: payloadHash,
            credentials: credentials
        )
        headers.append(HTTPHeader("Authorization", authorization))
        let search = query.isEmpty ? "" : "?" + SigV4.encodedQuery(query)
        return HTTPRequest(
            method: method,
            url: "\(target.scheme)://\(target.authority)\(target.path)\(search)",
            headers: headers,
            body: body,
            connectTimeout: .zero,
            totalTimeout: .zero
        )
    }
}

/// Where a bucket is.
struct S3Address: Hashable {
    var bucket: String
    /// In place of Amazon's own.
    var endpoint: AWSEndpoint?
    /// The bucket is part of the path, not of the host's name.
    var usesPathStyle: Bool

    init(bucket: String, settings: S3Settings) {
        self.bucket = bucket
        endpoint = settings.endpoint
        let isSecure = settings.endpoint?.scheme != "http"
        // A certificate's wildcard covers one label only, and a host's name has no other characters.
        let isHostName = S3Settings.isRegion(bucket.replacing(".", with: "-"))
        usesPathStyle =
            settings.usesPathStyle || !isHostName || isSecure && bucket.contains(".")
            || settings.endpoint?.takesNoSubdomain == true
    }

    /// Scheme, host and encoded path. A key's own leading slash stays: `/bucket//workload/output/1`.
    func target(key: String?, region: String) -> (scheme: String, authority: String, path: String) {
        let endpoint = endpoint ?? AWSEndpoint(service: "s3", region: region)
        let object = key.map { "/" + SigV4.encoded($0, keepingSlashes: true) } ?? ""
        if usesPathStyle {
            return (endpoint.scheme, endpoint.authority, "\(endpoint.path)/\(SigV4.encoded(bucket))\(object)")
        }
        let path = endpoint.path + object
        return (endpoint.scheme, "\(bucket).\(endpoint.authority)", path.isEmpty ? "/" : path)
    }
}
