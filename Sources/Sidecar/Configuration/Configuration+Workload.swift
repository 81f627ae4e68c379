import AirbyteProtocol
import CurlTransport
import Glibc
import Reactor

extension Configuration {
    /// The workspace's path, which has to be known before the other settings are.
    static func workspacePath(in environment: [String: String]) -> String {
        EnvironmentReader(environment).text("AIRBYTE_CONFIG_DIR") ?? "/config"
    }

    /// Throws what a job of this kind needs and the settings lack, or what they name and the machine lacks.
    func check(against input: SidecarInput) throws(StartError) {
        if input.operation == .discover, serverAPI == nil {
            throw StartError(
                problem: "INTERNAL_API_HOST",
                nil,
                "not set; a DISCOVER hands its catalog to the server API, such as http://airbyte-server:8001"
            )
        }
        if let file = network.certificateFile { try Self.check([file], of: "SSL_CERT_FILE", file) }
        if let directories = network.certificateDirectory {
            // Several are separated by colons; as for OpenSSL, one of them is enough.
            let paths = directories.split(separator: ":").map(String.init)
            try Self.check(paths, of: "SSL_CERT_DIR", directories)
        }
    }

    /// Throws unless one of the paths can be read.
    private static func check(_ paths: [String], of variable: String, _ value: String) throws(StartError) {
        guard !paths.contains(where: { unsafe access($0, R_OK) == 0 }) else { return }
        let problem = SystemError(call: "access", errno: errno)
        throw StartError(problem: variable, value, "cannot be read: \(problem.name)")
    }

    /// The file timeout that applies to this job; nil where there is none.
    func fileTimeout(for input: SidecarInput) -> Duration? {
        if input.discover?.isWithinSync == true { return fileTimeouts.withinSync }
        return input.operation == .discover ? fileTimeouts.discover : fileTimeouts.standalone
    }

    func machineSettings(for input: SidecarInput) -> WorkloadMachine.Settings {
        WorkloadMachine.Settings(
            heartbeat: heartbeat,
            contactRetries: workloadAPI.retries,
            startTimeout: startTimeout,
            fileTimeout: fileTimeout(for: input),
            lostConnectorGrace: lostConnectorGrace
        )
    }

    var transportOptions: CurlTransport.Options {
        CurlTransport.Options(
            userAgent: "AirbyteConnectorSidecar",
            httpProxy: network.httpProxy,
            httpsProxy: network.httpsProxy,
            noProxy: network.noProxy,
            reachesPodHostsDirectly: true,
            certificateFile: network.certificateFile,
            certificateDirectory: network.certificateDirectory
                ?? CurlTransport.Options.systemCertificateDirectory
        )
    }
}
