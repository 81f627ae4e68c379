/// What a command has measured, and on what.
public struct Report: Codable, Sendable {
    /// One metric of one subject.
    public struct Measurement: Codable, Sendable {
        /// As `rename to success received`.
        public var metric: String
        /// The program, or the size, or whatever else the metric is compared over.
        public var subject: String
        public var unit: Quantity
        public var summary: Summary
        /// In the order in which they were measured, in the unit's base.
        public var values: [Double]
    }

    /// A subject's median as a multiple of another's.
    public struct Comparison: Codable, Sendable {
        public var metric: String
        public var subject: String
        public var baseline: String
        public var ratio: MedianRatio
        /// What the ratio is to reach, if anything.
        public var target: Target?
    }

    /// A subject's median less another's.
    public struct Difference: Codable, Sendable {
        public var metric: String
        public var subject: String
        public var baseline: String
        public var unit: Quantity
        public var difference: MedianDifference
        /// What the difference is to reach, if anything.
        public var target: Target?
    }

    /// A single figure that has a target.
    public struct Verdict: Codable, Sendable {
        public var metric: String
        public var subject: String
        public var unit: Quantity
        public var value: Double
        public var target: Target
    }

    public var command: String
    public var started: String
    public var machine: MachineFacts
    /// The command's options.
    public var parameters: [MachineFacts.Fact]
    public var measurements: [Measurement] = []
    public var comparisons: [Comparison] = []
    public var differences: [Difference] = []
    public var verdicts: [Verdict] = []
    /// What a reader has to know to read the figures rightly.
    public var notes: [String] = []

    public init(command: String, parameters: [MachineFacts.Fact], machine: MachineFacts = .current()) {
        self.command = command
        self.parameters = parameters
        self.machine = machine
        started = MachineFacts.utcTime()
    }

    /// Adds the values of a metric; none are passed over.
    public mutating func add(_ metric: String, _ subject: String, _ unit: Quantity, _ values: [Double]) {
        guard !values.isEmpty else { return }
        measurements.append(
            Measurement(
                metric: metric,
                subject: subject,
                unit: unit,
                summary: Summary(values),
                values: values
            )
        )
    }

    /// Compares two subjects of a metric, where both were measured.
    public mutating func compare(
        _ metric: String,
        _ subject: String,
        to baseline: String,
        target: Target? = nil
    ) {
        guard let left = values(metric, subject), let right = values(metric, baseline) else { return }
        comparisons.append(
            Comparison(
                metric: metric,
                subject: subject,
                baseline: baseline,
                ratio: MedianRatio(left, to: right),
                target: target
            )
        )
    }

    /// Subtracts another subject's median, where both were measured.
    public mutating func subtract(
        _ metric: String,
        _ baseline: String,
        from subject: String,
        target: Target? = nil
    ) {
        guard let row = measurement(metric, subject), let other = values(metric, baseline) else { return }
        differences.append(
            Difference(
                metric: metric,
                subject: subject,
                baseline: baseline,
                unit: row.unit,
                difference: MedianDifference(row.values, minus: other),
                target: target
            )
        )
    }

    /// Holds the median of a metric against its target.
    public mutating func judge(_ metric: String, _ subject: String, _ target: Target) {
        guard let measurement = measurement(metric, subject) else { return }
        verdicts.append(
            Verdict(
                metric: metric,
                subject: subject,
                unit: measurement.unit,
                value: measurement.summary.median,
                target: target
            )
        )
    }

    private func measurement(_ metric: String, _ subject: String) -> Measurement? {
        measurements.first { $0.metric == metric && $0.subject == subject }
    }

    private func values(_ metric: String, _ subject: String) -> [Double]? {
        measurement(metric, subject)?.values
    }
}

/// A bound that a figure is to reach.
public enum Target: Codable, Sendable, Equatable {
    case atMost(Double)
    case atLeast(Double)

    public func isMet(by value: Double) -> Bool {
        switch self {
        case .atMost(let bound): value <= bound
        case .atLeast(let bound): value >= bound
        }
    }
}

/// What a number counts; values are in the base named by the case.
public enum Quantity: String, Codable, Sendable, Equatable {
    case seconds
    case bytes
    case bytesPerSecond
    case perSecond
    case count

    /// A number with a fitting unit, three digits long where it can be.
    public func text(_ value: Double) -> String {
        switch self {
        case .seconds: Self.scaled(value, [(1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")])
        case .bytes: Self.scaled(value, Self.binary.map { ($0.0, $0.1) } + [(1, "B")])
        case .bytesPerSecond: Self.scaled(value, [(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1, "B/s")])
        case .perSecond: Self.scaled(value, [(1e6, "M/s"), (1e3, "k/s"), (1, "/s")])
        case .count: Self.digits(value)
        }
    }

    private static let binary: [(Double, String)] = [
        (1_073_741_824, "GiB"), (1_048_576, "MiB"), (1_024, "KiB"),
    ]

    private static func scaled(_ value: Double, _ scales: [(size: Double, name: String)]) -> String {
        let size = abs(value)
        guard size > 0, let scale = scales.first(where: { size >= $0.size }) ?? scales.last else {
            return "0 \(scales.last?.name ?? "")"
        }
        return "\(digits(value / scale.size)) \(scale.name)"
    }

    static func digits(_ value: Double) -> String {
        let places = abs(value) >= 100 || value == value.rounded() ? 0 : abs(value) >= 10 ? 1 : 2
        return value.fixed(places)
    }
}

extension Double {
    /// The number with so many decimals.
    func fixed(_ places: Int) -> String {
        guard isFinite, abs(self) < 1e15 else { return "\(self)" }
        var factor = 1.0
        for _ in 0..<places { factor *= 10 }
        let scaled = Int64((abs(self) * factor).rounded())
        let sign = self < 0 && scaled != 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(scaled)" }
        let whole = scaled / Int64(factor)
        let rest = "\(scaled % Int64(factor))"
        return "\(sign)\(whole)." + String(repeating: "0", count: places - rest.utf8.count) + rest
    }
}
