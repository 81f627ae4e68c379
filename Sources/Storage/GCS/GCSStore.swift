import AirbyteProtocol
import HTTP
import Logging

/// A bucket of Google Cloud Storage, through its JSON API.
package final class GCSStore: CheckableStore {
    /// Why a request did not come to a good end.
    struct Failure: Error {
        enum Kind {
            /// 404: of an upload, the bucket is missing; of a part of one, its session.
            case notFound
            /// 410: a session is over.
            case gone
            case other
        }

        var kind: Kind
        var failure: StorageFailure
    }

    typealias Completion = (Result<HTTPResponse, Failure>) -> Void

    /// What is longer goes up in chunks, of which one is held at a time. A multiple of 256 KiB, as the service demands;
    /// a larger one would be faster, but a sidecar's memory is small.
    static let defaultChunkSize = 4 * 1_024 * 1_024

    /// A failure that is known already must not wait for long.
    private static let cancelTimeout: Duration = .seconds(5)

    package let name: String
    let bucket: String
    let chunkSize: Int
    private let settings: GCSSettings
    private let tokens: GoogleTokenSource
    private let requester: StorageRequester
    private let transport: any HTTPTransport
    private let log: Logger
    private let makesBucket: Bool

    /// Wires up a store with the identity that the settings name.
    ///
    /// - Parameter chunkSize: smaller in tests.
    package static func make(
        settings: GCSSettings,
        bucket: String,
        dependencies: StorageDependencies,
        chunkSize: Int = defaultChunkSize
    ) -> GCSStore {
        GCSStore(
            settings: settings,
            bucket: bucket,
            tokens: GoogleTokenSource(
                settings: settings,
                transport: dependencies.transport,
                scheduler: dependencies.scheduler,
                wallClock: dependencies.wallClock,
                files: dependencies.credentialFiles,
                onCredential: dependencies.onCredential,
                requestSettings: dependencies.requests,
                log: dependencies.log
            ),
            requester: dependencies.makeRequester(),
            transport: dependencies.transport,
            log: dependencies.log,
            chunkSize: chunkSize,
            makesBucket: dependencies.makesBuckets
        )
    }

    init(
        settings: GCSSettings,
        bucket: String,
        tokens: GoogleTokenSource,
        requester: StorageRequester,
        transport: any HTTPTransport,
        log: Logger,
        chunkSize: Int,
        makesBucket: Bool = true
    ) {
        self.makesBucket = makesBucket
        name = "GCS bucket \(bucket)"
        self.settings = settings
        self.bucket = bucket
        self.tokens = tokens
        self.requester = requester
        self.transport = transport
        self.log = log
        self.chunkSize = chunkSize
    }

    var endpoint: String { settings.endpoint }

    package func put(_ content: ObjectContent, key: String, completion: @escaping (StorageFailure?) -> Void) {
        upload(content, key) { [self] failure in
            guard let failure else { return completion(nil) }
            guard failure.kind == .notFound, makesBucket else { return completion(failure.failure) }
            makeBucket { [self] refusal in
                // Somebody else may have made it meanwhile: only the write tells.
                upload(content, key) { again in
                    guard let again else { return completion(nil) }
                    let note = refusal.map { "; creating the bucket failed: \($0.message)" } ?? ""
                    completion(StorageFailure(message: again.failure.message + note))
                }
            }
        }
    }

    private func upload(_ content: ObjectContent, _ key: String, _ completion: @escaping (Failure?) -> Void) {
        guard content.count <= chunkSize else {
            return GCSResumableUpload(store: self, content: content, key: key, completion: completion).start()
        }
        let bytes: [UInt8]
        do throws(StorageFailure) {
            bytes = try content.bytes()
        } catch {
            return fail(error) { completion($0) }
        }
        var checksum = CRC32C()
        checksum.update(bytes[...])
        let request = GCSRequest.upload(
            bytes,
            key: key,
            checksum: checksum,
            bucket: bucket,
            endpoint: endpoint
        )
        perform(title("PUT", key), { _ in request }) { [self] result in
            switch result {
            case .failure(let failure): completion(failure)
            case .success(let response):
                check(response, key: key, size: bytes.count, checksum: checksum, completion)
            }
        }
    }

    package func compare(
        _ bytes: [UInt8],
        key: String,
        completion: @escaping (Result<Bool, StorageFailure>) -> Void
    ) {
        let request = GCSRequest.read(key: key, bucket: bucket, endpoint: endpoint)
        perform(title("GET", key), { _ in request }, needing: "storage.objects.get") { result in
            completion(result.map { $0.body == bytes }.mapError { $0.failure })
        }
    }

    package func delete(key: String, completion: @escaping (StorageFailure?) -> Void) {
        let request = GCSRequest.delete(key: key, generation: nil, bucket: bucket, endpoint: endpoint)
        perform(title("DELETE", key), { _ in request }, needing: "storage.objects.delete") { result in
            if case .failure(let failure) = result { return completion(failure.failure) }
            completion(nil)
        }
    }

    /// Compares what the service says of the new object with what was sent; one that differs is deleted again.
    func check(
        _ response: HTTPResponse,
        key: String,
        size: Int,
        checksum: CRC32C,
        _ completion: @escaping (Failure?) -> Void
    ) {
        guard let object = (try? JSONDocument(parsing: response.body))?.root, object.kind == .object else {
            let failure = strange(title("PUT", key), response)
            return fail(failure) { completion($0) }
        }
        // What the answer leaves out cannot be compared.
        let storedSize = object[member: "size"]?.string.flatMap { Int($0) } ?? size
        let storedChecksum = object[member: "crc32c"]?.string ?? checksum.base64
        guard storedSize != size || storedChecksum != checksum.base64 else { return completion(nil) }
        let request = GCSRequest.delete(
            key: key,
            generation: object[member: "generation"]?.string,
            bucket: bucket,
            endpoint: endpoint
        )
        perform(title("DELETE", key), { _ in request }) { [self] result in
            var fate = "it was deleted again"
            if case .failure(let failure) = result { fate = "it is still there: \(failure.failure.message)" }
            let failure = StorageFailure(
                message: "\(title("PUT", key)) failed: what has arrived is not what was sent "
                    + "(\(storedSize) of \(size) bytes, CRC32C \(storedChecksum) instead of "
                    + "\(checksum.base64)); \(fate)"
            )
            completion(Failure(kind: .other, failure: failure))
        }
    }

    /// Makes the bucket, as the platform does at its start.
    private func makeBucket(_ completion: @escaping (StorageFailure?) -> Void) {
        log.info("\(name) is missing; creating it")
        tokens.project { [self] project in
            // An emulator takes any.
            guard let project = project ?? (settings.identity == .none ? "emulated" : nil) else {
                let problem = "no project is known; set GOOGLE_CLOUD_PROJECT, or create the bucket yourself"
                return completion(StorageFailure(message: problem))
            }
            let request = GCSRequest.makeBucket(bucket, project: project, endpoint: endpoint)
            perform("POST gs://\(bucket) in project \(project)", { _ in request }) { result in
                if case .failure(let failure) = result { return completion(failure.failure) }
                completion(nil)
            }
        }
    }

    /// Ends a resumable upload, once and without retries: the service forgets it by itself in a week.
    func cancel(session: String, _ completion: @escaping () -> Void) {
        let request = GCSRequest(method: "DELETE", url: session, body: [])
        func send(_ token: String?) {
            var request = request.authorized(by: token)
            (request.connectTimeout, request.totalTimeout) = (Self.cancelTimeout, Self.cancelTimeout)
            _ = transport.send(request) { _ in completion() }
        }
        guard needsToken(session) else { return send(nil) }
        tokens.token { result in send(try? result.get()) }
    }

    /// Reports a failure of our own later, as all others are reported.
    func fail(_ failure: StorageFailure, _ completion: @escaping (Failure) -> Void) {
        requester.later { completion(Failure(kind: .other, failure: failure)) }
    }

    /// `PUT gs://bucket//workload/output/1`, as Google's tools write it.
    func title(_ method: String, _ key: String) -> String {
        "\(method) gs://\(bucket)/\(key)".escapingControlCharacters()
    }

    // MARK: One request

    /// Performs a request with everything that may help: retries and a fresh token.
    ///
    /// - Parameters:
    ///   - what: names it in messages.
    ///   - request: makes the request of an attempt, which are counted from 0.
    ///   - permissions: what the account needs on the bucket, for advice.
    ///   - judge: tells what certain answers mean before the usual is said of them.
    func perform(
        _ what: String,
        _ request: @escaping (_ attempt: Int) -> GCSRequest,
        needing permissions: String = "storage.objects.create and storage.objects.delete",
        judge own: @escaping (HTTPResponse) -> StorageRequester.Judgement? = { _ in nil },
        _ completion: @escaping Completion
    ) {
        let call = Call()
        requester.perform(
            what,
            prepare: { [self] ready in
                let request = request(call.attempts)
                call.attempts += 1
                call.token = nil
                guard needsToken(request.url) else {
                    return ready(.success(request.authorized(by: nil)))
                }
                tokens.token { result in
                    switch result {
                    case .success(let token):
                        call.token = token
                        ready(.success(request.authorized(by: token)))
                    case .failure(var problem):
                        problem.failure.message = "\(what) failed: \(problem.failure.message)"
                        ready(.failure(problem))
                    }
                }
            },
            judge: { [self] response in
                call.status = response.status
                return own(response) ?? judge(response, what, call, permissions)
            },
            completion: { result in
                completion(
                    result.mapError { failure in
                        let kind: Failure.Kind =
                            switch call.status {
                            case 404: .notFound
                            case 410: .gone
                            default: .other
                            }
                        return Failure(kind: kind, failure: failure)
                    }
                )
            }
        )
    }

    /// What is known of a request while it is performed.
    private final class Call {
        var attempts = 0
        var token: String?
        var hasRenewedToken = false
        /// The last answer's.
        var status: Int?
    }

    /// Tokens are for the service alone, wherever an upload's session may lie.
    private func needsToken(_ url: String) -> Bool {
        settings.identity != .none && url.hasPrefix(endpoint + "/")
    }

    private func judge(
        _ response: HTTPResponse,
        _ what: String,
        _ call: Call,
        _ permissions: String
    ) -> StorageRequester.Judgement {
        if 200..<300 ~= response.status {
            // What is no answer of the service has not reached it.
            return response.holdsPage ? .retry(strange(what, response)) : .accepted
        }
        let problem = GoogleProblem(response)
        let failure =
            response.holdsPage
            ? strange(what, response)
            : StorageFailure(
                message: "\(what) was answered with \(problem.description)\(advice(problem, permissions))"
            )
        if response.status == 401, let token = call.token, !call.hasRenewedToken {
            call.hasRenewedToken = true
            tokens.reject(token)
            return .corrected(failure)
        }
        // A body that was changed on its way can arrive well the next time.
        let isDamaged = response.status == 400 && (problem.message?.contains("hash") ?? false)
        return problem.isTemporary || isDamaged ? .retry(failure) : .failed(failure)
    }

    /// Of a console, a proxy or a portal that takes anything.
    private func strange(_ what: String, _ response: HTTPResponse) -> StorageFailure {
        let settings = "SIDECAR_GCS_ENDPOINT and STORAGE_EMULATOR_HOST"
        return response.strange(what, service: "Google's storage", settings: settings)
    }

    private func advice(_ problem: GoogleProblem, _ permissions: String) -> String {
        switch problem.status {
        case 401 where settings.identity == .none:
            "; the service asks for credentials, but STORAGE_EMULATOR_HOST is set"
        case 401: "; the service does not accept the token of GOOGLE_APPLICATION_CREDENTIALS"
        case 403 where !problem.isTemporary:
            "; the account needs \(permissions) on the bucket (role Storage Object User)"
        case 404: "; the bucket is missing, or its name is wrong"
        // An answer without a reason comes from a gateway; its summary is in the message already.
        case 413 where problem.reason != nil:
            "; the document is too large for the service or for a proxy on the way"
        default: ""
        }
    }
}
