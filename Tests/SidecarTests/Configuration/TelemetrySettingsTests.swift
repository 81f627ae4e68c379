import HTTP
import Telemetry
import Testing

@testable import Sidecar

@Suite struct TelemetrySettingsTests {
    private static let statsD = [
        "MICROMETER_METRICS_ENABLED": "true", "MICROMETER_METRICS_STATSD_ENABLED": "true",
    ]
    private static let otlp = [
        "MICROMETER_METRICS_ENABLED": "true", "MICROMETER_METRICS_OTLP_ENABLED": "true",
    ]

    private func telemetry(
        _ base: [String: String] = [:],
        _ more: [String: String] = [:],
        paths: PathProbe = .everything
    ) throws -> TelemetrySettings {
        try configuration(base.merging(more) { $1 }, paths: paths).telemetry
    }

    // MARK: On and off

    @Test(
        arguments: [
            [:], ["MICROMETER_METRICS_ENABLED": "true"], ["MICROMETER_METRICS_STATSD_ENABLED": "true"],
            ["MICROMETER_METRICS_OTLP_ENABLED": "true"],
            ["DD_AGENT_HOST": "node", "DD_DOGSTATSD_URL": "udp://node:8125", "DD_SERVICE": "x"],
            ["STATSD_HOST": "node"], ["OTEL_COLLECTOR_ENDPOINT": "http://c:4318/v1/metrics"],
            ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"],
            ["OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"],
            [
                "OTEL_TRACES_EXPORTER": "none",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces",
            ],
        ]
    )
    func everythingIsOffUnlessBothSwitchesAreOn(_ variables: [String: String]) throws {
        #expect(try !telemetry(variables).isOn)
    }

    @Test func eachSinkHasASwitchOfItsOwn() throws {
        #expect(try telemetry(Self.statsD).statsD != nil)
        #expect(try telemetry(Self.statsD).otlpMetrics == nil)
        #expect(try telemetry(Self.otlp).otlpMetrics != nil)
        #expect(try telemetry(Self.otlp).statsD == nil)
    }

    /// The chart sets it.
    @Test func disabledSDKLeavesMetrics() throws {
        #expect(try telemetry(Self.otlp, ["OTEL_SDK_DISABLED": "true"]).otlpMetrics != nil)
    }

    @Test(arguments: ["otlp", "console, OTLP"]) func exporterTurnsASignalOn(_ value: String) throws {
        let settings = try telemetry(["OTEL_TRACES_EXPORTER": value])
        #expect(settings.otlpTraces?.endpoint == "http://localhost:4318/v1/traces")
        #expect(settings.otlpLogs == nil)
    }

    @Test func ownEndpointTurnsASignalOn() throws {
        let settings = try telemetry(["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "https://logs.example/in"])
        #expect(settings.otlpLogs?.endpoint == "https://logs.example/in")
        #expect(settings.otlpTraces == nil)
    }

    @Test(
        arguments: [
            "MICROMETER_METRICS_ENABLED", "MICROMETER_METRICS_STEP", "MICROMETER_METRICS_STATSD_FLAVOR",
            "MICROMETER_METRICS_OTLP_ENABLED", "STATSD_PORT", "DD_DOGSTATSD_URL", "OTEL_COLLECTOR_ENDPOINT",
            "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_COMPRESSION",
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "OTEL_SDK_DISABLED",
        ]
    )
    func badValueIsAWarning(_ name: String) throws {
        let variables = Self.statsD.merging(Self.otlp) { $1 }.merging([name: "n o"]) { $1 }
        #expect(problems(with: variables).isEmpty)
        #expect(try warnings(with: variables).map(\.problem.variable) == [name])
    }

    // MARK: StatsD

    @Test(
        arguments: [
            ([:], .udp(host: "localhost", port: 8125)),
            (["DD_AGENT_HOST": "10.0.0.1"], .udp(host: "10.0.0.1", port: 8125)),
            (["DD_AGENT_HOST": "a", "DD_DOGSTATSD_PORT": "9"], .udp(host: "a", port: 9)),
            (["DD_AGENT_HOST": "a", "DD_DOGSTATSD_URL": "udp://b"], .udp(host: "b", port: 8125)),
            (["DD_DOGSTATSD_URL": "udp://b:1234"], .udp(host: "b", port: 1234)),
            (["DD_DOGSTATSD_URL": "udp://[fd00::1]:1234/"], .udp(host: "fd00::1", port: 1234)),
            (
                ["DD_DOGSTATSD_URL": "unix:///var/run/datadog/dsd.socket"],
                .unix(path: "/var/run/datadog/dsd.socket")
            ),
            (["DD_DOGSTATSD_URL": "udp://b:1", "STATSD_HOST": "c"], .udp(host: "c", port: 8125)),
            (
                ["STATSD_HOST": "[::1]", "STATSD_PORT": "7", "DD_DOGSTATSD_PORT": "8"],
                .udp(host: "::1", port: 7)
            ),
        ] as [([String: String], StatsDSettings.Destination)]
    )
    func statsDDestination(_ variables: [String: String], _ destination: StatsDSettings.Destination) throws {
        #expect(try telemetry(Self.statsD, variables).statsD?.destination == destination)
    }

    @Test func unusableDatadogURLTurnsStatsDOff() throws {
        #expect(try telemetry(Self.statsD, ["DD_DOGSTATSD_URL": "tcp://x:1"]).statsD == nil)
        #expect(try telemetry(Self.statsD, ["DD_DOGSTATSD_URL": "unix://relative"]).statsD == nil)
    }

    @Test func commonTags() throws {
        let defaults = try telemetry(Self.statsD, ["AIRBYTE_VERSION": "1.8.0"])
        #expect(defaults.commonTags == [Tag(.service, "airbyte-connector-sidecar"), Tag(.version, "1.8.0")])
        let own = try telemetry(
            Self.statsD,
            ["DD_SERVICE": "source-x", "DD_VERSION": "2", "AIRBYTE_VERSION": "1.8.0"]
        )
        #expect(own.commonTags == [Tag(.service, "source-x"), Tag(.version, "2")])
    }

    // MARK: OTLP

    @Test func endpointOfMetrics() throws {
        func endpoint(_ variables: [String: String]) throws -> String? {
            try telemetry(Self.otlp, variables).otlpMetrics?.endpoint
        }
        var variables = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://all:4318/"]
        #expect(try endpoint([:]) == "http://localhost:4318/v1/metrics")
        #expect(try endpoint(variables) == "http://all:4318/v1/metrics")
        variables["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] = "http://own:4318/m/"
        #expect(try endpoint(variables) == "http://own:4318/m")
        variables["OTEL_COLLECTOR_ENDPOINT"] = "http://collector:4318/v1/metrics?key=a/b"
        #expect(try endpoint(variables) == "http://collector:4318/v1/metrics?key=a/b")
    }

    @Test func collectorEndpointIsForMetricsOnly() throws {
        let settings = try telemetry(
            ["OTEL_TRACES_EXPORTER": "otlp", "OTEL_COLLECTOR_ENDPOINT": "http://collector:4318/v1/metrics"]
        )
        #expect(settings.otlpTraces?.endpoint == "http://localhost:4318/v1/traces")
    }

    @Test func headersAreSplitFirstAndThenDecoded() throws {
        let settings = try telemetry(
            Self.otlp,
            ["OTEL_EXPORTER_OTLP_HEADERS": " api-key = a%2Cb%3Dc , x=1=2,broken, =y"]
        )
        #expect(
            settings.otlpMetrics?.headers == [HTTPHeader("api-key", "a,b=c"), HTTPHeader("x", "1=2")]
        )
    }

    /// A line end would begin another header.
    @Test func headerWithALineEndIsLeftOut() throws {
        let settings = try telemetry(Self.otlp, ["OTEL_EXPORTER_OTLP_HEADERS": "a=b%0D%0Ac:d,e=f"])
        #expect(settings.otlpMetrics?.headers == [HTTPHeader("e", "f")])
    }

    @Test func headersAreCredentials() throws {
        let configuration = try configuration([
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=s3cr%65t", "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "k=other",
        ])
        #expect(configuration.credentials.contains("s3cret"))
        #expect(configuration.credentials.contains("other"))
    }

    @Test func signalsHaveSettingsOfTheirOwn() throws {
        let settings = try telemetry(
            Self.otlp,
            [
                "OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
                "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "250",
                "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "Delta",
            ]
        )
        #expect(settings.otlpMetrics?.encoding == .json)
        #expect(settings.otlpTraces?.encoding == .protobuf)
        #expect(settings.otlpMetrics?.usesGzip == true)
        #expect(settings.otlpTraces?.timeout == .milliseconds(250))
        #expect(settings.otlpMetrics?.timeout == .seconds(10))
        #expect(settings.otlpMetrics?.temporality == .delta)
    }

    @Test func grpcIsAWarningWithAHint() throws {
        let variables = Self.otlp.merging([
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317",
        ]) { $1 }
        let warning = try #require(try warnings(with: variables).first)
        #expect(warning.description.contains("4317 is gRPC's"))
        #expect(try telemetry(variables).otlpMetrics?.encoding == .protobuf)
    }

    @Test func unusableEndpointTurnsItsSignalOff() throws {
        let settings = try telemetry(
            Self.otlp,
            ["OTEL_COLLECTOR_ENDPOINT": "ftp://x", "OTEL_LOGS_EXPORTER": "otlp"]
        )
        #expect(settings.otlpMetrics == nil)
        #expect(settings.otlpLogs != nil)
    }

    @Test(
        arguments: [
            ("PT30S", 30_000), ("pt1m", 60_000), ("PT1M30.5S", 90_500), ("P1DT1H", 90_000_000),
            ("P1D", 86_400_000),
            ("10s", 10_000), ("500ms", 500), ("2m", 120_000), ("0.5h", 1_800_000),
        ] as [(String, Int)]
    )
    func step(_ text: String, _ milliseconds: Int) throws {
        #expect(
            try telemetry(Self.otlp, ["MICROMETER_METRICS_STEP": text]).step == .milliseconds(milliseconds)
        )
    }

    @Test(arguments: ["0s", "PT", "P", "PT30", "PT5X", "30", "-5s", "PT-5S", "s", "PT1S1M", "P1Y"])
    func stepThatIsNone(_ text: String) throws {
        let variables = Self.otlp.merging(["MICROMETER_METRICS_STEP": text]) { $1 }
        #expect(try telemetry(variables).step == .seconds(30))
        #expect(try warnings(with: variables).count == 1)
    }

    // MARK: The resource

    @Test func resourceOfAPod() throws {
        let probe = PathProbe(
            isFolder: { _ in true },
            readingProblem: { _ in nil },
            text: { $0.hasSuffix("/serviceaccount/namespace") ? "airbyte" : nil }
        )
        let settings = try telemetry(
            Self.otlp,
            ["HOSTNAME": "check-1", "AIRBYTE_VERSION": "1.8.0", "NODE_NAME": "n1"],
            paths: probe
        )
        #expect(
            settings.resource == [
                Attribute("service.name", "airbyte-connector-sidecar"), Attribute("service.version", "1.8.0"),
                Attribute("k8s.pod.name", "check-1"), Attribute("k8s.node.name", "n1"),
                Attribute("k8s.namespace.name", "airbyte"),
            ]
        )
    }

    @Test func namedAttributesComeFirst() throws {
        let attributes = "service.name=a,team=x%20y,k8s.pod.name=p"
        var variables = ["OTEL_RESOURCE_ATTRIBUTES": attributes, "HOSTNAME": "h"]
        let resource = try telemetry(Self.otlp, variables).resource
        #expect(resource.contains(Attribute("service.name", "a")))
        #expect(resource.contains(Attribute("team", "x y")))
        #expect(resource.contains(Attribute("k8s.pod.name", "p")))
        #expect(resource.count { $0.key == "k8s.pod.name" } == 1)
        variables["OTEL_SERVICE_NAME"] = "b"
        #expect(try telemetry(Self.otlp, variables).resource.first == Attribute("service.name", "b"))
    }
}
