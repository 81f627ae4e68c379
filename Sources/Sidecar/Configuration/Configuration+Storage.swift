import Logging
import Settings
import Storage
import Workload

extension Configuration {
    /// A kind of storage and how it is reached.
    package enum Storage: Sendable {
        case local(root: String)
        case s3(S3Settings, Buckets)
        case gcs(GCSSettings, Buckets)
        case azure(AzureSettings, Buckets)
    }

    /// Buckets, containers in Azure. Each can be absent, what would go there then goes nowhere.
    package struct Buckets: Hashable, Sendable {
        package var output: String?
        package var log: String?
    }

    /// What a document is: each kind has a bucket of its own.
    package enum DocumentKind {
        case output
        case log
    }

    struct StorageChoice {
        var storage: Storage?
        /// In the order in which they are tried.
        var sinks: [OutputSink]
    }

    /// Where outputs go. The server API comes first: a data plane's own bucket is often not the control plane's, and
    /// what is stored there is never read. Then comes the storage that `STORAGE_TYPE` names with all that it needs, which
    /// is local storage where nothing is named. Each is the fallback of the other.
    ///
    /// What is wrong with the storage is a warning as long as the server API can take the output.
    static func storageChoice(
        _ reader: inout EnvironmentReader,
        hasAPI: Bool,
        _ paths: PathProbe
    ) -> StorageChoice {
        let wish = reader.choice("SIDECAR_OUTPUT_SINK", default: OutputSinkChoice.auto)
        var trial = reader.anew
        let storage = storage(&trial, isDemanded: wish == .storage || !hasAPI, paths)
        let stored: [OutputSink] = storage?.has(.output) == true ? [.storage] : []
        if !hasAPI { demandSink(wish, hasStorage: !stored.isEmpty, &trial, &reader) }
        reader.merge(trial)
        let api: [OutputSink] = hasAPI ? [.api] : []
        return StorageChoice(storage: storage, sinks: wish == .storage ? stored + api : api + stored)
    }

    /// Without the server API, the job cannot do without storage.
    private static func demandSink(
        _ wish: OutputSinkChoice,
        hasStorage: Bool,
        _ storageReader: inout EnvironmentReader,
        _ reader: inout EnvironmentReader
    ) {
        if reader.text("INTERNAL_API_HOST") != nil {
            // The address has to be corrected, not the storage that would be the fallback.
            if wish == .api || !hasStorage { reader.require("INTERNAL_API_HOST") }
        } else if wish == .api {
            reader.require(
                "SIDECAR_OUTPUT_SINK",
                value: "api",
                "INTERNAL_API_HOST is not set; it is needed for this sink"
            )
        } else {
            storageReader.requireAll()
        }
    }

    private static func storage(
        _ reader: inout EnvironmentReader,
        isDemanded: Bool,
        _ paths: PathProbe
    ) -> Storage? {
        let root = localRoot(&reader)
        let buckets = Buckets(
            output: reader.text("STORAGE_BUCKET_WORKLOAD_OUTPUT"),
            log: reader.text("STORAGE_BUCKET_LOG")
        )
        let storage: Storage?
        switch reader.choice("STORAGE_TYPE", default: StorageType.local) {
        case .local: return localStorage(root, &reader, isDemanded: isDemanded, paths)
        case .s3: storage = S3Settings.read(&reader, service: .s3).map { .s3($0, buckets) }
        case .minio: storage = S3Settings.read(&reader, service: .minio).map { .s3($0, buckets) }
        case .gcs: storage = GCSSettings.read(&reader).map { .gcs($0, buckets) }
        case .azure: storage = AzureSettings.read(&reader).map { .azure($0, buckets) }
        }
        if buckets.output == nil {
            reader.reject(
                "STORAGE_BUCKET_WORKLOAD_OUTPUT",
                value: nil,
                "not set; STORAGE_TYPE needs it for job outputs",
                otherwise: "storage is not used for the output"
            )
        }
        return storage
    }

    private static func localRoot(_ reader: inout EnvironmentReader) -> String {
        let root = reader.text("SIDECAR_LOCAL_STORAGE_ROOT", default: "/storage")
        if !root.hasPrefix("/") {
            reader.require("SIDECAR_LOCAL_STORAGE_ROOT", value: root, "not an absolute path")
        }
        return root
    }

    /// Local storage is a volume that is mounted into the pod. Where there is none, a folder of that name would be in the
    /// container, where nobody reads it.
    ///
    /// - Parameter isDemanded: whether to warn that there is none, although no setting names local storage.
    private static func localStorage(
        _ root: String,
        _ reader: inout EnvironmentReader,
        isDemanded: Bool,
        _ paths: PathProbe
    ) -> Storage? {
        if paths.isFolder(root) { return .local(root: root) }
        let names = ["SIDECAR_LOCAL_STORAGE_ROOT", "STORAGE_TYPE"]
        let name = names.first { reader.text($0) != nil }
        guard isDemanded || name != nil else { return nil }
        reader.warn(
            name ?? "STORAGE_TYPE",
            value: name.flatMap { reader.text($0) },
            (name == nil ? "not set, and " : "")
                + "the folder \(root) of local storage does not exist: mount "
                + "one there, or set INTERNAL_API_HOST",
            otherwise: EnvironmentReader.storageIsUnused
        )
        return nil
    }

    /// The limits are shorter than those of the APIs: storage answers quickly or not at all.
    static func storageRequests(_ reader: inout EnvironmentReader) -> StorageRequester.Settings {
        StorageRequester.Settings(
            connectTimeout: reader.duration(
                "SIDECAR_STORAGE_CONNECT_TIMEOUT_SECONDS",
                unit: .seconds,
                zero: .noTimeout,
                default: .seconds(10)
            ),
            readTimeout: reader.duration(
                "SIDECAR_STORAGE_READ_TIMEOUT_SECONDS",
                unit: .seconds,
                zero: .noTimeout,
                default: .seconds(120)
            ),
            retries: retries(&reader, prefix: "SIDECAR_STORAGE")
        )
    }
}

extension Configuration.Storage {
    /// The base URL of the service; nil for a folder.
    package var serviceURL: String? {
        switch self {
        case .local: nil
        case .s3(let settings, _): settings.serviceURL
        case .gcs(let settings, _): settings.endpoint
        case .azure(let settings, _): settings.blobEndpoint
        }
    }

    /// True where documents of that kind have a place.
    package func has(_ kind: Configuration.DocumentKind) -> Bool {
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
    ///
    /// - Parameter local: makes the store that is a folder.
    package func objectStore(
        for kind: DocumentKind,
        local: (_ root: String) -> any ObjectStore,
        dependencies: StorageDependencies
    ) -> (any ObjectStore)? {
        switch storage {
        case nil:
            return nil
        case .local(let root):
            return local(root)
        case .s3(let settings, let buckets):
            return buckets[kind].map {
                S3Store.make(settings: settings, bucket: $0, dependencies: dependencies)
            }
        case .gcs(let settings, let buckets):
            return buckets[kind].map {
                GCSStore.make(settings: settings, bucket: $0, dependencies: dependencies)
            }
        case .azure(let settings, let buckets):
            return buckets[kind].map {
                AzureBlobStore.make(settings: settings, bucket: $0, dependencies: dependencies)
            }
        }
    }
}
