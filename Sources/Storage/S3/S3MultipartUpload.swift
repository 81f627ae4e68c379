import Crypto
import HTTP
import Logging

/// A large document on its way up: part after part, one at a time in memory.
///
/// An upload that S3 does not know any more has been completed, the answer to which was lost, or somebody has aborted it.
/// The object tells the first; else all begins anew, once. Source: "CompleteMultipartUpload", Amazon S3 API Reference.
final class S3MultipartUpload {
    /// Amazon's bounds: parts but the last have at least 5 MiB, and there are at most 10,000 of them. One part is what a
    /// large document takes of memory.
    static let smallestPart = 5 * 1_024 * 1_024
    static let maxParts = 10_000

    /// To lose the next upload as well is no accident.
    private static let maxUploads = 2

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
    /// The parts' checksums, as they were sent.
    private var checksums: [[UInt8]] = []
    /// False where S3 has named a part otherwise than by its MD5, as it does with some encryption.
    private var isNamedByMD5 = true

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
        let least = (count + maxParts - 1) / maxParts
        return max(smallestPart, (least + mebibyte - 1) / mebibyte * mebibyte)
    }

    func start() {
        uploads += 1
        (tags, checksums, isNamedByMD5) = ([], [], true)
        let request = S3Request(
            method: "POST",
            key: key,
            query: [("uploads", "")],
            headers: store.encryption + store.checksum.announcement,
            contentType: S3Store.contentType,
            body: [],
            checksum: store.checksum
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
        let request = S3Request(method: "PUT", key: key, query: query, body: bytes, checksum: store.checksum)
        let (checksum, title) = (request.checksum ?? [], store.title(request))
        store.perform(request) { [self] result in
            switch result {
            case .failure(let failure): fail(failure)
            case .success(let response):
                guard let tag = response.etag else { return abort(store.foreign(title, response)) }
                tags.append(tag)
                checksums.append(checksum)
                if tag != "\"\(checksum.hexadecimal)\"" { isNamedByMD5 = false }
                // Later: whoever calls still holds the part.
                store.later { [self] in sendNextPart() }
            }
        }
    }

    private func complete() {
        let parts = zip(tags, checksums).enumerated().map { number, part in
            let tag = part.0.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            return "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(tag)</ETag>"
                + store.checksum.element(ofPart: part.1) + "</Part>"
        }
        let document =
            #"<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#
            + parts.joined() + "</CompleteMultipartUpload>"
        let request = S3Request(
            method: "POST",
            key: key,
            query: [("uploadId", uploadID)],
            contentType: "application/xml",
            body: Array(document.utf8),
            checksum: store.checksum
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
        let request = S3Request(
            method: "HEAD",
            key: key,
            headers: store.checksum.question,
            checksum: store.checksum
        )
        store.perform(request) { [self] result in
            guard case .success(let response) = result, isOurs(response) else { return fail(failure) }
            log.info("\(store.name): the upload is complete, only its answer was lost")
            completion(nil)
        }
    }

    /// Whether the object is made of the parts that were sent: S3 tells a checksum of their checksums.
    private func isOurs(_ response: HTTPResponse) -> Bool {
        guard response.header("Content-Length") == "\(content.count)",
            let digest = store.checksum.digest(of: checksums.flatMap { $0 })
        else { return false }
        return switch store.checksum {
        case .md5:
            isNamedByMD5 && response.header("ETag") == "\"\(digest.hexadecimal)-\(tags.count)\""
        case .sha256:
            response.header(store.checksum.header) == "\(Base64.encode(digest))-\(tags.count)"
        }
    }

    private func fail(_ failure: S3Store.Failure) {
        guard failure.code == Self.unknownUpload, uploads < Self.maxUploads else { return abort(failure) }
        log.info("\(failure.failure.message); uploading everything again")
        start()
    }

    /// Frees the parts, which cost money until then; whether that works changes nothing about the failure, which must
    /// not wait for it for long.
    private func abort(_ failure: S3Store.Failure) {
        guard failure.code != Self.unknownUpload else { return completion(failure) }
        let query = [(name: "uploadId", value: uploadID)]
        let request = S3Request(method: "DELETE", key: key, query: query, checksum: store.checksum)
        store.perform(request, effort: .brief) { [self] result in
            if case .failure(let refusal) = result {
                log.warning("the parts of a failed upload could not be removed: \(refusal.failure.message)")
            }
            completion(failure)
        }
    }
}
