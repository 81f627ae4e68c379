import Foundation
import Testing

/// Settings that cannot be used: one clear line for each, exit code 78, nothing sent.
@Suite struct ConfigurationTests {
    struct Wrong: Sendable, CustomTestStringConvertible {
        var variable: String
        var value: String
        /// A part of what the line has to say.
        var advice: String

        init(_ variable: String, _ value: String, _ advice: String) {
            self.variable = variable
            self.value = value
            self.advice = advice
        }

        var testDescription: String { "\(variable)=\(value)" }
    }

    private static let wrongs = [
        Wrong("AIRBYTE_CONFIG_DIR", "/nowhere/at/all", "cannot be opened: ENOENT"),
        Wrong("WORKLOAD_API_HOST", "", "not set"),
        Wrong("WORKLOAD_API_HOST", "ftp://host", "not an http or https URL"),
        Wrong("WORKLOAD_API_CONNECT_TIMEOUT_SECONDS", "soon", "not a number of seconds"),
        Wrong("WORKLOAD_API_READ_TIMEOUT_SECONDS", "-1", "not a number of seconds"),
        Wrong("WORKLOAD_API_RETRY_DELAY_SECONDS", "0", "greater than 0"),
        Wrong("WORKLOAD_API_MAX_RETRIES", "2.5", "not a whole number"),
        Wrong("INTERNAL_API_HOST", "http://host:99999", "host or port"),
        Wrong("INTERNAL_API_HOST", "", "a DISCOVER hands its catalog"),
        Wrong("AIRBYTE_API_CONNECT_TIMEOUT_SECONDS", "1e3", "not a number of seconds"),
        Wrong("AIRBYTE_API_READ_TIMEOUT_SECONDS", "NaN", "not a number of seconds"),
        Wrong("AIRBYTE_API_RETRY_DELAY_SECONDS", "2 s", "not a number of seconds"),
        Wrong("AIRBYTE_API_MAX_RETRIES", "-1", "not a whole number"),
        Wrong("CONTROL_PLANE_TOKEN_ENDPOINT", "nonsense://", "not an http or https URL"),
        Wrong("SIDECAR_FILE_TIMEOUT_MINUTES", "nine", "not a number of minutes"),
        Wrong("SIDECAR_START_TIMEOUT_MINUTES", "-1", "not a number of minutes"),
        Wrong("SIDECAR_FILE_TIMEOUT_WITHIN_SYNC_MINUTES", "half an hour", "not a number of minutes"),
        Wrong("AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES", "nine", "not a number of minutes"),
        Wrong("AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES_WITHIN_SYNC", "x", "not a number of minutes"),
        Wrong("SIDECAR_HEARTBEAT_INTERVAL_SECONDS", "..5", "not a number of seconds"),
        Wrong("SIDECAR_HEARTBEAT_TIMEOUT_MINUTES", "5m", "not a number of minutes"),
        Wrong("SIDECAR_LOST_CONNECTOR_GRACE_SECONDS", "never", "not a number of seconds"),
        Wrong("SIDECAR_RESCAN_SECONDS", "0x10", "not a number of seconds"),
        Wrong("STORAGE_TYPE", "FLOPPY", "not one of: S3, MINIO, GCS, AZURE, LOCAL"),
        Wrong("SIDECAR_OUTPUT_SINK", "nowhere", "not one of: auto, storage, api"),
        Wrong("SIDECAR_LOCAL_STORAGE_ROOT", "storage", "not an absolute path"),
        Wrong("SIDECAR_IO_BACKEND", "kqueue", "not one of: auto, io_uring, epoll"),
        Wrong("SIDECAR_TRACE", "/nowhere/at/all/trace", "cannot be written: ENOENT"),
        Wrong("LOG_LEVEL", "LOUD", "not one of: TRACE, DEBUG, INFO, WARN, ERROR"),
        Wrong("PLATFORM_LOG_FORMAT", "xml", "not one of: text, json"),
        Wrong("AIRBYTE_VERSION", "1.0\nX-Evil: 1", "only printable ASCII"),
        Wrong("HTTP_PROXY", "http://proxy:99999", "HTTP_PROXY"),
        Wrong("SSL_CERT_FILE", "/nowhere/ca.pem", "cannot be read: ENOENT"),
        Wrong("SSL_CERT_DIR", "/nowhere/certs", "cannot be read: ENOENT"),
    ]

    @Test(arguments: wrongs)
    func wrongSettingStopsTheStart(_ wrong: Wrong) async throws {
        try await Pod.with("discover") { pod in
            pod.environment["DATAPLANE_CLIENT_ID"] = "id"
            pod.environment["DATAPLANE_CLIENT_SECRET"] = "secret"
            pod.environment[wrong.variable] = wrong.value
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 78, "\(outcome)")
            let lines = outcome.errors.split(separator: "\n")
            #expect(lines.count == 1, "\(outcome)")
            let line = try #require(lines.first)
            #expect(line.hasPrefix("airbyte-connector-sidecar: \(wrong.variable)"))
            #expect(line.contains(wrong.advice))
            #expect(outcome.requests.isEmpty)
        }
    }

    @Test func everythingWrongIsToldAtOnce() async throws {
        try await Pod.with("check") { pod in
            pod.environment["LOG_LEVEL"] = "LOUD"
            pod.environment["WORKLOAD_API_MAX_RETRIES"] = "many"
            pod.environment["CONTROL_PLANE_TOKEN_ENDPOINT"] = "\(pod.controlPlane.baseURL)/token"
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 78, "\(outcome)")
            #expect(outcome.errors.split(separator: "\n").count == 4, "\(outcome)")
            #expect(outcome.errors.contains("DATAPLANE_CLIENT_ID cannot be used: not set"))
            #expect(outcome.errors.contains("DATAPLANE_CLIENT_SECRET cannot be used: not set"))
        }
    }

    @Test func missingInputIsTold() async throws {
        try await Pod.with("check") { pod in
            try FileManager.default.removeItem(at: pod.workspace.appendingPathComponent("sidecarInput.json"))
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 78, "\(outcome)")
            #expect(outcome.errors.contains("sidecarInput.json is missing"))
            #expect(outcome.requests.isEmpty)
            #expect(outcome.isMarked)
        }
    }

    @Test func unusableInputOfAKnownWorkloadIsReported() async throws {
        try await Pod.with("check") { pod in
            try pod.write(
                #"{"workloadId": "\#(Pod.workloadID)", "operationType": "REPLICATE"}"#,
                to: "sidecarInput.json"
            )
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 1, "\(outcome)")
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "airbyte_platform")
            #expect(try #require(failure["reason"].text).contains("REPLICATE"))
        }
    }
}
