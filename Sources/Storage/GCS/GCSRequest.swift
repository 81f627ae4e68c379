import AirbyteProtocol
import Crypto
import HTTP
import Text

/// One request to Google Cloud Storage's JSON API, before it is authorised.
struct GCSRequest {
    static let contentType = "application/json"

    var method: String
    /// Absolute.
    var url: String
    var headers: [HTTPHeader] = []
    var body: [UInt8]?

    /// `GET https://…` with a token, where one is needed. The timeouts are filled in by the requester.
    func authorized(by token: String?) -> HTTPRequest {
        HTTPRequest(
            method: method,
            url: url,
            headers: headers + (token.map { [HTTPHeader("Authorization", "Bearer \($0)")] } ?? []),
            body: body,
            connectTimeout: .zero,
            totalTimeout: .zero
        )
    }

    /// The whole object in one request (`uploadType=multipart`): its metadata and its bytes, which the service
    /// compares with the checksums.
    static func upload(
        _ bytes: [UInt8],
        key: String,
        checksum: CRC32C,
        bucket: String,
        endpoint: String
    ) -> GCSRequest {
        let metadata = JSONWriter.object { json in
            json.member("name", key)
            json.member("contentType", contentType)
            json.member("md5Hash", Digest.md5(bytes).map(Base64.encode))
            json.member("crc32c", checksum.base64)
        }
        let boundary = boundary(notIn: bytes)
        var body: [UInt8] = []
        body.reserveCapacity(bytes.count + metadata.count + 300)
        for part in [metadata, bytes] {
            body += Array("--\(boundary)\r\nContent-Type: \(contentType)\r\n\r\n".utf8)
            body += part
            body += Array("\r\n".utf8)
        }
        body += Array("--\(boundary)--\r\n".utf8)
        return GCSRequest(
            method: "POST",
            url: "\(endpoint)/upload/storage/v1/b/\(GoogleRequest.encoded(bucket))/o?uploadType=multipart",
            headers: [HTTPHeader("Content-Type", "multipart/related; boundary=\(boundary)")],
            body: body
        )
    }

    /// Begins a resumable upload; the answer's `Location` is where the bytes go.
    static func begin(key: String, size: Int, bucket: String, endpoint: String) -> GCSRequest {
        GCSRequest(
            method: "POST",
            url: "\(endpoint)/upload/storage/v1/b/\(GoogleRequest.encoded(bucket))/o?uploadType=resumable",
            headers: [
                HTTPHeader("Content-Type", "application/json; charset=UTF-8"),
                HTTPHeader("X-Upload-Content-Type", contentType),
                HTTPHeader("X-Upload-Content-Length", "\(size)"),
            ],
            body: JSONWriter.object { json in
                json.member("name", key)
                json.member("contentType", contentType)
            }
        )
    }

    /// The bytes of a range, which is not empty, of so many in all.
    static func chunk(_ bytes: [UInt8], at offset: Int, of size: Int, session: String) -> GCSRequest {
        GCSRequest(
            method: "PUT",
            url: session,
            headers: [
                HTTPHeader("Content-Type", contentType),
                HTTPHeader("Content-Range", "bytes \(offset)-\(offset + bytes.count - 1)/\(size)"),
            ],
            body: bytes
        )
    }

    /// Asks how much of the upload has arrived.
    static func query(size: Int, session: String) -> GCSRequest {
        GCSRequest(
            method: "PUT",
            url: session,
            headers: [
                HTTPHeader("Content-Type", contentType), HTTPHeader("Content-Range", "bytes */\(size)"),
            ],
            body: []
        )
    }

    /// The object's bytes.
    static func read(key: String, bucket: String, endpoint: String) -> GCSRequest {
        GCSRequest(method: "GET", url: "\(objectURL(key: key, bucket: bucket, endpoint: endpoint))?alt=media")
    }

    private static func objectURL(key: String, bucket: String, endpoint: String) -> String {
        "\(endpoint)/storage/v1/b/\(GoogleRequest.encoded(bucket))/o/\(GoogleRequest.encoded(key))"
    }

    /// Deletes the object, or only that generation of it.
    static func delete(key: String, generation: String?, bucket: String, endpoint: String) -> GCSRequest {
        let object = objectURL(key: key, bucket: bucket, endpoint: endpoint)
        let condition = generation.map { "?generation=\(GoogleRequest.encoded($0))" } ?? ""
        return GCSRequest(method: "DELETE", url: object + condition)
    }

    /// Makes a bucket as the platform does: with everything else by default.
    static func makeBucket(_ bucket: String, project: String, endpoint: String) -> GCSRequest {
        GCSRequest(
            method: "POST",
            url: "\(endpoint)/storage/v1/b?project=\(GoogleRequest.encoded(project))",
            headers: [HTTPHeader("Content-Type", "application/json; charset=UTF-8")],
            body: JSONWriter.object { $0.member("name", bucket) }
        )
    }

    /// A line that does not occur in the content (RFC 2046, section 5.1.1).
    private static func boundary(notIn bytes: [UInt8]) -> String {
        var number = 0
        while true {
            let boundary = "airbyte-job-output-\(number)"
            if ByteSearch.first(Array("--\(boundary)".utf8), in: bytes, from: 0) == nil { return boundary }
            number += 1
        }
    }
}
