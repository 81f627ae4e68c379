import Glibc
import HTTP
import Scheduling
import Settings
import Workload

extension Configuration {
    /// The workspace's path, which has to be known before the other settings are.
    package static func workspacePath(in environment: [String: String]) -> String {
        workspacePath(EnvironmentReader(environment))
    }

    static func workspacePath(_ reader: EnvironmentReader) -> String {
        reader.text("AIRBYTE_CONFIG_DIR", default: "/config")
    }

    /// Throws what a job of this kind needs and the settings lack.
    package func check(against input: SidecarInput) throws(StartError) {
        guard input.operation == .discover, serverAPI == nil else { return }
        if let warning = warnings.first(where: { $0.problem.variable == "INTERNAL_API_HOST" }) {
            throw StartError(problems: [warning.problem])
        }
        throw StartError(
            problem: "INTERNAL_API_HOST",
            nil,
            "not set; a DISCOVER needs the server API, such as http://airbyte-server:8001"
        )
    }

    /// The file timeout that applies to this job; nil where there is none.
    func fileTimeout(for input: SidecarInput) -> Duration? {
        if input.discover?.isWithinSync == true { return fileTimeouts.withinSync }
        return input.operation == .discover ? fileTimeouts.discover : fileTimeouts.standalone
    }

    func machineSettings(for input: SidecarInput) -> WorkloadMachine.Settings {
        WorkloadMachine.Settings(
            heartbeat: heartbeat,
            contactRetries: contactRetries,
            startTimeout: startTimeout,
            fileTimeout: fileTimeout(for: input),
            lostConnectorGrace: lostConnectorGrace,
            deliversEarly: deliversEarly
        )
    }

    var controlPlaneSettings: ControlPlaneClient.Settings {
        ControlPlaneClient.Settings(
            workloadAPI: workloadAPI,
            serverAPI: serverAPI,
            tokenSource: tokenSource,
            airbyteVersion: airbyteVersion
        )
    }

    /// Where access tokens come from; nil where calls carry none. A process has one, whichever workloads it runs.
    ///
    /// - Parameter credentials: learn each token.
    package func accessTokenSource(
        credentials: KnownCredentials,
        transport: any HTTPTransport,
        scheduler: any Scheduler,
        wallClock: WallClock
    ) -> AccessTokenSource? {
        AccessTokenSource(
            controlPlaneSettings,
            credentials: credentials,
            transport: transport,
            scheduler: scheduler,
            wallClock: wallClock
        )
    }

    /// Announcements and heartbeats are repeated without end, so that some delay is needed between them even where none
    /// is wanted between retries.
    private var contactRetries: RetryPolicy {
        var retries = workloadAPI.retries
        if retries.firstDelay == .zero { retries.firstDelay = Self.defaultRetryDelay }
        return retries
    }
}
