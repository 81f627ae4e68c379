import AirbyteProtocol
import Crypto
import HTTP
import Logging
import Scheduling
import Text

/// A container of Azure Blob Storage as a place for documents.
package final class AzureBlobStore: CheckableStore {
    /// What is larger goes up in blocks. Well within what one Put Blob takes (5,000 MiB), and what a failed attempt
    /// has to send again stays small.
    static let maxSingleBlobSize = 4 * 1_024 * 1_024
    /// The usual size of a block, one of which is held in memory.
    static let defaultBlockSize = 4 * 1_024 * 1_024
    /// The service's own limit (Put Block List).
    static let maxBlocks = 50_000
    /// The service takes 4,000 MiB, but a small container's memory does not: 4.7 TiB in all are enough.
    static let maxBlockSize = 100 * 1_024 * 1_024
    /// The service's own limit for a blob's name, in UTF-16 units.
    private static let maxKeyLength = 1_024

    package let name: String
    private let client: AzureBlobClient
    private let scheduler: any Scheduler
    private let log: Logger
    private let makesContainer: Bool
    private var random: SplitMix64

    private init(
        client: AzureBlobClient,
        scheduler: any Scheduler,
        log: Logger,
        makesContainer: Bool,
        seed: UInt64
    ) {
        self.makesContainer = makesContainer
        name = "Azure container \(client.container) at \(client.host)"
        self.client = client
        self.scheduler = scheduler
        self.log = log
        random = SplitMix64(seed: seed)
    }

    /// - Parameter bucket: the container, which is created where it is missing.
    package static func make(
        settings: AzureSettings,
        bucket: String,
        dependencies: StorageDependencies
    ) -> AzureBlobStore {
        var tokens: AzureTokenSource?
        if case .workloadIdentity(let identity) = settings.authorization {
            tokens = AzureTokenSource(
                identity: identity,
                transport: dependencies.transport,
                scheduler: dependencies.scheduler,
                files: dependencies.credentialFiles,
                onCredential: dependencies.onCredential,
                settings: dependencies.requests
            )
        }
        let client = AzureBlobClient(
            settings: settings,
            container: bucket,
            requester: dependencies.makeRequester(),
            tokens: tokens,
            wallClock: dependencies.wallClock,
            log: dependencies.log
        )
        return AzureBlobStore(
            client: client,
            scheduler: dependencies.scheduler,
            log: dependencies.log,
            makesContainer: dependencies.makesBuckets,
            seed: dependencies.seed &+ 1
        )
    }

    package func put(_ content: ObjectContent, key: String, completion: @escaping (StorageFailure?) -> Void) {
        guard !key.isEmpty, key.utf16.count <= Self.maxKeyLength else {
            let problem = key.isEmpty ? "an empty key" : "a key of more than \(Self.maxKeyLength) characters"
            return end("\(name): \(problem) is not a valid blob name", completion)
        }
        if content.count <= Self.maxSingleBlobSize {
            putWhole(content, key: key, completion: completion)
        } else {
            let blockSize = Self.blockSize(for: content.count)
            guard blockSize <= Self.maxBlockSize else {
                return end("\(name): \(content.count) bytes are more than one blob may have", completion)
            }
            let upload = AzureBlockUpload(
                content: content,
                key: key,
                blockSize: blockSize,
                nonce: random.next(),
                send: { [self] in send($0, completion: $1) }
            )
            upload.start { [self] failure in
                if let failure { return end(failure.message, completion) }
                completion(nil)
            }
        }
    }

    /// At least the usual size, in whole mebibytes, so that there are not too many blocks.
    static func blockSize(for count: Int) -> Int {
        let mebibyte = 1_024 * 1_024
        let needed = (count + maxBlocks - 1) / maxBlocks
        return max(defaultBlockSize, (needed + mebibyte - 1) / mebibyte * mebibyte)
    }

    private func putWhole(
        _ content: ObjectContent,
        key: String,
        completion: @escaping (StorageFailure?) -> Void
    ) {
        let body: [UInt8]
        do throws(StorageFailure) {
            body = try content.bytes()
        } catch {
            return end(error.message, completion)
        }
        var headers = [
            HTTPHeader("Content-Type", AzureBlockUpload.contentType),
            HTTPHeader("x-ms-blob-content-type", AzureBlockUpload.contentType),
            HTTPHeader("x-ms-blob-type", "BlockBlob"),
        ]
        if let hash = Digest.md5(body) {
            headers.append(HTTPHeader("Content-MD5", Base64.encode(hash)))
            headers.append(HTTPHeader("x-ms-blob-content-md5", Base64.encode(hash)))
        }
        let operation = AzureBlobClient.Operation(
            what: "PUT of \(key)",
            key: key,
            headers: headers,
            body: body
        )
        send(operation, completion: completion)
    }

    /// Sends what needs the container, and makes the container where it is missing.
    private func send(
        _ operation: AzureBlobClient.Operation,
        completion: @escaping (StorageFailure?) -> Void
    ) {
        var first = operation
        if makesContainer { first.expectedCodes = ["ContainerNotFound"] }
        client.perform(first) { [self] result in
            switch result {
            case .failure(let failure): completion(failure)
            case .success(let response) where AzureAnswer(response).isAccepted: completion(nil)
            case .success: createContainer(thenSend: operation, completion: completion)
            }
        }
    }

    private func createContainer(
        thenSend operation: AzureBlobClient.Operation,
        completion: @escaping (StorageFailure?) -> Void
    ) {
        let creation = AzureBlobClient.Operation(
            what: "creation",
            query: [AzureRequest.Parameter(name: "restype", value: "container")],
            // Another sidecar may have been faster.
            expectedCodes: ["ContainerAlreadyExists"]
        )
        client.perform(creation) { [self] result in
            switch result {
            case .failure(let failure):
                let message =
                    "\(operation.what.escapingControlCharacters()) failed: \(name) is missing and cannot be created: "
                    + failure.message
                completion(StorageFailure(message: message))
            case .success:
                log.info("Created \(name), which was missing")
                client.perform(operation) { result in
                    if case .failure(let failure) = result { return completion(failure) }
                    completion(nil)
                }
            }
        }
    }

    package func compare(
        _ bytes: [UInt8],
        key: String,
        completion: @escaping (Result<Bool, StorageFailure>) -> Void
    ) {
        let operation = AzureBlobClient.Operation(what: "GET of \(key)", method: .get, key: key, body: nil)
        client.perform(operation) { result in completion(result.map { $0.body == bytes }) }
    }

    package func delete(key: String, completion: @escaping (StorageFailure?) -> Void) {
        let operation = AzureBlobClient.Operation(
            what: "DELETE of \(key)",
            method: .delete,
            key: key,
            body: nil
        )
        client.perform(operation) { result in
            if case .failure(let failure) = result { return completion(failure) }
            completion(nil)
        }
    }

    /// Ends from within the caller's own call.
    private func end(_ message: String, _ completion: @escaping (StorageFailure?) -> Void) {
        scheduler.schedule(after: .zero) { completion(StorageFailure(message: message)) }
    }
}
