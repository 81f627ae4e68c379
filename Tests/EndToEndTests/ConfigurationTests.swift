import Foundation
import Testing

/// Settings that cannot be used: one clear line for each, before the start or, where the job can go on, in the log.
@Suite struct ConfigurationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var variable: String
        var value: String
        /// A part of what the line has to say.
        var advice: String
        /// Without which the variable has no meaning.
        var others: [String: String]

        init(_ variable: String, _ value: String, _ advice: String, _ others: [String: String] = [:]) {
            self.variable = variable
            self.value = value
            self.advice = advice
            self.others = others
        }

        var testDescription: String { "\(variable)=\(value)" }
    }

    // MARK: What stops the start

    private static let wrongs = [
        Row("AIRBYTE_CONFIG_DIR", "/nowhere/at/all", "cannot be opened: ENOENT"),
        Row("WORKLOAD_API_HOST", "", "not set"),
        Row("WORKLOAD_API_HOST", "ftp://host", "not an http or https URL"),
        Row("INTERNAL_API_HOST", "http://host:99999", "host or port"),
        Row(
            "INTERNAL_API_HOST",
            "",
            "a DISCOVER needs the server API",
            ["SIDECAR_LOCAL_STORAGE_ROOT": "/tmp"]
        ),
        Row("SIDECAR_FILE_TIMEOUT_MINUTES", "nine", "not a number of minutes"),
        Row("SIDECAR_START_TIMEOUT_MINUTES", "-1", "not a number of minutes"),
        Row("SIDECAR_FILE_TIMEOUT_WITHIN_SYNC_MINUTES", "-1", "not a number of minutes from 0 to"),
        Row("SIDECAR_HEARTBEAT_INTERVAL_SECONDS", "0", "greater than 0"),
        Row("SIDECAR_HEARTBEAT_TIMEOUT_MINUTES", "5m", "not a number of minutes"),
        Row("SIDECAR_LOST_CONNECTOR_GRACE_SECONDS", "never", "not a number of seconds"),
        Row("SIDECAR_RESCAN_SECONDS", "0x10", "not a number of seconds"),
        Row("SIDECAR_LOG_UPLOAD_INTERVAL_SECONDS", "1e3", "not a number of seconds"),
        Row("SIDECAR_OUTPUT_SINK", "nowhere", "not one of: auto, storage, api"),
        Row("SIDECAR_LOCAL_STORAGE_ROOT", "storage", "not an absolute path"),
        Row("SIDECAR_GCS_ENDPOINT", "ftp://host", "not an http or https URL", ["STORAGE_TYPE": "GCS"]),
        Row("SIDECAR_IO_BACKEND", "kqueue", "not one of: auto, io_uring, epoll"),
        Row("SIDECAR_TRACE", "/nowhere/at/all/trace", "cannot be written: ENOENT"),
        Row("SIDECAR_SETTINGS_FILE", "/nowhere/at/all", "the file does not exist"),
        Row("SIDECAR_SETTINGS_FILE", "settings.env", "not an absolute path"),
        Row("SIDECAR_SETTINGS_FILE", "/dev/zero", "the file is not a regular file"),
        Row("SIDECAR_SETTINGS_FILE", "/bin/sh", "the file is "),
    ]

    @Test(arguments: wrongs)
    func wrongSettingStopsTheStart(_ wrong: Row) async throws {
        try await Pod.with("discover") { pod in
            pod.environment.merge(wrong.others) { $1 }
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
            pod.environment["SIDECAR_RESCAN_SECONDS"] = "many"
            pod.environment["SIDECAR_OUTPUT_SINK"] = "none"
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 78, "\(outcome)")
            #expect(outcome.errors.split(separator: "\n").count == 2, "\(outcome)")
        }
    }

    /// Local storage without its volume, and no API: nobody would ever read the output.
    @Test(arguments: ["", "LOCAL"])
    func withoutAnySinkTheStartIsOver(_ type: String) async throws {
        try await Pod.with("check") { pod in
            pod.useLocalStorage()
            try FileManager.default.removeItem(at: pod.localStorage)
            pod.environment["INTERNAL_API_HOST"] = ""
            pod.environment["STORAGE_TYPE"] = type
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 78, "\(outcome)")
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
            #expect(
                outcome.errors.contains("of local storage does not exist: mount one there, or set INTERNAL_")
            )
            #expect(outcome.requests.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: pod.localStorage.path))
        }
    }

    // MARK: What is a warning

    private static let s3 = [
        "STORAGE_TYPE": "S3", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "s3cr3t-value",
        "STORAGE_BUCKET_WORKLOAD_OUTPUT": "out",
    ]
    private static let tokens = [
        "CONTROL_PLANE_TOKEN_ENDPOINT": "http://127.0.0.1:9", "DATAPLANE_CLIENT_ID": "id",
        "DATAPLANE_CLIENT_SECRET": "s3cr3t-value",
    ]

    /// What today's platform takes, or what storage lacks: the job goes on.
    private static let oddities = [
        Row(
            "LOG_LEVEL",
            "WARNING",
            "not one of: TRACE, DEBUG, INFO, WARN, ERROR); the default (INFO) is used"
        ),
        Row("PLATFORM_LOG_FORMAT", "xml", "not one of: text, json); the default (text) is used"),
        Row("AIRBYTE_VERSION", "1.0\nX-Evil: 1", "only printable ASCII can be sent"),
        Row("WORKLOAD_API_CONNECT_TIMEOUT_SECONDS", "soon", "the default (30 seconds) is used"),
        Row("WORKLOAD_API_READ_TIMEOUT_SECONDS", "-1", "the default (5 minutes) is used"),
        Row("WORKLOAD_API_RETRY_DELAY_SECONDS", "2 s", "the default (2 seconds) is used"),
        Row("WORKLOAD_API_MAX_RETRIES", "2.5", "the default (5) is used"),
        Row("AIRBYTE_API_CONNECT_TIMEOUT_SECONDS", "1e3", "the default (30 seconds) is used"),
        Row("AIRBYTE_API_READ_TIMEOUT_SECONDS", "NaN", "the default (10 minutes) is used"),
        Row("AIRBYTE_API_RETRY_DELAY_SECONDS", "x", "the default (2 seconds) is used"),
        Row("AIRBYTE_API_MAX_RETRIES", "-1", "the default (5) is used"),
        Row("SIDECAR_STORAGE_MAX_RETRIES", "many", "the default (5) is used"),
        Row("SIDECAR_STORAGE_READ_TIMEOUT_SECONDS", "x", "the default (2 minutes) is used"),
        Row("AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES", "nine", "the default ("),
        Row("AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES_WITHIN_SYNC", "x", "the default ("),
        Row("STORAGE_TYPE", "ABS", "not one of: S3, MINIO, GCS, AZURE, LOCAL); the default (LOCAL) is used"),
        Row("AWS_DEFAULT_REGION", "US-East-1", "not the name of a region", s3),
        Row("S3_PATH_STYLE_ACCESS", "yes", "not one of: true, false); the default (false) is used", s3),
        Row("SIDECAR_S3_SERVER_SIDE_ENCRYPTION", "on", "not one of: AES256, aws:kms, aws:kms:dsse)", s3),
        Row(
            "MINIO_ENDPOINT",
            "http://minio:99999",
            "storage is not used",
            s3.merging(["STORAGE_TYPE": "MINIO"]) { $1 }
        ),
        Row("AWS_SECRET_ACCESS_KEY", " \n", "other sources of credentials are asked", s3),
        Row("STORAGE_BUCKET_WORKLOAD_OUTPUT", "", "storage is not used for the output", s3),
        Row("STORAGE_TYPE", "LOCAL", "of local storage does not exist"),
        Row("SIDECAR_LOCAL_STORAGE_ROOT", "/nowhere", "the folder /nowhere of local storage does not exist"),
        Row("HTTP_PROXY", "http://proxy:99999", "no proxy is used"),
        Row(
            "SSL_CERT_FILE",
            "/nowhere/ca.pem",
            "cannot be read: ENOENT); its certificate authorities are not trusted"
        ),
        Row(
            "SSL_CERT_DIR",
            "/nowhere/certs",
            "cannot be read: ENOENT); the default (/etc/ssl/certs) is used"
        ),
        Row("CONTROL_PLANE_TOKEN_ENDPOINT", "nonsense://", "calls are made without an access token", tokens),
        Row("DATAPLANE_CLIENT_SECRET", "", "calls are made without an access token", tokens),
    ]

    @Test(arguments: oddities)
    func oddSettingIsAWarning(_ odd: Row) async throws {
        try await Pod.with("check") { pod in
            pod.environment.merge(odd.others) { $1 }
            pod.environment[odd.variable] = odd.value
            let outcome = try await pod.run(.script(StorageFault.succeeded))
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.errors.isEmpty)
            #expect(outcome.calls.sorted() == ["output", "running", "success"])
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.warnings.count == 1, "\(outcome)")
            let warning = try #require(outcome.warnings.first)
            #expect(warning.contains(" > \(odd.variable)") && warning.contains(" cannot be used ("))
            #expect(warning.contains(odd.advice), "\(warning)")
            #expect(!outcome.console.contains("s3cr3t-value"))
        }
    }

    /// No time limit and no pause, as for the platform's own clients: nothing is given up at once.
    @Test func zeroIsNoLimitAndNoPause() async throws {
        try await Pod.with("check") { pod in
            for api in ["WORKLOAD_API", "AIRBYTE_API", "SIDECAR_STORAGE"] {
                for name in ["CONNECT_TIMEOUT", "READ_TIMEOUT", "RETRY_DELAY"] {
                    pod.environment["\(api)_\(name)_SECONDS"] = "0"
                }
            }
            pod.environment["SIDECAR_START_TIMEOUT_MINUTES"] = "0"
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "0"
            pod.environment["SIDECAR_HEARTBEAT_TIMEOUT_MINUTES"] = "0"
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "times": 2, "status": 503}"#)
            try await pod.controlPlane.addFault(#"{"call": "success", "times": 1, "delay": 0.3}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("output").count == 3)
            #expect(outcome.console.contains("waiting without a limit for the connector to start, on "))
            #expect(outcome.warnings.allSatisfy { $0.contains("retrying in 0 seconds") }, "\(outcome)")
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
