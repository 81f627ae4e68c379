import Telemetry

/// What Prometheus sees of our metrics behind OpenTelemetry's collector, with the translation that it has by default
/// (`UnderscoreEscapingWithSuffixes`). Source: the specification's "Prometheus and OpenMetrics Compatibility", "OTLP Metric
/// points to Prometheus", and the rules of prometheus/otlptranslator.
enum PrometheusName {
    /// The name of a metric's family: histograms have three series names that begin with it.
    static func family(of metric: Metric) -> String {
        var parts = metric.name.split { !$0.isASCII || !($0.isLetter || $0.isNumber || $0 == ":") }.map(
            String.init
        )
        if let suffix = suffix(of: metric.unit), !parts.contains(suffix) { parts.append(suffix) }
        switch metric.kind {
        case .counter: parts = parts.filter { $0 != "total" } + ["total"]
        // A gauge of unit 1 is taken for a ratio.
        case .gauge where metric.unit == .one: parts = parts.filter { $0 != "ratio" } + ["ratio"]
        case .gauge, .timer, .distribution: break
        }
        return parts.joined(separator: "_")
    }

    /// The names of its series.
    static func series(of metric: Metric) -> [String] {
        let family = family(of: metric)
        switch metric.kind {
        case .counter, .gauge: return [family]
        case .timer, .distribution: return ["_bucket", "_sum", "_count"].map { family + $0 }
        }
    }

    /// The labels of its series.
    static func labels(of metric: Metric) -> Set<String> {
        let tags = metric.tags + [.service, .version]
        let own = tags.map { label($0.rawValue) }
        let isHistogram = metric.kind == .timer || metric.kind == .distribution
        return Set(own + ["job"] + (isHistogram ? ["le"] : []))
    }

    static func label(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    private static func suffix(of unit: Metric.Unit) -> String? {
        switch unit {
        case .seconds: "seconds"
        case .bytes: "bytes"
        // Units in braces are comments.
        case .one, .characters: nil
        }
    }
}
