import HTTP

/// What is sent, and where to. What is nil is off: it has no socket and no timer.
package struct TelemetrySettings: Hashable, Sendable {
    package var statsD: StatsDSettings?
    package var otlpMetrics: OTLPSettings?
    package var otlpTraces: OTLPSettings?
    package var otlpLogs: OTLPSettings?
    /// How often metrics are pushed over OTLP.
    package var step: Duration
    /// `service` and `version`, which all metrics carry.
    package var commonTags: [Tag]
    /// What OTLP says about the process: `service.name` and what else is known.
    package var resource: [Attribute]

    package init(
        statsD: StatsDSettings? = nil,
        otlpMetrics: OTLPSettings? = nil,
        otlpTraces: OTLPSettings? = nil,
        otlpLogs: OTLPSettings? = nil,
        step: Duration,
        commonTags: [Tag],
        resource: [Attribute]
    ) {
        self.statsD = statsD
        self.otlpMetrics = otlpMetrics
        self.otlpTraces = otlpTraces
        self.otlpLogs = otlpLogs
        self.step = step
        self.commonTags = commonTags
        self.resource = resource
    }

    /// Whether anything is sent.
    package var isOn: Bool { statsD != nil || otlpMetrics != nil || otlpTraces != nil || otlpLogs != nil }
}

/// Where metrics go over StatsD, and in which of its dialects.
package struct StatsDSettings: Hashable, Sendable {
    package enum Flavor: String, Hashable, Sendable, CaseIterable {
        case datadog, etsy, telegraf, sysdig
    }

    package enum Destination: Hashable, Sendable {
        /// The host is a name or an address, without brackets.
        case udp(host: String, port: UInt16)
        /// A Unix socket of datagrams, by its path.
        case unix(path: String)
    }

    package var destination: Destination
    package var flavor: Flavor
    /// datadog only: `DD_ENTITY_ID`.
    package var entityID: String?
    /// datadog only: `DD_EXTERNAL_ENV`.
    package var externalEnvironment: String?

    package init(
        destination: Destination,
        flavor: Flavor,
        entityID: String? = nil,
        externalEnvironment: String? = nil
    ) {
        self.destination = destination
        self.flavor = flavor
        self.entityID = entityID
        self.externalEnvironment = externalEnvironment
    }
}

/// Where one signal goes over OTLP/HTTP, and how.
package struct OTLPSettings: Hashable, Sendable {
    package enum Encoding: Hashable, Sendable {
        case protobuf, json
    }

    package enum Temporality: Hashable, Sendable {
        case cumulative, delta
    }

    /// The whole URL, to which requests are posted.
    package var endpoint: String
    package var encoding: Encoding
    /// Sent with each request; they can hold credentials.
    package var headers: [HTTPHeader]
    package var usesGzip: Bool
    /// Of one request, the connection included.
    package var timeout: Duration
    /// Of metrics.
    package var temporality: Temporality

    package init(
        endpoint: String,
        encoding: Encoding = .protobuf,
        headers: [HTTPHeader] = [],
        usesGzip: Bool = false,
        timeout: Duration = .seconds(10),
        temporality: Temporality = .cumulative
    ) {
        self.endpoint = endpoint
        self.encoding = encoding
        self.headers = headers
        self.usesGzip = usesGzip
        self.timeout = timeout
        self.temporality = temporality
    }
}
