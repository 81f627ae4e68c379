import AirbyteProtocol
import Logging
import Reactor
import Testing

@testable import Sidecar

@Suite struct ConfigurationTests {
    // MARK: Lengths of time

    struct DurationRow: Sendable, CustomTestStringConvertible {
        var variable: String
        var unit: Duration
        var standard: Duration
        var value: @Sendable (Configuration) -> Duration?
        var testDescription: String { variable }
        /// Whether 0 stands for no limit.
        var isLimit: Bool { variable.contains("FILE_TIMEOUT") || variable.contains("START_TIMEOUT") }
    }

    static let durations: [DurationRow] = [
        DurationRow(variable: "SIDECAR_FILE_TIMEOUT_MINUTES", unit: .seconds(60), standard: .seconds(540)) {
            $0.fileTimeouts.standalone
        },
        DurationRow(
            variable: "SIDECAR_START_TIMEOUT_MINUTES",
            unit: .seconds(60),
            standard: .seconds(1_800)
        ) { $0.startTimeout },
        DurationRow(
            variable: "SIDECAR_FILE_TIMEOUT_WITHIN_SYNC_MINUTES",
            unit: .seconds(60),
            standard: .seconds(1_800)
        ) { $0.fileTimeouts.withinSync },
        DurationRow(
            variable: "AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES",
            unit: .seconds(60),
            standard: .seconds(540)
        ) { $0.fileTimeouts.standalone },
        DurationRow(
            variable: "AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES_WITHIN_SYNC",
            unit: .seconds(60),
            standard: .seconds(1_800)
        ) { $0.fileTimeouts.withinSync },
        DurationRow(
            variable: "SIDECAR_HEARTBEAT_INTERVAL_SECONDS",
            unit: .seconds(1),
            standard: .seconds(30)
        ) { $0.heartbeat.interval },
        DurationRow(
            variable: "SIDECAR_HEARTBEAT_TIMEOUT_MINUTES",
            unit: .seconds(60),
            standard: .seconds(300)
        ) { $0.heartbeat.contactTimeout },
        DurationRow(
            variable: "SIDECAR_LOST_CONNECTOR_GRACE_SECONDS",
            unit: .seconds(1),
            standard: .seconds(10)
        ) { $0.lostConnectorGrace },
        DurationRow(variable: "SIDECAR_RESCAN_SECONDS", unit: .seconds(1), standard: .seconds(2)) {
            $0.rescanInterval
        },
        DurationRow(
            variable: "WORKLOAD_API_CONNECT_TIMEOUT_SECONDS",
            unit: .seconds(1),
            standard: .seconds(30)
        ) { $0.workloadAPI.connectTimeout },
        DurationRow(
            variable: "WORKLOAD_API_READ_TIMEOUT_SECONDS",
            unit: .seconds(1),
            standard: .seconds(300)
        ) { $0.workloadAPI.readTimeout },
        DurationRow(variable: "WORKLOAD_API_RETRY_DELAY_SECONDS", unit: .seconds(1), standard: .seconds(2)) {
            $0.workloadAPI.retries.firstDelay
        },
        DurationRow(
            variable: "AIRBYTE_API_CONNECT_TIMEOUT_SECONDS",
            unit: .seconds(1),
            standard: .seconds(30)
        ) { $0.serverAPI?.connectTimeout },
        DurationRow(
            variable: "AIRBYTE_API_READ_TIMEOUT_SECONDS",
            unit: .seconds(1),
            standard: .seconds(600)
        ) { $0.serverAPI?.readTimeout },
        DurationRow(variable: "AIRBYTE_API_RETRY_DELAY_SECONDS", unit: .seconds(1), standard: .seconds(2)) {
            $0.serverAPI?.retries.firstDelay
        },
    ]

    static let server = ["INTERNAL_API_HOST": "http://server:8001"]

    @Test(arguments: durations)
    func durationIsRead(_ row: DurationRow) throws {
        func value(_ text: String?) throws -> Duration? {
            var variables = Self.server
            variables[row.variable] = text
            return row.value(try configuration(variables))
        }
        #expect(try value(nil) == row.standard)
        #expect(try value("") == row.standard)
        #expect(try value("7") == row.unit * 7)
        #expect(try value("007") == row.unit * 7)
        #expect(try value("0.5") == row.unit / 2)
        #expect(try value(".25") == row.unit / 4)
    }

    @Test(arguments: durations)
    func wrongDurationIsToldOnce(_ row: DurationRow) {
        let wrong = [
            "0", "0.0", "-1", "+1", "abc", "1e3", " 5", "5 ", "1,5", "1.2.3", ".", "0x10", "inf", "nan",
            "600000000",
            "0.0000000000001", "٣", "1_000",
        ]
        for value in wrong where !row.isLimit || !value.hasPrefix("0") || value.hasPrefix("0x") {
            let found = problems(with: [row.variable: value])
            #expect(found.map(\.variable) == [row.variable], "\(value)")
            #expect(found.first?.value == value)
            #expect(found.first?.advice.contains("greater than 0 and up to") == true)
        }
    }

    @Test(arguments: durations.filter(\.isLimit), ["0", "0.0", "00"])
    func zeroIsNoLimit(_ row: DurationRow, _ zero: String) throws {
        var variables = Self.server
        variables[row.variable] = zero
        #expect(row.value(try configuration(variables)) == nil)
    }

    @Test func sidecarNamesWinOverPropertyNames() throws {
        let both = try configuration([
            "SIDECAR_FILE_TIMEOUT_MINUTES": "1", "AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES": "2",
            "SIDECAR_FILE_TIMEOUT_WITHIN_SYNC_MINUTES": "3",
            "AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES_WITHIN_SYNC": "4",
        ])
        #expect(both.fileTimeouts.standalone == .seconds(60))
        #expect(both.fileTimeouts.withinSync == .seconds(180))
        let empty = try configuration([
            "SIDECAR_FILE_TIMEOUT_MINUTES": "", "AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES": "2",
        ])
        #expect(empty.fileTimeouts.standalone == .seconds(120))
    }

    @Test func wrongValueUnderTheWinningNameIsNotSavedByTheOther() {
        let found = problems(with: [
            "SIDECAR_FILE_TIMEOUT_MINUTES": "x", "AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES": "2",
        ])
        #expect(found.map(\.variable) == ["SIDECAR_FILE_TIMEOUT_MINUTES"])
    }

    // MARK: Counts

    @Test(arguments: ["WORKLOAD_API_MAX_RETRIES", "AIRBYTE_API_MAX_RETRIES"])
    func retriesAreCounted(_ variable: String) throws {
        func value(_ text: String?) throws -> Int? {
            var variables = Self.server
            variables[variable] = text
            let settings = try configuration(variables)
            return variable.hasPrefix("WORKLOAD")
                ? settings.workloadAPI.retries.maxRetries : settings.serverAPI?.retries.maxRetries
        }
        #expect(try value(nil) == 5)
        #expect(try value("") == 5)
        #expect(try value("0") == 0)
        #expect(try value("1000") == 1_000)
        for wrong in ["-1", "1001", "1.5", "many", " 3", "99999999999999999999"] {
            let found = problems(with: [variable: wrong])
            #expect(
                found
                    == [
                        ConfigurationProblem(
                            variable: variable,
                            value: wrong,
                            advice: "not a whole number from 0 to 1000"
                        )
                    ]
            )
        }
    }

    // MARK: Words

    @Test(arguments: [
        ("TRACE", Logger.Level.trace), ("debug", .debug), ("Info", .info), ("WARN", .warning),
        ("eRRor", .error),
        ("", .info),
    ])
    func logLevel(_ value: String, _ level: Logger.Level) throws {
        #expect(try configuration(["LOG_LEVEL": value]).logLevel == level)
    }

    @Test(arguments: [
        ("auto", BackendChoice.automatic), ("IO_URING", .ioUring), ("Epoll", .epoll), ("", .automatic),
    ])
    func ioBackend(_ value: String, _ backend: BackendChoice) throws {
        let read = try configuration(["SIDECAR_IO_BACKEND": value]).ioBackend
        #expect(read == backend)
    }

    @Test(arguments: [("json", Configuration.LogFormat.json), ("JSON", .json), ("text", .text), ("", .text)])
    func logFormat(_ value: String, _ format: Configuration.LogFormat) throws {
        #expect(try configuration(["PLATFORM_LOG_FORMAT": value]).logFormat == format)
    }

    @Test(arguments: [
        ("LOG_LEVEL", "TRACE, DEBUG, INFO, WARN, ERROR"), ("SIDECAR_IO_BACKEND", "auto, io_uring, epoll"),
        ("PLATFORM_LOG_FORMAT", "text, json"), ("SIDECAR_OUTPUT_SINK", "auto, storage, api"),
        ("STORAGE_TYPE", "S3, MINIO, GCS, AZURE, LOCAL"),
    ])
    func unknownWordIsTold(_ variable: String, _ allowed: String) {
        for value in ["nonsense", "auto ", "1"] {
            let found = problems(with: [variable: value])
            #expect(
                found
                    == [
                        ConfigurationProblem(
                            variable: variable,
                            value: value,
                            advice: "not one of: \(allowed)"
                        )
                    ]
            )
        }
    }

    // MARK: Texts

    @Test func textsAndTheirDefaults() throws {
        let bare = try configuration()
        #expect(bare.workspacePath == "/config")
        #expect(bare.airbyteVersion == "dev")
        #expect(bare.trace == nil)
        #expect(bare.serverAPI == nil)
        #expect(bare.tokenSource == nil)
        #expect(bare.network == Configuration.Network())
        let full = try configuration([
            "AIRBYTE_CONFIG_DIR": "/work", "AIRBYTE_VERSION": "1.8.2",
            "HTTP_PROXY": "http://p:1", "https_proxy": "http://p:2", "no_proxy": "localhost",
            "SSL_CERT_FILE": "/c.pem", "SSL_CERT_DIR": "/c",
        ])
        #expect(full.workspacePath == "/work")
        #expect(full.airbyteVersion == "1.8.2")
        #expect(
            full.network
                == Configuration.Network(
                    httpProxy: "http://p:1",
                    httpsProxy: "http://p:2",
                    noProxy: "localhost",
                    certificateFile: "/c.pem",
                    certificateDirectory: "/c"
                )
        )
    }

    @Test func upperCaseProxyWins() throws {
        let network = try configuration([
            "HTTP_PROXY": "a", "http_proxy": "b", "HTTPS_PROXY": "", "https_proxy": "c", "NO_PROXY": "d",
            "no_proxy": "e",
        ]).network
        #expect(network.httpProxy == "a")
        #expect(network.httpsProxy == "c")
        #expect(network.noProxy == "d")
    }

    @Test(arguments: [
        ("", nil as Configuration.TraceTarget?), ("0", nil), ("1", .standardError),
        ("/tmp/t", .file("/tmp/t")),
    ])
    func trace(_ value: String, _ target: Configuration.TraceTarget?) throws {
        #expect(try configuration(["SIDECAR_TRACE": value]).trace == target)
    }

    @Test(arguments: ["1.0\r\nX-Evil: 1", "é", "a\u{7F}"])
    func versionThatIsNoHeaderIsTold(_ value: String) {
        let found = problems(with: ["AIRBYTE_VERSION": value])
        #expect(found.map(\.variable) == ["AIRBYTE_VERSION"])
        #expect(found.first?.description.contains("\r") == false)
        #expect(found.first?.description.contains("printable ASCII") == true)
    }

    // MARK: Addresses

    @Test func workloadAPIIsNeeded() {
        for environment in [[:], ["WORKLOAD_API_HOST": ""]] {
            #expect(throws: ConfigurationError.self) { try Configuration(environment: environment) }
            do {
                _ = try Configuration(environment: environment)
            } catch {
                #expect(error.problems.map(\.variable) == ["WORKLOAD_API_HOST"])
                #expect(error.problems.first?.advice.contains("not set") == true)
            }
        }
    }

    @Test(arguments: ["WORKLOAD_API_HOST", "INTERNAL_API_HOST"])
    func wrongAddressIsToldOnceAndNotShown(_ variable: String) {
        let found = problems(with: [variable: "http://user:hunter2@host:99999"])
        #expect(found.map(\.variable) == [variable])
        #expect(found.first?.value == nil)
        #expect(found.first?.description.contains("hunter2") == false)
        #expect(found.first?.description.contains("host or port") == true)
    }

    @Test func wrongServerAddressIsTheOnlyProblemWhateverTheSink() {
        let rows: [[String: String]] = [
            ["SIDECAR_OUTPUT_SINK": "api"], ["STORAGE_TYPE": "S3"], ["SIDECAR_OUTPUT_SINK": "auto"],
        ]
        for row in rows {
            let found = problems(with: row.merging(["INTERNAL_API_HOST": "ftp://server"]) { $1 })
            #expect(found.map(\.variable) == ["INTERNAL_API_HOST"], "\(row)")
        }
    }

    // MARK: Access tokens

    @Test func tokenSource() throws {
        let source = try configuration([
            "CONTROL_PLANE_TOKEN_ENDPOINT": "http://server/api/v1/dataplanes/token",
            "DATAPLANE_CLIENT_ID": "id", "DATAPLANE_CLIENT_SECRET": "secret",
        ]).tokenSource
        #expect(source?.endpoint == "http://server/api/v1/dataplanes/token")
        #expect(source?.clientID == "id")
        #expect(source?.clientSecret == "secret")
    }

    @Test func credentialsWithoutEndpointAreOfNoUse() throws {
        let settings = try configuration(["DATAPLANE_CLIENT_ID": "id", "DATAPLANE_CLIENT_SECRET": "s"])
        #expect(settings.tokenSource == nil)
    }

    @Test func endpointNeedsCredentials() {
        let found = problems(with: ["CONTROL_PLANE_TOKEN_ENDPOINT": "http://server/token"])
        #expect(found.map(\.variable) == ["DATAPLANE_CLIENT_ID", "DATAPLANE_CLIENT_SECRET"])
        let half = problems(with: [
            "CONTROL_PLANE_TOKEN_ENDPOINT": "http://server/token", "DATAPLANE_CLIENT_ID": "id",
        ])
        #expect(half.map(\.variable) == ["DATAPLANE_CLIENT_SECRET"])
    }

    @Test func secretsAreNeverShown() {
        let found = problems(with: [
            "CONTROL_PLANE_TOKEN_ENDPOINT": "https://user:hunter2@host?x=hunter2",
            "DATAPLANE_CLIENT_SECRET": "hunter2", "LOG_LEVEL": "loud",
        ])
        #expect(
            Set(found.map(\.variable)) == [
                "CONTROL_PLANE_TOKEN_ENDPOINT", "DATAPLANE_CLIENT_ID", "LOG_LEVEL",
            ]
        )
        for problem in found { #expect(!problem.description.contains("hunter2")) }
    }

    // MARK: All at once

    @Test func everythingWrongIsTold() {
        let wrong = [
            "WORKLOAD_API_HOST": "http://", "INTERNAL_API_HOST": "gopher://x", "LOG_LEVEL": "loud",
            "SIDECAR_FILE_TIMEOUT_MINUTES": "soon", "WORKLOAD_API_MAX_RETRIES": "-1",
            "STORAGE_TYPE": "FLOPPY",
            "SIDECAR_LOCAL_STORAGE_ROOT": "relative", "AIRBYTE_VERSION": "\n", "SIDECAR_IO_BACKEND": "kqueue",
            "PLATFORM_LOG_FORMAT": "xml",
        ]
        let found = problems(with: wrong)
        #expect(found.map(\.variable).sorted() == wrong.keys.sorted())
    }

    // MARK: Sinks

    struct SinkRow: Sendable, CustomTestStringConvertible {
        var variables: [String: String]
        var sinks: [Configuration.OutputSink]
        var testDescription: String { "\(variables)" }
    }

    static let api = ["INTERNAL_API_HOST": "http://server:8001"]
    static let s3 = [
        "STORAGE_TYPE": "s3", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "STORAGE_BUCKET_WORKLOAD_OUTPUT": "outputs",
    ]

    private static func api(_ more: [String: String]) -> [String: String] { api.merging(more) { $1 } }

    @Test(arguments: [
        SinkRow(variables: [:], sinks: [.storage]),
        SinkRow(variables: api, sinks: [.api]),
        SinkRow(variables: ["STORAGE_TYPE": "local"], sinks: [.storage]),
        SinkRow(variables: api(["STORAGE_TYPE": "Local"]), sinks: [.storage, .api]),
        SinkRow(variables: s3, sinks: [.storage]),
        SinkRow(variables: api(s3), sinks: [.storage, .api]),
        SinkRow(variables: api(s3.merging(["SIDECAR_OUTPUT_SINK": "api"]) { $1 }), sinks: [.api, .storage]),
        // What the storage needs is missing: the API stands in.
        SinkRow(variables: api(["STORAGE_TYPE": "s3"]), sinks: [.api]),
        SinkRow(variables: api(["STORAGE_TYPE": "Minio"]), sinks: [.api]),
        SinkRow(variables: api(["STORAGE_TYPE": "GCS"]), sinks: [.api]),
        SinkRow(variables: api(["STORAGE_TYPE": "azure"]), sinks: [.api]),
        SinkRow(variables: ["SIDECAR_OUTPUT_SINK": "storage"], sinks: [.storage]),
        SinkRow(variables: api(["SIDECAR_OUTPUT_SINK": "Storage"]), sinks: [.storage, .api]),
        SinkRow(variables: api(["SIDECAR_OUTPUT_SINK": "API"]), sinks: [.api]),
        SinkRow(
            variables: api(["SIDECAR_OUTPUT_SINK": "api", "STORAGE_TYPE": "LOCAL"]),
            sinks: [.api, .storage]
        ),
        SinkRow(variables: ["SIDECAR_LOCAL_STORAGE_ROOT": "/data"], sinks: [.storage]),
    ])
    func sinks(_ row: SinkRow) throws {
        #expect(try configuration(row.variables).outputSinks == row.sinks)
    }

    @Test func localRoot() throws {
        for (variables, root) in [([:], "/storage"), (["SIDECAR_LOCAL_STORAGE_ROOT": "/data"], "/data")] {
            guard case .local(let found)? = try configuration(variables).storage else {
                Issue.record("no local storage")
                return
            }
            #expect(found == root)
        }
    }

    @Test(arguments: [
        (["STORAGE_TYPE": "s3"], "STORAGE_BUCKET_WORKLOAD_OUTPUT"),
        (["STORAGE_TYPE": "minio"], "MINIO_ENDPOINT"),
        (["STORAGE_TYPE": "gcs"], "STORAGE_BUCKET_WORKLOAD_OUTPUT"),
        (["STORAGE_TYPE": "azure"], "AZURE_STORAGE_CONNECTION_STRING"),
        (["STORAGE_TYPE": "s3", "AWS_ACCESS_KEY_ID": "key"], "AWS_SECRET_ACCESS_KEY"),
    ])
    func whatTheStorageLacksIsToldWhereNothingStandsIn(_ variables: [String: String], _ lacking: String)
        throws
    {
        #expect(problems(with: variables).map(\.variable).contains(lacking))
        let asked = variables.merging(["SIDECAR_OUTPUT_SINK": "storage"]) { $1 }
        #expect(problems(with: Self.api(asked)).map(\.variable).contains(lacking))
        #expect(try configuration(Self.api(variables)).storageProblem?.isEmpty == false)
    }

    @Test func aWrongValueOfTheStorageIsToldInAnyCase() {
        let wrong = Self.s3.merging(["S3_PATH_STYLE_ACCESS": "perhaps"]) { $1 }
        #expect(problems(with: Self.api(wrong)).map(\.variable) == ["S3_PATH_STYLE_ACCESS"])
    }

    @Test func jobLogsAreStoredWhereThePlatformSaysSo() throws {
        #expect(try !configuration(Self.api).storesJobLogs)
        #expect(try configuration(["STORAGE_TYPE": "LOCAL"]).storesJobLogs)
        #expect(try configuration(["SIDECAR_LOCAL_STORAGE_ROOT": "/data"]).storesJobLogs)
    }

    @Test func sinkThatIsNotConfiguredIsTold() {
        let api = problems(with: ["SIDECAR_OUTPUT_SINK": "api"])
        #expect(api.map(\.variable) == ["SIDECAR_OUTPUT_SINK"])
        #expect(api.first?.advice.contains("INTERNAL_API_HOST") == true)
        let relative = problems(with: ["SIDECAR_LOCAL_STORAGE_ROOT": "storage"])
        #expect(relative.map(\.variable) == ["SIDECAR_LOCAL_STORAGE_ROOT"])
        #expect(relative.first?.value == "storage")
    }

    // MARK: With the input

    @Test func discoverNeedsTheServer() throws {
        let settings = try configuration()
        #expect(throws: StartError.self) { try settings.check(against: sidecarInput(.discover)) }
        try settings.check(against: sidecarInput(.check))
        try configuration(Self.api).check(against: sidecarInput(.discover))
    }

    @Test(arguments: ["SSL_CERT_FILE", "SSL_CERT_DIR"])
    func certificatesMustBeReadable(_ variable: String) throws {
        let settings = try configuration([variable: "/nowhere/at/all"])
        do throws(StartError) {
            try settings.check(against: sidecarInputOrStop(.check))
            Issue.record("a missing \(variable) was accepted")
        } catch {
            #expect(error.status == ExitStatus.configuration)
            #expect(error.lines == ["\(variable)=/nowhere/at/all: cannot be read: ENOENT"])
        }
    }

    private func sidecarInputOrStop(_ operation: AirbyteProtocol.Operation) -> SidecarInput {
        guard let input = try? sidecarInput(operation) else { preconditionFailure("the builder is wrong") }
        return input
    }

    @Test func fileTimeoutOfAJob() throws {
        let standard = try configuration(Self.api)
        #expect(standard.fileTimeout(for: try sidecarInput(.spec)) == .seconds(540))
        #expect(standard.fileTimeout(for: try sidecarInput(.check, manual: false)) == .seconds(540))
        #expect(standard.fileTimeout(for: try sidecarInput(.discover, manual: true)) == .seconds(1_800))
        #expect(standard.fileTimeout(for: try sidecarInput(.discover, manual: false)) == .seconds(1_800))
    }

    @Test(arguments: ["SIDECAR_FILE_TIMEOUT_MINUTES", "AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES"])
    func oneFileTimeoutIsSetForAllOperations(_ variable: String) throws {
        let set = try configuration(Self.api.merging([variable: "4"]) { $1 })
        #expect(set.fileTimeout(for: try sidecarInput(.check)) == .seconds(240))
        #expect(set.fileTimeout(for: try sidecarInput(.discover)) == .seconds(240))
        #expect(set.fileTimeout(for: try sidecarInput(.discover, manual: false)) == .seconds(1_800))
        let none = try configuration(Self.api.merging([variable: "0"]) { $1 })
        #expect(none.fileTimeout(for: try sidecarInput(.discover)) == nil)
    }
}
