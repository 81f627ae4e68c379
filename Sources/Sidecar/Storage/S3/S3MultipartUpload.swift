import CurlTransport
import Logging

/// A large document on its way up: part after part, one at a time in memory.
///
/// An upload that S3 does not know any more has been completed, the answer to which was lost, or somebody has aborted it.
/// The object tells the first; else all begins anew, once. Source: "CompleteMultipartUpload", Amazon S3 API Reference.
final class S3MultipartUpload {
    /// Amazon's bounds: parts but the last have at least 5 MiB, and there are at most 10,000 of them. One part is what a
    /// large document takes of memory.
    static let smallestPart = 5 * 1_024 * 1_024
    static let mostParts = 10_000

    /// To lose the next upload as well is no accident.
    private static let mostUploads = 2

    private let store: S3Store
    private let content: ObjectContent
    private let key: String
    private let log: Logger
    private let completion: (S3Store.Failure?) -> Void
    private let partSize: Int
    private var uploads = 0
    private var uploadID = ""
    /// As S3 has named the parts so far, quotes included.
    private var tags: [String] = []
    /// The parts' MD5s, one after the other; nil where S3 has named a part otherwise, as it does with some encryption.
    private var digests: [UInt8]? = []

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
        uploads += 1
        (tags, digests) = ([], [])
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
                    return completion(store.foreign(store.title(request), response))
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
        let request = S3Request(method: "PUT", key: key, query: query, body: bytes)
        let (md5, title) = (request.md5, store.title(request))
        store.perform(request) { [self] result in
            switch result {
            case .failure(let failure): fail(failure)
            case .success(let response):
                guard let tag = response.etag else { return abort(store.foreign(title, response)) }
                take(tag, md5: md5)
                // Later: whoever calls still holds the part.
                store.later { [self] in sendNextPart() }
            }
        }
    }

    private func take(_ tag: String, md5: [UInt8]?) {
        tags.append(tag)
        if let md5, tag == "\"\(md5.hexadecimal)\"" {
            digests?.append(contentsOf: md5)
        } else {
            digests = nil
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
            switch result {
            case .success(let response) where XMLFields(parsing: response.body)["ETag"] == nil:
                lookForObject(store.foreign(store.title(request), response))
            case .success: completion(nil)
            case .failure(let failure) where failure.code == Self.unknownUpload: lookForObject(failure)
            case .failure(let failure): fail(failure)
            }
        }
    }

    // MARK: When it fails

    private static let unknownUpload = "NoSuchUpload"

    /// Finds out whether the upload is complete, though its answer does not say so.
    private func lookForObject(_ failure: S3Store.Failure) {
        store.perform(S3Request(method: "HEAD", key: key)) { [self] result in
            guard case .success(let response) = result, isOurs(response) else { return fail(failure) }
            log.info("\(store.name): the upload is complete, only its answer was lost")
            completion(nil)
        }
    }

    /// Whether the object is made of the parts that were sent: S3 names it by the MD5 of their MD5s.
    private func isOurs(_ response: HTTPResponse) -> Bool {
        guard let digests, let md5 = Digest.md5(digests) else { return false }
        return response.header("ETag") == "\"\(md5.hexadecimal)-\(tags.count)\""
            && response.header("Content-Length") == "\(content.count)"
    }

    private func fail(_ failure: S3Store.Failure) {
        guard failure.code == Self.unknownUpload, uploads < Self.mostUploads else { return abort(failure) }
        log.info("\(failure.failure.message); uploading everything anew")
        start()
    }

    /// Frees the parts, which cost money until then; whether that works changes nothing about the failure, which must
    /// not wait for it for long.
    private func abort(_ failure: S3Store.Failure) {
        guard failure.code != Self.unknownUpload else { return completion(failure) }
        let request = S3Request(method: "DELETE", key: key, query: [("uploadId", uploadID)])
        store.perform(request, effort: .brief) { [self] result in
            if case .failure(let refusal) = result {
                log.warning("the parts of a failed upload stay behind: \(refusal.failure.message)")
            }
            completion(failure)
        }
    }
}
