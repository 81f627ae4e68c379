import AirbyteProtocol
import Logging
import Reactor
import Settings
import TestSupport
import Testing
import Workload
import WorkloadTestSupport

@testable import Sidecar

@Suite struct ConfigurationTests {
    // MARK: Lengths of time

    struct DurationRow: Sendable, CustomTestStringConvertible {
        var variable: String
        var unit: Duration
        var standard: Duration
        /// What `0` stands for, where that is a length of time.
        var zero: Duration?
        var value: @Sendable (Configuration) -> Duration?
        var testDescription: String { variable }
        /// Whether `0` stands for no limit, which is nil.
        var isLimit: Bool { variable.contains("FILE_TIMEOUT") || variable.contains("START_TIMEOUT") }
    }

    static let durations: [DurationRow] = [
        DurationRow(
            variable: "SIDECAR_FILE_TIMEOUT_MINUTES",
            unit: .seconds(60),
            standard: .seconds(540)
        ) {
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
            standard: .seconds(300),
            zero: .noTimeout
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
            standard: .seconds(30),
            zero: .noTimeout
        ) { $0.workloadAPI.connectTimeout },
        DurationRow(
            variable: "WORKLOAD_API_READ_TIMEOUT_SECONDS",
            unit: .seconds(1),
            standard: .seconds(300),
            zero: .noTimeout
        ) { $0.workloadAPI.readTimeout },
        DurationRow(
            variable: "WORKLOAD_API_RETRY_DELAY_SECONDS",
            unit: .seconds(1),
            standard: .seconds(2),
            zero: .zero
        ) {
            $0.workloadAPI.retries.firstDelay
        },
        DurationRow(
            variable: "AIRBYTE_API_CONNECT_TIMEOUT_SECONDS",
            unit: .seconds(1),
            standard: .seconds(30),
            zero: .noTimeout
        ) { $0.serverAPI?.connectTimeout },
        DurationRow(
            variable: "AIRBYTE_API_READ_TIMEOUT_SECONDS",
            unit: .seconds(1),
            standard: .seconds(600),
            zero: .noTimeout
        ) { $0.serverAPI?.readTimeout },
        DurationRow(
            variable: "SIDECAR_LOG_UPLOAD_INTERVAL_SECONDS",
            unit: .seconds(1),
            standard: .seconds(60)
        ) { $0.logUploadInterval },
        DurationRow(
            variable: "SIDECAR_STORAGE_CONNECT_TIMEOUT_SECONDS",
            unit: .seconds(1),
            standard: .seconds(10),
            zero: .noTimeout
        ) { $0.storageRequests.connectTimeout },
        DurationRow(
            variable: "SIDECAR_STORAGE_READ_TIMEOUT_SECONDS",
            unit: .seconds(1),
            standard: .seconds(120),
            zero: .noTimeout
        ) { $0.storageRequests.readTimeout },
        DurationRow(
            variable: "SIDECAR_STORAGE_RETRY_DELAY_SECONDS",
            unit: .seconds(1),
            standard: .seconds(2),
            zero: .zero
        ) { $0.storageRequests.retries.firstDelay },
        DurationRow(
            variable: "AIRBYTE_API_RETRY_DELAY_SECONDS",
            unit: .seconds(1),
            standard: .seconds(2),
            zero: .zero
        ) {
            $0.serverAPI?.retries.firstDelay
        },
    ]

    static let server = ["INTERNAL_API_HOST": "http://server:8001"]
    static let s3 = [
        "STORAGE_TYPE": "s3", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "STORAGE_BUCKET_WORKLOAD_OUTPUT": "outputs",
    ]

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
    func zeroOfADuration(_ row: DurationRow) throws {
        for text in ["0", "0.0", "00", " 0\n"] {
            let variables = Self.server.merging([row.variable: text]) { $1 }
            if row.isLimit { continue }
            guard let zero = row.zero else {
                #expect(problems(with: variables).map(\.variable) == [row.variable])
                continue
            }
            let settings = try configuration(variables)
            #expect(row.value(settings) == zero)
            #expect(settings.warnings.isEmpty)
        }
    }

    /// A setting of our own stops the start. Of the platform's, whose own sidecar starts with any value, none does.
    @Test(arguments: durations)
    func wrongDurationIsToldOnce(_ row: DurationRow) throws {
        let wrong = [
            "-1", "+1", "abc", "1e3", "1,5", "1.2.3", ".", "0x10", "inf", "nan", "600000000", "5 5",
            "0.0000000000001", "٣", "1_000",
        ]
        for value in wrong {
            let variables = Self.server.merging([row.variable: value]) { $1 }
            let found: [ConfigurationProblem]
            if row.variable.hasPrefix("SIDECAR_"), !row.variable.hasPrefix("SIDECAR_STORAGE_") {
                found = problems(with: variables)
            } else {
                let settings = try configuration(variables)
                found = settings.warnings.map(\.problem)
                #expect(row.value(settings) == row.standard)
                #expect(settings.warnings.first?.consequence.hasPrefix("the default (") == true)
            }
            #expect(found.map(\.variable) == [row.variable], "\(value)")
            #expect(found.first?.value == value)
            #expect(found.first?.advice.contains("not a number of") == true)
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
        for wrong in ["-1", "1001", "1.5", "many", "3 3", "99999999999999999999"] {
            let settings = try configuration(Self.server.merging([variable: wrong]) { $1 })
            #expect(
                settings.warnings == [
                    ConfigurationWarning(
                        problem: ConfigurationProblem(
                            variable: variable,
                            value: wrong,
                            advice: "not a whole number from 0 to 1000"
                        ),
                        consequence: "the default (5) is used"
                    )
                ]
            )
            #expect(try value(wrong) == 5)
        }
    }

    // MARK: Words

    @Test(arguments: [
        ("TRACE", Logger.Level.trace), ("debug", .debug), ("Info", .info), ("WARN", .warning),
        ("eRRor", .error),
        ("", .info),
    ])
    func logLevel(_ value: String, _ level: Logger.Level) throws {
        #expect(try configuration(["LOG_LEVEL": value]).process.logLevel == level)
    }

    @Test(arguments: [
        ("auto", BackendChoice.automatic), ("IO_URING", .ioUring), ("Epoll", .epoll), ("", .automatic),
    ])
    func ioBackend(_ value: String, _ backend: BackendChoice) throws {
        let read = try configuration(["SIDECAR_IO_BACKEND": value]).process.ioBackend
        #expect(read == backend)
    }

    @Test(arguments: [("json", Configuration.LogFormat.json), ("JSON", .json), ("text", .text), ("", .text)])
    func logFormat(_ value: String, _ format: Configuration.LogFormat) throws {
        #expect(try configuration(["PLATFORM_LOG_FORMAT": value]).process.logFormat == format)
    }

    @Test(arguments: [
        ("SIDECAR_IO_BACKEND", "auto, io_uring, epoll"), ("SIDECAR_OUTPUT_SINK", "auto, storage, api"),
    ])
    func unknownWordOfOurOwnStopsTheStart(_ variable: String, _ allowed: String) {
        for value in ["nonsense", "auto auto", "1"] {
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

    @Test(arguments: [
        ("LOG_LEVEL", "WARNING", "(not one of: TRACE, DEBUG, INFO, WARN, ERROR); the default (INFO) is used"),
        ("LOG_LEVEL", "off", "(not one of: TRACE, DEBUG, INFO, WARN, ERROR); the default (INFO) is used"),
        ("PLATFORM_LOG_FORMAT", "xml", "(not one of: text, json); the default (text) is used"),
        ("AIRBYTE_VERSION", "é", "(only printable ASCII can be sent as a header); the default (dev) is used"),
    ])
    func unknownWordOfThePlatformsIsAWarning(_ variable: String, _ value: String, _ text: String) throws {
        let settings = try configuration([variable: value])
        #expect(settings.warnings.map(\.description) == ["\(variable)=\(value) cannot be used \(text)"])
        #expect(settings.process.logLevel == .info && settings.process.logFormat == .text)
        #expect(settings.airbyteVersion == "dev")
    }

    // MARK: Texts

    @Test func textsAndTheirDefaults() throws {
        let bare = try configuration()
        #expect(Configuration.workspacePath(in: [:]) == "/config")
        #expect(bare.airbyteVersion == "dev")
        #expect(bare.process.trace == nil)
        #expect(bare.serverAPI == nil)
        #expect(bare.tokenSource == nil)
        #expect(bare.process.network == Configuration.Network())
        let full = try configuration([
            "AIRBYTE_CONFIG_DIR": "/work", "AIRBYTE_VERSION": "1.8.2",
            "HTTP_PROXY": "http://p:1", "https_proxy": "http://p:2", "no_proxy": "localhost",
            "SSL_CERT_FILE": "/c.pem", "SSL_CERT_DIR": "/c",
        ])
        #expect(Configuration.workspacePath(in: ["AIRBYTE_CONFIG_DIR": " /work\n"]) == "/work")
        #expect(full.airbyteVersion == "1.8.2")
        #expect(
            full.process.network
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
        ]).process.network
        #expect(network.httpProxy == "a")
        #expect(network.httpsProxy == "c")
        #expect(network.noProxy == "d")
    }

    @Test(arguments: [
        ("", nil as Configuration.TraceTarget?), ("0", nil), ("1", .standardError),
        ("/tmp/t", .file("/tmp/t")),
    ])
    func trace(_ value: String, _ target: Configuration.TraceTarget?) throws {
        #expect(try configuration(["SIDECAR_TRACE": value]).process.trace == target)
    }

    @Test(arguments: ["1.0\r\nX-Evil: 1", "é", "a\u{7F}b"])
    func versionThatIsNoHeaderIsNotSent(_ value: String) throws {
        let settings = try configuration(["AIRBYTE_VERSION": value])
        #expect(settings.airbyteVersion == "dev")
        #expect(settings.warnings.map(\.problem.variable) == ["AIRBYTE_VERSION"])
        #expect(settings.warnings.first?.description.contains("\r") == false)
    }

    @Test func longValuesAreCut() throws {
        let warning = try #require(warnings(with: ["LOG_LEVEL": text(ofLength: 100_000)]).first)
        #expect(warning.description.hasPrefix("LOG_LEVEL=xxx"))
        #expect(warning.description.count < 400)
    }

    // MARK: White space

    /// Each variable, read with white space around it, gives the same as without.
    @Test(arguments: [
        "AIRBYTE_CONFIG_DIR": "/work", "WORKLOAD_API_HOST": "http://w:8007",
        "INTERNAL_API_HOST": "http://s:8001",
        "WORKLOAD_API_CONNECT_TIMEOUT_SECONDS": "3", "WORKLOAD_API_MAX_RETRIES": "3",
        "CONTROL_PLANE_TOKEN_ENDPOINT": "http://s/token", "DATAPLANE_CLIENT_ID": "id",
        "DATAPLANE_CLIENT_SECRET": "secret", "SIDECAR_FILE_TIMEOUT_MINUTES": "7",
        "SIDECAR_OUTPUT_SINK": "storage", "SIDECAR_IO_BACKEND": "epoll", "SIDECAR_TRACE": "/tmp/t",
        "LOG_LEVEL": "DEBUG", "PLATFORM_LOG_FORMAT": "json", "AIRBYTE_VERSION": "1.8",
        "HTTP_PROXY": "http://p:1",
        "NO_PROXY": "a,b", "SSL_CERT_FILE": "/c.pem", "SSL_CERT_DIR": "/c", "STORAGE_TYPE": "S3",
        "STORAGE_BUCKET_WORKLOAD_OUTPUT": "out", "STORAGE_BUCKET_LOG": "log", "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret key", "AWS_DEFAULT_REGION": "eu-west-1",
        "S3_PATH_STYLE_ACCESS": "true",
    ])
    func whiteSpaceAroundAValueDoesNotCount(_ name: String, _ value: String) throws {
        func read(_ value: String) throws -> String {
            var variables = Self.server.merging(Self.s3) { $1 }
            variables.merge([
                "CONTROL_PLANE_TOKEN_ENDPOINT": "http://t", "DATAPLANE_CLIENT_ID": "a",
                "DATAPLANE_CLIENT_SECRET": "b",
            ]) { $1 }
            variables[name] = value
            return String(reflecting: try configuration(variables))
        }
        let plain = try read(value)
        for padded in ["\(value)\n", " \(value) ", "\t\r\n\(value)\r\n", "\u{A0}\(value)\u{2003}"] {
            #expect(try read(padded) == plain)
        }
        #expect((try? read(" \n")) == (try? read("")))
    }

    // MARK: Addresses

    @Test func workloadAPIIsNeeded() {
        for environment in [[:], ["WORKLOAD_API_HOST": ""]] {
            do throws(ConfigurationError) {
                _ = try Configuration(environment: environment, paths: .everything)
                Issue.record("it was done without")
            } catch {
                #expect(error.problems.map(\.variable) == ["WORKLOAD_API_HOST"])
                #expect(error.problems.first?.advice.contains("not set") == true)
            }
        }
    }

    @Test(arguments: ["WORKLOAD_API_HOST", "INTERNAL_API_HOST"])
    func wrongAddressIsToldOnceAndNotShown(_ variable: String) {
        let found = problems(
            with: Self.server.merging([variable: "http://user:hunter2@host:99999"]) { $1 },
            paths: .nothing
        )
        #expect(found.map(\.variable) == [variable])
        #expect(found.first?.value == nil)
        #expect(found.first?.description.contains("hunter2") == false)
        #expect(found.first?.description.contains("host or port") == true)
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

    @Test(arguments: [
        (
            ["DATAPLANE_CLIENT_ID": "", "DATAPLANE_CLIENT_SECRET": ""],
            "DATAPLANE_CLIENT_ID and DATAPLANE_CLIENT_SECRET"
        ),
        (["DATAPLANE_CLIENT_ID": "id"], "DATAPLANE_CLIENT_SECRET"),
        (["DATAPLANE_CLIENT_SECRET": "hunter2", "DATAPLANE_CLIENT_ID": " "], "DATAPLANE_CLIENT_ID"),
        (
            [
                "DATAPLANE_CLIENT_SECRET": "hunter2", "DATAPLANE_CLIENT_ID": "id",
                "CONTROL_PLANE_TOKEN_ENDPOINT": "https://user:hunter2@host?x=hunter2",
            ], "CONTROL_PLANE_TOKEN_ENDPOINT"
        ),
    ])
    func withoutCredentialsCallsGoWithoutTokens(_ variables: [String: String], _ told: String) throws {
        let endpoint = ["CONTROL_PLANE_TOKEN_ENDPOINT": "http://server/token"]
        let settings = try configuration(endpoint.merging(variables) { $1 })
        #expect(settings.tokenSource == nil)
        #expect(settings.warnings.map(\.problem.variable) == [told])
        let text = settings.warnings.map(\.description).joined()
        #expect(text.hasSuffix("calls are made without an access token"))
        #expect(!text.contains("hunter2"))
        #expect(SecretMask().masked(text) == text, "nothing of it looks like a secret")
    }

    // MARK: All at once

    @Test func everythingWrongIsTold() {
        let wrong = [
            "WORKLOAD_API_HOST": "http://", "SIDECAR_FILE_TIMEOUT_MINUTES": "soon", "STORAGE_TYPE": "FLOPPY",
            "SIDECAR_LOCAL_STORAGE_ROOT": "relative", "SIDECAR_IO_BACKEND": "kqueue",
            "AWS_ENDPOINT_URL": "nonsense://",
        ]
        let found = problems(with: wrong)
        #expect(found.map(\.variable).sorted() == wrong.keys.sorted().filter { $0 != "AWS_ENDPOINT_URL" })
    }

    // MARK: With the input

    @Test func discoverNeedsTheServer() throws {
        let settings = try configuration()
        #expect(throws: StartError.self) { try settings.check(against: sidecarInput(.discover)) }
        try settings.check(against: sidecarInput(.check))
        try configuration(Self.server).check(against: sidecarInput(.discover))
    }

    @Test func discoverIsToldOfAWrongAddress() throws {
        let settings = try configuration(["INTERNAL_API_HOST": "ftp://server"])
        do throws(StartError) {
            try settings.check(against: sidecarInputOrStop(.discover))
            Issue.record("a wrong address was accepted")
        } catch {
            #expect(error.status == ExitStatus.configuration)
            #expect(error.lines.count == 1 && error.lines[0].contains("not an http or https URL"))
        }
    }

    @Test(arguments: ["SSL_CERT_FILE", "SSL_CERT_DIR"])
    func certificatesThatCannotBeReadAreDoneWithout(_ variable: String) throws {
        let settings = try configuration([variable: "/nowhere/at/all"], paths: .nothingButFolders)
        #expect(settings.process.network == Configuration.Network())
        #expect(
            settings.warnings.first?.description.hasPrefix(
                "\(variable)=/nowhere/at/all cannot be used (cannot be read: ENOENT); "
            ) == true
        )
    }

    @Test(arguments: ["HTTP_PROXY", "https_proxy"])
    func proxiesThatMakeNoSenseAreDoneWithout(_ variable: String) throws {
        let settings = try configuration([variable: "http://user:hunter2@proxy:99999"])
        #expect(settings.process.network == Configuration.Network())
        let text = settings.warnings.map(\.description).joined()
        #expect(text.hasPrefix("\(variable) cannot be used (") && text.hasSuffix("; no proxy is used"))
        #expect(!text.contains("hunter2"))
    }

    @Test func withoutADelayContactsStillPause() throws {
        let settings = try configuration(["WORKLOAD_API_RETRY_DELAY_SECONDS": "0"])
        #expect(settings.workloadAPI.retries.firstDelay == .zero)
        let machine = settings.machineSettings(for: try sidecarInput(.check))
        #expect(machine.contactRetries.firstDelay == .seconds(2))
    }

    private func sidecarInputOrStop(_ operation: AirbyteProtocol.Operation) -> SidecarInput {
        guard let input = try? sidecarInput(operation) else { preconditionFailure("the builder is wrong") }
        return input
    }

    @Test func fileTimeoutOfAJob() throws {
        let standard = try configuration(Self.server)
        #expect(standard.fileTimeout(for: try sidecarInput(.spec)) == .seconds(540))
        #expect(standard.fileTimeout(for: try sidecarInput(.check, manual: false)) == .seconds(540))
        #expect(standard.fileTimeout(for: try sidecarInput(.discover, manual: true)) == .seconds(1_800))
        #expect(standard.fileTimeout(for: try sidecarInput(.discover, manual: false)) == .seconds(1_800))
        let wrong = try configuration(
            Self.server.merging(["AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES": "x"]) { $1 }
        )
        #expect(wrong.fileTimeout(for: try sidecarInput(.check)) == .seconds(540))
        #expect(wrong.fileTimeout(for: try sidecarInput(.discover)) == .seconds(1_800))
    }

    @Test(arguments: ["SIDECAR_FILE_TIMEOUT_MINUTES", "AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES"])
    func oneFileTimeoutIsSetForAllOperations(_ variable: String) throws {
        let set = try configuration(Self.server.merging([variable: "4"]) { $1 })
        #expect(set.fileTimeout(for: try sidecarInput(.check)) == .seconds(240))
        #expect(set.fileTimeout(for: try sidecarInput(.discover)) == .seconds(240))
        #expect(set.fileTimeout(for: try sidecarInput(.discover, manual: false)) == .seconds(1_800))
        let none = try configuration(Self.server.merging([variable: "0"]) { $1 })
        #expect(none.fileTimeout(for: try sidecarInput(.discover)) == nil)
    }
}
