/// What the control plane and the object store answer.
///
/// As little as they can: every compared program pays for it, and nothing here is measured.
final class ControlPlaneRouter {
    struct Routed {
        var kind: ReceivedCall.Kind
        var workloadID: String
        var byteCount: Int
        var text: String
        var answer: [UInt8]
    }

    /// The bucket that every job is given.
    static let bucket = "workload-output"
    /// What every catalog is answered with.
    static let catalogID = "5a0a9e0c-6f52-4d0b-9a44-3f6f0d9d6f10"

    static let refusal = Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8)
    private static let noContent = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)
    private static let unknown = Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".utf8)
    private static let catalogWritten = document(
        #"{"catalogId":"\#(catalogID)"}"#,
        type: "application/json"
    )

    /// Lengths of the parts of an upload that is under way, by its id.
    private var uploads: [String: [Int: Int]] = [:]
    private var uploadCount = 0

    func route(_ head: HTTPRequestHead, bodyStart: String, byteCount: Int) -> Routed {
        var routed = Routed(
            kind: .violation,
            workloadID: Self.workloadID(in: bodyStart),
            byteCount: byteCount,
            text: bodyStart,
            answer: Self.noContent
        )
        switch (head.method, head.path) {
        case ("PUT", "/api/v1/workload/running"): routed.kind = .running
        case ("PUT", "/api/v1/workload/heartbeat"): routed.kind = .heartbeat
        case ("PUT", "/api/v1/workload/success"): routed.kind = .success
        case ("PUT", "/api/v1/workload/failure"): routed.kind = .failure
        case ("POST", "/api/v1/workload_output/write"): routed.kind = .writeOutput
        case ("POST", "/api/v1/sources/write_discover_catalog_result"):
            routed.kind = .writeCatalog
            routed.answer = Self.catalogWritten
        default:
            let place = "/\(Self.bucket)/"
            if head.path.hasPrefix(place) {
                routeObject(head, key: String(head.path.dropFirst(place.count)), &routed)
            } else {
                routed.text = "nobody asked for \(head.method) \(head.target)"
                routed.answer = Self.unknown
            }
        }
        return routed
    }

    /// The calls of S3 that store an object. Source: Amazon S3 API Reference.
    private func routeObject(_ head: HTTPRequestHead, key: String, _ routed: inout Routed) {
        routed.kind = .objectPart
        routed.workloadID = key.split(separator: "/").last.map(String.init) ?? ""
        let upload = head.query("uploadId")
        switch head.method {
        case "POST" where head.query("uploads") != nil:
            uploadCount += 1
            let id = "upload-\(uploadCount)"
            uploads[id] = [:]
            routed.answer = Self.document(
                "<InitiateMultipartUploadResult><UploadId>\(id)</UploadId></InitiateMultipartUploadResult>"
            )
        case "PUT" where upload != nil:
            guard let upload, let part = head.query("partNumber").flatMap(Int.init), uploads[upload] != nil
            else {
                return refuse("the part \(head.target) belongs to no upload", &routed)
            }
            uploads[upload]?[part] = routed.byteCount
            routed.answer = Self.stored(tag: "part-\(part)")
        case "POST" where upload != nil:
            guard let upload, let parts = uploads.removeValue(forKey: upload), !parts.isEmpty,
                parts.keys.max() == parts.count
            else { return refuse("\(head.target) ends an upload that lacks parts", &routed) }
            routed.kind = .putObject
            routed.byteCount = parts.values.reduce(0, +)
            routed.answer = Self.document(
                "<CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>"
            )
        case "PUT":
            routed.kind = .putObject
            routed.answer = Self.stored(tag: "whole")
        default:
            refuse("\(head.method) \(head.target) is nothing that storing an object takes", &routed)
        }
    }

    private func refuse(_ problem: String, _ routed: inout Routed) {
        routed.kind = .violation
        routed.text = problem
        routed.answer = Self.refusal
    }

    private static func document(_ text: String, type: String = "application/xml") -> [UInt8] {
        Array(
            "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
                .utf8
        )
    }

    private static func stored(tag: String) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nETag: \"\(tag)\"\r\nContent-Length: 0\r\n\r\n".utf8)
    }

    /// The harness's own workload ids need no decoding of JSON.
    static func workloadID(in body: String) -> String {
        guard let key = body.firstRange(of: #""workloadId":""#) else { return "" }
        return String(body[key.upperBound...].prefix { $0 != "\"" })
    }
}
