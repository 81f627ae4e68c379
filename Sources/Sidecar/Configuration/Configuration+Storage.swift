import CurlTransport
import Logging

extension Configuration {
    /// A kind of storage and how it is reached.
    enum Storage: Sendable {
        case local(root: String)
        case s3(S3Settings, Buckets)
        case gcs(GCSSettings, Buckets)
        case azure(AzureSettings, Buckets)
    }

    /// Buckets, containers in Azure. Each can be absent, what would go there then goes nowhere.
    struct Buckets: Hashable, Sendable {
        var output: String?
        var log: String?
    }

    /// What a document is: each kind has a bucket of its own.
    enum DocumentKind {
        case output
        case log
    }

    struct StorageChoice {
        var storage: Storage?
        /// In the order in which they are tried.
        var sinks: [OutputSink]
        var problem: String?
    }

    /// Where outputs go: to the storage, where `STORAGE_TYPE` and what it needs are set, else through the server API,
    /// else to local storage; and to the other one where the first fails.
    static func storageChoice(_ reader: inout EnvironmentReader) -> StorageChoice {
        let wish = reader.choice("SIDECAR_OUTPUT_SINK", default: OutputSinkChoice.auto)
        let isNamed = reader.text("STORAGE_TYPE") != nil
        // An address that is wrong has been told already: it is not unset.
        let hasAPI = reader.text("INTERNAL_API_HOST") != nil
        if wish == .api, !hasAPI {
            reader.reject(
                "SIDECAR_OUTPUT_SINK",
                value: "api",
                "INTERNAL_API_HOST is not set; it is needed for this sink"
            )
        }
        let isRequired = wish == .storage || wish == .auto && !hasAPI
        let (storage, problem) = readStorage(&reader, isRequired: isRequired)
        let api: [OutputSink] = hasAPI ? [.api] : []
        let isUsable = storage?.has(.output) == true && (isNamed || isRequired)
        let stored: [OutputSink] = isUsable ? [.storage] : []
        return StorageChoice(
            storage: storage,
            sinks: wish == .api || !isUsable ? api + stored : stored + api,
            problem: problem
        )
    }

    /// The storage, and what it lacks. What it lacks is a problem of the start only where nothing can stand in.
    private static func readStorage(
        _ reader: inout EnvironmentReader,
        isRequired: Bool
    ) -> (Storage?, String?) {
        let before = reader.problems.count
        var trial = reader
        let storage = storage(&trial)
        if storage?.has(.output) == false {
            trial.reject(
                "STORAGE_BUCKET_WORKLOAD_OUTPUT",
                value: nil,
                "not set; STORAGE_TYPE needs it for job outputs"
            )
        }
        let lacking = trial.problems[before...]
        // A value that cannot be understood is one in any case.
        guard !isRequired, lacking.allSatisfy({ trial.text($0.variable) == nil }) else {
            reader = trial
            return (storage, nil)
        }
        let problem = lacking.first.map { "\($0.variable) is \($0.advice)" }
        // Without a bucket for outputs the logs still have theirs.
        let isUnreachable = lacking.contains { $0.variable != "STORAGE_BUCKET_WORKLOAD_OUTPUT" }
        return (isUnreachable ? nil : storage, problem)
    }

    private static func storage(_ reader: inout EnvironmentReader) -> Storage? {
        let buckets = Buckets(
            output: reader.text("STORAGE_BUCKET_WORKLOAD_OUTPUT"),
            log: reader.text("STORAGE_BUCKET_LOG")
        )
        switch reader.choice("STORAGE_TYPE", default: StorageType.local) {
        case .local: return .local(root: localRoot(&reader))
        case .s3: return .s3(.read(&reader, service: .s3), buckets)
        case .minio: return .s3(.read(&reader, service: .minio), buckets)
        case .gcs: return .gcs(.read(&reader), buckets)
        case .azure: return AzureSettings.read(&reader, isRequired: true).map { .azure($0, buckets) }
        }
    }

    private static func localRoot(_ reader: inout EnvironmentReader) -> String {
        let root = reader.text("SIDECAR_LOCAL_STORAGE_ROOT") ?? "/storage"
        if !root.hasPrefix("/") {
            reader.reject("SIDECAR_LOCAL_STORAGE_ROOT", value: root, "not an absolute path")
        }
        return root
    }

    /// Storage answers sooner than the platform's APIs do, or not at all.
    static func storageRequests(_ reader: inout EnvironmentReader) -> StorageRequester.Settings {
        StorageRequester.Settings(
            connectTimeout: reader.duration(
                "SIDECAR_STORAGE_CONNECT_TIMEOUT_SECONDS",
                unit: .seconds,
                default: .seconds(10)
            ),
            readTimeout: reader.duration(
                "SIDECAR_STORAGE_READ_TIMEOUT_SECONDS",
                unit: .seconds,
                default: .seconds(120)
            ),
            retries: retries(&reader, prefix: "SIDECAR_STORAGE")
        )
    }
}

extension Configuration.Storage {
    /// True where documents of that kind have a place.
    func has(_ kind: Configuration.DocumentKind) -> Bool {
        switch self {
        case .local: true
        case .s3(_, let buckets), .gcs(_, let buckets), .azure(_, let buckets): buckets[kind] != nil
        }
    }
}

extension Configuration.Buckets {
    fileprivate subscript(kind: Configuration.DocumentKind) -> String? {
        kind == .output ? output : log
    }
}

extension Configuration {
    /// The place for documents of that kind; nil where there is none.
    func objectStore(
        for kind: DocumentKind,
        transport: any HTTPTransport,
        scheduler: any Scheduler,
        log: Logger,
        seed: UInt64
    ) -> (any ObjectStore)? {
        switch storage {
        case nil:
            return nil
        case .local(let root):
            return LocalObjectStore(root: root, scheduler: scheduler)
        case .s3(let settings, let buckets):
            return buckets[kind].map {
                S3Store.make(
                    settings: settings,
                    bucket: $0,
                    transport: transport,
                    scheduler: scheduler,
                    wallClock: .system,
                    requestSettings: storageRequests,
                    log: log,
                    seed: seed
                )
            }
        case .gcs(let settings, let buckets):
            return buckets[kind].map {
                GCSStore.make(
                    settings: settings,
                    bucket: $0,
                    transport: transport,
                    scheduler: scheduler,
                    wallClock: .system,
                    requestSettings: storageRequests,
                    log: log,
                    seed: seed
                )
            }
        case .azure(let settings, let buckets):
            return buckets[kind].map {
                AzureBlobStore.make(
                    settings: settings,
                    bucket: $0,
                    transport: transport,
                    scheduler: scheduler,
                    wallClock: .system,
                    requestSettings: storageRequests,
                    log: log,
                    seed: seed
                )
            }
        }
    }
}
