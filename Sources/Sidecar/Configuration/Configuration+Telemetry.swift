import HTTP
import Scheduling
import Settings
import Telemetry
import Text

/// What is sent about the job, and where to. None of these settings ever stops the start.
extension Configuration {
    static let defaultServiceName = "airbyte-connector-sidecar"

    /// The ports that receivers listen on unless they are told otherwise.
    private static let defaultStatsDPort: UInt16 = 8125
    private static let defaultOTLPEndpoint = "http://localhost:4318"
    private static let grpcPort = "4317"

    /// Micrometer's default, and the platform's.
    private static let defaultStep: Duration = .seconds(30)
    private static let defaultOTLPTimeout: Duration = .seconds(10)

    /// Where Kubernetes mounts the name of a pod's namespace.
    private static let namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

    static func telemetry(
        _ reader: inout EnvironmentReader,
        version: String,
        _ paths: PathProbe
    ) -> TelemetrySettings {
        let isMeasuring = reader.choice("MICROMETER_METRICS_ENABLED", default: Switch.false) == .true
        let usesStatsD = reader.choice("MICROMETER_METRICS_STATSD_ENABLED", default: Switch.false) == .true
        let usesOTLP = reader.choice("MICROMETER_METRICS_OTLP_ENABLED", default: Switch.false) == .true
        let isDisabled = reader.choice("OTEL_SDK_DISABLED", default: Switch.false) == .true
        let service = reader.text("DD_SERVICE", default: defaultServiceName)
        var settings = TelemetrySettings(
            statsD: isMeasuring && usesStatsD ? statsD(&reader) : nil,
            otlpMetrics: isMeasuring && usesOTLP ? otlp(.metrics, &reader) : nil,
            otlpTraces: !isDisabled && isExported(.traces, reader) ? otlp(.traces, &reader) : nil,
            otlpLogs: !isDisabled && isExported(.logs, reader) ? otlp(.logs, &reader) : nil,
            step: step(&reader),
            commonTags: [Tag(.service, service), Tag(.version, reader.text("DD_VERSION", default: version))],
            resource: []
        )
        if settings.isOn { settings.resource = resource(reader, version: version, paths) }
        return settings
    }

    /// How often metrics are pushed: an ISO 8601 duration such as `PT30S`, or a number with a unit such as `30s`.
    private static func step(_ reader: inout EnvironmentReader) -> Duration {
        guard let text = reader.text("MICROMETER_METRICS_STEP") else { return defaultStep }
        if let step = ISODuration.parse(text), step > .zero, step <= .noTimeout { return step }
        reader.reject(
            "MICROMETER_METRICS_STEP",
            value: text,
            "not a duration, such as PT30S or 30s",
            otherwise: "the default (\(defaultStep.spokenDescription)) is used"
        )
        return defaultStep
    }
}

// MARK: - StatsD

extension Configuration {
    private static func statsD(_ reader: inout EnvironmentReader) -> StatsDSettings? {
        let flavor = reader.choice("MICROMETER_METRICS_STATSD_FLAVOR", default: StatsDSettings.Flavor.datadog)
        guard let destination = statsDDestination(&reader) else { return nil }
        return StatsDSettings(
            destination: destination,
            flavor: flavor,
            entityID: reader.text("DD_ENTITY_ID"),
            externalEnvironment: reader.text("DD_EXTERNAL_ENV")
        )
    }

    private static func statsDDestination(
        _ reader: inout EnvironmentReader
    ) -> StatsDSettings.Destination? {
        let port = statsDPort(&reader)
        if let host = reader.text("STATSD_HOST") { return .udp(host: host.withoutBrackets, port: port) }
        guard let url = reader.text("DD_DOGSTATSD_URL") else {
            return .udp(host: (reader.text("DD_AGENT_HOST") ?? "localhost").withoutBrackets, port: port)
        }
        if let path = url.removing(prefix: "unix://"), path.hasPrefix("/") { return .unix(path: path) }
        if let rest = url.removing(prefix: "udp://") {
            let authority = rest.prefix { $0 != "/" }
            let parts = authority.hostAndPort
            if !parts.host.isEmpty, let own = parts.port.map({ UInt16($0) }) ?? port {
                return .udp(host: parts.host, port: own)
            }
        }
        reader.reject(
            "DD_DOGSTATSD_URL",
            value: nil,
            "not an address such as udp://host:8125 or unix:///var/run/datadog/dsd.socket",
            otherwise: "no metrics are sent over StatsD"
        )
        return nil
    }

    private static func statsDPort(_ reader: inout EnvironmentReader) -> UInt16 {
        let name = reader.text("STATSD_PORT") == nil ? "DD_DOGSTATSD_PORT" : "STATSD_PORT"
        return UInt16(reader.count(name, in: 1...65_535, default: Int(defaultStatsDPort)))
    }
}

// MARK: - OTLP

extension Configuration {
    private enum Signal: String, CaseIterable {
        case metrics, traces, logs

        /// A variable of this signal, such as `OTEL_EXPORTER_OTLP_TRACES_HEADERS`.
        func variable(_ suffix: String) -> String {
            "OTEL_EXPORTER_OTLP_\(rawValue.uppercased())_\(suffix)"
        }
    }

    /// OpenTelemetry's protocols. The sidecar does not speak gRPC.
    private enum Transport: String, CaseIterable {
        case protobuf = "http/protobuf"
        case json = "http/json"
        case grpc
    }

    private enum Compression: String, CaseIterable {
        case none, gzip
    }

    private enum TemporalityPreference: String, CaseIterable {
        case cumulative, delta, lowmemory
    }

    private static func isExported(_ signal: Signal, _ reader: EnvironmentReader) -> Bool {
        let exporters = reader.text("OTEL_\(signal.rawValue.uppercased())_EXPORTER")
        let names = exporters?.split(separator: ",").map { $0.trimmingWhitespace().lowercased() } ?? []
        if names.contains("otlp") { return true }
        return names.isEmpty && reader.text(signal.variable("ENDPOINT")) != nil
    }

    private static func otlp(_ signal: Signal, _ reader: inout EnvironmentReader) -> OTLPSettings? {
        guard let endpoint = endpoint(signal, &reader) else { return nil }
        return OTLPSettings(
            endpoint: endpoint,
            encoding: encoding(signal, endpoint, &reader),
            headers: headers(reader.text(signal.variable("HEADERS"), "OTEL_EXPORTER_OTLP_HEADERS")),
            usesGzip: reader.choice(
                setName(signal, "COMPRESSION", reader),
                default: Compression.none
            ) == .gzip,
            timeout: timeout(signal, &reader),
            temporality: reader.choice(
                "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                default: TemporalityPreference.cumulative
            ) == .cumulative ? .cumulative : .delta
        )
    }

    /// The signal's own variable where it is set, else the one of all signals.
    private static func setName(_ signal: Signal, _ suffix: String, _ reader: EnvironmentReader) -> String {
        let own = signal.variable(suffix)
        return reader.text(own) == nil ? "OTEL_EXPORTER_OTLP_\(suffix)" : own
    }

    private static func endpoint(_ signal: Signal, _ reader: inout EnvironmentReader) -> String? {
        let own = [signal == .metrics ? "OTEL_COLLECTOR_ENDPOINT" : nil, signal.variable("ENDPOINT")]
            .compactMap { $0 }.first { reader.text($0) != nil }
        let name = own ?? "OTEL_EXPORTER_OTLP_ENDPOINT"
        let suffix = own == nil ? "/v1/\(signal.rawValue)" : ""
        guard let text = reader.text(name) else { return defaultOTLPEndpoint + suffix }
        // A query may hold a key; it is left as it is.
        let end = text.firstIndex(of: "?") ?? text.endIndex
        do {
            return try HTTPBaseURL.normalised(String(text[..<end])) + suffix + text[end...]
        } catch {
            reader.reject(
                name,
                value: nil,
                error.advice,
                otherwise: "no \(signal.rawValue) are sent over OTLP"
            )
            return nil
        }
    }

    private static func encoding(
        _ signal: Signal,
        _ endpoint: String,
        _ reader: inout EnvironmentReader
    ) -> OTLPSettings.Encoding {
        let name = setName(signal, "PROTOCOL", reader)
        switch reader.choice(name, default: Transport.protobuf) {
        case .protobuf: return .protobuf
        case .json: return .json
        case .grpc:
            let usesItsPort = endpoint.contains(":\(grpcPort)")
            let hint = usesItsPort ? "; port \(grpcPort) is gRPC's, HTTP's is usually 4318" : ""
            reader.reject(
                name,
                value: Transport.grpc.rawValue,
                "OTLP is sent over HTTP only\(hint)",
                otherwise: "http/protobuf is used"
            )
            return .protobuf
        }
    }

    private static func timeout(_ signal: Signal, _ reader: inout EnvironmentReader) -> Duration {
        let name = setName(signal, "TIMEOUT", reader)
        let milliseconds = Int(defaultOTLPTimeout.nanoseconds / 1_000_000)
        return .milliseconds(reader.count(name, in: 1...3_600_000, default: milliseconds))
    }

    /// All headers that are sent to receivers; they can be credentials.
    static func telemetryHeaders(_ reader: EnvironmentReader) -> [HTTPHeader] {
        let names = Signal.allCases.map { $0.variable("HEADERS") } + ["OTEL_EXPORTER_OTLP_HEADERS"]
        return names.flatMap { headers(reader.text($0)) }
    }

    private static func headers(_ text: String?) -> [HTTPHeader] {
        baggage(text).compactMap { name, value in
            let isSendable = (name + value).utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            return isSendable ? HTTPHeader(name, value) : nil
        }
    }

    /// Pairs as in the header `baggage` (W3C Baggage): they are split first, then each value is percent-decoded.
    private static func baggage(_ text: String?) -> [(name: String, value: String)] {
        (text ?? "").split(separator: ",").compactMap { pair in
            guard let equals = pair.firstIndex(of: "=") else { return nil }
            let name = pair[..<equals].trimmingWhitespace()
            let value = pair[pair.index(after: equals)...].trimmingWhitespace()
            guard !name.isEmpty else { return nil }
            let decoded = PercentEncoder.decode(Array(value.utf8)[...])
            return (name, String(decoding: decoded, as: UTF8.self))
        }
    }
}

// MARK: - The resource

extension Configuration {
    /// Attributes that are known from a pod's environment, by OpenTelemetry's semantic conventions. The first variable that
    /// is set counts; most are only there where the pod's downward API provides them.
    private static let podVariables: [(key: String, variables: [String])] = [
        ("k8s.pod.name", ["POD_NAME", "K8S_POD_NAME", "HOSTNAME"]),
        ("k8s.pod.uid", ["POD_UID", "K8S_POD_UID"]),
        ("k8s.node.name", ["NODE_NAME", "K8S_NODE_NAME"]),
        ("k8s.container.name", ["CONTAINER_NAME", "K8S_CONTAINER_NAME"]),
    ]

    private static func resource(
        _ reader: EnvironmentReader,
        version: String,
        _ paths: PathProbe
    ) -> [Attribute] {
        var attributes: [Attribute] = []
        func add(_ key: String, _ value: String?) {
            guard let value, !value.isEmpty, !attributes.contains(where: { $0.key == key }) else { return }
            attributes.append(Attribute(key, value))
        }
        add("service.name", reader.text("OTEL_SERVICE_NAME"))
        for (key, value) in baggage(reader.text("OTEL_RESOURCE_ATTRIBUTES")) { add(key, value) }
        add("service.name", defaultServiceName)
        add("service.version", version)
        for (key, variables) in podVariables {
            add(key, variables.lazy.compactMap { reader.text($0) }.first)
        }
        let namespace = reader.text("POD_NAMESPACE") ?? reader.text("K8S_NAMESPACE_NAME")
        add("k8s.namespace.name", namespace ?? paths.text(namespaceFile))
        return attributes
    }
}

extension StringProtocol {
    /// The rest behind the prefix; nil where it does not begin so.
    fileprivate func removing(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }

    /// An IPv6 address without the brackets of a URL.
    fileprivate var withoutBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : String(self)
    }

    /// `host`, `host:port` or `[address]:port`.
    fileprivate var hostAndPort: (host: String, port: String?) {
        if hasPrefix("["), let end = firstIndex(of: "]") {
            let rest = self[index(after: end)...]
            return (
                String(self[index(after: startIndex)..<end]), rest.isEmpty ? nil : String(rest.dropFirst())
            )
        }
        guard let colon = lastIndex(of: ":") else { return (String(self), nil) }
        return (String(self[..<colon]), String(self[index(after: colon)...]))
    }
}
