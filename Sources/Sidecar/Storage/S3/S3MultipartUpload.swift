import CurlTransport
import Logging

/// A large document on its way up: part after part, one at a time in memory.
final class S3MultipartUpload {
    /// Amazon's bounds: parts but the last have at least 5 MiB, and there are at most 10,000 of them.
    static let smallestPart = 8 * 1_024 * 1_024
    static let mostParts = 10_000

    private let store: S3Store
    private let content: ObjectContent
    private let key: String
    private let log: Logger
    private let completion: (S3Store.Failure?) -> Void
    private let partSize: Int
    private var uploadID = ""
    /// As S3 has named the parts so far, quotes included.
    private var tags: [String] = []

    init(
        store: S3Store,
        content: ObjectContent,
        key: String,
        log: Logger,
        completion: @escaping (S3Store.Failure?) -> Void
    ) {
        self.store = store
        self.content = content
        self.key = key
        self.log = log
        self.completion = completion
        partSize = Self.partSize(of: content.count)
    }

    /// Whole mebibytes, as few as keep the count of parts within the bound.
    static func partSize(of count: Int) -> Int {
        let mebibyte = 1_024 * 1_024
        let least = (count + mostParts - 1) / mostParts
        return max(smallestPart, (least + mebibyte - 1) / mebibyte * mebibyte)
    }

    func start() {
        let request = S3Request(
            method: "POST",
            key: key,
            query: [("uploads", "")],
            contentType: S3Store.contentType,
            body: []
        )
        store.perform(request) { [self] result in
            switch result {
            case .failure(let failure): completion(failure)
            case .success(let response):
                guard let id = XMLFields(parsing: response.body)["UploadId"], !id.isEmpty else {
                    return completion(unusable("names no upload"))
                }
                uploadID = id
                sendNextPart()
            }
        }
    }

    private func sendNextPart() {
        let start = tags.count * partSize
        guard start < content.count else { return complete() }
        let bytes: [UInt8]
        do throws(StorageFailure) {
            bytes = try content.bytes(in: start..<min(start + partSize, content.count))
        } catch {
            return store.fail(error) { [self] in abort($0) }
        }
        let query = [(name: "partNumber", value: "\(tags.count + 1)"), (name: "uploadId", value: uploadID)]
        store.perform(S3Request(method: "PUT", key: key, query: query, body: bytes)) { [self] result in
            switch result {
            case .failure(let failure): abort(failure)
            case .success(let response):
                guard let tag = response.header("ETag"), !tag.isEmpty else {
                    return abort(unusable("to a part has no ETag"))
                }
                tags.append(tag)
                sendNextPart()
            }
        }
    }

    private func complete() {
        let parts = tags.enumerated().map { number, tag in
            let tag = tag.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            return "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(tag)</ETag></Part>"
        }
        let document =
            #"<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#
            + parts.joined() + "</CompleteMultipartUpload>"
        let request = S3Request(
            method: "POST",
            key: key,
            query: [("uploadId", uploadID)],
            contentType: "application/xml",
            body: Array(document.utf8)
        )
        store.perform(request) { [self] result in
            if case .failure(let failure) = result { abort(failure) } else { completion(nil) }
        }
    }

    /// Frees the parts, which cost money until then; whether that works changes nothing about the failure.
    private func abort(_ failure: S3Store.Failure) {
        let request = S3Request(method: "DELETE", key: key, query: [("uploadId", uploadID)])
        store.perform(request) { [self] result in
            if case .failure(let refusal) = result {
                log.warning("the parts of a failed upload stay behind: \(refusal.failure.message)")
            }
            completion(failure)
        }
    }

    private func unusable(_ problem: String) -> S3Store.Failure {
        S3Store.Failure(
            code: nil,
            failure: StorageFailure(message: "\(store.name): the answer \(problem)")
        )
    }
}
