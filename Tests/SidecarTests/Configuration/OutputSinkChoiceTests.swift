import TestSupport
import Testing
import Workload

@testable import Sidecar

/// Where outputs go, and what of the storage's settings is a warning or stops the start.
@Suite struct OutputSinkChoiceTests {
    static let api = ["INTERNAL_API_HOST": "http://server:8001"]
    static let s3 = [
        "STORAGE_TYPE": "s3", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "STORAGE_BUCKET_WORKLOAD_OUTPUT": "outputs",
    ]

    private static func api(_ more: [String: String]) -> [String: String] { api.merging(more) { $1 } }
    private static func s3(_ more: [String: String]) -> [String: String] { s3.merging(more) { $1 } }

    struct Row: Sendable, CustomTestStringConvertible {
        var variables: [String: String]
        var sinks: [Configuration.OutputSink]
        var hasRoot = true
        var testDescription: String { "\(variables), root \(hasRoot ? "there" : "missing")" }
    }

    // MARK: The order

    @Test(arguments: [
        // The API comes first, whatever else is set.
        Row(variables: api, sinks: [.api, .storage]),
        Row(variables: api(["STORAGE_TYPE": "Local"]), sinks: [.api, .storage]),
        Row(variables: api(s3), sinks: [.api, .storage]),
        Row(variables: api(s3(["SIDECAR_OUTPUT_SINK": "api"])), sinks: [.api, .storage]),
        Row(variables: api(s3(["SIDECAR_OUTPUT_SINK": "Storage"])), sinks: [.storage, .api]),
        Row(variables: api(["SIDECAR_OUTPUT_SINK": "storage"]), sinks: [.storage, .api]),
        // Without it, the storage.
        Row(variables: [:], sinks: [.storage]),
        Row(variables: ["STORAGE_TYPE": "local"], sinks: [.storage]),
        Row(variables: s3, sinks: [.storage], hasRoot: false),
        Row(variables: ["SIDECAR_OUTPUT_SINK": "storage"], sinks: [.storage]),
        Row(variables: ["SIDECAR_LOCAL_STORAGE_ROOT": "/data"], sinks: [.storage]),
        // Local storage counts only where its root is there.
        Row(variables: api, sinks: [.api], hasRoot: false),
        Row(variables: api(["STORAGE_TYPE": "LOCAL"]), sinks: [.api], hasRoot: false),
        Row(variables: api(["SIDECAR_OUTPUT_SINK": "storage"]), sinks: [.api], hasRoot: false),
        Row(variables: api(["SIDECAR_OUTPUT_SINK": "API"]), sinks: [.api], hasRoot: false),
        Row(variables: api(s3), sinks: [.api, .storage], hasRoot: false),
        // What the storage needs is missing or wrong: it does not count.
        Row(variables: api(["STORAGE_TYPE": "s3"]), sinks: [.api]),
        Row(variables: api(["STORAGE_TYPE": "Minio"]), sinks: [.api]),
        Row(variables: api(["STORAGE_TYPE": "GCS"]), sinks: [.api]),
        Row(variables: api(["STORAGE_TYPE": "azure"]), sinks: [.api]),
        Row(variables: api(["STORAGE_TYPE": "azure", "SIDECAR_OUTPUT_SINK": "storage"]), sinks: [.api]),
        Row(variables: api(s3(["AWS_ENDPOINT_URL_S3": "http://minio:99999"])), sinks: [.api]),
        // Another address of the API is wrong, but the storage can take the output.
        Row(variables: s3(["INTERNAL_API_HOST": "ftp://server"]), sinks: [.storage]),
    ])
    func sinks(_ row: Row) throws {
        let settings = try configuration(row.variables, paths: row.hasRoot ? .everything : .nothing)
        #expect(settings.outputSinks == row.sinks)
    }

    @Test func localRoot() throws {
        for (variables, root) in [([:], "/storage"), (["SIDECAR_LOCAL_STORAGE_ROOT": "/data"], "/data")] {
            let probe = PathProbe(isFolder: { $0 == root }, readingProblem: { _ in nil })
            guard case .local(let found)? = try configuration(variables, paths: probe).storage else {
                Issue.record("no local storage")
                return
            }
            #expect(found == root)
        }
    }

    @Test func jobLogsAreStoredWhereThePlatformSaysSo() throws {
        #expect(try !configuration(Self.api).storesJobLogs)
        #expect(try configuration(["STORAGE_TYPE": "LOCAL"]).storesJobLogs)
        #expect(try configuration(["SIDECAR_LOCAL_STORAGE_ROOT": "/data"]).storesJobLogs)
        let rootless = try configuration(Self.api(["STORAGE_TYPE": "LOCAL"]), paths: .nothing)
        #expect(rootless.storage == nil)
    }

    // MARK: What the storage lacks

    @Test(arguments: [
        (["STORAGE_TYPE": "s3"], "STORAGE_BUCKET_WORKLOAD_OUTPUT"),
        (["STORAGE_TYPE": "minio"], "MINIO_ENDPOINT"),
        (["STORAGE_TYPE": "gcs"], "STORAGE_BUCKET_WORKLOAD_OUTPUT"),
        (["STORAGE_TYPE": "azure"], "AZURE_STORAGE_CONNECTION_STRING"),
        (["STORAGE_TYPE": "s3", "AWS_ACCESS_KEY_ID": "key"], "AWS_SECRET_ACCESS_KEY"),
        // A value that cannot be understood.
        (["STORAGE_TYPE": "ABS"], "STORAGE_TYPE"),
        (s3(["AWS_DEFAULT_REGION": "US-East-1"]), "AWS_DEFAULT_REGION"),
        (s3(["S3_PATH_STYLE_ACCESS": "yes"]), "S3_PATH_STYLE_ACCESS"),
        (s3(["STORAGE_TYPE": "MINIO", "MINIO_ENDPOINT": "http://minio:90000"]), "MINIO_ENDPOINT"),
        (s3(["SIDECAR_S3_SERVER_SIDE_ENCRYPTION": "on"]), "SIDECAR_S3_SERVER_SIDE_ENCRYPTION"),
        (s3(["AWS_EC2_METADATA_DISABLED": "yes"]), "AWS_EC2_METADATA_DISABLED"),
    ])
    func storageIsAWarningWhereTheAPIStandsIn(_ variables: [String: String], _ told: String) throws {
        #expect(problems(with: variables).map(\.variable).contains(told), "without the API the start is over")
        for wish in ["", "auto", "storage", "api"] {
            let settings = try configuration(
                Self.api(variables.merging(["SIDECAR_OUTPUT_SINK": wish]) { $1 })
            )
            #expect(settings.warnings.map(\.problem.variable).contains(told))
            #expect(settings.outputSinks.contains(.api))
            for warning in settings.warnings {
                #expect(SecretMask().masked(warning.description) == warning.description)
            }
        }
    }

    @Test func wrongValuesGiveWayToDefaults() throws {
        let settings = try configuration(
            Self.api(Self.s3(["AWS_DEFAULT_REGION": "US-East-1", "S3_PATH_STYLE_ACCESS": "yes"]))
        )
        guard case .s3(let s3, _)? = settings.storage else {
            Issue.record("no S3")
            return
        }
        #expect(s3.region == nil && !s3.usesPathStyle)
        #expect(settings.outputSinks == [.api, .storage])
        #expect(
            settings.warnings.map(\.description) == [
                "AWS_DEFAULT_REGION=US-East-1 cannot be used (not the name of a region, such as eu-central-1); "
                    + "the default is used",
                "S3_PATH_STYLE_ACCESS=yes cannot be used (not one of: true, false); the default (false) is used",
            ]
        )
    }

    @Test func halfOfAKeyLeavesTheOtherSources() throws {
        let settings = try configuration(Self.api(Self.s3(["AWS_SECRET_ACCESS_KEY": " \n"])))
        #expect(
            settings.warnings.map(\.description) == [
                "AWS_SECRET_ACCESS_KEY cannot be used (not set, but needed since AWS_ACCESS_KEY_ID is set); "
                    + "other sources of credentials are asked"
            ]
        )
        #expect(settings.outputSinks == [.api, .storage])
    }

    /// An endpoint that is wrong is not replaced by Amazon's own, which belongs to somebody else.
    @Test(arguments: ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"])
    func wrongEndpointsAreNotAmazons(_ variable: String) throws {
        let settings = try configuration(Self.api(Self.s3([variable: "http://host:port"])))
        #expect(settings.storage == nil)
        #expect(settings.warnings.map(\.problem.variable) == [variable])
    }

    @Test func numbersOfStorageNeverStopTheStart() throws {
        let wrong = ["SIDECAR_STORAGE_MAX_RETRIES": "many", "SIDECAR_STORAGE_READ_TIMEOUT_SECONDS": "long"]
        let settings = try configuration(Self.s3(wrong))
        #expect(Set(settings.warnings.map(\.problem.variable)) == Set(wrong.keys))
        #expect(settings.storageRequests.retries.maxRetries == 5)
    }

    // MARK: No sink

    @Test(arguments: [
        (
            [:],
            "STORAGE_TYPE cannot be used: not set, and the folder /storage of local storage does not exist"
        ),
        (
            ["STORAGE_TYPE": "local"],
            "STORAGE_TYPE=local: the folder /storage of local storage does not exist"
        ),
        (
            ["STORAGE_TYPE": "LOCAL", "SIDECAR_LOCAL_STORAGE_ROOT": "/data"],
            "SIDECAR_LOCAL_STORAGE_ROOT=/data: the folder /data of local storage does not exist"
        ),
    ])
    func withoutAnySinkTheStartIsOver(_ variables: [String: String], _ text: String) {
        let found = problems(with: variables, paths: .nothing)
        #expect(found.count == 1)
        #expect(found.first?.description.hasPrefix(text) == true, "\(found)")
        #expect(found.first?.advice.contains("set INTERNAL_API_HOST") == true)
    }

    @Test func aMissingRootIsAWarningWhereItIsNamed() throws {
        #expect(try warnings(with: Self.api, paths: .nothing).isEmpty)
        let named = try warnings(with: Self.api(["STORAGE_TYPE": "LOCAL"]), paths: .nothing)
        #expect(named.map(\.problem.variable) == ["STORAGE_TYPE"])
        #expect(named.first?.consequence == "storage is not used")
    }

    @Test func sinkThatIsNotConfiguredIsTold() {
        let api = problems(with: ["SIDECAR_OUTPUT_SINK": "api"])
        #expect(api.map(\.variable) == ["SIDECAR_OUTPUT_SINK"])
        #expect(api.first?.advice.contains("INTERNAL_API_HOST") == true)
        let relative = problems(with: Self.api(["SIDECAR_LOCAL_STORAGE_ROOT": "storage"]))
        #expect(relative.map(\.variable) == ["SIDECAR_LOCAL_STORAGE_ROOT"])
        #expect(relative.first?.value == "storage")
    }

    /// The address is what has to be put right, not the storage that would stand in.
    @Test func wrongServerAddressIsTheOnlyProblem() throws {
        let rows: [[String: String]] = [
            ["SIDECAR_OUTPUT_SINK": "api"], Self.s3(["SIDECAR_OUTPUT_SINK": "api"]), ["STORAGE_TYPE": "S3"],
            ["STORAGE_TYPE": "ABS"], [:],
        ]
        for row in rows {
            let found = problems(
                with: row.merging(["INTERNAL_API_HOST": "ftp://server"]) { $1 },
                paths: .nothing
            )
            #expect(found.map(\.variable) == ["INTERNAL_API_HOST"], "\(row)")
        }
        let served = try warnings(with: Self.s3(["INTERNAL_API_HOST": "ftp://server"]))
        #expect(served.map(\.problem.variable) == ["INTERNAL_API_HOST"])
    }
}
