import ControlPlane

extension ReceivedCall.Kind {
    /// The job output in the bucket, whole, or the last request of one in parts.
    public static let putObject = Self(rawValue: "putObject")
    /// A request on the way to an object: the beginning of an upload, or a part of it.
    public static let objectPart = Self(rawValue: "objectPart")
}

/// A control plane and, below the path of its bucket, an object store.
final class ObjectStoreRouter: RequestRouter {
    /// The bucket that every job is given.
    static let bucket = "workload-output"
    /// What every catalog is answered with.
    static let catalogID = "5a0a9e0c-6f52-4d0b-9a44-3f6f0d9d6f10"

    private let controlPlane = ControlPlaneRouter(catalogID: catalogID)
    /// Lengths of the parts of an upload that is under way, by its id.
    private var uploads: [String: [Int: Int]] = [:]
    private var uploadCount = 0

    func route(_ request: ReceivedRequest) -> RoutedRequest {
        let place = "/\(Self.bucket)/"
        guard request.head.path.hasPrefix(place) else { return controlPlane.route(request) }
        let key = request.head.path.dropFirst(place.count)
        var routed = RoutedRequest(
            kind: .objectPart,
            workloadID: key.split(separator: "/").last.map(String.init) ?? "",
            byteCount: request.byteCount,
            answer: .noContent
        )
        routeObject(request.head, &routed)
        return routed
    }

    /// The calls of S3 that store an object. Source: Amazon S3 API Reference.
    private func routeObject(_ head: HTTPRequestHead, _ routed: inout RoutedRequest) {
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
            else { return routed.refuse("the part \(head.target) belongs to no upload") }
            uploads[upload]?[part] = routed.byteCount
            routed.answer = Self.stored(tag: "part-\(part)")
        case "POST" where upload != nil:
            guard let upload, let parts = uploads.removeValue(forKey: upload), !parts.isEmpty,
                parts.keys.max() == parts.count
            else { return routed.refuse("\(head.target) ends an upload that lacks parts") }
            routed.kind = .putObject
            routed.byteCount = parts.values.reduce(0, +)
            routed.answer = Self.document(
                "<CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>"
            )
        case "PUT":
            routed.kind = .putObject
            routed.answer = Self.stored(tag: "whole")
        default:
            routed.refuse("\(head.method) \(head.target) is nothing that storing an object takes")
        }
    }

    private static func document(_ text: String) -> HTTPAnswer {
        HTTPAnswer(200, "OK", fields: [("Content-Type", "application/xml")], body: text)
    }

    private static func stored(tag: String) -> HTTPAnswer {
        HTTPAnswer(200, "OK", fields: [("ETag", "\"\(tag)\"")])
    }
}
