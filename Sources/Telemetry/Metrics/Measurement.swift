/// The names of tags. Each has few values, see docs/METRICS.md.
package enum TagName: String, Hashable, Sendable, CaseIterable {
    case operation
    case outcome
    case failureType = "failure_type"
    case phase
    case call
    case level
    case sink
    case backend
    case signal
    case connectorImage = "connector_image"
    case connectorVersion = "connector_version"
    case status
    case maxRetries = "max-retries"
    case retryAttempt = "retry-attempt"
    case method
    case url
    case workloadID = "workload-id"
    case malformedLineLength = "malformed_log_line_length"
    /// Carried by all metrics.
    case service
    /// Carried by all metrics: the platform's version.
    case version

    /// Where the name stands among all of them in the order of the alphabet: numbers are compared faster.
    package var alphabeticalPlace: Int { Self.places[Self.allCases.firstIndex(of: self) ?? 0] }

    private static let places: [Int] = {
        let sorted = allCases.map(\.rawValue).sorted()
        return allCases.map { name in sorted.firstIndex(of: name.rawValue) ?? 0 }
    }()
}

/// One dimension of a metric.
package struct Tag: Hashable, Sendable {
    package var name: TagName
    /// As it is: whoever sends it makes it fit.
    package var value: String

    package init(_ name: TagName, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One thing that was measured.
package struct Measurement: Hashable, Sendable {
    package var metric: Metric
    /// What a counter grows by, a gauge's value, a timer's seconds, a distribution's value. Finite; a counter's is a whole
    /// number from 0 on.
    package var value: Double
    /// In the order of `Metric.tags`, without those of all metrics. What does not apply is left out.
    package var tags: [Tag]

    package init(_ metric: Metric, _ value: Double = 1, _ tags: [Tag] = []) {
        self.metric = metric
        self.value = value
        self.tags = tags
    }
}

/// Sends measurements somewhere.
package protocol MetricExporter: TelemetryExporter {
    /// Takes a measurement; it is sent later.
    func record(_ measurement: Measurement)
}
