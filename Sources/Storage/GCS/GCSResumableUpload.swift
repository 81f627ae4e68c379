import HTTP

/// One large object on its way into a bucket, chunk by chunk.
///
/// After an interruption the service says how much has arrived, and the upload goes on from there. Source: "Resumable
/// uploads" and "Perform resumable uploads" of Google Cloud Storage.
final class GCSResumableUpload {
    /// The most answers in a row that bring the upload no further: a fault in the service, not in the network, whose
    /// faults the requester counts.
    private static let maxFruitlessAnswers = 5

    /// A session that the service has lost is replaced once; to lose the next as well is no accident.
    private static let maxSessions = 2

    private let store: GCSStore
    private let content: ObjectContent
    private let key: String
    private let completion: (GCSStore.Failure?) -> Void

    /// Where the bytes go. Whoever knows it can write: never shown.
    private var session = ""
    private var sessions = 0
    /// Bytes that have arrived.
    private var arrived = 0
    /// The most that ever had.
    private var maxArrived = 0
    /// The most bytes that were sent to this session.
    private var sent = 0
    private var checksum = CRC32C()
    /// Bytes in the checksum.
    private var summed = 0
    private var fruitless = 0

    init(
        store: GCSStore,
        content: ObjectContent,
        key: String,
        completion: @escaping (GCSStore.Failure?) -> Void
    ) {
        self.store = store
        self.content = content
        self.key = key
        self.completion = completion
    }

    private var what: String { store.title("PUT", key) }

    func start() {
        sessions += 1
        (arrived, sent) = (0, 0)
        let request = GCSRequest.begin(
            key: key,
            size: content.count,
            bucket: store.bucket,
            endpoint: store.endpoint
        )
        store.perform(what, { _ in request }) { [self] result in
            switch result {
            case .failure(let failure): completion(failure)
            case .success(let response):
                guard let location = response.header("Location"), !location.isEmpty else {
                    return completion(own("the service started an upload without giving its URL"))
                }
                session = location
                sendNext()
            }
        }
    }

    // MARK: Chunks

    /// Sends the next chunk; where that is interrupted, asks how much has arrived before anything else is sent.
    private func sendNext() {
        let chunk: [UInt8]
        do throws(StorageFailure) {
            chunk = try nextChunk()
        } catch {
            return store.fail(error) { [self] in cancel($0) }
        }
        let (session, size, offset) = (session, content.count, arrived)
        sent = max(sent, offset + chunk.count)
        var isQuery = chunk.isEmpty
        store.perform(
            what,
            { attempt in
                isQuery = attempt > 0 || chunk.isEmpty
                return isQuery
                    ? .query(size: size, session: session)
                    : .chunk(chunk, at: offset, of: size, session: session)
            },
            judge: { response in
                guard response.status == 308 else { return nil }
                // Without a range nothing has arrived, as far as the answer to a question goes; the answer to a chunk
                // may have lost it.
                return isQuery || response.header("Range") != nil
                    ? .accepted : .corrected(StorageFailure(message: "the service does not say what arrived"))
            },
            { [self] result in take(result) }
        )
    }

    private func nextChunk() throws(StorageFailure) -> [UInt8] {
        let range = arrived..<min(arrived + store.chunkSize, content.count)
        guard !range.isEmpty else { return [] }
        let chunk = try content.bytes(in: range)
        guard chunk.count == range.count else {
            throw StorageFailure(message: "\(what) failed: the content is shorter than it was")
        }
        if summed < range.upperBound {
            checksum.update(chunk[(summed - range.lowerBound)...])
            summed = range.upperBound
        }
        return chunk
    }

    private func take(_ result: Result<HTTPResponse, GCSStore.Failure>) {
        switch result {
        case .success(let response) where response.status == 308: goOn(response)
        case .success(let response):
            store.check(response, key: key, size: content.count, checksum: checksum, completion)
        case .failure(let failure) where failure.kind == .notFound || failure.kind == .gone:
            guard sessions < Self.maxSessions else {
                return completion(own("the service has lost the upload twice"))
            }
            start()
        case .failure(let failure): cancel(failure)
        }
    }

    private func goOn(_ response: HTTPResponse) {
        // More than was sent cannot be there, whatever the answer says.
        arrived = min(Self.end(ofRange: response.header("Range")), sent)
        fruitless = arrived > maxArrived ? 0 : fruitless + 1
        maxArrived = max(maxArrived, arrived)
        guard fruitless <= Self.maxFruitlessAnswers else {
            return cancel(own("the service accepts no more than \(arrived) of \(content.count) bytes"))
        }
        sendNext()
    }

    /// The bytes that `bytes=0-N` stands for.
    private static func end(ofRange range: String?) -> Int {
        guard let range, range.hasPrefix("bytes=0-"), let last = Int(range.dropFirst(8)), last >= 0,
            last < Int.max
        else { return 0 }
        return last + 1
    }

    // MARK: The end

    private func own(_ problem: String) -> GCSStore.Failure {
        GCSStore.Failure(kind: .other, failure: StorageFailure(message: "\(what) failed: \(problem)"))
    }

    /// Tells the service to forget what has arrived, and reports the failure, however that ends.
    private func cancel(_ failure: GCSStore.Failure) {
        let completion = completion
        store.cancel(session: session) { completion(failure) }
    }
}
