import HTTP
import Logging
import Reactor
import Settings
import Storage
import Telemetry
import Workload

/// All settings of a sidecar, read from the environment at the start.
package struct Configuration: Sendable {
    /// The time allowed from the connector's open of its output to `exitCode.txt`; nil where there is no limit.
    package struct FileTimeouts: Hashable, Sendable {
        package var standalone: Duration?
        /// The limit of a DISCOVER outside a sync. Large catalogs take longer than a check.
        package var discover: Duration?
        package var withinSync: Duration?

        package static let defaultStandalone: Duration = .seconds(9 * 60)
        package static let defaultDiscover: Duration = .seconds(30 * 60)
        package static let defaultWithinSync: Duration = .seconds(30 * 60)
    }

    package static let defaultLostConnectorGrace: Duration = .seconds(10)
    /// Pulling a large image over a slow line takes minutes, not half an hour.
    package static let defaultStartTimeout: Duration = .seconds(30 * 60)

    /// `SIDECAR_OUTPUT_SINK`.
    package enum OutputSinkChoice: String, CaseIterable, Sendable {
        case auto, storage, api
    }

    /// `STORAGE_TYPE`.
    package enum StorageType: String, CaseIterable, Sendable {
        case s3 = "S3"
        case minio = "MINIO"
        case gcs = "GCS"
        case azure = "AZURE"
        case local = "LOCAL"
    }

    /// Where the platform reads the job's output from, tried in this order.
    package enum OutputSink: Hashable, Sendable {
        case api
        case storage
    }

    /// A setting that is on or off.
    enum Switch: String, CaseIterable {
        case `true`, `false`
    }

    package enum LogFormat: String, CaseIterable, Sendable {
        case text, json
    }

    /// Where the loop's trace goes.
    package enum TraceTarget: Hashable, Sendable {
        case standardError
        case file(String)
    }

    /// Proxies and trusted certificates, for the HTTP transport.
    package struct Network: Hashable, Sendable {
        package var httpProxy: String?
        package var httpsProxy: String?
        package var noProxy: String?
        package var certificateFile: String?
        package var certificateDirectory: String?
    }

    package struct ProcessSettings: Sendable {
        package var ioBackend: BackendChoice
        package var trace: TraceTarget?
        package var logLevel: Logger.Level
        package var logFormat: LogFormat
        package var network: Network
        /// Whether the process gives up what it does not need, see `ProcessConfinement`.
        package var isConfined: Bool
        /// Whether debuggers of the same user may attach, and a crash leaves a core dump.
        package var isDebuggable: Bool
        /// Where settings were read from besides the environment.
        package var settingsFile: String
    }

    package var workloadAPI: PlatformAPI
    /// Absent where the platform's server is not to be called.
    package var serverAPI: PlatformAPI?
    /// Absent where none is configured, or where what there is cannot be used: calls then go without access tokens.
    package var tokenSource: TokenSource?
    package var heartbeat: HeartbeatSettings
    /// From the sidecar's start to the connector's open of its output; nil where there is no limit.
    package var startTimeout: Duration?
    package var fileTimeouts: FileTimeouts
    package var lostConnectorGrace: Duration
    /// Whether a result is delivered before the connector has ended.
    package var deliversEarly: Bool
    package var rescanInterval: Duration
    /// In the order in which they are tried; never empty.
    package var outputSinks: [OutputSink]
    /// What `.storage` is, and where the job's log goes; absent where the settings name none that can be used.
    package var storage: Storage?
    /// Job logs are only stored where the platform has said so: elsewhere nobody would read them.
    package var storesJobLogs: Bool
    /// How long log events wait for others before they are stored.
    var logUploadInterval: Duration
    package var storageRequests: StorageRequester.Settings
    /// Sent as `X-Airbyte-Version`.
    package var airbyteVersion: String
    /// Every credential that the settings hold, in order to hide them.
    package var credentials: [String]
    /// What is measured is sent there.
    package var telemetry: TelemetrySettings
    /// What concerns the process, whichever workload it runs.
    package var process: ProcessSettings
    /// Problems of the settings that do not stop the job. They are logged once there is a log.
    package var warnings: [ConfigurationWarning]

    /// The settings that the environment holds.
    ///
    /// Pure: uses only its arguments. Throws all problems at once.
    ///
    /// - Parameter paths: answers what the settings need to know about the machine.
    package init(environment: [String: String], paths: PathProbe) throws(ConfigurationError) {
        var reader = EnvironmentReader(environment)
        self.init(&reader, credentials: Self.credentials(in: environment), paths)
        try reader.finish()
    }

    /// The settings as far as they can be used, and what stops the start: for people who want to know all that is wrong.
    ///
    /// - Parameter journal: takes down every setting that is asked for.
    package static func examined(
        environment: [String: String],
        paths: PathProbe,
        journal: SettingsJournal
    ) -> (configuration: Configuration, problems: [ConfigurationProblem]) {
        var reader = EnvironmentReader(environment, journal: journal)
        let credentials = credentials(in: environment)
        _ = workspacePath(reader)
        return (Configuration(&reader, credentials: credentials, paths), reader.problems)
    }

    /// Takes a default for what cannot be used; the reader knows what is wrong.
    private init(_ reader: inout EnvironmentReader, credentials: [String], _ paths: PathProbe) {
        self.credentials = credentials
        workloadAPI = Self.workloadAPI(&reader)
        serverAPI = Self.serverAPI(&reader)
        tokenSource = Self.tokenSource(&reader)
        heartbeat = HeartbeatSettings(
            interval: reader.duration(
                "SIDECAR_HEARTBEAT_INTERVAL_SECONDS",
                unit: .seconds,
                default: .seconds(30)
            ),
            contactTimeout: reader.duration(
                "SIDECAR_HEARTBEAT_TIMEOUT_MINUTES",
                unit: .minutes,
                zero: .noTimeout,
                default: .seconds(300)
            )
        )
        startTimeout = reader.limit(
            "SIDECAR_START_TIMEOUT_MINUTES",
            unit: .minutes,
            default: Self.defaultStartTimeout
        )
        fileTimeouts = Self.fileTimeouts(&reader)
        lostConnectorGrace = reader.duration(
            "SIDECAR_LOST_CONNECTOR_GRACE_SECONDS",
            unit: .seconds,
            default: Self.defaultLostConnectorGrace
        )
        deliversEarly = reader.choice("SIDECAR_EAGER_DELIVERY", default: Switch.true) == .true
        rescanInterval = reader.duration("SIDECAR_RESCAN_SECONDS", unit: .seconds, default: .seconds(2))
        let choice = Self.storageChoice(&reader, hasAPI: serverAPI != nil, paths)
        storage = choice.storage
        storesJobLogs =
            reader.text("STORAGE_TYPE") != nil || reader.text("SIDECAR_LOCAL_STORAGE_ROOT") != nil
        outputSinks = choice.sinks
        storageRequests = Self.storageRequests(&reader)
        logUploadInterval = reader.duration(
            "SIDECAR_LOG_UPLOAD_INTERVAL_SECONDS",
            unit: .seconds,
            default: .seconds(60)
        )
        let ioBackend = reader.choice("SIDECAR_IO_BACKEND", default: BackendChoice.automatic)
        let logLevel = Self.logLevel(&reader)
        let logFormat = reader.choice("PLATFORM_LOG_FORMAT", default: LogFormat.text)
        airbyteVersion = Self.airbyteVersion(&reader)
        process = ProcessSettings(
            ioBackend: ioBackend,
            trace: Self.trace(reader),
            logLevel: logLevel,
            logFormat: logFormat,
            network: Self.network(&reader, paths),
            isConfined: reader.choice("SIDECAR_CONFINEMENT", default: Switch.true) == .true,
            isDebuggable: reader.choice("SIDECAR_DEBUGGABLE", default: Switch.false) == .true,
            settingsFile: SettingsFile.path(in: reader)
        )
        telemetry = Self.telemetry(&reader, version: airbyteVersion, paths)
        warnings = reader.warnings
    }
}

// MARK: - Reading

extension Configuration {
    private static func workloadAPI(_ reader: inout EnvironmentReader) -> PlatformAPI {
        let baseURL = reader.baseURL("WORKLOAD_API_HOST", otherwise: "")
        // The job cannot do without it.
        reader.require("WORKLOAD_API_HOST")
        if reader.text("WORKLOAD_API_HOST") == nil {
            reader.require(
                "WORKLOAD_API_HOST",
                "not set; the base URL of the workload API is needed, such as http://workload-api-server:8007"
            )
        }
        return PlatformAPI(
            baseURL: baseURL ?? "",
            connectTimeout: reader.duration(
                "WORKLOAD_API_CONNECT_TIMEOUT_SECONDS",
                unit: .seconds,
                zero: .noTimeout,
                default: .seconds(30)
            ),
            readTimeout: reader.duration(
                "WORKLOAD_API_READ_TIMEOUT_SECONDS",
                unit: .seconds,
                zero: .noTimeout,
                default: .seconds(300)
            ),
            retries: retries(&reader, prefix: "WORKLOAD_API")
        )
    }

    private static func fileTimeouts(_ reader: inout EnvironmentReader) -> FileTimeouts {
        let names = ("SIDECAR_FILE_TIMEOUT_MINUTES", "AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES")
        return FileTimeouts(
            standalone: reader.limit(
                names.0,
                names.1,
                unit: .minutes,
                default: FileTimeouts.defaultStandalone
            ),
            discover: reader.limit(
                names.0,
                names.1,
                unit: .minutes,
                default: FileTimeouts.defaultDiscover
            ),
            withinSync: reader.limit(
                "SIDECAR_FILE_TIMEOUT_WITHIN_SYNC_MINUTES",
                "AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES_WITHIN_SYNC",
                unit: .minutes,
                default: FileTimeouts.defaultWithinSync
            )
        )
    }

    private static func serverAPI(_ reader: inout EnvironmentReader) -> PlatformAPI? {
        // The limits are read whether or not they are needed, so that a wrong one is always reported.
        let baseURL = reader.baseURL("INTERNAL_API_HOST", otherwise: "the server API is not called")
        let connectTimeout = reader.duration(
            "AIRBYTE_API_CONNECT_TIMEOUT_SECONDS",
            unit: .seconds,
            zero: .noTimeout,
            default: .seconds(30)
        )
        let readTimeout = reader.duration(
            "AIRBYTE_API_READ_TIMEOUT_SECONDS",
            unit: .seconds,
            zero: .noTimeout,
            default: .seconds(600)
        )
        let retries = retries(&reader, prefix: "AIRBYTE_API")
        guard let baseURL else { return nil }
        return PlatformAPI(
            baseURL: baseURL,
            connectTimeout: connectTimeout,
            readTimeout: readTimeout,
            retries: retries
        )
    }

    static let defaultRetryDelay: Duration = .seconds(2)

    static func retries(_ reader: inout EnvironmentReader, prefix: String) -> RetryPolicy {
        RetryPolicy(
            firstDelay: reader.duration(
                "\(prefix)_RETRY_DELAY_SECONDS",
                unit: .seconds,
                zero: .zero,
                default: defaultRetryDelay
            ),
            maxRetries: reader.count("\(prefix)_MAX_RETRIES", in: 0...1000, default: 5)
        )
    }

    private static func tokenSource(_ reader: inout EnvironmentReader) -> TokenSource? {
        guard reader.text("CONTROL_PLANE_TOKEN_ENDPOINT") != nil else { return nil }
        // Some installations need no tokens, so that calls without one are worth trying.
        let consequence = "calls are made without an access token"
        let endpoint = reader.baseURL("CONTROL_PLANE_TOKEN_ENDPOINT", otherwise: consequence)
        let missing = ["DATAPLANE_CLIENT_ID", "DATAPLANE_CLIENT_SECRET"].filter { reader.text($0) == nil }
        if !missing.isEmpty {
            reader.reject(
                missing.joined(separator: " and "),
                value: nil,
                "not set, but needed since CONTROL_PLANE_TOKEN_ENDPOINT is set",
                otherwise: consequence
            )
        }
        guard let endpoint, let clientID = reader.text("DATAPLANE_CLIENT_ID"),
            let clientSecret = reader.text("DATAPLANE_CLIENT_SECRET")
        else { return nil }
        return TokenSource(endpoint: endpoint, clientID: clientID, clientSecret: clientSecret)
    }

    private static func logLevel(_ reader: inout EnvironmentReader) -> Logger.Level {
        enum Word: String, CaseIterable {
            case trace = "TRACE"
            case debug = "DEBUG"
            case info = "INFO"
            case warn = "WARN"
            case error = "ERROR"
        }
        switch reader.choice("LOG_LEVEL", default: Word.info) {
        case .trace: return .trace
        case .debug: return .debug
        case .info: return .info
        case .warn: return .warning
        case .error: return .error
        }
    }

    private static func trace(_ reader: EnvironmentReader) -> TraceTarget? {
        switch reader.text("SIDECAR_TRACE") {
        case nil, "0": nil
        case "1": .standardError
        case let path?: .file(path)
        }
    }

    private static func airbyteVersion(_ reader: inout EnvironmentReader) -> String {
        let version = reader.text("AIRBYTE_VERSION", default: "dev")
        guard version.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            reader.reject(
                "AIRBYTE_VERSION",
                value: version,
                "only printable ASCII can be sent as a header",
                otherwise: "the default (dev) is used"
            )
            return "dev"
        }
        return version
    }
}
