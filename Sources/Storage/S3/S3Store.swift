import HTTP
import Logging
import Scheduling

/// A bucket of S3, or of what speaks its protocol.
package final class S3Store: CheckableStore {
    /// Why a request did not come to a good end, with the service's code where there is one.
    struct Failure: Error {
        var code: String?
        var failure: StorageFailure
    }

    typealias Completion = (Result<HTTPResponse, Failure>) -> Void

    /// Longer documents are uploaded in parts of this size; one part is in memory.
    static let maxSinglePutSize = S3MultipartUpload.smallestPart

    /// S3 refuses what is 15 minutes off: clocks that differ by less are not the reason, in milliseconds.
    private static let tolerableClockOffset: Int64 = 300_000

    package let name: String
    /// The checksum that goes with what is stored.
    let checksum: S3Checksum
    /// What asks for encryption, with each new object and each beginning of a multipart upload; parts may not say it.
    let encryption: [HTTPHeader]
    private let bucket: String
    private let endpointVariable: String
    private let address: S3Address
    private let credentials: AWSCredentialCache
    private let requester: StorageRequester
    private let wallClock: WallClock
    private let log: Logger
    private let makesBuckets: Bool
    private var region: String
    /// The difference between the service's clock and ours, in milliseconds.
    private var clockOffset: Int64 = 0

    /// Wires up a store with the credentials that the settings name.
    ///
    /// - Parameter checksum: another one in tests.
    package static func make(
        settings: S3Settings,
        bucket: String,
        dependencies: StorageDependencies,
        checksum: S3Checksum = .available
    ) -> S3Store {
        let files = dependencies.credentialFiles
        let region =
            settings.region ?? AWSCredentialChain.region(of: settings.credentials.profile, files: files)
            ?? S3Settings.defaultRegion
        let chain = AWSCredentialChain(
            settings: settings.credentials,
            region: region,
            transport: dependencies.transport,
            files: files,
            onCredential: dependencies.onCredential
        )
        let (wallClock, log) = (dependencies.wallClock, dependencies.log)
        return S3Store(
            settings: settings,
            bucket: bucket,
            region: region,
            credentials: AWSCredentialCache(wallClock: wallClock, log: log) { chain.fetch($0) },
            requester: dependencies.makeRequester(),
            wallClock: wallClock,
            log: log,
            checksum: checksum,
            makesBuckets: dependencies.makesBuckets
        )
    }

    init(
        settings: S3Settings,
        bucket: String,
        region: String,
        credentials: AWSCredentialCache,
        requester: StorageRequester,
        wallClock: WallClock,
        log: Logger,
        checksum: S3Checksum = .available,
        makesBuckets: Bool = true
    ) {
        self.makesBuckets = makesBuckets
        name = (settings.service == .minio ? "MinIO" : "S3") + " bucket \(bucket)"
        self.bucket = bucket
        endpointVariable = settings.service == .minio ? "MINIO_ENDPOINT" : "AWS_ENDPOINT_URL_S3"
        address = S3Address(bucket: bucket, settings: settings)
        encryption = settings.encryption
        self.checksum = checksum
        self.credentials = credentials
        self.requester = requester
        self.wallClock = wallClock
        self.log = log
        self.region = region
    }

    package func put(_ content: ObjectContent, key: String, completion: @escaping (StorageFailure?) -> Void) {
        upload(content, key) { [self] failure in
            guard let failure else { return completion(nil) }
            guard failure.code == "NoSuchBucket", makesBuckets else { return completion(failure.failure) }
            createBucket { [self] refusal in
                // Somebody else may have made it meanwhile: only the write tells.
                upload(content, key) { again in
                    guard let again else { return completion(nil) }
                    let note = refusal.map { "; creating the bucket failed: \($0.failure.message)" } ?? ""
                    completion(StorageFailure(message: again.failure.message + note))
                }
            }
        }
    }

    private func upload(_ content: ObjectContent, _ key: String, _ completion: @escaping (Failure?) -> Void) {
        guard content.count <= Self.maxSinglePutSize else {
            return S3MultipartUpload(
                store: self,
                content: content,
                key: key,
                log: log,
                completion: completion
            )
            .start()
        }
        let bytes: [UInt8]
        do throws(StorageFailure) {
            bytes = try content.bytes()
        } catch {
            return fail(error) { completion($0) }
        }
        let request = S3Request(
            method: "PUT",
            key: key,
            headers: encryption,
            contentType: Self.contentType,
            body: bytes,
            checksum: checksum
        )
        perform(request) { [self] result in
            switch result {
            case .failure(let failure): completion(failure)
            case .success(let response):
                completion(response.etag == nil ? foreign(title(request), response) : nil)
            }
        }
    }

    /// The end of a request whose answer lacks what every service of this kind says: it comes from a console, a proxy or
    /// a portal that takes anything.
    func foreign(_ what: String, _ response: HTTPResponse) -> Failure {
        Failure(code: nil, failure: response.strange(what, service: "S3", settings: endpointVariable))
    }

    static let contentType = "application/json"

    package func compare(
        _ bytes: [UInt8],
        key: String,
        completion: @escaping (Result<Bool, StorageFailure>) -> Void
    ) {
        perform(S3Request(method: "GET", key: key, checksum: checksum)) { result in
            completion(result.map { $0.body == bytes }.mapError { $0.failure })
        }
    }

    package func delete(key: String, completion: @escaping (StorageFailure?) -> Void) {
        perform(S3Request(method: "DELETE", key: key, checksum: checksum)) { result in
            if case .failure(let failure) = result { return completion(failure.failure) }
            completion(nil)
        }
    }

    /// Makes the bucket in the store's region, as the platform does at its start.
    private func createBucket(_ completion: @escaping (Failure?) -> Void) {
        log.info("\(name) is missing; creating it")
        // The oldest region is the one that may not be named.
        createBucket(in: region == S3Settings.defaultRegion ? nil : region) { [self] failure in
            guard let failure, failure.code == "InvalidLocationConstraint" else { return completion(failure) }
            // Stores other than Amazon's have one region, under a name of their own or none.
            log.info("\(failure.failure.message); retrying without a region")
            createBucket(in: nil, completion)
        }
    }

    private func createBucket(in place: String?, _ completion: @escaping (Failure?) -> Void) {
        let document = place.map {
            """
            <CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\
            <LocationConstraint>\($0)</LocationConstraint></CreateBucketConfiguration>
            """
        }
        let body = Array((document ?? "").utf8)
        perform(S3Request(method: "PUT", key: nil, body: body, checksum: checksum)) { result in
            if case .failure(let failure) = result { completion(failure) } else { completion(nil) }
        }
    }

    /// Calls the handler in a later tick.
    func later(_ handler: @escaping () -> Void) { requester.later(handler) }

    /// Reports a failure of our own later, as all others are reported.
    func fail(_ failure: StorageFailure, _ completion: @escaping (Failure) -> Void) {
        requester.later { completion(Failure(code: nil, failure: failure)) }
    }

    /// `PUT s3://bucket//workload/output/1`
    func title(_ request: S3Request) -> String {
        let object = request.key.map { "/\($0)" } ?? ""
        return "\(request.method) s3://\(bucket)\(object)".escapingControlCharacters()
    }

    // MARK: One request

    /// Performs a request with everything that may help: retries, fresh credentials, another region, the right time.
    func perform(
        _ request: S3Request,
        effort: StorageRequester.Effort = .full,
        _ completion: @escaping Completion
    ) {
        let what = title(request)
        var used: AWSCredentials?
        var code: String?
        requester.perform(
            what,
            effort: effort,
            prepare: { [self] ready in
                code = nil
                credentials.get { [self] result in
                    switch result {
                    case .success(let credentials):
                        used = credentials
                        ready(.success(sign(request, credentials)))
                    case .failure(var problem):
                        problem.failure.message = "\(what) failed: \(problem.failure.message)"
                        ready(.failure(problem))
                    }
                }
            },
            judge: { [self] response in
                let answer = S3Answer(response, region: region, takesAnyRegion: address.endpoint != nil)
                code = answer.code ?? (answer.status == 404 && request.key == nil ? "NoSuchBucket" : nil)
                return judge(answer, response, what, request.action, used)
            },
            completion: { result in completion(result.mapError { Failure(code: code, failure: $0) }) }
        )
    }

    private func sign(_ request: S3Request, _ credentials: AWSCredentials) -> HTTPRequest {
        request.signed(
            address: address,
            region: region,
            millisecondsSince1970: wallClock.millisecondsSince1970 + clockOffset,
            credentials: credentials
        )
    }

    private func judge(
        _ answer: S3Answer,
        _ response: HTTPResponse,
        _ what: String,
        _ action: S3Answer.Action?,
        _ used: AWSCredentials?
    ) -> StorageRequester.Judgement {
        let failure = answer.failure(what, endpoint: endpointVariable, action: action)
        switch answer.kind {
        case .accepted: return .accepted
        case .retry: return .retry(failure)
        case .failed: return .failed(failure)
        case .region(let named):
            log.info("\(name) is in region \(named), not in \(region)")
            region = named
            return .corrected(failure)
        case .clock:
            guard let date = response.secondsSince1970,
                case let offset = date * 1_000 - wallClock.millisecondsSince1970,
                abs(offset - clockOffset) > Self.tolerableClockOffset
            else { return .failed(failure) }
            clockOffset = offset
            log.warning("the clock here differs from that of \(name) by \(-clockOffset / 1_000) seconds")
            return .corrected(failure)
        case .credentials:
            // Those that do not end come from the environment or a profile: asking again would give the same.
            guard let used, used.expiration != nil else { return .failed(failure) }
            credentials.reject(used)
            return .corrected(failure)
        }
    }
}

extension HTTPResponse {
    /// The name of what has been stored, quotes included; nil where there is none.
    var etag: String? { header("ETag").flatMap { $0.isEmpty ? nil : $0 } }
}
